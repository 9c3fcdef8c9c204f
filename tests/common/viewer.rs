//! A viewer of the page: what a browser's script does with what it is told, without the browser.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

const TRIES: usize = 120;
const PAUSE: Duration = Duration::from_millis(500);

/// Parts of the page by their ids, as HTML; what time it is stands in none of them.
pub type Parts = BTreeMap<String, String>;

#[derive(Clone, Default)]
pub struct Viewer {
    pub parts: Parts,
    version: String,
    /// Bytes of events.
    pub bytes: usize,
    /// Changes of parts.
    pub changes: usize,
    /// Streams that ended.
    pub ended: usize,
}

/// The answer to a GET, from the end of its head on. By HTTP/1.0: its end is the connection's, and
/// nothing stands between its bytes. Where there is no answer for now it comes back, as a page does.
pub async fn get(address: &str, path: &str) -> io::Result<BufReader<TcpStream>> {
    for _ in 0..TRIES {
        match ask(address, path).await? {
            (200, answer) => return Ok(answer),
            (503, _) => sleep(PAUSE).await,
            (status, _) => return Err(io::Error::other(format!("{path}: {status}"))),
        }
    }
    Err(io::Error::other(format!("{path}: no answer")))
}

/// The same whatever it is, with its status.
pub async fn ask(address: &str, path: &str) -> io::Result<(u16, BufReader<TcpStream>)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line).await?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("{path}: {line}")))?;
    while line != "\r\n" {
        line.clear();
        if answer.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((status, answer))
}

/// Without what changes by itself: times in words.
fn still(html: &str) -> String {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(<time[^>]*>)[^<]*").expect("a pattern"));
    TIME.replace_all(html, "$1").into_owned()
}

impl Viewer {
    /// One that has opened the index.
    pub async fn open(address: &str) -> io::Result<Self> {
        let mut viewer = Self::default();
        viewer.fetch(address).await?;
        Ok(viewer)
    }

    async fn fetch(&mut self, address: &str) -> io::Result<()> {
        static PARTS: LazyLock<Regex> = LazyLock::new(|| {
            let kinds = [
                ("tr", "export/"),
                ("article", "connector/"),
                ("p", "summary"),
            ];
            let kind = |(tag, id)| format!(r#"<{tag} (?:class="card" )?id="{id}[^"]*".*?</{tag}>"#);
            Regex::new(&format!("(?s){}", kinds.map(kind).join("|"))).expect("a pattern")
        });
        let mut page = String::new();
        get(address, "/").await?.read_to_string(&mut page).await?;
        let quoted = |text: &str, name: &str| -> io::Result<String> {
            let (_, rest) = text
                .split_once(&format!("{name}=\""))
                .ok_or_else(|| io::Error::other(name.to_owned()))?;
            Ok(rest.split('"').next().unwrap_or_default().to_owned())
        };
        let parts = PARTS.find_iter(&page);
        let parts = parts.map(|part| Ok((quoted(part.as_str(), " id")?, still(part.as_str()))));
        self.parts = parts.collect::<io::Result<_>>()?;
        self.version = quoted(&page, "data-version")?;
        Ok(())
    }

    /// Watches until it shows these parts, however often it has to come back.
    pub async fn watch_until(
        &mut self,
        address: &str,
        is: impl Fn(&Parts) -> bool,
    ) -> io::Result<()> {
        while !self.watch(address, &is).await? {}
        Ok(())
    }

    /// Reads a stream to its end, or until it shows these parts: then it returns true.
    async fn watch(&mut self, address: &str, is: impl Fn(&Parts) -> bool) -> io::Result<bool> {
        let path = format!("/events?since={}", self.version);
        let mut stream = get(address, &path).await?;
        let (mut name, mut line) = (String::new(), String::new());
        while stream.read_line(&mut line).await? > 0 {
            self.bytes += line.len();
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ")
                && self.hear(&name, &serde_json::from_str(data)?)
            {
                self.fetch(address).await?;
                return Ok(false);
            } else if is(&self.parts) {
                return Ok(true);
            }
            line.clear();
        }
        self.ended += 1;
        Ok(false)
    }

    /// Whether all is to be fetched anew.
    fn hear(&mut self, event: &str, data: &Value) -> bool {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match event {
            "put" => {
                self.changes += 1;
                self.parts.insert(text("id"), still(&text("html")));
            }
            "drop" => drop(self.parts.remove(&text("id"))),
            "seen" => self.version = text("version"),
            _ => return true,
        }
        false
    }
}
