//! Every write of status: the whole of it, by server-side apply, and always with the
//! `resourceVersion` that it was made from. Two writers can't both win, and a re-created object
//! can't inherit a result.

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::{Error, call};
use crate::api::FIELD_MANAGER;

/// Writes this status over the object as it was read, and returns it as it is then. An equal one
/// costs nothing and isn't sent: `None`.
///
/// # Errors
/// 409 where the object was changed meanwhile.
pub async fn write<K, S>(
    client: &Client,
    object: &K,
    old: Option<&S>,
    new: &S,
) -> Result<Option<K>, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
    S: Serialize + PartialEq,
{
    if old == Some(new) {
        return Ok(None);
    }
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<K> = Api::namespaced(client.clone(), &namespace);
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {
            "name": object.name_any(),
            "uid": object.uid(),
            "resourceVersion": object.resource_version(),
        },
        "status": new,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let name = object.name_any();
    call(
        "write status",
        api.patch_status(&name, &params, &Patch::Apply(&patch)),
    )
    .await
    .map(Some)
}
