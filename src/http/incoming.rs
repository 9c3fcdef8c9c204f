//! An answer that is read as it arrives.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
use tokio::time::{Instant as Deadline, timeout_at};

use super::{Answer, Call, Fault, Http, Metrics};

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
        let head = timeout_at(idle(call, deadline), request.send()).await;
        let head = head.map_err(|_| Fault::Timeout);
        let response = match head.and_then(|head| head.map_err(Fault::before_answer)) {
            Ok(response) => response,
            Err(fault) => {
                self.metrics.record(call, fault.label(), started.elapsed());
                return Err(fault);
            }
        };
        let mut incoming = Incoming {
            record: Record::new(&self.metrics, call, started, response.status()),
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

/// The attempt's line in the metrics, written once.
struct Record {
    metrics: Metrics,
    call: Call,
    started: Instant,
    status: StatusCode,
    fault: Option<Fault>,
}

impl Record {
    fn new(metrics: &Metrics, call: &Call, started: Instant, status: StatusCode) -> Self {
        Self {
            metrics: metrics.clone(),
            call: *call,
            started,
            status,
            fault: None,
        }
    }

    fn failed(&mut self, fault: Fault) -> Fault {
        self.fault.insert(fault).clone()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let label = self.fault.as_ref().map(Fault::label);
        let label = label.unwrap_or(self.status.as_str());
        self.metrics
            .record(&self.call, label, self.started.elapsed());
    }
}
