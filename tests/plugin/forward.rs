//! The way to the leader through the API server: Lease, pod, port-forward.

use serde_json::json;

use crate::command::{mixtap, paged, world};
use crate::kubelet::{node, pod};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_reached_by_the_api_servers_port_forward() {
    let Some(mut world) = world("forward").await else {
        return;
    };
    let (here, leader) = (
        world.namespace.clone(),
        format!("{}-leader", world.namespace),
    );
    let line = |command: &str| format!("{command} --controller-namespace {here}");
    let lost = mixtap(&world, &line("budget")).await;
    lost.failed(&format!("there is no Lease mixtap in namespace {here}"));

    world.env.push(("HOSTNAME".to_owned(), leader.clone()));
    world.dynamic("cart", 1, json!({})).await;
    let (controller, url) = paged(&world);
    world.until_synced("cart", "True", "Synced").await;
    let outside = mixtap(&world, &line("budget")).await;
    outside.failed("say where its page is with --page-url");

    node(&world.client, &leader).await;
    let (_, port) = url.rsplit_once(':').expect("a port");
    let port = port.parse().expect("a number");
    pod(&world.client, &here, &leader, &leader, Some(port)).await;
    let forwarded = mixtap(&world, &line("history cart")).await.fine();
    let direct = mixtap(&world, &format!("history cart --page-url {url}")).await;
    assert_eq!(forwarded, direct.fine());
    let rows = mixtap(&world, &line("budget")).await.rows();
    assert_eq!(rows[1][2], "48 an hour");

    controller.kill();
    let gone = mixtap(&world, &line("budget")).await;
    gone.failed("nobody listens on this port");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_without_a_page_is_told_by_its_pod() {
    let Some(mut world) = world("pageless").await else {
        return;
    };
    let (here, leader) = (
        world.namespace.clone(),
        format!("{}-leader", world.namespace),
    );
    world.env.push(("HOSTNAME".to_owned(), leader.clone()));
    let _controller = world.controller();
    world.until_led().await;
    pod(&world.client, &here, "nowhere", &leader, None).await;
    let said = mixtap(&world, &format!("budget --controller-namespace {here}")).await;
    said.failed("set page.enabled=true in its chart's values");
}
