//! Argo CD as its own processes: Redis, the repository server and the application controller, on a
//! plane where nothing of mixtap is installed yet.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use kube::Client;
use mixtap::sandbox::cluster::Plane;
use mixtap::sandbox::programs::{Program, ProgramError};
use tokio::sync::OnceCell;

use crate::command::program;
use crate::tools::HELM;
use crate::{plane, settings};

/// A program that ends early may have lost its port to another one: tried again with others.
const ATTEMPTS: u32 = 4;
/// The names by which the one binary is called.
const NAMES: [&str; 4] = [
    "redis",
    "argocd-repo-server",
    "argocd-application-controller",
    "argocd-git-ask-pass",
];

pub struct ArgoCd {
    pub plane: Plane,
    /// Its programs' folder.
    pub dir: PathBuf,
    _programs: [Program; 3],
}

/// The Argo CD of this test binary, made by the first test to ask.
///
/// `None` where it can't be had: the test is to return, and has said so. With `CI=true` that is a
/// failure.
pub async fn shared() -> Option<&'static ArgoCd> {
    static ARGO: OnceCell<Result<ArgoCd, String>> = OnceCell::const_new();
    let program = program().await?;
    match ARGO.get_or_init(|| start(program)).await {
        Ok(argo) => Some(argo),
        Err(reason) => {
            plane::skip(reason);
            None
        }
    }
}

impl ArgoCd {
    /// A client for the test's own runtime.
    pub async fn client(&self) -> Client {
        plane::client(self.plane.kubeconfig_yaml()).await
    }
}

async fn start(program: &Path) -> Result<ArgoCd, String> {
    if Command::new("git").arg("--version").output().is_err() {
        return Err("no git".to_owned());
    }
    let helm = HELM
        .find(&plane::say)
        .await
        .map_err(|error| error.to_string())?;
    let plane = plane::start().await?;
    settings::apply(&plane::client(plane.kubeconfig_yaml()).await, &plane).await?;
    // Removed by a program's guard, once this process has ended.
    let dir = tempfile::tempdir().expect("a folder").keep();
    let bin = dir.join("bin");
    fs::create_dir(&bin).expect("a folder");
    symlink(helm, bin.join("helm")).expect("a link");
    for name in NAMES {
        symlink(program, bin.join(name)).expect("a link");
    }
    let mut attempt = 1;
    loop {
        match launch(&plane, &dir).await {
            Ok(programs) => {
                return Ok(ArgoCd {
                    plane,
                    dir,
                    _programs: programs,
                });
            }
            Err(ProgramError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.to_string()),
        }
    }
}

async fn launch(plane: &Plane, dir: &Path) -> Result<[Program; 3], ProgramError> {
    let [redis_port, port, repository_health, controller_health] = free_ports();
    let path = env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", dir.join("bin").display());
    let program = |name, health: u16, args: String| {
        let args = args.split_whitespace().map(str::to_owned).collect();
        let (guard, health) = (
            env!("CARGO_BIN_EXE_mixtap"),
            format!("http://127.0.0.1:{health}/healthz"),
        );
        let program = Program::new(
            name,
            health,
            Path::new(guard),
            &dir.join("bin").join(name),
            args,
            dir,
        );
        program
            .with("PATH", &path)
            .with("TMPDIR", &dir.display().to_string())
            .with("ARGOCD_GPG_ENABLED", "false")
    };
    let redis = format!("--addr 127.0.0.1:{redis_port}");
    let redis = program(NAMES[0], redis_port, redis).removing(dir);
    let repository = format!(
        "--address 127.0.0.1 --port {port} --metrics-address 127.0.0.1 --metrics-port {repository_health} \
         --disable-tls --redis 127.0.0.1:{redis_port}"
    );
    let repository = program(NAMES[1], repository_health, repository);
    // Its metrics are served on every address: it has no flag for that.
    let controller = format!(
        "--kubeconfig {} --namespace {} --redis 127.0.0.1:{redis_port} --repo-server 127.0.0.1:{port} \
         --repo-server-plaintext --metrics-port {controller_health} --app-resync 10 \
         --app-resync-jitter 0 --persist-resource-health",
        plane.kubeconfig_path().display(),
        settings::NAMESPACE,
    );
    let controller = program(NAMES[2], controller_health, controller);

    redis.start()?;
    while TcpStream::connect(("127.0.0.1", redis_port)).is_err() {
        redis.still_running()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("a client");
    for program in [&repository, &controller] {
        program.start()?;
        program.answers(&http, &program.health).await?;
    }
    redis.still_running()?;
    Ok([controller, repository, redis])
}

/// Ports that were free a moment ago, all different.
fn free_ports() -> [u16; 4] {
    let held = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|listener| listener.local_addr().expect("an address").port())
}
