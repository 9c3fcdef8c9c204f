//! A collector: takes batches of spans over HTTP and keeps them.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::world::PATIENCE;

/// One batch as it came.
#[derive(Clone)]
pub struct Batch {
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub struct Collector {
    pub url: String,
    taken: watch::Sender<Taken>,
}

/// How batches are answered, and those that came.
struct Taken {
    answer: StatusCode,
    batches: Vec<Batch>,
}

pub type Attributes = BTreeMap<String, String>;

/// What these tests look at of a span.
#[derive(Clone, Debug)]
pub struct Span {
    pub name: String,
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub began: u64,
    pub attributes: Attributes,
    pub failed: bool,
}

impl Collector {
    /// On a free port of loopback, until the test's runtime ends.
    pub async fn start() -> Self {
        let taken = watch::Sender::new(Taken {
            answer: StatusCode::OK,
            batches: Vec::new(),
        });
        let keep = taken.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            let mut answer = StatusCode::OK;
            keep.send_modify(|taken| {
                taken.batches.push(Batch { headers, body });
                answer = taken.answer;
            });
            answer
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, taken }
    }

    /// Answers so from now on, and says how many batches came before.
    pub fn answer(&self, answer: StatusCode) -> usize {
        let mut before = 0;
        self.taken.send_modify(|taken| {
            taken.answer = answer;
            before = taken.batches.len();
        });
        before
    }

    /// Waits until more than so many batches came.
    pub async fn until_more_than(&self, before: usize) {
        let mut taken = self.taken.subscribe();
        let more = taken.wait_for(|taken| taken.batches.len() > before);
        let more = tokio::time::timeout(PATIENCE, more).await;
        assert!(more.is_ok_and(|more| more.is_ok()), "no further batch came");
    }

    pub fn batches(&self) -> Vec<Batch> {
        self.taken.borrow().batches.clone()
    }

    /// All spans so far, in the order in which they began, and what each batch says of its sender.
    pub fn spans(&self) -> (Vec<Span>, Vec<Attributes>) {
        let (mut spans, mut senders) = (Vec::new(), Vec::new());
        for Batch { body, .. } in self.batches() {
            let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
            for sender in request.resource_spans {
                let resource = sender.resource.expect("a resource");
                senders.push(attributes(resource.attributes));
                let of_sender = sender.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(of_sender.map(|span| Span {
                    name: span.name,
                    trace: span.trace_id,
                    id: span.span_id,
                    parent: span.parent_span_id,
                    began: span.start_time_unix_nano,
                    attributes: attributes(span.attributes),
                    failed: span.status.is_some_and(|s| s.code() == SpanStatus::Error),
                }));
            }
        }
        spans.sort_by_key(|span| span.began);
        (spans, senders)
    }
}

/// Each of them once.
fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    let count = pairs.len();
    let pairs = pairs.into_iter().map(|pair| {
        let value = pair.value.and_then(|value| value.value);
        let value = match value.expect("a value") {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            other => panic!("{}: {other:?}", pair.key),
        };
        (pair.key, value)
    });
    let pairs: Attributes = pairs.collect();
    assert_eq!(pairs.len(), count, "{pairs:?}");
    pairs
}
