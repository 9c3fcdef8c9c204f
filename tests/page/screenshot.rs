//! The demo's page, as a newcomer sees it, and its picture in the README. To take it anew (it waits
//! for the demo's cohort to change a few times, a minute each):
//!
//! ```text
//! UPDATE_SCREENSHOT=1 cargo test --test page screenshot
//! ```

use std::{env, fs, path::Path, time::Duration};

use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use mixtap::api::{CohortExport, REQUESTED_AT};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::sleep;

use crate::browser::{Browser, driver, say};
use crate::demo::{Demo, available};
use crate::plane;

/// In the repository.
const PICTURE: &str = "docs/page.png";
/// CSS pixels, and dots to each.
const WIDTH: u32 = 1200;
const SCALE: u32 = 1;
/// Bytes: what isn't blank, and what a README can carry.
const LEAST: usize = 30_000;
const MOST: usize = 200_000;
/// Runs that the picture tells of, and how often the demo's cohort changes.
const HISTORY: u64 = 8;
const CHANGE_EVERY: Duration = Duration::from_secs(60);

/// The export that goes on.
const EXPORT: &str = "cart-drop-off";
/// Points of its trend.
const RUNS: &str =
    "(document.querySelector(\"tr[id='export/default/cart-drop-off'] [data-cell=trend] polyline\")
    ?.getAttribute('points').split(' ').length ?? 0)";
/// When it was exported last.
const SYNCED: &str =
    "document.querySelector(\"tr[id='export/default/cart-drop-off'] [data-cell=synced] time\")";

/// The demo's page, once all of it is there.
async fn settled(browser: &Browser) {
    browser.goto("/").await;
    browser.until_live().await;
    let tag = |part: &str| format!("[id='{part}'] .tag");
    for (part, text) in [
        ("connector/default/quickstart", "Connected"),
        ("export/default/power-users", "Completed"),
        ("export/default/cart-drop-off", "Synced"),
    ] {
        browser.until_says(&tag(part), text).await;
    }
    browser.until("a trend", &format!("{RUNS} > 0")).await;
}

/// Asks for runs until so many changed something.
async fn run(browser: &Browser, exports: &Api<CohortExport>, times: u64) {
    loop {
        let now = Timestamp::now();
        let request = json!({ "metadata": { "annotations": { REQUESTED_AT: now.to_string() } } });
        let request = Patch::Merge(request);
        let asked = exports
            .patch(EXPORT, &PatchParams::default(), &request)
            .await;
        asked.expect("a request");
        let ran = format!(
            "Date.parse({SYNCED}.dateTime) >= {}",
            now.as_second() * 1000
        );
        browser.until("the run that was asked for", &ran).await;
        let runs = browser.js(RUNS).await.as_u64().unwrap_or_default();
        if runs >= times {
            return;
        }
        say(&format!("{runs} of {times} runs are there"));
        sleep(CHANGE_EVERY).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn screenshot() {
    if driver().await.is_none() || !available().await {
        return;
    }
    let mut demo = Demo::start(&[]);
    // As the demo tells it, with a slash at its end.
    let page = demo.until(&["  page  ", "http://"]);
    let (_, page) = page.rsplit_once(' ').expect("a URL");
    let browser = Browser::open(page.trim_end_matches('/')).await;
    let browser = browser.expect("a browser");
    let kubeconfig = demo.until(&["export KUBECONFIG="]);
    let (_, kubeconfig) = kubeconfig.split_once('=').expect("a path");
    let kubeconfig = fs::read_to_string(kubeconfig).expect("a kubeconfig");
    settled(&browser).await;

    let update = env::var_os("UPDATE_SCREENSHOT").is_some();
    if update {
        let client = plane::client(&kubeconfig).await;
        run(&browser, &Api::namespaced(client, "default"), HISTORY).await;
    }
    browser.prefers("light").await;
    browser.window(WIDTH, 800, SCALE).await;
    let height = browser.js("document.documentElement.scrollHeight").await;
    let height = u32::try_from(height.as_u64().expect("a height")).expect("a page's height");
    browser.window(WIDTH, height, SCALE).await;
    let still = "document.getAnimations().length === 0";
    browser.until("a still picture", still).await;
    let picture = browser.picture().await;
    browser.close().await;
    demo.signal(Signal::INT);
    assert_eq!(demo.code(), Some(0), "{}", demo.said.join("\n"));
    demo.leaves_nothing();

    assert_eq!(size(&picture), (WIDTH * SCALE, height * SCALE));
    // A blank page takes a tenth of the least.
    assert!(
        (LEAST..MOST).contains(&picture.len()),
        "{} bytes",
        picture.len()
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    if update {
        fs::write(&file, picture).expect("the picture");
    }
    let kept = fs::read(&file).expect("the README's picture");
    assert_eq!(size(&kept).0, WIDTH * SCALE);
    assert!(include_str!("../../README.md").contains(PICTURE));
}

/// Width and height of a PNG.
fn size(picture: &[u8]) -> (u32, u32) {
    let header = picture.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let header = header.expect("a PNG");
    let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    (number(0), number(4))
}
