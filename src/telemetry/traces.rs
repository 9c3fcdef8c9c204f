//! The spans of a trace: a reconcile, the run in it, the phases of the run, and each attempt at a
//! call of a vendor. They hold no address, no secret and nothing of a member.
//!
//! They are made for an exporter (feature `otlp`) alone: the log leaves them out, so that without one
//! they cost a look at a flag.

use tracing::field::Empty;
use tracing::{Span, info_span};

pub use tracing::Instrument;

use super::metrics::Kind;
use crate::api::{CurrentRun, SyncType};
use crate::domain::Reason;

/// What these spans, and nothing else, are filed under.
pub(super) const TARGET: &str = module_path!();

/// One look at an object.
#[must_use]
pub fn reconcile(kind: Kind, namespace: Option<&str>, name: Option<&str>) -> Span {
    info_span!("reconcile", kind = kind.as_str(), namespace, name)
}

/// One attempt at a run.
#[must_use]
pub fn run(run: &CurrentRun, sync_type: SyncType) -> Span {
    info_span!(
        "run",
        run = run.id,
        attempt = run.attempt,
        reason = run.reason,
        sync_type = ?sync_type,
        outcome = Empty,
        otel.status_code = Empty
    )
}

/// How the run that is under way ended, in the words of `mixtap_exports_total`.
pub fn run_ended(outcome: Reason, well: bool) {
    end(&Span::current(), "outcome", outcome.as_str(), well);
}

/// A part of a run.
#[must_use]
pub fn phase(name: &'static str) -> Span {
    info_span!("phase", otel.name = name)
}

/// One attempt at a call of a vendor, which begins now and ends as the span is dropped.
#[must_use]
pub fn call(vendor: &'static str, call: &'static str, attempt: u32) -> Span {
    info_span!(
        "call",
        otel.name = format_args!("{vendor} {call}"),
        otel.kind = "client",
        vendor,
        call,
        attempt,
        status = Empty,
        otel.status_code = Empty
    )
}

/// How the attempt ended, in the words of `mixtap_vendor_requests_total`.
pub fn call_ended(span: &Span, status: &str, well: bool) {
    end(span, "status", status, well);
}

fn end(span: &Span, field: &str, how: &str, well: bool) {
    span.record(field, how);
    if !well {
        span.record("otel.status_code", "ERROR");
    }
}
