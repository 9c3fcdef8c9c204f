//! An answer that is read as it arrives.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
use tokio::time::{Instant as Deadline, timeout_at};
use tracing::Span;

use super::{Answer, Call, Fault, Http, Metrics};
use crate::telemetry::traces;

/// An answer whose head has come and whose body follows. Counted and timed in the metrics at its
/// end: with the fault that ended it, or else by its status, also where it isn't read to its end.
pub struct Incoming {
    response: Response,
    call: Call,
    deadline: Deadline,
    /// Bytes that may still come.
    left: usize,
    record: Record,
}

impl Http {
    /// One attempt: sends, and gives the answer once its head is there. [`Incoming::chunk`] reads
    /// on under the same deadlines and the same limit of size as [`Http::send`].
    ///
    /// # Errors
    /// Any [`Fault`]; a status of any kind is an answer.
    pub async fn open(&self, call: &Call, request: RequestBuilder) -> Result<Incoming, Fault> {
        let (started, deadline) = (Instant::now(), Deadline::now() + call.total);
        let span = traces::call(call.vendor, call.name, self.attempt);
        let head = timeout_at(idle(call, deadline), request.send()).await;
        let head = head.map_err(|_| Fault::Timeout);
        let response = match head.and_then(|head| head.map_err(Fault::before_answer)) {
            Ok(response) => response,
            Err(fault) => {
                self.metrics.record(call, fault.label(), started.elapsed());
                traces::call_ended(&span, fault.label(), false);
                return Err(fault);
            }
        };
        let record = Record {
            metrics: self.metrics.clone(),
            call: *call,
            started,
            span,
            status: response.status(),
            fault: None,
        };
        let mut incoming = Incoming {
            record,
            response,
            call: *call,
            deadline,
            left: call.limit,
        };
        if incoming.response.content_length() > Some(call.limit as u64) {
            return Err(incoming.record.failed(Fault::TooLarge(call.limit)));
        }
        Ok(incoming)
    }
}

impl Incoming {
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next bytes of the body, decompressed; none at its end.
    ///
    /// # Errors
    /// `Timeout`, `Cut` or `TooLarge`: there's nothing more of it then.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let chunk = timeout_at(idle(&self.call, self.deadline), self.response.chunk()).await;
        let chunk = chunk.map_err(|_| Fault::Timeout);
        let chunk = chunk.and_then(|chunk| chunk.map_err(Fault::within_answer));
        let chunk = chunk.map_err(|fault| self.record.failed(fault))?;
        let length = chunk.as_ref().map_or(0, Bytes::len);
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => return Err(self.record.failed(Fault::TooLarge(self.call.limit))),
        }
        Ok(chunk)
    }

    /// The whole answer.
    ///
    /// # Errors
    /// As [`Incoming::chunk`].
    pub async fn whole(self) -> Result<Answer, Fault> {
        self.first(usize::MAX).await
    }

    /// The answer with the first `limit` bytes of its body: enough to see what a refusal says.
    ///
    /// # Errors
    /// As [`Incoming::chunk`].
    pub async fn first(mut self, limit: usize) -> Result<Answer, Fault> {
        let mut body = BytesMut::new();
        while body.len() < limit
            && let Some(chunk) = self.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(limit);
        Ok(Answer {
            status: self.status(),
            headers: std::mem::take(self.response.headers_mut()),
            body: body.freeze(),
        })
    }
}

fn idle(call: &Call, deadline: Deadline) -> Deadline {
    deadline.min(Deadline::now() + call.idle)
}

/// What the attempt leaves in metrics and traces, written once.
struct Record {
    metrics: Metrics,
    call: Call,
    started: Instant,
    span: Span,
    status: StatusCode,
    fault: Option<Fault>,
}

impl Record {
    fn failed(&mut self, fault: Fault) -> Fault {
        self.fault.insert(fault).clone()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let label = self.fault.as_ref().map(Fault::label);
        let well = label.is_none() && self.status.is_success();
        let label = label.unwrap_or(self.status.as_str());
        traces::call_ended(&self.span, label, well);
        self.metrics
            .record(&self.call, label, self.started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use reqwest::Method;

    use super::super::testing::{Server, answer, cut};
    use super::*;

    const CALL: Call = Call {
        vendor: "test",
        name: "call",
        limit: 64,
        idle: Duration::from_secs(10),
        total: Duration::from_secs(10),
    };

    async fn open(http: &Http, server: &Server, path: &str) -> Result<Incoming, Fault> {
        let url = server.url.join(path).unwrap();
        http.open(&CALL, http.request(Method::GET, url)).await
    }

    /// How many attempts ended in which way.
    fn ended(metrics: &Metrics) -> Vec<(String, u32)> {
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let lines = text.lines().filter_map(|line| {
            let (_, rest) = line
                .strip_prefix("vendor_requests_total")?
                .split_once("status=\"")?;
            let (status, count) = rest.split_once("\"} ")?;
            Some((status.to_owned(), count.parse().unwrap()))
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines
    }

    #[tokio::test]
    async fn every_attempt_is_counted_once_at_its_end() {
        let server = Server::start(|request| match request.path.as_str() {
            "/cut" => cut("half of"),
            "/large" => answer(200, &"x".repeat(65)),
            "/refused" => answer(403, "no, never"),
            _ => answer(200, "all of it"),
        })
        .await;
        let metrics = Metrics::default();
        let http = Http::new(metrics.clone()).unwrap();

        let mut whole = open(&http, &server, "/whole").await.ok().unwrap();
        assert_eq!(whole.chunk().await.unwrap().unwrap(), "all of it");
        assert_eq!(whole.chunk().await.unwrap(), None);
        assert_eq!(ended(&metrics), [], "it may go on");
        drop(whole);
        drop(open(&http, &server, "/abandoned").await.ok().unwrap());
        let refused = open(&http, &server, "/refused").await.ok().unwrap();
        assert_eq!(refused.first(2).await.ok().unwrap().body, "no");

        let mut broken = open(&http, &server, "/cut").await.ok().unwrap();
        assert_eq!(broken.chunk().await.unwrap().unwrap(), "half of");
        assert_eq!(broken.chunk().await, Err(Fault::Cut));
        drop(broken);
        let large = open(&http, &server, "/large").await.err();
        assert_eq!(large, Some(Fault::TooLarge(64)));

        let expected = [("200", 2), ("403", 1), ("error", 1), ("reset", 1)];
        assert_eq!(
            ended(&metrics),
            expected.map(|(status, n)| (status.to_owned(), n))
        );
    }
}
