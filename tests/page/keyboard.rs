//! The keyboard alone.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::paint::SEEN;
use crate::served::Served;

impl Browser {
    /// What has the focus can be told from the rest.
    async fn shows_focus(&self) {
        let outlined =
            "(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
            || style.boxShadow !== 'none')(getComputedStyle(document.activeElement))";
        assert_eq!(self.js(outlined).await, json!(true), "the focus isn't seen");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let Some(served) = Served::new("keyboard").await else {
        return;
    };
    served.hold().await;
    let browser = served.browser().await;
    let permissions = json!({
        "origin": served.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
    });
    browser
        .devtools("Browser.grantPermissions", permissions)
        .await;
    browser.goto("/").await;
    browser.until_live().await;
    browser.tab_to("#filter [name=q]").await;
    browser.shows_focus().await;
    browser.tab_to("th[data-column=members] button").await;
    browser.shows_focus().await;
    browser.press(Key::Enter).await;
    let sorted = "document.querySelector('th[data-column=members]').ariaSort";
    browser
        .until(
            "an order",
            &format!("['ascending', 'descending'].includes({sorted})"),
        )
        .await;
    let before = browser.js(SEEN).await;
    // The focus stays where it was.
    browser.press(Key::Enter).await;
    browser
        .until(
            "the other order",
            &format!("JSON.stringify({SEEN}) !== JSON.stringify({before})"),
        )
        .await;
    browser
        .tab_to(&format!("{} a[href*='exports/']", served.row("cart")))
        .await;
    browser.shows_focus().await;
    browser.press(Key::Enter).await;
    browser
        .until_is("location.pathname", json!(served.path("cart")))
        .await;
    browser.until_live().await;
    browser.until_says("main .tag", "Held").await;
    browser.tab_to("#advice button.copy").await;
    browser.shows_focus().await;
    browser.press(Key::Enter).await;
    let copied = browser.until_copied().await;
    let command = browser
        .js("document.querySelector('#advice pre').textContent.trim()")
        .await;
    assert_eq!(json!(copied.trim()), command);
    assert!(copied.contains("kubectl"), "{copied}");
    browser.tab_to("#back").await;
    browser.press(Key::Enter).await;
    browser.until_is("location.pathname", json!("/")).await;
    browser.close().await;
}
