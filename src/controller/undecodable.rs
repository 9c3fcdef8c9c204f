//! An object that the watch delivers but our types can't read: told in its status and left alone,
//! so that it stops no other.

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::context::Context;
use super::error::{Error, call};
use crate::api::FIELD_MANAGER;
use crate::api::conditions::{self, Status};
use crate::domain::outcome::Verdict;
use crate::domain::{Reason, schedule};
use crate::telemetry::metrics::{ConnectorGauges, ExportGauges};

const MESSAGE: &str =
    "This object doesn't match the CRD of this release: compare its spec with `kubectl explain`.";

/// Says in the object's status that its spec can't be read, and keeps the rest of the status. The
/// decoder's own words stay out: they quote values.
///
/// # Errors
/// The API server is away or refuses.
pub async fn report<K>(ctx: &Context, invalid: &InvalidObject, own: &str) -> Result<Action, Error>
where
    K: Resource<DynamicType = ()>,
{
    let (Some(name), Some(namespace)) = (&invalid.metadata.name, &invalid.metadata.namespace)
    else {
        return Ok(Action::await_change());
    };
    tracing::warn!(namespace, name, kind = %K::kind(&()), "an object can't be decoded");
    let ready = Some((Status::False, Reason::InvalidSpec));
    if own == conditions::CONNECTED {
        let gauges = ConnectorGauges {
            ready,
            ..ConnectorGauges::default()
        };
        ctx.metrics.objects().connector(namespace, name, gauges);
    } else {
        let gauges = ExportGauges {
            ready,
            ..ExportGauges::default()
        };
        ctx.metrics.objects().export(namespace, name, &gauges);
    }
    let kind = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(ctx.client.clone(), namespace, &kind);
    let Some(object) = call("read an object", api.get_opt(name)).await? else {
        return Ok(Action::await_change());
    };
    let old = object
        .data
        .get("status")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let new = condemned(&old, object.metadata.generation.unwrap_or_default(), own);
    if new != old {
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": { "name": name, "resourceVersion": object.resource_version() },
            "status": new,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        call(
            "write status",
            api.patch_status(name, &params, &Patch::Apply(&patch)),
        )
        .await?;
    }
    Ok(Action::await_change())
}

fn condemned(old: &Value, generation: i64, own: &str) -> Value {
    let now = jiff::Timestamp::now();
    let mut list = serde_json::from_value(old["conditions"].clone()).unwrap_or_default();
    let verdict = Verdict {
        ready: Status::False,
        reason: Reason::InvalidSpec,
        message: MESSAGE,
    };
    verdict.write(&mut list, generation, now);
    conditions::remove(&mut list, conditions::INTERVAL_STRETCHED);
    conditions::set(
        &mut list,
        own,
        Status::False,
        Reason::InvalidSpec.as_str(),
        MESSAGE,
        generation,
        schedule::seconds(now),
    );
    let mut new = old.clone();
    new["conditions"] = json!(list);
    new["observedGeneration"] = json!(generation);
    if let Some(status) = new.as_object_mut() {
        status.remove("effectiveInterval");
    }
    new
}
