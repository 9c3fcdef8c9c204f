//! What the stand-ins can serve alone: a client that costs next to nothing, in a process of its own
//! on the controller's core. It reads answers by their length and throws them away.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::{Url, form_urlencoded};

use crate::{
    Fallible,
    standins::{PASSCODE, SECRET, USERNAME},
};

/// Below the 5 requests at once that Mixpanel permits, and the 15 of CleverTap.
const READERS: u64 = 4;
const WRITERS: u64 = 12;
const PAGE: u64 = 1000;

/// Reads all pages of a cohort; members a second.
pub fn pages(base: &Url, project: u64, cohort: u64, members: u64) -> Fallible<f64> {
    let credentials = STANDARD.encode(format!("{USERNAME}:{SECRET}"));
    let ask = |page: u64, session: &str| {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("filter_by_cohort", &format!("{{\"id\":{cohort}}}"))
            .append_pair("include_all_users", "false")
            .append_pair("output_properties", crate::PROPERTIES)
            .append_pair("page", &page.to_string())
            .append_pair("session_id", session)
            .finish();
        post(
            &format!("/api/query/engage?project_id={project}"),
            &format!(
                "Authorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            ),
            form.as_bytes(),
        )
    };
    let started = Instant::now();
    let first = Line::open(base)?.ask(&ask(0, ""))?;
    let first: serde_json::Value = serde_json::from_slice(&first)?;
    let session = first["session_id"].as_str().ok_or("no session")?;
    let (next, last) = (AtomicU64::new(1), members.div_ceil(PAGE));
    together(READERS, || {
        let mut line = Line::open(base)?;
        loop {
            let page = next.fetch_add(1, Ordering::Relaxed);
            if page >= last {
                return Ok(());
            }
            let body = line.ask(&ask(page, session))?;
            // Some are looked into: pages without rows would be quick to serve.
            if page % 100 == 99 {
                let rows = PAGE.min(members - page * PAGE);
                let body: serde_json::Value = serde_json::from_slice(&body)?;
                let shown = body["results"].as_array().map_or(0, Vec::len);
                if shown as u64 != rows {
                    return Err(format!("page {page} has {shown} rows, not {rows}").into());
                }
            }
        }
    })?;
    Ok(members as f64 / started.elapsed().as_secs_f64())
}

/// Uploads so many profiles; records a second.
pub fn uploads(base: &Url, account: &str, records: u64) -> Fallible<f64> {
    let headers = format!(
        "X-CleverTap-Account-Id: {account}\r\nX-CleverTap-Passcode: {PASSCODE}\r\nContent-Type: application/json\r\n"
    );
    let record = |number: u64| {
        format!(
            "{{\"type\":\"profile\",\"identity\":\"u-{number:06}\",\"profileData\":{{\"Email\":\"u-{number:06}@example.com\",\"Name\":\"User {number:06}\"}}}}"
        )
    };
    let (next, last) = (AtomicU64::new(0), records.div_ceil(PAGE));
    let started = Instant::now();
    together(WRITERS, || {
        let mut line = Line::open(base)?;
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= last {
                return Ok(());
            }
            let records: Vec<_> = (0..PAGE).map(|at| record(batch * PAGE + at)).collect();
            let body = format!("{{\"d\":[{}]}}", records.join(","));
            let answer = line.ask(&post("/1/upload", &headers, body.as_bytes()))?;
            if !answer.starts_with(b"{\"processed\":1000,") {
                return Err("an upload was refused".into());
            }
        }
    })?;
    Ok(records as f64 / started.elapsed().as_secs_f64())
}

fn together(threads: u64, work: impl Fn() -> Fallible<()> + Sync) -> Fallible<()> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A connection that is kept.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(base: &Url) -> Fallible<Self> {
        let address = base.socket_addrs(|| None)?;
        let stream = TcpStream::connect(&address[..])?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(1 << 20, stream)))
    }

    /// The body of a 200.
    fn ask(&mut self, request: &[u8]) -> Fallible<Vec<u8>> {
        self.0.get_mut().write_all(request)?;
        let (mut length, mut line) = (0, String::new());
        self.0.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(format!("the stand-in answered {}", line.trim()).into());
        }
        while line != "\r\n" {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err("an answer ended early".into());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}
