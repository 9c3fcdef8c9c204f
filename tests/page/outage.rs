//! The controller goes, and comes back; a proxy on the way passes no events on.

use axum::http::StatusCode;
use mixtap::api::CohortExport;
use serde_json::json;

use crate::browser::Browser;
use crate::proxy::{Mood, Proxy};
use crate::served::{Served, start, until_answered};

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_lost_the_controller_and_finds_it_again() {
    let Some(served) = Served::new("outage").await else {
        return;
    };
    let mut browser = served.browser().await;
    browser.forgives(&["net::ERR_", "the server responded with a status of 503"]);
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;
    let said = "document.querySelector('#connection').textContent.trim()";
    let before = browser.js(said).await;
    let (row, state) = (served.row("crowd"), served.state("cart"));
    let Served {
        world,
        controller,
        address,
        ..
    } = served;
    controller.kill();
    browser
        .until_is(
            "document.querySelector('#connection').dataset.state",
            json!("lost"),
        )
        .await;
    browser
        .until(
            "another word",
            &format!("{said} !== {before} && {said} !== ''"),
        )
        .await;
    // What it knew is still there to read.
    browser.until_says(&state, "Synced").await;

    // Meanwhile one export is suspended and the other goes.
    let suspend = json!({ "spec": { "suspend": true } });
    world.patch::<CohortExport>("cart", suspend).await;
    let exports = world.api::<CohortExport>();
    exports
        .delete("crowd", &Default::default())
        .await
        .expect("deleted");
    let _controller = start(&world, &address, &[]);
    browser.until_says(&state, "Suspended").await;
    browser
        .until(
            "that the other is gone",
            &format!("!document.querySelector(\"{row}\")"),
        )
        .await;
    browser.until_live().await;
    browser.is_still_marked().await;
    world
        .patch::<CohortExport>("cart", json!({ "spec": { "suspend": false } }))
        .await;
    browser.until_says(&state, "Synced").await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_another_to_lead_sees_it_once_it_does() {
    let Some(served) = Served::new("heir").await else {
        return;
    };
    let (_heir, url) = served.another();
    until_answered(&url, 503).await;
    let mut browser = Browser::open(&url).await.expect("there is a browser");
    browser.forgives(&["the server responded with a status of 503"]);
    browser.goto("/").await;
    let state = served.state("cart");
    served.controller.kill();
    browser.until_says(&state, "Synced").await;
    browser.until_live().await;
    browser.close().await;
}

/// A change arrives though `/events` doesn't.
async fn polls(prefix: &str, mood: Mood) {
    let Some(served) = Served::new(prefix).await else {
        return;
    };
    let proxy = Proxy::start(&served.url, mood).await;
    let mut browser = Browser::open(&proxy.url).await.expect("there is a browser");
    browser.forgives(&["the server responded with a status of 502"]);
    browser.goto("/").await;
    browser
        .until_is(
            "document.querySelector('#connection').dataset.state",
            json!("polling"),
        )
        .await;
    browser.mark().await;
    served.suspend("cart", true).await;
    browser.until_says(&served.state("cart"), "Suspended").await;
    served.suspend("cart", false).await;
    browser.until_says(&served.state("cart"), "Synced").await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_events_are_refused_it_polls() {
    polls("refused", Mood::EventsRefused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_events_are_held_back_it_polls() {
    polls("held-back", Mood::EventsHeldBack).await;
}

/// The run's end is told, but the page that shows its run can't be had at first.
async fn fetches_again(prefix: &str, refused: StatusCode) {
    let Some(served) = Served::new(prefix).await else {
        return;
    };
    let proxy = Proxy::start(&served.url, Mood::Open).await;
    let mut browser = Browser::open(&proxy.url).await.expect("there is a browser");
    browser.forgives(&["the server responded with a status of 504"]);
    browser.goto(&served.path("cart")).await;
    browser.until_live().await;
    browser.mark().await;
    let runs = "document.querySelectorAll('#runs tbody tr').length";
    let before = browser.js(runs).await;
    proxy.turns(Mood::NoExports(refused));
    served.hold().await;
    browser.until_says("main .tag", "Held").await;
    // The first may have been for a change before that one.
    proxy.until_turned_away(2).await;
    assert_eq!(browser.js(runs).await, before);
    // Nothing else changes; it asks again by itself.
    proxy.turns(Mood::Open);
    let more = format!("{runs} > {before}");
    browser.until("the run that is held", &more).await;
    browser.until_live().await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_could_not_be_fetched_is_fetched_again() {
    fetches_again("again", StatusCode::GATEWAY_TIMEOUT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_is_not_taken_for_this_one() {
    fetches_again("another", StatusCode::FOUND).await;
}
