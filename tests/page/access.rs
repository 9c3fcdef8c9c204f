//! Nothing keeps anybody from using the page: axe-core's judgement of every kind of page, in light and
//! dark, wide and narrow.

use serde_json::{Value, json};

use crate::axe;
use crate::browser::Browser;
use crate::served::{Served, until_answered};

/// Nobody could, or hardly could, use it.
const GRAVE: [&str; 2] = ["serious", "critical"];

impl Browser {
    /// Lets axe judge the page as it stands.
    async fn is_accessible(&self, what: &str, axe: &str) {
        let verdict = self.judged(axe).await;
        let passes = verdict["passes"].as_array().map_or(0, Vec::len);
        assert!(passes > 5, "{what}: axe looked at nothing: {verdict}");
        let violations = verdict["violations"].as_array().expect("a list").iter();
        let grave = |v: &&Value| GRAVE.iter().any(|impact| v["impact"] == *impact);
        let told = |v: &Value| {
            let nodes = v["nodes"].as_array().into_iter().flatten();
            let nodes: Vec<_> = nodes
                .map(|n| format!("{}: {}", n["html"], n["failureSummary"]))
                .collect();
            format!("{} {}\n{}", v["impact"], v["help"], nodes.join("\n"))
        };
        let grave: Vec<_> = violations.filter(grave).map(told).collect();
        assert!(grave.is_empty(), "{what}: {}", grave.join("\n"));
    }

    /// The same on each kind of screen.
    async fn is_accessible_everywhere(&self, what: &str, axe: &str) {
        for scheme in ["light", "dark"] {
            self.prefers(scheme).await;
            for width in [1200, 360] {
                self.window(width, 900, 1).await;
                self.is_accessible(&format!("{what}, {scheme}, {width}"), axe)
                    .await;
                // Nobody has to scroll the page sideways.
                let wider = "document.documentElement.scrollWidth - innerWidth";
                let wider = self.js(wider).await;
                assert!(wider.as_i64() <= Some(0), "{what}, {width}: {wider} wider");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_use_it() {
    let Some(axe) = axe::script().await else {
        return;
    };
    let Some(served) = Served::new("access").await else {
        return;
    };
    let mut browser = served.browser().await;
    browser.forgives(&["the server responded with a status of 404"]);
    browser.goto("/").await;
    browser.until_live().await;
    browser.is_accessible_everywhere("index", axe).await;
    browser.goto("/?q=nothing-is-called-so").await;
    browser
        .until(
            "nothing",
            "document.querySelector('#empty').innerText.trim() !== ''",
        )
        .await;
    browser.is_accessible_everywhere("nothing found", axe).await;
    browser.goto(&served.path("cart")).await;
    browser.until_live().await;
    browser.is_accessible_everywhere("export", axe).await;
    served.hold().await;
    browser.until_says("main .tag", "Held").await;
    browser.is_accessible_everywhere("held export", axe).await;
    browser.goto(&served.path("absent")).await;
    browser.is_accessible_everywhere("no export", axe).await;
    browser.goto("/an/address/of/nothing").await;
    browser.is_accessible_everywhere("no page", axe).await;
    browser.click("#back").await;
    browser.until_is("location.pathname", json!("/")).await;
    browser.until_live().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_learns_that_it_does_not_lead() {
    let Some(axe) = axe::script().await else {
        return;
    };
    let Some(served) = Served::new("standby").await else {
        return;
    };
    let (_standby, url) = served.another();
    until_answered(&url, 503).await;
    let Some(mut browser) = Browser::open(&url).await else {
        return;
    };
    browser.forgives(&["the server responded with a status of 503"]);
    browser.goto("/").await;
    let is_html = browser.js("document.contentType").await;
    assert_eq!(is_html, json!("text/html"));
    browser.is_accessible_everywhere("standby", axe).await;
    browser.close().await;
}
