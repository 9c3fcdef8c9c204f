//! `mixtap run` as a program of its own, behind its guard.

use std::{
    env,
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::home::Home;
use crate::sandbox::{Sandbox, cluster::Plane};

const ASK_EVERY: Duration = Duration::from_millis(100);
/// Longer than the grace that the controller gives its runs.
const STOP_WITHIN: Duration = Duration::from_secs(10);
const GRACE: &str = "--shutdown-grace=5s";
/// So that "export now" needn't be waited for; the controller's own default is 1m.
const MIN_INTERVAL: &str = "--min-interval=10s";

/// The running controller. Dropping it kills it.
pub struct Controller {
    guard: Child,
    /// Where `/healthz`, `/readyz` and `/metrics` are.
    pub metrics: SocketAddr,
}

impl Drop for Controller {
    fn drop(&mut self) {
        // The guard kills the controller at the end of its input, and ends.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

impl Controller {
    pub fn start(
        program: &Path,
        home: &Home,
        plane: &Plane,
        sandbox: &Sandbox,
    ) -> io::Result<Self> {
        let metrics = free_port()?;
        let urls = [sandbox.mixpanel_url(), sandbox.clevertap_url()];
        let endpoints = urls.map(|url| url.origin().ascii_serialization()).join(",");
        let state = url::Url::from_directory_path(home.scratch().join("state"));
        let state = state.map_err(|()| io::Error::other("the folder's path isn't absolute"))?;
        let mut command = Command::new(program);
        // Everything it calls is on this machine, and is to be called as said here.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if text.ends_with("_PROXY") || text.starts_with("MIXTAP_") {
                command.env_remove(&name);
            }
        }
        // A connector that is applied without its endpoints must not reach the real vendors, which
        // are HTTPS: nobody listens there.
        command.env("HTTPS_PROXY", "http://127.0.0.1:9");
        let log = File::create(home.log())?;
        let guard = command
            .args(["guard", "--scratch"])
            .arg(home.scratch())
            .arg("--")
            .arg(program)
            .args(["run", "--log-format=text", GRACE, MIN_INTERVAL])
            .arg(format!("--allowed-endpoints={endpoints}"))
            .arg(format!("--state-url={state}"))
            .arg("--scratch-dir")
            .arg(home.scratch().join("runs"))
            .arg(format!("--metrics-address={metrics}"))
            .env("KUBECONFIG", plane.kubeconfig_path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C in a terminal is for us: the controller is asked to end in its turn.
            .process_group(0)
            .spawn()?;
        Ok(Self { guard, metrics })
    }

    /// How it ended, once it did.
    pub async fn ended(&mut self) -> ExitStatus {
        loop {
            // It can't fail: this is our child, and nobody else waits for it.
            if let Ok(Some(status)) = self.guard.try_wait() {
                return status;
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Asks it to end, and waits for that a while.
    pub async fn stop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.guard.id().cast_signed()) {
            // Not waited for yet, so the id is still its own. The guard passes the signal on.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_WITHIN;
        tokio::select! {
            _ = self.ended() => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}

/// A port of the loopback address that was free a moment ago.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
