//! How often exports want to run, and what follows for each.

use std::collections::HashMap;
use std::time::Duration;

use super::super::stretch;
use super::{Hour, WINDOW};

/// What an export asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Demand {
    group: String,
    pub interval: Duration,
}

impl Demand {
    /// Exports of one group share a query.
    pub fn group(&self) -> &str {
        &self.group
    }
}

impl Hour {
    /// How often an export wants to run, and with which others it shares a query; `None`: only now
    /// and then.
    pub fn demand(&mut self, key: &str, demand: Option<(&str, Duration)>) {
        let demand = demand.map(|(group, interval)| Demand {
            group: group.to_owned(),
            interval,
        });
        if self.demands.get(key) == demand.as_ref() {
            return;
        }
        match demand {
            Some(demand) => self.demands.insert(key.to_owned(), demand),
            None => self.demands.remove(key),
        };
        self.reckon();
    }

    /// So many queries a run of this export takes, as its last read has shown: the next turn waits
    /// until they are free, and the fair cycle allows for them.
    pub fn learn_need(&mut self, key: &str, queries: u32) {
        if self.queue.remember(key, queries) {
            self.reckon();
        }
    }

    /// Takes the limit, the cycle and what failing exports may use anew.
    pub(super) fn reckon(&mut self) {
        self.limit = self.members.values().min().copied().or(self.limit);
        // Of each group the shortest interval, the queries of a run, and whether one of it is
        // healthy.
        let mut groups = HashMap::new();
        for (key, Demand { group, interval }) in &self.demands {
            let (healthy, need) = (!self.failing.has(key), self.queue.need(key));
            let group = groups.entry(group.as_str());
            let (shortest, queries, any) = group.or_insert((*interval, need, healthy));
            *shortest = (*interval).min(*shortest);
            *queries = need.max(*queries);
            *any |= healthy;
        }
        let limit = self.limit();
        let demands = groups
            .values()
            .map(|(interval, queries, _)| (*interval, (*queries).min(limit)));
        self.cycle = stretch::cycle(demands, limit);
        let healthy = groups.into_values().filter(|(_, _, healthy)| *healthy);
        let wanted = healthy.map(|(interval, queries, _)| {
            f64::from(queries) * WINDOW.as_secs_f64() / interval.as_secs_f64().max(1.0)
        });
        self.allowance = match self.cycle {
            // One is left for who asks for a run now.
            None => limit
                .saturating_sub(wanted.sum::<f64>().ceil() as u32 + 1)
                .max(1),
            // Turns are spaced, and whoever fails has its own.
            Some(_) => u32::MAX,
        };
        // Turns are spaced only where the budget is short.
        self.next = self.next.filter(|_| self.cycle.is_some());
    }
}
