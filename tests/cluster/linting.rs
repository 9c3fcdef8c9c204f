//! The status linter, over every status that any controller of a test writes.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::{WatchStreamExt as _, watcher};
use mixtap::api::{CleverTapConnector, CohortExport};
use mixtap::domain::outcome::lint;
use serde::de::DeserializeOwned;

use crate::recording::record;

/// Watches both kinds in a namespace, and says at its end what was wrong with a status.
#[derive(Default)]
pub struct Linter(Arc<Mutex<Vec<String>>>);

impl Linter {
    pub fn start(client: &Client, namespace: &str) -> Self {
        let linter = Self::default();
        linter.watch::<CleverTapConnector, _>(client, namespace, lint::connector);
        linter.watch::<CohortExport, _>(client, namespace, lint::export);
        linter
    }

    /// By dynamic objects: one whose spec can't be read has a status too.
    fn watch<K, S>(
        &self,
        client: &Client,
        namespace: &str,
        lint: fn(&S, Option<i64>) -> Vec<String>,
    ) where
        K: kube::Resource<DynamicType = ()>,
        S: DeserializeOwned + Send + 'static,
    {
        let kind = ApiResource::erase::<K>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
        let found = Arc::clone(&self.0);
        tokio::spawn(async move {
            let objects = watcher(api, watcher::Config::default()).default_backoff();
            let mut objects = std::pin::pin!(objects.applied_objects());
            while let Some(object) = objects.next().await {
                // An interrupted watch goes on by itself.
                let Ok(object) = object else { continue };
                record(&object, &kind);
                let status = object.data.get("status").cloned().unwrap_or_default();
                // Nothing was said yet, or a test took it away.
                if status["conditions"].is_null() {
                    continue;
                }
                let wrong = match serde_json::from_value(status.clone()) {
                    Ok(typed) => lint(&typed, object.metadata.generation),
                    Err(error) => vec![error.to_string()],
                };
                if !wrong.is_empty() {
                    let line = format!("{:?}: {wrong:?} in {status}", object.metadata.name);
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line);
                }
            }
        });
    }
}

impl Drop for Linter {
    fn drop(&mut self) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::thread::panicking() {
            assert!(found.is_empty(), "{found:#?}");
        }
    }
}
