//! A page that is open in a browser, as far as what it is told goes.

use std::collections::BTreeMap;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use serde_json::Value;
use tower::Service as _;

use super::*;

pub struct Browser {
    router: Router,
    /// Parts by their ids, as HTML.
    pub parts: BTreeMap<String, String>,
    pub version: String,
    /// The one export that it shows, if it isn't all.
    pub only: &'static str,
    /// How often it had to fetch all of it.
    pub fetched: usize,
    stream: Option<BodyDataStream>,
    /// What came of an event that isn't whole yet.
    rest: String,
}

impl Browser {
    pub fn new(page: &Page) -> Self {
        Self {
            router: router(page.clone(), false, CancellationToken::new()),
            parts: BTreeMap::new(),
            version: String::new(),
            only: "",
            fetched: 0,
            stream: None,
            rest: String::new(),
        }
    }

    async fn ask(&mut self, path: &str) -> BodyDataStream {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body().into_data_stream()
    }

    /// What an address answers.
    pub async fn whole(&mut self, path: &str) -> String {
        let mut pieces = self.ask(path).await;
        let mut whole = Vec::new();
        while let Some(piece) = pieces.next().await {
            whole.extend(piece.unwrap());
        }
        String::from_utf8(whole).unwrap()
    }

    /// The index, and its parts.
    pub async fn fetch(&mut self) {
        let page = self.whole("/").await;
        let of = |pattern| {
            let found = regex::Regex::new(pattern).unwrap();
            let found = found.captures_iter(&page);
            found
                .map(|found| (found[1].to_owned(), found[0].to_owned()))
                .collect::<Vec<_>>()
        };
        let rows = of(r#"(?s)<tr id="(export/[^"]*)".*?</tr>"#);
        let summary = of(r#"(?s)<p id="(summary)".*?</p>"#);
        self.parts = rows.into_iter().chain(summary).collect();
        self.version = of(r#"data-version="([^"]*)""#).remove(0).0;
        self.fetched += 1;
    }

    /// Opens the stream, from what it has on.
    pub async fn connect(&mut self) {
        self.rest.clear();
        let path = format!("/events?since={}&only={}", self.version, self.only);
        self.stream = Some(self.ask(&path).await);
    }

    /// Loses the stream; of what was under way these per cent arrive.
    pub async fn lose(&mut self, percent: usize) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        if let Some(Some(Ok(bytes))) = futures::FutureExt::now_or_never(stream.next()) {
            let some = &bytes[..bytes.len() * percent / 100];
            self.hear(&String::from_utf8_lossy(some)).await;
        }
    }

    /// Reads what is there by now.
    pub async fn read(&mut self) {
        while let Some(stream) = &mut self.stream
            && let Some(bytes) = futures::FutureExt::now_or_never(stream.next())
        {
            self.heard(bytes.map(Result::unwrap)).await;
        }
    }

    /// Waits for more.
    pub async fn listen(&mut self) {
        let stream = self.stream.as_mut().expect("a stream");
        let bytes = stream.next().await;
        self.heard(bytes.map(Result::unwrap)).await;
    }

    /// It comes back where a stream ended.
    async fn heard(&mut self, bytes: Option<bytes::Bytes>) {
        match bytes {
            Some(bytes) => self.hear(&String::from_utf8_lossy(&bytes)).await,
            None => self.connect().await,
        }
    }

    async fn hear(&mut self, text: &str) {
        self.rest.push_str(text);
        while let Some((event, rest)) = self.rest.split_once("\n\n") {
            let (event, rest) = (event.to_owned(), rest.to_owned());
            self.rest = rest;
            let (name, data) = event.split_once('\n').expect("two lines");
            let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            if self.apply(name.strip_prefix("event: ").unwrap(), &data) {
                self.fetch().await;
                return Box::pin(self.connect()).await;
            }
        }
    }

    /// Asks once instead, as where streams don't get through.
    pub async fn poll(&mut self) {
        self.stream = None;
        let path = format!("/changes?since={}&only={}", self.version, self.only);
        let answer = self.whole(&path).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if answer["reset"] == true {
            return self.fetch().await;
        }
        for put in answer["put"].as_array().unwrap() {
            self.apply("put", put);
        }
        for id in answer["drop"].as_array().unwrap() {
            self.apply("drop", &serde_json::json!({ "id": id }));
        }
        self.apply("seen", &answer);
    }

    /// Whether all is to be fetched anew.
    fn apply(&mut self, event: &str, data: &Value) -> bool {
        let text = |name: &str| data[name].as_str().expect("a text").to_owned();
        match event {
            "put" => drop(self.parts.insert(text("id"), text("html"))),
            "drop" => drop(self.parts.remove(&text("id"))),
            "seen" => self.version = text("version"),
            "reset" => return true,
            other => panic!("{other}"),
        }
        false
    }
}
