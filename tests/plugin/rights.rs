//! What a user without rights is told.

use mixtap::sandbox::calls::Vendor;
use serde_json::json;

use crate::command::{allowed, by, paged, world};
use crate::commands::{helm, template};
use crate::documents::{objects, of_kind};
use crate::kubelet::{node, pod};
use crate::user::user;
use crate::world::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_status_and_is_told_why_not_the_rest() {
    let Some(world) = world("viewer").await else {
        return;
    };
    let Some(viewer) = user(&world, "viewer@example.com").await else {
        return;
    };
    let nobody = by(&world, &viewer, "status").await;
    nobody.failed("cannot list resource");
    let rules = json!([{ "apiGroups": ["mixtap.dev"], "verbs": ["get", "list", "watch"],
        "resources": ["clevertapconnectors", "cohortexports"] }]);
    world.grant("viewer@example.com", "view", rules).await;
    world.dynamic("cart", 1, json!({})).await;
    world.permitted(&viewer).await;

    by(&world, &viewer, "status").await.fine();
    for (line, why) in [
        (
            "suspend cart",
            "can't change cohortexport/cart in namespace",
        ),
        ("sync cart", "can't annotate cohortexport/cart in namespace"),
        (
            "history cart",
            "status, sync, suspend and resume need none of them",
        ),
        ("budget", "get and create on pods/portforward"),
    ] {
        by(&world, &viewer, line).await.failed(why);
    }
    let why = format!("why cart u-own --allowed-endpoints {}", allowed(&world));
    by(&world, &viewer, &why)
        .await
        .failed("can't read the connector's Secret");
    assert_eq!(world.calls_of(Vendor::Mixpanel), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charts_role_for_the_page_leads_there() {
    let Some(program) = helm().await else { return };
    let Some(mut world) = world("role").await else {
        return;
    };
    let Some(reader) = user(&world, "reader@example.com").await else {
        return;
    };
    let (here, leader) = (
        world.namespace.clone(),
        format!("{}-leader", world.namespace),
    );
    world.env.push(("HOSTNAME".to_owned(), leader.clone()));
    world.dynamic("cart", 1, json!({})).await;
    let (_controller, url) = paged(&world);
    world.until_synced("cart", "True", "Synced").await;
    node(&world.client, &leader).await;
    let (_, port) = url.rsplit_once(':').expect("a port");
    let port = port.parse().expect("a number");
    pod(&world.client, &here, &leader, &leader, Some(port)).await;
    let budget = format!("budget --controller-namespace {here}");
    by(&world, &reader, &budget)
        .await
        .failed("can't read the Lease mixtap");

    let rendered = template(program, "mixtap", &[], "page: {enabled: true}").fine();
    let objects = objects(&rendered);
    let roles = of_kind(&objects, "Role").into_iter();
    let mut roles = roles.filter(|role| role["metadata"]["name"] == "mixtap-page");
    let role = roles.next().expect("the page's Role");
    world
        .grant("reader@example.com", "page", role["rules"].clone())
        .await;
    let reads = async { while by(&world, &reader, &budget).await.code != 0 {} };
    let reads = tokio::time::timeout(PATIENCE, reads).await;
    reads.expect("rights that count");
    by(&world, &reader, "status")
        .await
        .failed("cannot list resource");
}
