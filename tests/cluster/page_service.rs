//! The EndpointSlice by which the page's Service leads to the leader.

use std::net::TcpListener;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use mixtap::api::FIELD_MANAGER;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::process::Controller;
use crate::world::{PATIENCE, World};

const SERVICE: &str = "mixtap-page";
const SOON: Duration = Duration::from_millis(50);
const STANDBY: &str = "standby: waits for the Lease\n";

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.expect("a free port").port()
}

/// A controller in a pod of this name and address, and the port of its page.
fn pod(world: &mut World, name: &str, ip: &str, more: &[&str]) -> (Controller, u16) {
    let port = free_port();
    world.env = vec![("HOSTNAME".to_owned(), name.to_owned())];
    // Loopback, where nobody else gets to, in a form that isn't refused beside --page-service.
    let address = format!("--page-address=[::ffff:127.0.0.1]:{port}");
    let (service, ip) = (
        format!("--page-service={SERVICE}"),
        format!("--pod-ip={ip}"),
    );
    let flags = [&[address.as_str(), &service, &ip], more].concat();
    (world.controller_with(&flags), port)
}

fn slices(world: &World) -> Api<EndpointSlice> {
    world.api()
}

/// As the chart makes it.
async fn service(world: &World) {
    let service = json!({
        "metadata": { "name": SERVICE },
        "spec": { "ports": [{ "name": "page", "port": 8081 }] },
    });
    let service = serde_json::from_value(service).expect("a Service");
    let api: Api<Service> = world.api();
    api.create(&PostParams::default(), &service)
        .await
        .expect("a Service");
}

/// Waits until the Service leads to these addresses, and returns its only slice.
async fn leads_to(world: &World, addresses: &[&str]) -> EndpointSlice {
    let of = ListParams::default().labels(&format!("kubernetes.io/service-name={SERVICE}"));
    let found = async {
        loop {
            let list = slices(world).list(&of).await.expect("a list");
            let here = list
                .items
                .iter()
                .flat_map(|slice| slice.endpoints.iter().flatten());
            let here: Vec<_> = here.flat_map(|endpoint| &endpoint.addresses).collect();
            if let [slice] = &list.items[..]
                && here == addresses
            {
                return slice.clone();
            }
            sleep(SOON).await;
        }
    };
    let found = timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("never {addresses:?}: {}", world.logs_tail()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_leads_to_the_leader_and_only_there() {
    let Some(mut world) = World::new("slice").await else {
        return;
    };
    service(&world).await;
    let (first, port) = pod(&mut world, "mixtap-one", "10.9.8.1", &[]);
    first.ready().await;
    let slice = leads_to(&world, &["10.9.8.1"]).await;
    let written = serde_json::to_value(&slice).expect("JSON");
    assert_eq!(slice.name_any(), SERVICE);
    assert_eq!(
        written["metadata"]["labels"],
        json!({
            "kubernetes.io/service-name": SERVICE,
            "endpointslice.kubernetes.io/managed-by": "mixtap.dev",
        })
    );
    assert_eq!(written["addressType"], "IPv4");
    assert_eq!(
        written["ports"],
        json!([{ "name": "page", "port": port, "protocol": "TCP" }])
    );
    let target = json!({ "kind": "Pod", "namespace": world.namespace, "name": "mixtap-one" });
    let endpoint = json!({
        "addresses": ["10.9.8.1"],
        "conditions": { "ready": true },
        "targetRef": target,
    });
    assert_eq!(written["endpoints"], json!([endpoint]));
    let manager = &written["metadata"]["managedFields"][0];
    assert_eq!(
        (&manager["manager"], &manager["operation"]),
        (&json!(FIELD_MANAGER), &json!("Apply"))
    );

    // Who stands by isn't named, and who follows a killed leader replaces it.
    let (second, port) = pod(&mut world, "mixtap-two", "10.9.8.2", &[]);
    second.says(200, STANDBY).await;
    leads_to(&world, &["10.9.8.1"]).await;
    first.kill();
    let followed = leads_to(&world, &["10.9.8.2"]).await;
    let followed = serde_json::to_value(&followed).expect("JSON");
    assert_eq!(followed["ports"][0]["port"], port);
    assert_eq!(followed["endpoints"][0]["targetRef"]["name"], "mixtap-two");
    assert_eq!(followed["metadata"]["uid"], written["metadata"]["uid"]);

    // One that was deleted or written by somebody comes back.
    let gone = slices(&world)
        .delete(SERVICE, &DeleteParams::default())
        .await;
    gone.expect("deleted");
    leads_to(&world, &["10.9.8.2"]).await;
    let others = json!({ "endpoints": [{ "addresses": ["10.9.8.3"] }] });
    world.patch::<EndpointSlice>(SERVICE, others).await;
    leads_to(&world, &["10.9.8.2"]).await;

    // An orderly end leads nowhere, whoever wrote something else meanwhile.
    let label = json!({ "metadata": { "labels": { "somebody": "was-here" } } });
    world.patch::<EndpointSlice>(SERVICE, label).await;
    assert_eq!(second.stop().code(), Some(0));
    let emptied = slices(&world).get(SERVICE).await.expect("the slice");
    assert_eq!(emptied.endpoints.unwrap_or_default(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leads_there_without_a_lease_and_by_ipv6() {
    let Some(mut world) = World::new("slice-alone").await else {
        return;
    };
    let alone = ["--leader-elect=false"];
    let (controller, _) = pod(&mut world, "mixtap-0", "fd00:9::1", &alone);
    let slice = leads_to(&world, &["fd00:9::1"]).await;
    assert_eq!(slice.address_type, "IPv6");
    assert_eq!(controller.stop().code(), Some(0));
    let emptied = slices(&world).get(SERVICE).await.expect("the slice");
    assert_eq!(emptied.endpoints.unwrap_or_default(), []);
}

/// The leader that was paused names itself no more when it awakes: it ends, and leaves its follower's
/// slice alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_leader_takes_nothing_back() {
    let Some(mut world) = World::new("slice-pause").await else {
        return;
    };
    let (mut first, _) = pod(&mut world, "mixtap-one", "10.9.8.1", &[]);
    leads_to(&world, &["10.9.8.1"]).await;
    let (second, _) = pod(&mut world, "mixtap-two", "10.9.8.2", &[]);
    second.says(200, STANDBY).await;
    first.signal("STOP");
    let followed = leads_to(&world, &["10.9.8.2"]).await;
    first.signal("CONT");
    assert_eq!(first.ended().await.code(), Some(1));
    let kept = slices(&world).get(SERVICE).await.expect("the slice");
    let of =
        |slice: &EndpointSlice| -> Value { serde_json::to_value(&slice.endpoints).expect("JSON") };
    assert_eq!(of(&kept), of(&followed));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_for_a_page_without_a_service() {
    let Some(world) = World::new("slice-none").await else {
        return;
    };
    let port = free_port();
    let address = format!("--page-address=127.0.0.1:{port}");
    let controller = world.controller_with(&[&address, "--pod-ip=10.9.8.1"]);
    let shown = async {
        let url = format!("http://127.0.0.1:{port}/api/v1/budget");
        while !reqwest::get(&url)
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            sleep(SOON).await;
        }
    };
    timeout(PATIENCE, shown).await.expect("a page");
    // A slice would be written now, and be there still at the end.
    assert_eq!(controller.stop().code(), Some(0));
    let all = slices(&world).list(&ListParams::default()).await;
    assert_eq!(all.expect("a list").items.len(), 0);
}
