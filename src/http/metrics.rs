//! What every attempt leaves in the metrics.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
use prometheus_client::registry::Registry;

use super::Call;

/// Seconds. Page 0 of a large cohort takes minutes.
const BUCKETS: [f64; 12] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempted {
    vendor: &'static str,
    call: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    vendor: &'static str,
    call: &'static str,
    status: String,
}

/// `vendor_requests_total{vendor,call,status}` and
/// `vendor_request_duration_seconds{vendor,call}`; status is the code, `timeout`, `reset` or
/// `error`. Clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<Ended, Counter>,
    durations: Family<Attempted, Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

impl Metrics {
    /// Registers both in `registry`, which brings the prefix `mixtap`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "vendor_requests",
            "Attempted calls of a vendor's API by how they ended",
            self.requests.clone(),
        );
        registry.register(
            "vendor_request_duration_seconds",
            "How long one attempt of a vendor call took",
            self.durations.clone(),
        );
    }

    pub(super) fn record(&self, call: &Call, status: &str, took: Duration) {
        let Call { vendor, name, .. } = *call;
        let ended = Ended {
            vendor,
            call: name,
            status: status.to_owned(),
        };
        self.requests.get_or_create(&ended).inc();
        let attempted = Attempted { vendor, call: name };
        self.durations
            .get_or_create(&attempted)
            .observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_stand_under_their_promised_names() {
        let metrics = Metrics::default();
        let mut registry = Registry::with_prefix("mixtap");
        metrics.register(&mut registry);
        let call = Call {
            vendor: "mixpanel",
            name: "engage",
            limit: 0,
            idle: Duration::ZERO,
            total: Duration::ZERO,
        };
        metrics.record(&call, "200", Duration::from_secs(2));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains(
            "mixtap_vendor_requests_total{vendor=\"mixpanel\",call=\"engage\",status=\"200\"} 1"
        ));
        assert!(text.contains(
            "mixtap_vendor_request_duration_seconds_sum{vendor=\"mixpanel\",call=\"engage\"} 2"
        ));
    }
}
