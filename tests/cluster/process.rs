//! A controller as its own process, with a log file, a metrics address and a pid to kill.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::world::{PATIENCE, World};

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub struct Controller {
    /// Our guard; its stdin is the pipe that ties the controller to this process.
    guard: Child,
    pub metrics: String,
}

impl Controller {
    pub fn start(world: &World, flags: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut log =
            File::create(world.dir.path().join(format!("controller-{number}.log"))).expect("a log");
        let program = env!("CARGO_BIN_EXE_mixtap");
        let origin = |url: url::Url| {
            format!(
                "{}://{}:{}",
                url.scheme(),
                url.host_str().unwrap_or(""),
                url.port().unwrap_or(0)
            )
        };
        let endpoints = format!(
            "{},{}",
            origin(world.sandbox.mixpanel_url()),
            origin(world.sandbox.clevertap_url())
        );
        let state = format!("file://{}", world.dir.path().join("state").display());
        let metrics = format!("127.0.0.1:{port}");
        let mut command = Command::new(program);
        // A write beyond a limit on file sizes (`limit_files`) is then an error, as on a full disk.
        let shell = r#"trap "" XFSZ; exec "$@""#;
        command.args(["guard", "--", "sh", "-c", shell, "sh", program, "run"]);
        let with = |command: &mut Command, flag: &str, value: &str| {
            let given = flags.iter().any(|f| f.split('=').next() == Some(flag));
            if !given {
                command.arg(format!("{flag}={value}"));
            }
        };
        with(&mut command, "--watch-namespaces", &world.namespace);
        with(&mut command, "--lease-namespace", &world.namespace);
        with(&mut command, "--allowed-endpoints", &endpoints);
        with(&mut command, "--state-url", &state);
        with(
            &mut command,
            "--scratch-dir",
            &world.dir.path().join("scratch").display().to_string(),
        );
        with(&mut command, "--metrics-address", &metrics);
        with(&mut command, "--min-interval", "1s");
        with(&mut command, "--min-check-interval", "1s");
        with(&mut command, "--retry-first", "20ms");
        with(&mut command, "--retry-total", "2s");
        with(&mut command, "--lease-duration", "3s");
        with(&mut command, "--renew-interval", "1s");
        with(&mut command, "--retry-interval", "200ms");
        with(&mut command, "--log-level", "trace");
        command.args(flags);
        command
            .env("KUBECONFIG", &world.kubeconfig)
            .env("RUST_BACKTRACE", "1")
            .envs(world.env.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut guard = command.spawn().expect("a controller");
        let mut lines = guard.stderr.take().expect("a pipe");
        // Written here, so that no limit of the controller's keeps it from being told.
        std::thread::spawn(move || io::copy(&mut lines, &mut log));
        Self { guard, metrics }
    }

    /// The controller's own pid, below its guard.
    pub fn pid(&self) -> u32 {
        let guard = self.guard.id();
        let path = format!("/proc/{guard}/task/{guard}/children");
        let started = std::time::Instant::now();
        while started.elapsed() < PATIENCE {
            let children = all_children(&path, guard);
            if let Some(pid) = children.first() {
                return *pid;
            }
            std::thread::yield_now();
        }
        panic!("the controller has no process")
    }

    /// Sends a signal by name, such as KILL, STOP or CONT.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status();
        assert!(status.expect("kill runs").success(), "no process to signal");
    }

    /// Lets it write files of so many bytes at most, its own log apart: the disk is as good as full.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = Pid::from_raw(self.pid().cast_signed());
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(pid, Resource::Fsize, limit).expect("a limit");
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.signal("KILL");
        self.guard.wait().expect("the guard ends with it");
    }

    /// SIGTERM, as a kubelet sends it, and how it ended.
    pub fn stop(mut self) -> ExitStatus {
        // `wait` would close the pipe first, and the guard kill the controller.
        let _pipe = self.guard.stdin.take();
        self.signal("TERM");
        self.guard.wait().expect("the guard ends with it")
    }

    /// How it ended by itself, once it did.
    pub async fn ended(&mut self) -> ExitStatus {
        let started = std::time::Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.guard.try_wait().expect("a child of ours") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the controller didn't end")
    }

    /// What `/metrics`, `/readyz` or `/healthz` says.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.metrics))
            .await
            .ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Waits until `/metrics` shows what is asked.
    pub async fn until_metrics(&self, what: &str, is: impl Fn(&str) -> bool) {
        let shown = async {
            while !self
                .get("/metrics")
                .await
                .is_some_and(|(_, page)| is(&page))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let shown = tokio::time::timeout(PATIENCE, shown).await;
        assert!(shown.is_ok(), "the metrics never showed {what}");
    }

    /// Waits until its watch has seen that an object of this gauge is gone.
    pub async fn until_gone(&self, gauge: &str, name: &str) {
        let name = format!("name=\"{name}\"");
        let gone = |page: &str| {
            !page
                .lines()
                .any(|l| l.starts_with(gauge) && l.contains(&name))
        };
        self.until_metrics("that it is gone", gone).await;
    }

    /// Waits until it has looked at objects of a kind so often.
    pub async fn looked_at(&self, kind: &str, times: usize) {
        let success = format!("mixtap_reconciles_total{{kind=\"{kind}\",outcome=\"success\"}} ");
        let looks = |page: &str| -> Option<usize> {
            page.lines()
                .find_map(|line| line.strip_prefix(&success)?.parse().ok())
        };
        self.until_metrics("so many looks", |page| looks(page) >= Some(times))
            .await;
    }

    /// Waits until it leads and works.
    pub async fn ready(&self) {
        self.says(200, "ready\n").await;
    }

    /// Waits until `/readyz` says this.
    pub async fn says(&self, status: u16, text: &str) {
        let expected = Some((status, text.to_owned()));
        let said = async {
            while self.get("/readyz").await != expected {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        assert!(said.is_ok(), "/readyz never said {text:?}");
    }
}

fn all_children(path: &str, guard: u32) -> Vec<u32> {
    // A child may be listed under any thread of the guard.
    let tasks = std::fs::read_dir(format!("/proc/{guard}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let threads = tasks.map(|t| t.path().join("children"));
    let mut found: Vec<u32> = std::fs::read_to_string(path)
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|p| p.parse().ok())
        .collect();
    for thread in threads {
        let text = std::fs::read_to_string(thread).unwrap_or_default();
        found.extend(
            text.split_whitespace()
                .filter_map(|p| p.parse::<u32>().ok()),
        );
    }
    found
}

impl Drop for Controller {
    fn drop(&mut self) {
        // The guard kills the controller at the end of this pipe.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
