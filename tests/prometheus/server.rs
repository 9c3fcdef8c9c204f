//! A running Prometheus that scrapes one controller each second and evaluates our rules.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use mixtap::sandbox::programs::{Program, ProgramError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shipped::{alerts, rules, string};
use crate::world::PATIENCE;

/// One that ends early may have lost its port to another program.
const ATTEMPTS: u32 = 4;

pub struct Prometheus {
    // Dropped before its folder.
    program: Program,
    http: reqwest::Client,
    url: String,
    dir: TempDir,
}

impl Prometheus {
    /// `programs`: the folder of the program.
    pub async fn start(programs: &Path) -> Self {
        let mut attempt = 1;
        loop {
            let server = Self::new(programs);
            server.program.start().expect("Prometheus starts");
            let health = &server.program.health;
            match server.program.answers(&server.http, health).await {
                Err(ProgramError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                started => {
                    started.expect("Prometheus is ready");
                    return server;
                }
            }
        }
    }

    fn new(programs: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let mut rules = rules();
        hasten(&mut rules);
        // JSON is YAML.
        fs::write(file("rules.yaml"), rules.to_string()).expect("the rules");
        let config = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": ["rules.yaml"],
            "scrape_configs": [{
                "job_name": "mixtap",
                // As in a cluster, where the target has a namespace too.
                "honor_labels": true,
                "file_sd_configs": [{ "files": ["targets.json"], "refresh_interval": "1s" }],
            }],
        });
        fs::write(file("prometheus.yaml"), config.to_string()).expect("the configuration");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let address = address.expect("a free port");
        let url = format!("http://{address}");
        let args = vec![
            format!("--config.file={}", file("prometheus.yaml")),
            format!("--storage.tsdb.path={}", file("data")),
            format!("--web.listen-address={address}"),
            "--log.level=warn".to_owned(),
        ];
        let guard = env!("CARGO_BIN_EXE_mixtap").as_ref();
        let path = programs.join("prometheus");
        let health = format!("{url}/-/ready");
        let program = Program::new("prometheus", health, guard, &path, args, dir.path());
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            program: program.removing(dir.path()),
            http: http.expect("a client"),
            url,
            dir,
        }
    }

    /// Scrapes this address from now on, and no other.
    pub fn scrape(&self, address: &str) {
        let targets = json!([{ "targets": [address], "labels": { "namespace": "system" } }]);
        let new = self.dir.path().join("new.json");
        fs::write(&new, targets.to_string()).expect("the targets");
        fs::rename(new, self.dir.path().join("targets.json")).expect("the targets");
    }

    /// What a query answers now.
    pub async fn query(&self, query: &str) -> Vec<Value> {
        let answer = self.ask("query", &[("query", query)]).await;
        let result = answer["result"].as_array();
        result.expect("a vector").clone()
    }

    /// The values of a label that a metric has.
    pub async fn label_values(&self, metric: &str, label: &str) -> Vec<String> {
        let path = format!("label/{label}/values");
        let answer = self.ask(&path, &[("match[]", metric)]).await;
        answer
            .as_array()
            .expect("values")
            .iter()
            .map(string)
            .collect()
    }

    /// The labels of every alert that fires, sorted.
    pub async fn firing(&self) -> Vec<Value> {
        let answer = self.ask("alerts", &[]).await;
        let alerts = answer["alerts"].as_array().expect("alerts");
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        let mut labels: Vec<_> = firing.map(|alert| alert["labels"].clone()).collect();
        labels.sort_by_key(Value::to_string);
        labels
    }

    /// Waits until the alerts that fire are as asked.
    pub async fn until_firing(&self, what: &str, is: impl Fn(&[Value]) -> bool) {
        let fires = async {
            while !is(&self.firing().await) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, fires).await.is_err() {
            panic!("{what} never fired: {:#?}", self.firing().await);
        }
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}/api/v1/{path}", self.url);
        let answer = self.http.get(url).query(query).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["status"], "success", "{query:?}: {answer}");
        answer["data"].clone()
    }
}

/// Lets a minute of the rules pass in a second: of each `for`, range and offset. What a rule
/// compares, such as an age with an interval, is left as it is.
fn hasten(rules: &mut Value) {
    for alert in alerts(rules) {
        for part in ["for", "expr"] {
            if let Some(text) = alert[part].as_str() {
                alert[part] = hastened(text).into();
            }
        }
    }
}

fn hastened(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split_inclusive(|c| !word(c));
    let hastened = words.map(|piece| {
        let (word, end) = piece.split_at(piece.trim_end_matches(|c| !word(c)).len());
        let number = word.trim_end_matches(['h', 'm']);
        let unit = match &word[number.len()..] {
            "h" => "m",
            "m" => "s",
            _ => return piece.to_owned(),
        };
        match number.parse::<u32>() {
            Ok(number) => format!("{number}{unit}{end}"),
            Err(_) => piece.to_owned(),
        }
    });
    hastened.collect()
}

#[test]
fn minutes_become_seconds_and_nothing_else_changes() {
    let expr = "a[6h] / b[30m] > 0.05 or by (m) 60 * h offset 6h";
    let mut rules = json!({ "groups": [{ "rules": [
        { "alert": "A", "expr": expr, "for": "15m" },
        { "alert": "B", "expr": "m > 2 * h" },
    ] }] });
    hasten(&mut rules);
    let wanted = json!([
        { "alert": "A", "expr": "a[6m] / b[30s] > 0.05 or by (m) 60 * h offset 6m", "for": "15s" },
        { "alert": "B", "expr": "m > 2 * h" },
    ]);
    assert_eq!(rules["groups"][0]["rules"], wanted);
}
