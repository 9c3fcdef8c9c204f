//! Names are what others wrote: whatever stands in them is text.

use mixtap::api::CleverTapConnector;
use serde_json::json;

use crate::browser::{Browser, driver};
use crate::served::Served;
use crate::world::World;

const NAUGHTY: &str = r#"<img src=x onerror=alert(1)>"'&amp;</script><script>alert(2)</script>"#;

impl Browser {
    /// The name reads as it was written, and made no element.
    async fn shows_as_text(&self) {
        let read = format!(
            "document.querySelector('main').textContent.includes({})",
            json!(NAUGHTY)
        );
        self.until("the name", &read).await;
        let made = "document.querySelectorAll('main img, main script, body script').length";
        let made = self.js(made).await;
        assert_eq!(made, json!(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_markup_stay_text() {
    if driver().await.is_none() {
        return;
    }
    let Some(world) = World::new("markup").await else {
        return;
    };
    world.cohort(1, NAUGHTY, 5);
    world.cohort(2, "Plain", 5);
    let name = json!({ "spec": { "displayName": NAUGHTY } });
    world.patch::<CleverTapConnector>("main", name).await;
    world
        .dynamic("by-cohort", 1, json!({ "interval": "1h" }))
        .await;
    world
        .one_time("by-segment", 2, json!({ "segmentName": NAUGHTY }))
        .await;
    let served = Served::of(world, &[]).await;
    served
        .world
        .until_synced("by-cohort", "True", "Synced")
        .await;
    served
        .world
        .until_synced("by-segment", "True", "Completed")
        .await;

    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.shows_as_text().await;
    let cell = |export: &str, cell: &str| {
        let row = served.row(export);
        format!("document.querySelector(\"{row} [data-cell={cell}]\").textContent")
    };
    for (export, column) in [
        ("by-cohort", "cohort"),
        ("by-cohort", "segment"),
        ("by-segment", "segment"),
    ] {
        let holds = format!("{}.includes({})", cell(export, column), json!(NAUGHTY));
        browser
            .until(&format!("{column} of {export}"), &holds)
            .await;
    }
    let card = format!(
        "document.getElementById('connector/{}/main')",
        served.world.namespace
    );
    let holds = format!("{card}.textContent.includes({})", json!(NAUGHTY));
    browser.until("the connector's name", &holds).await;

    // As it comes by an update.
    browser.mark().await;
    served.suspend("by-cohort", true).await;
    browser
        .until_says(&served.state("by-cohort"), "Suspended")
        .await;
    browser.shows_as_text().await;
    browser.is_still_marked().await;

    for export in ["by-cohort", "by-segment"] {
        browser.goto(&served.path(export)).await;
        browser.until_live().await;
        browser.shows_as_text().await;
    }
    served.suspend("by-cohort", false).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_markup_stays_text() {
    let Some(served) = Served::new("address").await else {
        return;
    };
    let mut browser = served.browser().await;
    browser.forgives(&["the server responded with a status of 4"]);
    let query = url::form_urlencoded::byte_serialize(NAUGHTY.as_bytes()).collect::<String>();
    for field in ["q", "namespace", "connector", "state", "sort"] {
        browser.goto(&format!("/?{field}={query}")).await;
        let made = browser
            .js("document.querySelectorAll('img, body script').length")
            .await;
        assert_eq!(made, json!(0), "{field}");
    }
    browser.goto(&format!("/?q={query}")).await;
    browser
        .until_is(
            "document.querySelector('#filter [name=q]').value",
            json!(NAUGHTY),
        )
        .await;
    browser.goto(&format!("/exports/{query}/{query}")).await;
    let made = browser
        .js("document.querySelectorAll('img, body script').length")
        .await;
    assert_eq!(made, json!(0));
    browser.close().await;
}
