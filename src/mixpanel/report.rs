//! Budgets, for people.

use std::time::{Duration, Instant};

use super::budget::lock;
use super::budgets::Budgets;
use super::hour::Hour;

/// A project's rolling hour as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourReport {
    /// Of Mixpanel's API, with its port if it has one.
    pub host: String,
    /// Mixpanel project id.
    pub project: i64,
    /// Queries that may be sent an hour.
    pub limit: u32,
    /// Queries of the last hour that Mixpanel counts, those under way included.
    pub used: u32,
    /// Queries that may be sent now, beside those that are kept for runs under way.
    pub left: u32,
    /// The exports that wait for a query, by their keys, and for how long they likely still do.
    pub waiting: Vec<(String, Duration)>,
}

impl Budgets {
    /// The hours of all projects in use, by host and project.
    pub fn report(&self) -> Vec<HourReport> {
        let all = lock(&self.all);
        let now = Instant::now();
        let used = all
            .projects
            .iter()
            .filter(|(_, project)| !project.hour().is_blank(now));
        let mut hours: Vec<_> = used
            .map(|((host, id), project)| project.hour().report(host, *id, now))
            .collect();
        hours.sort_by(|a, b| (&a.host, a.project).cmp(&(&b.host, b.project)));
        hours
    }
}

impl Hour {
    fn report(&mut self, host: &str, project: i64, now: Instant) -> HourReport {
        HourReport {
            host: host.to_owned(),
            project,
            limit: self.limit(),
            used: self.ledger.used(now),
            left: self.spare(u64::MAX, now),
            waiting: self
                .waits(now)
                .into_iter()
                .map(|(key, at)| (key, at.saturating_duration_since(now)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::budgets::Seat;
    use super::super::turn::Waiting;
    use super::*;

    #[tokio::test]
    async fn an_hour_tells_what_was_used_and_who_waits() {
        let budgets = Budgets::default();
        let base = "https://mixpanel.example.com".parse().unwrap();
        let seat = Seat {
            connector: "uid",
            base: &base,
            project: 7,
            share: 2,
            every_page: false,
        };
        assert_eq!(budgets.report(), []);
        budgets.join(&seat);
        let budget = budgets.of(&seat);
        let waiting = |key| Waiting {
            key,
            due: Duration::ZERO,
            last: None,
            failing: false,
        };
        let turn = budget.turn(&waiting("growth/first")).unwrap();
        let _sent = turn.budget().query(&|| Ok(())).await.ok().unwrap();
        let _other = budget.turn(&waiting("growth/second")).unwrap();
        let wait = budget.turn(&waiting("growth/third")).unwrap_err();
        let report = budgets.report().remove(0);
        assert_eq!(
            (report.host.as_str(), report.project),
            ("mixpanel.example.com", 7)
        );
        assert_eq!((report.limit, report.used, report.left), (2, 1, 0));
        let [(key, left)] = &report.waiting[..] else {
            panic!("{report:?}")
        };
        assert!(key == "growth/third" && *left <= wait, "{report:?}");
    }
}
