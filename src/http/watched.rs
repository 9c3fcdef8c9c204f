//! A call that is given up once it makes no progress.

use std::pin::pin;
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use tokio::time::timeout;

use super::{Answer, Call, Fault, Http};

/// How often the caller is asked.
const SLICE: Duration = Duration::from_secs(1);

impl Http {
    /// As [`Http::send`], but [`Fault::Timeout`] as soon as `goes_on`, asked about each second,
    /// says no.
    ///
    /// # Errors
    /// Any [`Fault`]; a status of any kind is an answer.
    pub async fn send_while(
        &self,
        call: &Call,
        request: RequestBuilder,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Answer, Fault> {
        let started = Instant::now();
        let mut sent = pin!(self.send(call, request));
        loop {
            match timeout(SLICE, &mut sent).await {
                Ok(sent) => return sent,
                Err(_) if goes_on() => {}
                Err(_) => {
                    let fault = Fault::Timeout;
                    self.metrics.record(call, fault.label(), started.elapsed());
                    return Err(fault);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::testing::http;
    use super::*;

    #[tokio::test]
    async fn what_makes_no_progress_is_given_up_and_counted() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let call = Call {
            vendor: "test",
            name: "call",
            limit: 64,
            idle: Duration::from_secs(3600),
            total: Duration::from_secs(3600),
        };
        let (http, mut asked) = (http(), 0);
        let request = http.request(Method::PUT, url.parse().unwrap());
        let goes_on = || {
            asked += 1;
            asked < 2
        };
        let sent = http.send_while(&call, request, goes_on).await;
        assert_eq!((sent.err(), asked), (Some(Fault::Timeout), 2));
        let mut registry = prometheus_client::registry::Registry::default();
        http.metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains(r#"status="timeout"} 1"#), "{text}");
    }
}
