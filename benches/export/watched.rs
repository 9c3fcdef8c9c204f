//! Every export of a namespace as its watch shows it, and how often each was written.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::TryStreamExt as _;
use kube::{
    Api, Client, ResourceExt as _,
    runtime::watcher::{self, Event, watcher},
};
use mixtap::api::CohortExport;
use tokio::{sync::watch, task::AbortHandle, time::timeout};

use crate::Fallible;

#[derive(Default)]
struct Objects {
    /// With the number of versions seen, the first one included.
    latest: HashMap<String, (CohortExport, u64)>,
}

pub struct Watched {
    objects: Arc<Mutex<Objects>>,
    changed: watch::Receiver<()>,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    pub fn start(client: &Client, namespace: &str) -> Self {
        let api: Api<CohortExport> = Api::namespaced(client.clone(), namespace);
        let objects = Arc::new(Mutex::new(Objects::default()));
        let (sender, changed) = watch::channel(());
        let seen = objects.clone();
        let task = tokio::spawn(async move {
            let events = watcher(api, watcher::Config::default());
            let ended = events.try_for_each(async |event| {
                if let Event::Apply(object) | Event::InitApply(object) = event {
                    let mut objects = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    objects.see(object);
                    drop(objects);
                    sender.send_replace(());
                }
                Ok(())
            });
            if let Err(error) = ended.await {
                eprintln!("the benchmark's watch ended: {error}");
            }
        });
        Self {
            objects,
            changed,
            task: task.abort_handle(),
        }
    }

    /// Waits until all exports, so many at least, are as asked. An error after that time, or as soon
    /// as one of them fails.
    pub async fn until(
        &self,
        count: usize,
        within: Duration,
        is: impl Fn(&CohortExport) -> bool,
    ) -> Fallible<()> {
        let mut changed = self.changed.clone();
        let mut failed = false;
        let ended = changed.wait_for(|()| {
            self.with(|objects| {
                let all = || objects.latest.values().map(|(object, _)| object);
                failed = all().any(has_failed);
                // Each is asked, for some note when they saw what.
                let ready = all().filter(|export| is(export)).count();
                failed || objects.latest.len() >= count && ready == objects.latest.len()
            })
        });
        match timeout(within, ended).await {
            Ok(ended) => ended.map(drop)?,
            Err(_) => return Err(format!("it took longer: {}", self.why()).into()),
        }
        if failed {
            return Err(self.why().into());
        }
        Ok(())
    }

    pub fn all(&self) -> Vec<CohortExport> {
        self.with(|objects| {
            objects
                .latest
                .values()
                .map(|(object, _)| object.clone())
                .collect()
        })
    }

    /// Writes to all objects so far, their creation included.
    pub fn writes(&self) -> u64 {
        self.with(|objects| objects.latest.values().map(|(_, versions)| versions).sum())
    }

    /// What the first export says of itself that isn't synced.
    fn why(&self) -> String {
        let all = self.all();
        let unwell = all.iter().find_map(|export| {
            let synced = condition(export, "Synced")?;
            (synced.0 != "True").then(|| format!("{}: {}", synced.1, synced.2))
        });
        unwell.unwrap_or_else(|| format!("{} exports, none of them unwell", all.len()))
    }

    fn with<T>(&self, act: impl FnOnce(&Objects) -> T) -> T {
        act(&self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Objects {
    fn see(&mut self, object: CohortExport) {
        let (latest, versions) = self
            .latest
            .entry(object.name_any())
            .or_insert_with(|| (object.clone(), 1));
        if latest.resource_version() != object.resource_version() {
            *versions += 1;
            *latest = object;
        }
    }
}

/// Status, reason and message.
pub fn condition<'a>(export: &'a CohortExport, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = &export.status.as_ref()?.conditions;
    let found = conditions
        .iter()
        .find(|condition| condition.type_ == kind)?;
    Some((&found.status, &found.reason, &found.message))
}

fn has_failed(export: &CohortExport) -> bool {
    condition(export, "Synced").is_some_and(|(status, ..)| status == "False")
}

/// Whether the export's first run has ended well, or the one that this token asked for.
pub fn is_synced(export: &CohortExport, token: Option<&str>) -> bool {
    let status = export.status.as_ref();
    let handled = status.and_then(|status| status.last_handled_request.as_deref());
    let synced = condition(export, "Synced").is_some_and(|(status, ..)| status == "True");
    synced && (token.is_none() || handled == token)
}
