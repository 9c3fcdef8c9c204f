//! The series of objects of one kind, in the order of their names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::{Object, ProfileOutcome};

pub(super) type Text<'a> = Cow<'a, str>;

/// All objects of a kind, and where their series go.
pub(super) struct Series<'a, 'w, T> {
    encoder: &'a mut DescriptorEncoder<'w>,
    objects: &'a BTreeMap<Object, T>,
}

impl<'a, 'w, T> Series<'a, 'w, T> {
    pub fn of(encoder: &'a mut DescriptorEncoder<'w>, objects: &'a BTreeMap<Object, T>) -> Self {
        Self { encoder, objects }
    }

    /// What is told in words: 1, with labels that change with the object.
    pub fn info<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; N],
        values: impl Fn(&T) -> [Text<'_>; N],
    ) -> fmt::Result {
        let mut family = (self.encoder).encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (object, shown) in self.objects {
            let values = values(shown);
            let mut all = of(object).to_vec();
            all.extend(labels.into_iter().zip(values.iter().map(|value| &**value)));
            ConstGauge::new(1_i64).encode(family.encode_family(&all)?)?;
        }
        Ok(())
    }

    /// A number of each object that has one.
    pub fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: impl Fn(&T) -> Option<i64>,
    ) -> fmt::Result {
        let mut family = (self.encoder).encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (object, shown) in self.objects {
            if let Some(value) = value(shown) {
                ConstGauge::new(value).encode(family.encode_family(&of(object))?)?;
            }
        }
        Ok(())
    }

    /// Counts of each object, by outcome where there are several.
    pub fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl Fn(&T) -> [(Option<ProfileOutcome>, u64); N],
    ) -> fmt::Result {
        let mut family = (self.encoder).encode_descriptor(name, help, None, MetricType::Counter)?;
        for (object, shown) in self.objects {
            for (outcome, count) in values(shown) {
                let mut labels = of(object).to_vec();
                labels.extend(outcome.map(|outcome| ("outcome", outcome.as_str())));
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

fn of(object: &Object) -> [(&str, &str); 2] {
    [
        ("namespace", object.namespace.as_str()),
        ("name", object.name.as_str()),
    ]
}
