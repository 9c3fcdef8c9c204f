//! What a browser tells its developer: errors, breaches of the page's policy, and every request.

use serde_json::Value;
use url::Url;

use super::Browser;

impl Browser {
    /// Complaints with one of these in them are part of the test.
    pub fn forgives(&mut self, texts: &[&'static str]) {
        self.forgiven.extend(texts);
    }

    /// What the console shows as an error or a warning, since it was asked last.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let grave = |entry: &&Value| {
            let level = entry["level"].as_str().unwrap_or_default();
            ["SEVERE", "WARNING"].contains(&level)
        };
        let texts = entries.iter().filter(grave).map(Value::to_string);
        texts
            .filter(|text| !self.forgiven.iter().any(|forgiven| text.contains(forgiven)))
            .collect()
    }

    /// Where it sent requests to since it was asked last, other than to itself.
    pub async fn requests(&self) -> Vec<Url> {
        let entries = self.log("performance").await;
        let sent = |entry: &Value| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let event = &event["message"];
            let sent = event["method"] == "Network.requestWillBeSent";
            let url = event["params"]["request"]["url"].as_str();
            url.filter(|_| sent)?.parse().ok()
        };
        let urls = entries.iter().filter_map(sent);
        urls.filter(|url: &Url| !["chrome", "data"].contains(&url.scheme()))
            .collect()
    }

    /// Closes it. It had nothing to complain of, and spoke to nobody but the page.
    pub async fn close(self) {
        assert_eq!(self.complaints().await, Vec::<String>::new());
        let requests = self.requests().await;
        assert!(!requests.is_empty(), "no request was seen");
        let origin: Url = self.origin.parse().expect("a URL");
        let others = requests
            .iter()
            .filter(|url| url.origin() != origin.origin());
        let others: Vec<_> = others.map(Url::as_str).collect();
        assert_eq!(others, Vec::<&str>::new());
        self.client.close().await.expect("it closes");
    }
}
