//! Filters and columns, which live in the address; and the way to an export's page and back.

use mixtap::api::{CleverTapConnector, CohortExport};
use serde_json::json;

use crate::browser::{Browser, driver};
use crate::paint::SEEN;
use crate::plane;
use crate::served::{Served, until_answered};
use crate::world::World;

impl Browser {
    /// Waits until these exports are seen, in whatever order.
    async fn until_seen(&self, exports: &[&str]) {
        self.until_is(&format!("{SEEN}.sort()"), json!(exports))
            .await;
    }

    async fn until_asked(&self, name: &str, value: &str) {
        let given = format!("new URL(location).searchParams.get('{name}') ?? ''");
        self.until_is(&given, json!(value)).await;
    }
}

/// `cart` Synced and `crowd` Completed by `main`, `second` by the connector of its name; in another
/// namespace `lost`, whose connector is absent.
async fn several() -> Option<(Served, String)> {
    driver().await?;
    let world = World::new("finding").await?;
    let other = plane::namespace(&world.client, "elsewhere").await;
    world.cohort(1, "Cart", 30);
    world.cohort(2, "Crowd", 200);
    world.cohort(3, "A few", 4);
    world
        .create::<CleverTapConnector>("second", world.connector_spec())
        .await;
    world.dynamic("cart", 1, json!({ "interval": "1h" })).await;
    world.one_time("crowd", 2, json!({})).await;
    let by_second = json!({ "connectorRef": { "name": "second" } });
    world.one_time("second", 3, by_second).await;
    lost(&world, &other).await;
    let namespaces = format!("--watch-namespaces={},{other}", world.namespace);
    let served = Served::of(world, &[&namespaces]).await;
    served.world.until_synced("cart", "True", "Synced").await;
    for export in ["crowd", "second"] {
        served.world.until_synced(export, "True", "Completed").await;
    }
    Some((served, other))
}

async fn lost(world: &World, namespace: &str) {
    let export = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport", "metadata": { "name": "lost" },
        "spec": { "connectorRef": { "name": "absent" }, "cohort": { "id": 9 }, "syncType": "Dynamic" },
    });
    let export: CohortExport = serde_json::from_value(export).expect("an export");
    let exports = kube::Api::namespaced(world.client.clone(), namespace);
    let created = exports.create(&Default::default(), &export).await;
    created.expect("created");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lives_in_the_address() {
    let Some((served, other)) = several().await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;
    let all = ["cart", "crowd", "lost", "second"];
    browser.until_seen(&all).await;
    let second = format!("{}/second", served.world.namespace);
    for (field, value, seen) in [
        ("namespace", other.as_str(), "lost"),
        ("connector", &second, "second"),
        ("state", "Synced", "cart"),
        ("q", "crowd", "crowd"),
    ] {
        browser.fill(field, value).await;
        browser.until_asked(field, value).await;
        browser.until_seen(&[seen]).await;
        browser.back().await;
        browser.until_asked(field, "").await;
        browser.until_seen(&all).await;
        browser.forward().await;
        browser.until_asked(field, value).await;
        browser.until_seen(&[seen]).await;
        browser.back().await;
        browser.until_seen(&all).await;
    }
    browser.is_still_marked().await;

    // Who is sent the address sees the same.
    browser.goto("/?state=Completed&q=c&sort=-members").await;
    browser.until_is(SEEN, json!(["crowd", "second"])).await;
    browser.until_live().await;
    browser.until_is(SEEN, json!(["crowd", "second"])).await;
    for (field, value) in [("state", "Completed"), ("q", "c")] {
        let given = format!("document.querySelector('#filter [name={field}]').value");
        browser.until_is(&given, json!(value)).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_with_a_button_is_sorted_by_it() {
    let Some(served) = Served::new("column").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    let columns = "[...document.querySelectorAll('th[data-column]:has(button)')]
        .map(column => column.dataset.column)";
    let columns = browser.js(columns).await;
    let expected = [
        "cohort", "segment", "type", "state", "members", "change", "synced", "next",
    ];
    assert_eq!(columns, json!(expected));
    let sorted = "[...document.querySelectorAll('th[aria-sort]')]
        .map(column => [column.dataset.column, column.ariaSort])";
    browser
        .until_is(sorted, json!([["cohort", "ascending"]]))
        .await;
    for column in expected {
        let mut ways = ["ascending", "descending"];
        if column == "cohort" {
            ways.reverse();
        }
        for way in ways {
            browser
                .click(&format!("th[data-column={column}] button"))
                .await;
            browser.until_is(sorted, json!([[column, way]])).await;
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_in_the_order_that_the_column_says() {
    let Some(served) = Served::new("order").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.until_is(SEEN, json!(["cart", "crowd"])).await;
    for (column, sort, order) in [
        ("members", "members", ["cart", "crowd"]),
        ("members", "-members", ["crowd", "cart"]),
        ("type", "type", ["cart", "crowd"]),
        ("type", "-type", ["crowd", "cart"]),
    ] {
        browser
            .click(&format!("th[data-column={column}] button"))
            .await;
        browser.until_is(SEEN, json!(order)).await;
        browser.until_asked("sort", sort).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_a_page_and_a_way_back() {
    let Some(served) = Served::new("back").await else {
        return;
    };
    until_answered(&format!("{}{}", served.url, served.path("absent")), 404).await;
    let browser = served.browser().await;
    browser.goto("/?q=cart").await;
    browser.until_live().await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser
        .click(&format!("{} a[href*='exports/']", served.row("cart")))
        .await;
    let name = format!("{}/cart", served.world.namespace);
    browser
        .until_is("document.querySelector('main').dataset.export", json!(name))
        .await;
    browser
        .until_is("location.pathname", json!(served.path("cart")))
        .await;
    browser
        .until(
            "its name",
            "document.querySelector('h1').textContent.includes('Cart')",
        )
        .await;
    browser
        .until(
            "its runs",
            "document.querySelectorAll('#runs tbody tr').length > 0",
        )
        .await;
    browser
        .until(
            "its plot",
            "document.querySelector('svg#plot, #plot svg') !== null",
        )
        .await;
    browser.until_live().await;
    browser.back().await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser.until_asked("q", "cart").await;
    browser.forward().await;
    browser.click("#back").await;
    browser.until_is("location.pathname", json!("/")).await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser.until_asked("q", "cart").await;
    browser.until_live().await;
    browser.close().await;
}
