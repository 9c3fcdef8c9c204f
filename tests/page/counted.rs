//! How many exports there are, in words that are read out when they change.

use serde_json::json;

use crate::browser::driver;
use crate::served::Served;
use crate::world::World;

const SHOWN: &str = "#shown[role=status]";
const EMPTY: &str = "#empty[role=status] span:not([hidden])";

#[tokio::test(flavor = "multi_thread")]
async fn it_says_how_many_exports_are_shown() {
    if driver().await.is_none() {
        return;
    }
    let Some(world) = World::new("counted").await else {
        return;
    };
    let served = Served::of(world, &[]).await;
    let browser = served.browser().await;
    for run in [false, true] {
        browser.scripts(run).await;
        browser.goto("/").await;
        browser.until_says(EMPTY, "No export is there yet.").await;
    }
    browser.until_live().await;
    browser.mark().await;
    for id in 1..=40 {
        let kind = if id % 3 == 0 { "third" } else { "other" };
        let absent = json!({ "connectorRef": { "name": "absent" } });
        let name = format!("{kind}-{id}");
        served.world.one_time(&name, id, absent).await;
    }
    let none = format!("document.querySelector('{EMPTY}')");
    browser.until_says("#summary span", "40 exports").await;
    browser.until_is(&none, json!(null)).await;
    browser.until_says(SHOWN, "").await;
    browser.fill("q", "third-").await;
    browser.until_says(SHOWN, "13 of 40 exports shown").await;
    browser.fill("q", "third-33").await;
    browser.until_says(SHOWN, "1 of 40 exports shown").await;
    browser.fill("q", "nothing").await;
    browser.until_says(SHOWN, "").await;
    browser.until_says(EMPTY, "No export matches.").await;
    browser.is_still_marked().await;
    browser.goto("/?q=third-").await;
    browser.until_says(SHOWN, "13 of 40 exports shown").await;
    browser.until_live().await;
    browser.close().await;
}
