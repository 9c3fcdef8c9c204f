//! The exports of the process as they come, wait for their turns, and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::budget::{Budget, lock};
use super::budgets::Budgets;
use super::project::Project;

/// When to look for turns although nothing changed.
const LOOK: Duration = Duration::from_secs(3600);

impl Budgets {
    /// An export is ready to run by this budget: each `interval`, or now and then.
    /// Exports of one `group` share a query.
    pub fn admit(&self, export: &str, group: &str, budget: &Budget, interval: Option<Duration>) {
        let project = &budget.project;
        let before = lock(&self.all)
            .exports
            .insert(export.to_owned(), project.clone());
        if let Some(before) = before.filter(|before| !Arc::ptr_eq(before, project)) {
            before.hour().retire(export);
            before.ring();
        }
        let demand = interval.map(|interval| (group, interval));
        project.hour().demand(export, demand);
    }

    /// An export isn't due any more: it gives its place in the queue up.
    pub fn leave_queue(&self, export: &str) {
        let project = lock(&self.all).exports.get(export).cloned();
        if let Some(project) = project
            && project.hour().leave_queue(export)
        {
            project.ring();
        }
    }

    /// An export waits for something else before it can take its turn, and comes back within `wait`:
    /// its place in the queue is kept.
    pub fn keep(&self, export: &str, wait: Duration) {
        let project = lock(&self.all).exports.get(export).cloned();
        if let Some(project) = project {
            project.hour().keep(export, Instant::now() + wait);
        }
    }

    /// An export can't run any more: suspended, blocked or deleted.
    pub fn retire(&self, export: &str) {
        let project = lock(&self.all).exports.remove(export);
        if let Some(project) = project {
            project.hour().retire(export);
            project.ring();
        }
    }

    /// Waits until it's the turn of some exports that wait: their keys. Each has a minute to come.
    /// To be awaited by one task.
    pub async fn turns(&self) -> Vec<String> {
        loop {
            let rung = self.bells.turns.notified();
            let (mut called, mut next) = (Vec::new(), Instant::now() + LOOK);
            for project in self.queues() {
                let (keys, when) = project.hour().call(Instant::now());
                called.extend(keys);
                next = when.map_or(next, |when| when.min(next));
            }
            if !called.is_empty() {
                return called;
            }
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep_until(next.into()) => {}
            }
        }
    }

    /// Where exports may wait.
    fn queues(&self) -> Vec<Arc<Project>> {
        let all = lock(&self.all);
        all.projects
            .values()
            .chain(all.trials.values().map(|trial| &trial.project))
            .cloned()
            .collect()
    }
}
