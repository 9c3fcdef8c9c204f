//! Who uses the keyboard stays where they are, whatever changes around them.

use mixtap::api::{CleverTapConnector, REQUESTED_AT};
use serde_json::json;

use crate::browser::Browser;
use crate::served::Served;

impl Browser {
    async fn focus(&self, selector: &str) {
        let focus = format!(
            "(window.focused = document.querySelector({})).focus()",
            json!(selector)
        );
        self.js(&focus).await;
        self.has_focus(selector).await;
    }

    async fn has_focus(&self, selector: &str) {
        let has = format!("document.activeElement.matches({})", json!(selector));
        let focused = self.js("document.activeElement.outerHTML").await;
        assert_eq!(self.js(&has).await, json!(true), "{focused} has the focus");
    }

    /// What had the focus was replaced, and its like has it now.
    async fn kept_focus(&self, selector: &str) {
        let replaced = self.js("!window.focused.isConnected").await;
        assert_eq!(replaced, json!(true), "nothing took the focus away");
        self.has_focus(selector).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exports_copy_button_keeps_the_focus() {
    const COPY: &str = "#advice button.copy";
    let Some(served) = Served::new("focus").await else {
        return;
    };
    served.hold().await;
    let browser = served.browser().await;
    browser.goto(&served.path("cart")).await;
    browser.until_live().await;
    browser.until_says("main .tag", "Held").await;
    browser.mark().await;
    browser.focus(COPY).await;
    served.suspend("cart", true).await;
    browser.until_says("main .tag", "Suspended").await;
    browser.kept_focus(COPY).await;
    browser.focus(COPY).await;
    served.suspend("cart", false).await;
    browser.until_says("main .tag", "Held").await;
    browser.kept_focus(COPY).await;

    // A run that ends has the whole page fetched anew.
    let of = "document.querySelector('#runs').dataset.ended";
    let before = browser.js(of).await;
    browser.focus(COPY).await;
    let now = jiff::Timestamp::now().to_string();
    served.world.annotate("cart", REQUESTED_AT, &now).await;
    browser
        .until("another run", &format!("{of} !== {before}"))
        .await;
    browser.until_says("main .tag", "Held").await;
    browser.kept_focus(COPY).await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_the_index_keeps_the_focus() {
    const HELD: &str = "#summary a.count[data-tag=Held]";
    let Some(served) = Served::new("count").await else {
        return;
    };
    served.hold().await;
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.until_says(HELD, "1 Held").await;
    browser.mark().await;
    browser.focus(HELD).await;
    served.suspend("crowd", true).await;
    browser
        .until_says("#summary a.count[data-tag=Suspended]", "1 Suspended")
        .await;
    browser.until_says(HELD, "1 Held").await;
    browser.kept_focus(HELD).await;
    browser.is_still_marked().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cards_copy_button_keeps_the_focus() {
    let Some(served) = Served::new("card").await else {
        return;
    };
    let suspend = json!({ "spec": { "suspend": true } });
    served
        .world
        .patch::<CleverTapConnector>("main", suspend)
        .await;
    let card = format!("article[id='connector/{}/main']", served.world.namespace);
    let copy = format!("{card} button.copy");
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    browser
        .until(
            "its advice",
            &format!("document.querySelector(\"{card} summary\") !== null"),
        )
        .await;
    browser.mark().await;
    browser.click(&format!("{card} summary")).await;
    browser.focus(&copy).await;
    let name = json!({ "spec": { "displayName": "Another name" } });
    served.world.patch::<CleverTapConnector>("main", name).await;
    browser
        .until_says(&format!("{card} h3"), "Another name")
        .await;
    browser.kept_focus(&copy).await;
    let open = format!("document.querySelector(\"{copy}\").checkVisibility()");
    browser.until("that it is still open", &open).await;
    browser.is_still_marked().await;
    browser.close().await;
}
