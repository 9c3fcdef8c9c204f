//! A browser that lets pages keep nothing.

use serde_json::json;

use crate::browser::Browser;
use crate::paint::SEEN;
use crate::served::Served;

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_may_be_kept_it_works_all_the_same() {
    let Some(served) = Served::new("storage").await else {
        return;
    };
    // 2: blocked, and with them all that pages keep.
    let blocked = json!({ "profile.default_content_setting_values.cookies": 2 });
    let browser = Browser::open_set(&served.url, blocked).await;
    let browser = browser.expect("there is a browser");
    browser.goto("/").await;
    let refused = "(() => { try { return !sessionStorage; } catch { return true; } })()";
    browser.until("that storage is blocked", refused).await;
    browser.until_live().await;
    browser.mark().await;
    browser.fill("state", "Completed").await;
    browser.until_is(SEEN, json!(["crowd"])).await;
    browser.fill("state", "Suspended").await;
    browser.until_is(SEEN, json!([])).await;
    served.suspend("cart", true).await;
    browser.until_is(SEEN, json!(["cart"])).await;
    browser.is_still_marked().await;

    browser
        .click(&format!("{} a[href*='exports/']", served.row("cart")))
        .await;
    browser
        .until_is("location.pathname", json!(served.path("cart")))
        .await;
    browser.until_live().await;
    browser.click("#back").await;
    browser
        .until_is(&format!("{SEEN}.sort()"), json!(["cart", "crowd"]))
        .await;
    browser.until_live().await;
    browser.close().await;
}
