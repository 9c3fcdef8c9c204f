//! What is told of objects in words: of each one series, whose labels change with it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::{MetricType, gauge::ConstGauge};

use super::objects::Object;

/// A gauge that is 1 for every object. A family would show an object twice, or not at all, to a
/// scrape in the middle of a change. Clones share their values.
#[derive(Clone, Debug)]
pub(super) struct Infos<const N: usize> {
    name: &'static str,
    help: &'static str,
    /// Beside `namespace` and `name`.
    labels: [&'static str; N],
    told: Arc<Mutex<BTreeMap<Object, [String; N]>>>,
}

impl<const N: usize> Infos<N> {
    pub fn new(name: &'static str, help: &'static str, labels: [&'static str; N]) -> Self {
        Self {
            name,
            help,
            labels,
            told: Arc::default(),
        }
    }

    /// Tells this of an object from now on; `None` takes it away.
    pub fn set(&self, object: &Object, values: Option<[String; N]>) {
        match values {
            Some(values) => self.lock().insert(object.clone(), values),
            None => self.lock().remove(object),
        };
    }

    /// Held for moments only.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Object, [String; N]>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<const N: usize> Collector for Infos<N> {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let kind = MetricType::Gauge;
        let mut family = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for (object, values) in self.lock().iter() {
            let mut labels = vec![
                ("namespace", object.namespace.as_str()),
                ("name", object.name.as_str()),
            ];
            let values = values.iter().map(String::as_str);
            labels.extend(self.labels.into_iter().zip(values));
            ConstGauge::new(1_i64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
