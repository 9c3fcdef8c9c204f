//! The watches: what each event means for its own object and for others.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{PredicateConfig, WatchStreamExt, watcher as watch};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::context::{Connector, Context, Export};
use super::{conflict, members, turns};
use crate::api::{RELEASE_HOLD, REQUESTED_AT};

/// Shorter than the idle time after which load balancers cut a connection without a word (240 s).
const TIMEOUT_SECONDS: u32 = 200;

/// Objects a page of a list: with their managed fields some 15 KiB each while they are parsed.
const PAGE: u32 = 100;

/// The configuration of every watch.
fn config() -> watcher::Config {
    let config = watcher::Config::default().timeout(TIMEOUT_SECONDS);
    config.page_size(PAGE)
}

/// One kind's objects in a namespace, or in all.
pub fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Watches one kind into its store. `hook` sees every event once the store has it; the stream
/// yields only objects whose spec, annotations of ours or deletion changed, so that our own status
/// writes never wake us.
pub fn objects<K>(
    ctx: &Arc<Context>,
    api: Api<K>,
    writer: Writer<K>,
    hook: fn(&Context, &Event<K>),
) -> impl Stream<Item = Result<K, watcher::Error>> + Send + use<K>
where
    K: Resource<DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug
        + Send
        + Sync
        + 'static,
{
    let ctx = Arc::clone(ctx);
    let store = writer.as_reader();
    let mut filled = false;
    let mut before = Vec::new();
    watch(api, config().labels(&ctx.args.watch_label_selector))
        .default_backoff()
        .modify(lighten)
        .reflect(writer)
        .inspect_ok(move |event| {
            match event {
                Event::Init => before = store.state(),
                Event::InitDone => {
                    // What was deleted while there was no watch has no event of its own.
                    for gone in before.drain(..).filter(|object| !holds(&store, object)) {
                        hook(&ctx, &Event::Delete(K::clone(&gone)));
                    }
                }
                _ => {}
            }
            hook(&ctx, event);
            // Once all that it holds is taken note of.
            if matches!(event, Event::InitDone) && !std::mem::replace(&mut filled, true) {
                ctx.filling.one_done();
            }
        })
        .touched_objects()
        .predicate_filter(worth_a_look, PredicateConfig::default())
}

/// Takes out what nothing here reads, which is the greater part of an object.
fn lighten<K: Resource>(object: &mut K) {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.retain(|name, _| [REQUESTED_AT, RELEASE_HOLD].contains(&name.as_str()));
    }
    meta.labels = None;
    meta.owner_references = None;
}

/// Whether the store still has this very object.
fn holds<K>(store: &Store<K>, object: &K) -> bool
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let found = store.get(&ObjectRef::from_obj(object));
    found.is_some_and(|found| found.meta().uid == object.meta().uid)
}

fn worth_a_look<K: Resource>(object: &K) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let meta = object.meta();
    meta.generation.hash(&mut hasher);
    meta.uid.hash(&mut hasher);
    meta.deletion_timestamp.is_some().hash(&mut hasher);
    for annotation in [REQUESTED_AT, RELEASE_HOLD] {
        object.annotations().get(annotation).hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// A connector's change wakes its exports, and those that lost a segment.
pub fn connector_changed(ctx: &Context, event: &Event<Connector>) {
    match event {
        Event::Apply(connector) => {
            members::note(ctx, connector);
            wake_exports(ctx, connector);
        }
        Event::InitApply(connector) => members::note(ctx, connector),
        Event::Delete(connector) => {
            ctx.metrics.objects().forget_connector(
                &connector.namespace().unwrap_or_default(),
                &connector.name_any(),
            );
            let uid = connector.uid().unwrap_or_default();
            ctx.checks.forget(&uid);
            ctx.budgets.forget(&uid);
            wake_exports(ctx, connector);
        }
        Event::Init => {}
        Event::InitDone => {
            // Those that came one by one were looked at before the store had them.
            for connector in ctx.connectors.iter().flat_map(Store::state) {
                ctx.wake_connectors.wake(&ObjectRef::from_obj(&*connector));
            }
            wake_all_exports(ctx);
        }
    }
    ctx.wake_losers();
}

fn wake_all_exports(ctx: &Context) {
    for export in ctx.exports.iter().flat_map(Store::state) {
        conflict::note(ctx, &export);
        ctx.wake_exports.wake(&ObjectRef::from_obj(&*export));
    }
}

fn wake_exports(ctx: &Context, connector: &Connector) {
    for export in ctx.all_exports() {
        let Ok(spec) = export.0.as_ref().map(|e| &e.spec) else {
            continue;
        };
        if export.namespace() == connector.namespace()
            && spec.connector_ref.name == connector.name_any()
        {
            conflict::note(ctx, &export);
            ctx.wake_exports.wake(&ObjectRef::from_obj(&*export));
        }
    }
}

/// An export's change may give its segment to another one.
pub fn export_changed(ctx: &Context, event: &Event<Export>) {
    match event {
        Event::Delete(export) => {
            ctx.metrics
                .objects()
                .forget_export(&export.namespace().unwrap_or_default(), &export.name_any());
            let uid = export.uid().unwrap_or_default();
            ctx.destinations.forget(&uid);
            ctx.told.forget(&uid);
            turns::retire(ctx, export);
        }
        Event::InitDone => wake_all_exports(ctx),
        Event::Apply(export) => conflict::note(ctx, export),
        Event::Init | Event::InitApply(_) => {}
    }
    ctx.wake_losers();
}

/// Watches Secrets, metadata only and kept nowhere: a change wakes the connectors that name it.
pub async fn secrets(ctx: &Context, client: &Client, namespace: Option<&str>) {
    let events = watch(
        api::<PartialObjectMeta<Secret>>(client, namespace),
        config(),
    )
    .default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(secret) | Event::InitApply(secret) | Event::Delete(secret)) => {
                secret_changed(ctx, &secret)
            }
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => tracing::warn!(%error, "the watch of Secrets was interrupted"),
        }
    }
}

fn secret_changed(ctx: &Context, secret: &PartialObjectMeta<Secret>) {
    let (namespace, name) = (secret.namespace(), secret.name_any());
    for store in &ctx.connectors {
        for connector in store.state() {
            let Ok(spec) = connector.0.as_ref().map(|c| &c.spec) else {
                continue;
            };
            let names = [
                &spec.passcode_secret_ref.name,
                &spec.mixpanel.service_account_secret_ref.name,
            ];
            if connector.namespace() == namespace && names.contains(&&name) {
                ctx.wake_connectors.wake(&ObjectRef::from_obj(&*connector));
            }
        }
    }
}
