//! Connectors and exports as they change.

use futures::{Stream, StreamExt, future::ready, stream::select};
use kube::{
    Api, Client, ResourceExt,
    core::DeserializeGuard,
    runtime::{WatchStreamExt, watcher},
};
use serde::de::DeserializeOwned;

use crate::api::{CleverTapConnector, CohortExport};

/// Something that is, or was.
pub enum Seen {
    Connector(Box<CleverTapConnector>),
    Export(Box<CohortExport>),
    /// As [`named`].
    Gone(String),
}

/// All objects of both kinds, now and from now on. An outage of the API server is waited out.
pub fn objects(client: &Client) -> impl Stream<Item = Seen> + Unpin + use<> {
    let connectors = changes::<CleverTapConnector>(client, |c| Seen::Connector(Box::new(c)));
    let exports = changes::<CohortExport>(client, |e| Seen::Export(Box::new(e)));
    Box::pin(select(connectors, exports))
}

fn changes<K>(client: &Client, seen: fn(K) -> Seen) -> impl Stream<Item = Seen> + use<K>
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api: Api<DeserializeGuard<K>> = Api::all(client.clone());
    let events = watcher(api, watcher::Config::default()).default_backoff();
    events.filter_map(move |event| {
        ready(match event {
            // One that can't be read is the controller's to tell of.
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                object.0.ok().map(seen)
            }
            Ok(watcher::Event::Delete(object)) => Some(Seen::Gone(named(&object))),
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => None,
        })
    })
}

/// `kind/name` as kubectl takes it, and the namespace where it isn't the usual one.
pub fn named<K: kube::Resource<DynamicType = ()>>(object: &K) -> String {
    let kind = K::kind(&()).to_lowercase();
    match object
        .namespace()
        .filter(|namespace| namespace != "default")
    {
        Some(namespace) => format!("{kind}/{} -n {namespace}", object.name_any()),
        None => format!("{kind}/{}", object.name_any()),
    }
}
