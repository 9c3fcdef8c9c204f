//! Chromium's own commands, which WebDriver leaves to each browser.

use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;

/// A POST of JSON to a path below the session.
#[derive(Debug)]
struct Post(&'static str, Value);

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.0))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    async fn post(&self, path: &'static str, body: Value) -> Value {
        let done = self.client.issue_cmd(Post(path, body)).await;
        done.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.post("goog/cdp/execute", body).await
    }

    /// What was logged since it was asked last: `browser` or `performance`.
    pub(super) async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.post("se/log", json!({ "type": kind })).await;
        log.as_array().cloned().unwrap_or_default()
    }

    /// Whether the page's own scripts run.
    pub async fn scripts(&self, run: bool) {
        let params = json!({ "value": !run });
        self.devtools("Emulation.setScriptExecutionDisabled", params)
            .await;
    }

    /// A window of this size in CSS pixels, `scale` dots to each.
    pub async fn window(&self, width: u32, height: u32, scale: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// What its user prefers: `light` or `dark`.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// A picture of the window, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture")
    }
}
