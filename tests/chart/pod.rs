//! The controller of a release without a kubelet: a process with the arguments, the variables, the
//! files and the service account that its Deployment names.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Container, PodSpec},
};
use kube::{Api, Client};
use mixtap::sandbox::{cluster::Plane, programs::Program};
use serde_json::{Value, json};

use crate::{commands::kubectl, plane};

/// Where the pod's volumes are mounted, by what they are called here.
const MOUNTS: [(&str, &str); 3] = [
    ("/var/lib/mixtap", "state"),
    ("/scratch", "scratch"),
    ("/etc/mixtap/ca", "ca"),
];

/// What every pod here has for an address.
pub const IP: &str = "10.9.8.7";

pub struct Pod {
    _program: Program,
    folder: tempfile::TempDir,
    /// The audit log's name for it.
    pub user: String,
    /// With its service account's rights.
    pub kubeconfig: PathBuf,
}

impl Pod {
    /// Starts it, and waits until it leads.
    pub async fn start(plane: &Plane, namespace: &str, deployment: &str) -> Self {
        let client = plane::client(plane.kubeconfig_yaml()).await;
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
        let template = deployments.get(deployment).await.expect("the Deployment");
        let template = template.spec.template;
        let spec = template.spec.expect("a pod");
        let folder = tempfile::tempdir().expect("a folder");
        authorities(&client, namespace, &spec, &folder.path().join("ca")).await;
        let account = spec
            .service_account_name
            .as_deref()
            .expect("a service account");
        let kubeconfig = folder.path().join("kubeconfig");
        let text = kubeconfig_of(plane, namespace, account);
        fs::write(&kubeconfig, text).expect("a kubeconfig");
        let program = program(deployment, &spec.containers[0], folder.path(), &kubeconfig);
        program.start().expect("the controller");
        let pod = Self {
            user: format!("system:serviceaccount:{namespace}:{account}"),
            kubeconfig,
            folder,
            _program: program,
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let ready = pod._program.answers(&http, &pod._program.health).await;
        ready.unwrap_or_else(|error| panic!("{error}\n{}", pod.log()));
        pod
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mixtap.log")).unwrap_or_default()
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.expect("a port").port()
}

/// It is called what its Deployment is.
fn program(deployment: &str, container: &Container, folder: &Path, kubeconfig: &Path) -> Program {
    let [port, page] = [free_port(), free_port()];
    let here = |text: &str| {
        let mut text = text.to_owned();
        for (there, name) in MOUNTS {
            text = text.replace(there, &folder.join(name).display().to_string());
        }
        text
    };
    let args = container
        .args
        .iter()
        .flatten()
        .map(|arg| match arg.split_once('=') {
            Some(("--metrics-address", _)) => format!("--metrics-address=127.0.0.1:{port}"),
            // Loopback too, in a form that isn't refused beside --page-service.
            Some(("--page-address", _)) => {
                format!("--page-address=[::ffff:127.0.0.1]:{page}")
            }
            _ => here(arg),
        });
    let health = format!("http://127.0.0.1:{port}/readyz");
    let mixtap: PathBuf = env!("CARGO_BIN_EXE_mixtap").into();
    let mut program = Program::new("mixtap", health, &mixtap, &mixtap, args.collect(), folder)
        .with("KUBECONFIG", &kubeconfig.display().to_string())
        .with("HOSTNAME", deployment);
    for variable in container.env.iter().flatten() {
        let field = variable
            .value_from
            .as_ref()
            .and_then(|from| from.field_ref.as_ref());
        let value = match field.map(|field| field.field_path.as_str()) {
            Some("status.podIP") => IP,
            _ => variable.value.as_deref().expect("a plain value"),
        };
        program = program.with(variable.name.clone().leak(), &here(value));
    }
    program
}

/// What a mounted ConfigMap of authorities holds.
async fn authorities(client: &Client, namespace: &str, pod: &PodSpec, folder: &Path) {
    let mut volumes = pod.volumes.iter().flatten();
    let Some(source) = volumes.find_map(|volume| volume.config_map.as_ref()) else {
        return;
    };
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let map = maps.get(&source.name).await.expect("the ConfigMap");
    fs::create_dir(folder).expect("a folder");
    for item in source.items.iter().flatten() {
        let data = map.data.as_ref().expect("data");
        fs::write(folder.join(&item.path), &data[&item.key]).expect("a file");
    }
}

/// A kubeconfig with a token of this service account, and nothing else.
fn kubeconfig_of(plane: &Plane, namespace: &str, account: &str) -> String {
    let args = ["create", "token", account, "--namespace", namespace];
    let token = kubectl(&plane.kubeconfig_path(), &args, "").fine();
    let mut config: Value = serde_yaml::from_str(plane.kubeconfig_yaml()).expect("a kubeconfig");
    config["users"][0]["user"] = json!({ "token": token.trim() });
    config["contexts"][0]["context"]["namespace"] = json!(namespace);
    config.to_string()
}
