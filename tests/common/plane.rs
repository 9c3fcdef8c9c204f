//! One control plane for a whole test binary, and a namespace for each test.
//!
//! ```text
//! let Some(plane) = shared().await else { return };
//! let client = client(plane.kubeconfig_yaml()).await;
//! let namespace = namespace(&client, "sync").await;
//! ```
//!
//! The plane is bound to no test's runtime. It lives until the process ends: its guards kill the
//! programs and remove their folder then, however the process ends.

use std::{
    env,
    io::{self, Write},
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use mixtap::sandbox::cluster::{Assets, Need, Plane, PlaneError, PlaneOptions};
use tokio::sync::OnceCell;

/// The shared plane with our CRDs established, made by the first test of this binary to ask.
///
/// `None` where no API server can be had: the test is to return, and has said so. With `CI=true`
/// that is a failure.
pub async fn shared() -> Option<&'static Plane> {
    static PLANE: OnceCell<Result<Plane, String>> = OnceCell::const_new();
    let make = async || {
        let plane = start().await?;
        apply_crds(&client(plane.kubeconfig_yaml()).await).await;
        Ok(plane)
    };
    match PLANE.get_or_init(make).await {
        Ok(plane) => Some(plane),
        Err(reason) => skip(reason),
    }
}

/// Says that a test can't be run, or fails it.
pub fn skip(reason: &str) -> Option<&'static Plane> {
    let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!ci, "{reason}");
    say(&format!("SKIPPED: {reason}"));
    None
}

/// A plane of one's own, for tests that stop its API server.
pub async fn start() -> Result<Plane, String> {
    // Twice is fine: both choose the same provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let assets = Assets::find(Need::ControllerManager, &say)
        .await
        .map_err(|e| e.to_string())?;
    Plane::start(options(assets))
        .await
        .map_err(|error: PlaneError| error.to_string())
}

fn options(assets: Assets) -> PlaneOptions {
    PlaneOptions {
        assets,
        guard: env!("CARGO_BIN_EXE_mixtap").into(),
        dir: None,
        with_controller_manager: true,
    }
}

/// A client for the test's own runtime.
pub async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("a usable kubeconfig")).expect("a client")
}

/// A new namespace, whose name begins with `prefix`.
pub async fn namespace(client: &Client, prefix: &str) -> String {
    let mut namespace = Namespace::default();
    namespace.metadata.generate_name = Some(format!("{prefix}-"));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .expect("a namespace");
    made.metadata.name.expect("the server names it")
}

/// Past the harness, which keeps what tests print to itself until they fail.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "plane: {line}");
}

/// Applies our CRDs and waits until the API server serves them.
pub async fn apply_crds(client: &Client) {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    use kube::api::{Patch, PatchParams};
    use kube::runtime::{conditions::is_crd_established, wait::await_condition};
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in mixtap::crdgen::crds() {
        let name = crd.metadata.name.clone().expect("a CRD has a name");
        let params = PatchParams::apply("test").force();
        api.patch(&name, &params, &Patch::Apply(&crd))
            .await
            .expect("a CRD");
        let established = await_condition(api.clone(), &name, is_crd_established());
        established.await.expect("an established CRD");
    }
}
