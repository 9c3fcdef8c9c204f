//! What changes in the cluster changes on the page, by itself.

use std::time::Instant;

use kube::api::DeleteParams;
use mixtap::api::CohortExport;
use serde_json::json;

use crate::browser::{Browser, say};
use crate::paint::SEEN;
use crate::served::Served;

impl Browser {
    /// Leaves a mark that a new page wouldn't have.
    pub async fn mark(&self) {
        self.js("window.mark = 'still the same page'").await;
    }

    pub async fn is_still_marked(&self) {
        let mark = self.js("window.mark").await;
        assert_eq!(mark, json!("still the same page"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_appears_without_a_reload() {
    let Some(served) = Served::new("live").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;

    served.suspend("cart", true).await;
    let changed = Instant::now();
    browser.until_says(&served.state("cart"), "Suspended").await;
    say(&format!(
        "a change was seen after {} ms",
        changed.elapsed().as_millis()
    ));
    served.suspend("cart", false).await;
    browser.until_says(&served.state("cart"), "Synced").await;

    served.world.cohort(3, "Late", 7);
    served.world.one_time("late", 3, json!({})).await;
    browser.until_says(&served.state("late"), "Completed").await;
    let exports = served.world.api::<CohortExport>();
    let deleted = exports.delete("crowd", &DeleteParams::default()).await;
    deleted.expect("deleted");
    browser
        .until_is(&format!("{SEEN}.sort()"), json!(["cart", "late"]))
        .await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_holds_for_what_changes() {
    let Some(served) = Served::new("change").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/?state=Suspended").await;
    browser.until_live().await;
    browser.mark().await;
    browser.until_is(SEEN, json!([])).await;
    browser
        .until(
            "that nothing is there",
            "document.querySelector('#empty').innerText.trim() !== ''",
        )
        .await;
    served.suspend("cart", true).await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser
        .until(
            "no more",
            "document.querySelector('#empty').innerText.trim() === ''",
        )
        .await;
    served.suspend("cart", false).await;
    browser.until_is(SEEN, json!([])).await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exports_own_page_is_live_too() {
    let Some(served) = Served::new("own").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto(&served.path("cart")).await;
    browser.until_live().await;
    browser.until_says("main .tag", "Synced").await;
    browser.mark().await;
    let runs = browser
        .js("document.querySelectorAll('#runs tbody tr').length")
        .await;
    served.hold().await;
    browser.until_says("main .tag", "Held").await;
    let more = format!("document.querySelectorAll('#runs tbody tr').length > {runs}");
    browser.until("the run that is held", &more).await;
    browser
        .until(
            "advice",
            "document.querySelector('#advice').checkVisibility()",
        )
        .await;
    let command = "document.querySelector('#advice pre').textContent.includes('kubectl')";
    browser.until("what to do", command).await;
    browser.is_still_marked().await;
    browser.close().await;
}

/// Two windows beside each other, and one that nobody sees.
#[tokio::test(flavor = "multi_thread")]
async fn every_window_shows_it_even_after_it_was_hidden() {
    let Some(served) = Served::new("windows").await else {
        return;
    };
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;
    let first = browser.current().await;
    let second = browser.new_window().await;
    browser.goto(&served.path("cart")).await;
    browser.until_live().await;
    browser.mark().await;
    let hidden = browser.new_window().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.mark().await;
    browser.hide().await;

    served.suspend("cart", true).await;
    browser.switch_to(&first).await;
    browser.until_says(&served.state("cart"), "Suspended").await;
    browser.is_still_marked().await;
    browser.switch_to(&second).await;
    browser.until_says("main .tag", "Suspended").await;
    browser.is_still_marked().await;
    browser.switch_to(&hidden).await;
    browser.show().await;
    browser.until_says(&served.state("cart"), "Suspended").await;
    browser.until_live().await;
    browser.is_still_marked().await;
    browser.close().await;
}

/// As who deploys from files does, to whom an object that can't be changed is deleted and made anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_comes_back_is_shown_again() {
    let Some(served) = Served::new("anew").await else {
        return;
    };
    let mut browser = served.browser().await;
    browser.forgives(&["the server responded with a status of 404"]);
    browser.goto(&served.path("crowd")).await;
    browser.until_live().await;
    browser.until_says("h1", "Crowd").await;
    browser.mark().await;
    let exports = served.world.api::<CohortExport>();
    let deleted = exports.delete("crowd", &DeleteParams::default()).await;
    deleted.expect("deleted");
    browser.until_says("h1", "This export isn't there").await;
    let segment = json!({ "segmentName": "Crowd anew" });
    served.world.one_time("crowd", 2, segment).await;
    browser.until_says("h1", "Crowd").await;
    browser.until_says("main .tag", "Completed").await;
    let runs = "document.querySelectorAll('#runs tbody tr').length > 0";
    browser.until("its run", runs).await;
    browser.until_live().await;
    browser.is_still_marked().await;
    browser.close().await;
}
