//! One query budget per Mixpanel project, shared by every connector and export of the process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use url::Url;

use super::budget::{Budget, Project, lock};

/// Projects before those that nobody uses are forgotten.
const PROJECTS: usize = 256;

/// Host and port, and Mixpanel's project id.
type Key = (String, i64);

/// All budgets of the process. As a [`Collector`] it reports
/// `mixpanel_queries_remaining{project}`. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Budgets(Arc<Mutex<HashMap<Key, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    project: Arc<Project>,
    /// The share that was asked for last: what the metric speaks of.
    share: u32,
}

impl Budgets {
    /// The budget of a project at `base`, of which `queries_per_hour` may be used. With
    /// `every_page` later pages count as queries too, should Mixpanel change that rule.
    pub fn get(&self, base: &Url, project: i64, queries_per_hour: u32, every_page: bool) -> Budget {
        let key = (base.authority().to_owned(), project);
        let mut all = lock(&self.0);
        if all.len() >= PROJECTS && !all.contains_key(&key) {
            // A booking is remembered for its hour, whoever is gone.
            all.retain(|_, Entry { project, .. }| {
                Arc::strong_count(project) > 1 || !project.is_blank()
            });
        }
        let entry = all.entry(key).or_default();
        entry.share = queries_per_hour;
        Budget {
            project: entry.project.clone(),
            share: queries_per_hour,
            every_page,
        }
    }
}

impl Collector for Budgets {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        // A project behind two addresses is one series: the lower.
        let mut remaining = BTreeMap::new();
        for ((_, id), Entry { project, share }) in lock(&self.0).iter() {
            let queries = project.remaining(*share);
            let lowest = remaining.entry(*id).or_insert(queries);
            *lowest = queries.min(*lowest);
        }
        let help = "Queries of the rolling hour that this controller may still send";
        let name = "mixpanel_queries_remaining";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (id, queries) in remaining {
            let labels = [("project", id.to_string())];
            ConstGauge::new(i64::from(queries)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn the_metric_is_one_series_a_project() {
        let budgets = Budgets::default();
        let mut registry = Registry::with_prefix("mixtap");
        registry.register_collector(Box::new(budgets.clone()));
        for (base, queries) in [
            ("https://mixpanel.com", 48),
            ("https://proxy.example.com", 9),
        ] {
            let budget = budgets.get(&base.parse().unwrap(), 1, queries, false);
            drop(budget.query(&|| Ok(())).await.unwrap());
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let series = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect::<Vec<_>>();
        assert_eq!(
            series,
            [r#"mixtap_mixpanel_queries_remaining{project="1"} 8"#]
        );
    }

    #[test]
    fn unused_projects_are_forgotten_but_not_their_bookings() {
        let (budgets, base) = (Budgets::default(), "https://mixpanel.com".parse().unwrap());
        let kept = budgets.get(&base, 0, 1, false);
        kept.close(None);
        drop(kept);
        for project in 1..=3 * PROJECTS as i64 {
            budgets.get(&base, project, 48, false);
        }
        assert!(lock(&budgets.0).len() <= PROJECTS + 1);
        assert_eq!(budgets.get(&base, 0, 1, false).remaining(), 0);
    }
}
