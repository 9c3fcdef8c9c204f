//! What a person does with mouse and keyboard.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Locator, wd::WindowHandle};
use serde_json::json;

use tokio::time::{Instant, sleep};

use super::{ASK_EVERY, Browser};
use crate::world::PATIENCE;

/// More than the page has between its top and anything.
const TABS: usize = 200;

impl Browser {
    async fn find(&self, selector: &str) -> Element {
        let found = self.client.find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    pub async fn click(&self, selector: &str) {
        let mut clicked = self.find(selector).await.click().await;
        // An update put another in its place meanwhile.
        while matches!(&clicked, Err(error) if error.is_stale_element_reference()) {
            clicked = self.find(selector).await.click().await;
        }
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Chooses or types a value of the form.
    pub async fn fill(&self, name: &str, value: &str) {
        let field = format!("#filter [name='{name}']");
        let is_list = format!(
            "document.querySelector({}).tagName === 'SELECT'",
            json!(field)
        );
        let filled = match self.js(&is_list).await == json!(true) {
            true => self.find(&field).await.select_by_value(value).await,
            false => {
                let field = self.find(&field).await;
                field.clear().await.expect("an empty field");
                field.send_keys(value).await
            }
        };
        filled.unwrap_or_else(|error| panic!("{field}: {error}"));
    }

    /// Presses and lets go of a key, wherever the focus is.
    pub async fn press(&self, key: Key) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        let pressed = self.client.perform_actions(keys).await;
        pressed.expect("a key is pressed");
    }

    /// Goes from one element to the next until it is on this one.
    pub async fn tab_to(&self, selector: &str) {
        let there = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..TABS {
            self.press(Key::Tab).await;
            if self.js(&there).await == json!(true) {
                return;
            }
        }
        panic!("no Tab leads to {selector}");
    }

    /// What was copied, once something was.
    pub async fn until_copied(&self) -> String {
        let script =
            "const done = arguments[0]; navigator.clipboard.readText().then(done, String);";
        let deadline = Instant::now() + PATIENCE;
        loop {
            let read = self.client.execute_async(script, Vec::new()).await;
            let read = read.expect("the clipboard");
            let text = read.as_str().unwrap_or_default().to_owned();
            if !text.is_empty() {
                return text;
            }
            assert!(Instant::now() < deadline, "nothing was copied");
            sleep(ASK_EVERY).await;
        }
    }

    pub async fn back(&self) {
        self.client.back().await.expect("one page back");
    }

    pub async fn forward(&self) {
        self.client.forward().await.expect("one page forward");
    }

    /// The window that is looked at.
    pub async fn current(&self) -> WindowHandle {
        self.client.window().await.expect("a window")
    }

    /// One more, in front.
    pub async fn new_window(&self) -> WindowHandle {
        let window = self.client.new_window(false).await.expect("a window");
        self.switch_to(&window.handle).await;
        window.handle
    }

    pub async fn switch_to(&self, window: &WindowHandle) {
        let switched = self.client.switch_to_window(window.clone()).await;
        switched.expect("the window is there");
    }

    /// Nobody sees the window, as if its tab were behind another.
    pub async fn hide(&self) {
        self.client
            .minimize_window()
            .await
            .expect("a hidden window");
        self.until_is("document.visibilityState", json!("hidden"))
            .await;
    }

    pub async fn show(&self) {
        let shown = self.client.set_window_size(1200, 900).await;
        shown.expect("a window");
        self.until_is("document.visibilityState", json!("visible"))
            .await;
    }
}
