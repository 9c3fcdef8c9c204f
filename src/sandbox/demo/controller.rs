//! `mixtap run` as a program of its own.

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use super::{
    DemoError,
    child::{self, Guarded},
    home::Home,
    io_error,
};
use crate::sandbox::{Sandbox, cluster::Plane};

const GRACE: &str = "--shutdown-grace=5s";
/// So that "export now" needn't be waited for; the controller's own default is 1m.
const MIN_INTERVAL: &str = "--min-interval=10s";

/// The running controller. Dropping it kills it.
pub struct Controller {
    pub process: Guarded,
    /// Where `/healthz`, `/readyz` and `/metrics` are.
    pub metrics: SocketAddr,
    /// What people open, and `kubectl mixtap` asks.
    pub page: SocketAddr,
}

impl Controller {
    pub fn start(home: &Home, plane: &Plane, sandbox: &Sandbox) -> Result<Self, DemoError> {
        let failed = io_error("the controller");
        let [metrics, page] = free_ports().map_err(&failed)?;
        let log = File::create(home.log()).map_err(&failed)?;
        let state = child::state_url(home.scratch().join("state"))?;
        let mut run = child::mixtap("run", home, sandbox)?;
        run.args(["--log-format=text", GRACE, MIN_INTERVAL])
            .arg(format!("--state-url={state}"))
            .arg("--scratch-dir")
            .arg(home.scratch().join("runs"))
            .arg(format!("--metrics-address={metrics}"))
            .arg(format!("--page-address={page}"))
            .env("KUBECONFIG", plane.kubeconfig_path())
            .stdout(log.try_clone().map_err(&failed)?)
            .stderr(log);
        let process = Guarded::start(&mut run).map_err(&failed)?;
        Ok(Self {
            process,
            metrics,
            page,
        })
    }
}

/// Two ports of the loopback address that were free a moment ago.
fn free_ports() -> io::Result<[SocketAddr; 2]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, other) = (bind()?, bind()?);
    Ok([one.local_addr()?, other.local_addr()?])
}
