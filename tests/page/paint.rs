//! What the page shows at once: to whom it is shown with scripts, and without.

use fantoccini::key::Key;
use serde_json::json;

use crate::served::Served;

/// The exports that are seen, by name, from top to bottom.
pub const SEEN: &str = "[...document.querySelectorAll('#exports tbody tr')]
    .filter(row => row.checkVisibility()).map(row => row.id.split('/')[2])";

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_what_is_connected_completed_and_synced() {
    let Some(served) = Served::new("paint").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    let card = format!("article[id='connector/{}/main']", served.world.namespace);
    browser
        .until_says(&format!("{card} .tag"), "Connected")
        .await;
    browser.until_says(&served.state("cart"), "Synced").await;
    browser
        .until_says(&served.state("crowd"), "Completed")
        .await;
    for (export, cell, text) in [
        ("cart", "cohort", "Cart"),
        ("cart", "segment", "Mixpanel - Cart"),
        ("cart", "members", "30"),
        ("crowd", "cohort", "Crowd"),
        ("crowd", "segment", "Mixpanel - Crowd"),
        ("crowd", "members", "200"),
    ] {
        let cell = format!("{} [data-cell={cell}]", served.row(export));
        let holds = format!("document.querySelector(\"{cell}\").textContent.includes('{text}')");
        browser.until(&format!("{text} in {cell}"), &holds).await;
    }
    // The exact time stands behind the words, and only what is repeated has a next one.
    let time = |export: &str, cell: &str| {
        let cell = format!("{} [data-cell={cell}] time", served.row(export));
        format!("document.querySelector(\"{cell}\")")
    };
    for (export, cell) in [("cart", "synced"), ("cart", "next"), ("crowd", "synced")] {
        let time = time(export, cell);
        let is_one = format!("{time}.title && !isNaN(Date.parse({time}.dateTime))");
        browser
            .until(&format!("a time in {cell} of {export}"), &is_one)
            .await;
    }
    let next = browser.js(&time("crowd", "next")).await;
    assert!(next.is_null(), "{next}");
    browser.until_live().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_it_reads_and_filters() {
    let Some(served) = Served::new("plain").await else {
        return;
    };
    let browser = served.browser().await;
    browser.scripts(false).await;
    browser.goto("/").await;
    browser
        .until_is(&format!("{SEEN}.sort()"), json!(["cart", "crowd"]))
        .await;
    browser.until_says(&served.state("cart"), "Synced").await;
    browser
        .until_says(&served.state("crowd"), "Completed")
        .await;
    let words = format!(
        "/^(just now|.* ago)$/.test(document.querySelector(\"{} [data-cell=synced] time\").textContent)",
        served.row("cart")
    );
    browser.until("how long ago it was", &words).await;

    browser.goto("/?state=Completed").await;
    browser.until_is(SEEN, json!(["crowd"])).await;
    browser.goto("/?sort=-members").await;
    browser.until_is(SEEN, json!(["crowd", "cart"])).await;
    browser.goto("/?sort=members").await;
    browser.until_is(SEEN, json!(["cart", "crowd"])).await;

    browser.goto("/").await;
    browser.fill("q", "cart").await;
    browser.press(Key::Enter).await;
    browser
        .until_is("new URL(location).searchParams.get('q')", json!("cart"))
        .await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser
        .until_is(
            "document.querySelector('#filter [name=q]').value",
            json!("cart"),
        )
        .await;

    browser.goto(&served.path("cart")).await;
    browser
        .until_is(
            "document.querySelectorAll('#runs tbody tr').length > 0",
            json!(true),
        )
        .await;
    browser.until_says("main .tag", "Synced").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_screen_shows_how_fresh_each_export_is() {
    let Some(served) = Served::new("narrow").await else {
        return;
    };
    let browser = served.browser().await;
    browser.window(360, 740, 1).await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.until_is("innerWidth", json!(360)).await;
    for export in ["cart", "crowd"] {
        let cell = format!("{} [data-cell=synced]", served.row(export));
        let cell = format!("document.querySelector(\"{cell}\")");
        let time = format!("{cell}.querySelector('time')");
        let seen = format!(
            "{time}.checkVisibility() && /^(just now|.* ago)$/.test({time}.innerText)
            && (box => box.width > 0 && box.left >= 0 && box.right <= innerWidth)({time}.getBoundingClientRect())"
        );
        browser
            .until(&format!("when {export} was synced"), &seen)
            .await;
        let title = format!("getComputedStyle({cell}, '::before').content");
        browser.until_is(&title, json!("\"Last sync\"")).await;
    }
    browser.close().await;
}
