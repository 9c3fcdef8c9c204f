//! Objects that the API server keeps but our types can't read, as an older CRD may have let in.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::runtime::wait::await_condition;
use mixtap::api::{CleverTapConnector, CohortExport, conditions};
use serde_json::{Value, json};

use crate::lane::{CHANGED, COHORT, Lane, list_of};
use crate::plane;
use crate::world::{PATIENCE, World};

/// One bad object of each kind, beside good ones that go on.
#[tokio::test(flavor = "multi_thread")]
async fn objects_that_cannot_be_read() {
    let Some(plane) = crate::own().await else {
        return;
    };
    let world = Arc::new(World::on(plane, "undecodable").await);
    let controller = world.controller();
    let good = Lane::new(&world, 1, "good").await;
    good.first_run(json!({})).await;

    loosen(&world, "cohortexports.mixtap.dev", "syncType").await;
    loosen(&world, "clevertapconnectors.mixtap.dev", "datacenter").await;
    let export = json!({ "connectorRef": { "name": "good" }, "cohort": { "id": COHORT }, "syncType": "Weekly" });
    create::<CohortExport>(&world, "weekly", export).await;
    let mut connector = world.connector_spec();
    connector["datacenter"] = json!("mars1");
    create::<CleverTapConnector>(&world, "mars", connector).await;
    let lost = json!({ "connectorRef": { "name": "mars" }, "cohort": { "id": COHORT }, "syncType": "OneTime" });
    create::<CohortExport>(&world, "lost", lost).await;
    plane::apply_crds(&world.client).await;

    told::<CohortExport>(&world, "weekly", conditions::SYNCED).await;
    told::<CleverTapConnector>(&world, "mars", conditions::CONNECTED).await;
    world
        .until_synced("lost", "Unknown", "ConnectorNotReady")
        .await;
    good.set_members(CHANGED);
    good.ask("beside").await;
    good.until_changed("beside").await;
    assert_eq!(good.list(), Some(list_of(CHANGED)));

    // Neither does it keep a controller from starting.
    assert!(controller.stop().success());
    let controller = world.controller();
    controller.ready().await;
    good.ask("restarted").await;
    good.until_handled("restarted", "True", "Synced").await;

    // Once mended they are objects like any other.
    mend::<CohortExport>(
        &world,
        "weekly",
        json!({ "syncType": "Dynamic", "segmentName": "Weekly" }),
    )
    .await;
    world.until_synced("weekly", "True", "Synced").await;
    mend::<CleverTapConnector>(&world, "mars", json!({ "datacenter": "eu1" })).await;
    world.until_connected("mars", "True", "Connected").await;
}

/// Lets any text into a field that has an enum.
async fn loosen(world: &World, crd: &str, field: &str) {
    let api: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    let found = api.get(crd).await.expect("our CRD");
    let mut loose = serde_json::to_value(&found).expect("JSON");
    let spec = &mut loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["properties"][field]
        .as_object_mut()
        .expect("the field")
        .remove("enum")
        .expect("an enum");
    let loose = serde_json::from_value(loose).expect("a CRD");
    api.replace(crd, &PostParams::default(), &loose)
        .await
        .expect("a looser CRD");
}

fn dynamic<K: kube::Resource<DynamicType = ()>>(world: &World) -> Api<DynamicObject> {
    Api::namespaced_with(
        world.client.clone(),
        &world.namespace,
        &ApiResource::erase::<K>(&()),
    )
}

/// Makes the object, once the server serves the looser schema.
async fn create<K: kube::Resource<DynamicType = ()>>(world: &World, name: &str, spec: Value) {
    let object =
        DynamicObject::new(name, &ApiResource::erase::<K>(&())).data(json!({ "spec": spec }));
    let created = async {
        loop {
            match dynamic::<K>(world)
                .create(&PostParams::default(), &object)
                .await
            {
                Err(kube::Error::Api(status)) if status.code == 422 => {
                    tokio::task::yield_now().await
                }
                made => return made.expect("created"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, created)
        .await
        .expect("a looser schema");
}

/// Waits until the object's status says that it can't be read.
async fn told<K: kube::Resource<DynamicType = ()>>(world: &World, name: &str, own: &str) {
    let says = |object: Option<&DynamicObject>| {
        let Some(object) = object else { return false };
        let status = &object.data["status"];
        let has = |kind: &str, value: &str| {
            let mut all = status["conditions"].as_array().into_iter().flatten();
            all.any(|c| c["type"] == kind && c["status"] == value && c["reason"] == "InvalidSpec")
        };
        status["observedGeneration"] == json!(object.metadata.generation)
            && has(own, "False")
            && has("Ready", "False")
            && has("Stalled", "True")
    };
    let told = await_condition(dynamic::<K>(world), name, says);
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(
        matches!(told, Ok(Ok(_))),
        "{name}: {:#?}",
        dynamic::<K>(world).get(name).await
    );
}

async fn mend<K: kube::Resource<DynamicType = ()>>(world: &World, name: &str, spec: Value) {
    let patch = Patch::Merge(json!({ "spec": spec }));
    dynamic::<K>(world)
        .patch(name, &PatchParams::default(), &patch)
        .await
        .expect("mended");
}
