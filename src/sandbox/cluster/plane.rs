//! Starting etcd, kube-apiserver and kube-controller-manager, and saying where they are.

use std::{
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    args,
    assets::Assets,
    certs::{Authority, Pair},
    files::{self, Files},
};
use crate::sandbox::programs::{Program, ProgramError};

/// A program that ends early may have lost its port to another one: tried again with others.
const ATTEMPTS: u32 = 4;
const ASK_WITHIN: Duration = Duration::from_secs(5);
/// What to start.
#[derive(Debug, Clone)]
pub struct PlaneOptions {
    pub assets: Assets,
    /// The `mixtap` binary: its `guard` ends the programs when we end, however that is.
    pub guard: PathBuf,
    /// Where the plane's own folder is made; the system's temporary folder otherwise. The plane
    /// needs about 125 MB there.
    pub dir: Option<PathBuf>,
    /// Ignored where the assets have none.
    pub with_controller_manager: bool,
}

/// A running control plane. Dropping it, or the end of this process, kills the programs and removes
/// their folder. It is bound to no async runtime.
pub struct Plane {
    // Dropped in this order: first those who talk to the next.
    controller_manager: Option<Program>,
    apiserver: Program,
    etcd: Program,
    http: reqwest::Client,
    url: String,
    authority: Authority,
    kubeconfig: String,
    dir: TempDir,
}

#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    #[error("a file or program of the plane: {0}")]
    Io(#[from] io::Error),
    #[error("a certificate of the plane: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("the plane's HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    #[error("a kubeconfig of the plane: {0}")]
    Kubeconfig(#[from] serde_yaml::Error),
    #[error(transparent)]
    Program(#[from] ProgramError),
}

impl Plane {
    /// Starts the programs, on free ports of 127.0.0.1, and waits until all are ready: about 4 s.
    pub async fn start(options: PlaneOptions) -> Result<Self, PlaneError> {
        let mut attempt = 1;
        loop {
            match Self::attempt(&options).await {
                Err(PlaneError::Program(ProgramError::Ended { .. })) if attempt < ATTEMPTS => {
                    attempt += 1
                }
                result => return result,
            }
        }
    }

    async fn attempt(options: &PlaneOptions) -> Result<Self, PlaneError> {
        let dir = files::folder(options.dir.as_deref())?;
        let authority = Authority::new()?;
        let files = Files::write(dir.path(), &authority)?;
        let [client, peer, serving, managing] = free_ports()?;
        let url = format!("https://127.0.0.1:{serving}");
        let admin = authority.client("mixtap-sandbox-admin", Some("system:masters"))?;
        let kubeconfig = files::kubeconfig(&url, &authority, &admin)?;
        files::private(&dir.path().join("kubeconfig"), &kubeconfig)?;

        let assets = &options.assets;
        let program = |name, health, path: &Path, flags| {
            Program::new(name, health, &options.guard, path, flags, dir.path())
        };
        let health = format!("http://127.0.0.1:{client}/health");
        let etcd = program(
            "etcd",
            health,
            &assets.etcd,
            args::etcd(dir.path(), client, peer),
        )
        .removing(dir.path());
        let flags = args::apiserver(&files, client, serving);
        let apiserver = program(
            "kube-apiserver",
            format!("{url}/readyz"),
            &assets.apiserver,
            flags,
        );
        let user = authority.client("system:kube-controller-manager", None)?;
        files::private(&files.manager, &files::kubeconfig(&url, &authority, &user)?)?;
        let manager = assets
            .controller_manager
            .as_ref()
            .filter(|_| options.with_controller_manager);
        let controller_manager = manager.map(|path| {
            let health = format!("https://127.0.0.1:{managing}/healthz");
            let flags = args::controller_manager(&files, managing);
            program("kube-controller-manager", health, path, flags)
        });
        let http = client_of(&authority, &admin)?;
        let plane = Self {
            controller_manager,
            apiserver,
            etcd,
            http,
            url,
            authority,
            kubeconfig,
            dir,
        };

        plane.launch(&plane.etcd).await?;
        plane.start_apiserver().await?;
        // If our etcd lost its port, it was someone else's that answered.
        plane.etcd.still_running()?;
        Ok(plane)
    }

    /// The API server's address, `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The plane's folder: logs of the programs, certificates, etcd's data.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A kubeconfig of a member of `system:masters`, with every certificate inside.
    pub fn kubeconfig_yaml(&self) -> &str {
        &self.kubeconfig
    }

    /// The file with [`Self::kubeconfig_yaml`], readable by its owner only.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// A kubeconfig of another user, who may do what RBAC grants to that user or group.
    pub fn kubeconfig_for(&self, user: &str, group: Option<&str>) -> Result<String, PlaneError> {
        files::kubeconfig(
            &self.url,
            &self.authority,
            &self.authority.client(user, group)?,
        )
    }

    /// Whether deleted namespaces go away and garbage is collected.
    pub fn has_controller_manager(&self) -> bool {
        self.controller_manager.is_some()
    }

    /// Kills the API server, as an outage would. The controller manager is stopped with it: it ends
    /// itself anyway if the API server leaves while it starts.
    pub fn stop_apiserver(&self) {
        if let Some(manager) = &self.controller_manager {
            manager.stop();
        }
        self.apiserver.stop();
    }

    /// Starts the API server again, with the same port and data, and waits until it is ready.
    pub async fn start_apiserver(&self) -> Result<(), PlaneError> {
        self.launch(&self.apiserver).await?;
        // Made by the API server itself shortly after it says that it is ready.
        let namespace = format!("{}/api/v1/namespaces/default", self.url);
        self.apiserver.answers(&self.http, &namespace).await?;
        match &self.controller_manager {
            Some(manager) => self.launch(manager).await,
            None => Ok(()),
        }
    }

    async fn launch(&self, program: &Program) -> Result<(), PlaneError> {
        program.start()?;
        Ok(program.answers(&self.http, &program.health).await?)
    }
}

/// Ports that were free a moment ago, all different.
fn free_ports() -> io::Result<[u16; 4]> {
    let listener = || TcpListener::bind("127.0.0.1:0");
    let held = [listener()?, listener()?, listener()?, listener()?];
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Trusts this plane's authority alone, so that another plane's answer counts for nothing.
fn client_of(authority: &Authority, admin: &Pair) -> Result<reqwest::Client, reqwest::Error> {
    let identity = format!("{}{}", admin.public, admin.private);
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(authority.pem().as_bytes())?])
        .identity(reqwest::Identity::from_pem(identity.as_bytes())?)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ASK_WITHIN)
        .build()
}
