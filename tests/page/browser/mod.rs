//! A browser that nobody has used before, on a page: what it shows is waited for, what a person
//! would do is done, and at the end it must have had nothing to complain of.

mod driver;
mod told;
mod user;
mod wire;

pub use driver::{driver, say, skip};

use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::PATIENCE;

const ASK_EVERY: Duration = Duration::from_millis(30);

pub struct Browser {
    client: Client,
    /// `http://127.0.0.1:PORT` of the page.
    origin: String,
    /// What it may complain of.
    forgiven: Vec<&'static str>,
}

impl Browser {
    /// Not on a page yet. `None` as of [`driver`].
    pub async fn open(origin: &str) -> Option<Self> {
        Self::open_set(origin, json!({})).await
    }

    /// The same with settings of Chromium's.
    pub async fn open_set(origin: &str, settings: Value) -> Option<Self> {
        let driver = driver().await?;
        let capabilities = driver.capabilities(settings);
        let capabilities = capabilities.as_object().expect("an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connecting = builder.capabilities(capabilities).connect(&driver.url);
        let client = connecting.await.expect("a browser");
        Some(Self {
            client,
            origin: origin.to_owned(),
            forgiven: Vec::new(),
        })
    }

    /// Goes to a path of the page, and waits until it is loaded.
    pub async fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        let went = self.client.goto(&url).await;
        went.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// What an expression is in the page now.
    pub async fn js(&self, expression: &str) -> Value {
        match self.try_js(expression).await {
            Ok(value) => value,
            Err(error) => panic!("{expression}: {error}"),
        }
    }

    async fn try_js(&self, expression: &str) -> Result<Value, fantoccini::error::CmdError> {
        let script = format!("return ({expression});");
        self.client.execute(&script, Vec::new()).await
    }

    /// What axe says of the page as it stands.
    pub async fn judged(&self, axe: &str) -> Value {
        let script = format!(
            "{axe};\nconst done = arguments[arguments.length - 1];\n\
             axe.run(document, {{ resultTypes: ['violations', 'passes'] }}).then(done, done);"
        );
        let judged = self.client.execute_async(&script, Vec::new()).await;
        judged.expect("a verdict")
    }

    /// Waits until an expression is true in the page.
    pub async fn until(&self, what: &str, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While the page is being left there is nobody to ask.
            let is = self.try_js(expression).await;
            if matches!(is, Ok(Value::Bool(true))) {
                return;
            }
            if Instant::now() > deadline {
                panic!(
                    "the page never showed {what} ({is:?}):\n{}",
                    self.shown().await
                );
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Waits until an expression is this value.
    pub async fn until_is(&self, expression: &str, value: Value) {
        let is = format!("JSON.stringify({expression}) === JSON.stringify({value})");
        self.until(&format!("{expression} = {value}"), &is).await;
    }

    /// Waits until the element is there and says this, spaces apart.
    pub async fn until_says(&self, selector: &str, text: &str) {
        let said = format!(
            "document.querySelector({})?.textContent.replace(/\\s+/g, ' ').trim()",
            json!(selector)
        );
        self.until_is(&said, json!(text)).await;
    }

    /// Waits until the page is updated by itself.
    pub async fn until_live(&self) {
        let live = "document.querySelector('#connection')?.dataset.state === 'live'";
        self.until("that it is live", live).await;
    }

    /// Where it is, and all it reads there.
    async fn shown(&self) -> String {
        let page = "location.href + '\\n' + document.body.innerText";
        let page = self.try_js(page).await;
        format!("{page:#?}\n{:#?}", self.complaints().await)
    }
}
