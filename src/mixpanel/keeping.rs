//! How windows outlive the process: handed out to be kept, and taken over again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::budget::lock;
use super::budgets::Budgets;
use super::project::Project;
use super::window;

/// A project's window that is to be kept beside the snapshots.
#[derive(Debug)]
pub struct Unkept {
    /// With its port, if it has one.
    pub host: String,
    pub project: i64,
    pub json: Bytes,
    of: Arc<Project>,
    change: u64,
}

impl Unkept {
    /// It is kept, or it can't be: its queries wait no longer.
    pub fn done(self) {
        self.of.keep(self.change);
    }
}

/// Until then the project isn't handed out again: an older write may end after a newer one.
impl Drop for Unkept {
    fn drop(&mut self) {
        self.of.give_back();
    }
}

impl Budgets {
    /// Waits until windows have changed: so many of those that did, as they are now, but those that
    /// are handed out. From the first call on a query waits, though not for long, until what it
    /// books is kept. To be awaited by one task, which says of each that it is done.
    pub async fn unkept(&self, most: usize) -> Vec<Unkept> {
        self.bells.kept.store(true, Ordering::Relaxed);
        loop {
            let rung = self.bells.windows.notified();
            let unkept = self.unkept_now(most);
            if !unkept.is_empty() {
                return unkept;
            }
            rung.await;
        }
    }

    /// At most so many windows that have changed, aren't kept, and aren't handed out.
    pub fn unkept_now(&self, most: usize) -> Vec<Unkept> {
        let all = lock(&self.all);
        let unkept = all.projects.iter().filter_map(|(key, project)| {
            let change = project.take_unkept()?;
            Some(Unkept {
                host: key.0.clone(),
                project: key.1,
                json: window::encode(key, &mut project.hour(), Instant::now(), unix()),
                of: project.clone(),
                change,
            })
        });
        unkept.take(most).collect()
    }

    /// Takes over a kept window; whether it says anything that matters.
    pub fn restore(&self, json: &[u8]) -> bool {
        let Some(kept) = window::decode(json, unix()) else {
            return false;
        };
        let project = lock(&self.all).project(&kept.key, &self.bells);
        let mut hour = project.hour();
        hour.ledger.restore(kept.record, Instant::now());
        hour.refused_page_size = hour.refused_page_size.or(kept.refused_page_size);
        true
    }

    /// Counts the windows that other processes keep, in place of what they said before. Of each in
    /// turn, whether it says anything that matters.
    pub fn count_others<'a>(&self, windows: impl Iterator<Item = &'a [u8]>) -> Vec<bool> {
        let kept: Vec<_> = windows.map(|json| window::decode(json, unix())).collect();
        let matters = kept
            .iter()
            .map(|kept| kept.as_ref().is_some_and(|kept| !kept.over));
        let matters = matters.collect();
        let mut all = lock(&self.all);
        let mut by_project = HashMap::<_, (Vec<_>, Option<u32>)>::new();
        // Whose others said something before may have none now.
        by_project.extend(
            all.projects
                .keys()
                .map(|key| (key.clone(), Default::default())),
        );
        for mut kept in kept.into_iter().flatten() {
            if kept.over {
                // It was killed while it asked.
                kept.record.running = 0;
            }
            let (records, refused_page_size) = by_project.entry(kept.key).or_default();
            records.push(kept.record);
            *refused_page_size = refused_page_size.or(kept.refused_page_size);
        }
        for (key, (records, refused_page_size)) in by_project {
            let project = all.project(&key, &self.bells);
            let mut hour = project.hour();
            hour.ledger.count_others(records, Instant::now());
            hour.refused_page_size = hour.refused_page_size.or(refused_page_size);
        }
        matters
    }
}

fn unix() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
