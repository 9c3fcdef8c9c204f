//! The life of a release on a real API server: installed as the README says, upgraded, uninstalled,
//! installed again.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use mixtap::sandbox::{
    Sandbox, SandboxOptions,
    clevertap::AccountSettings,
    mixpanel::{CohortSpec, Generator, ProjectSettings},
};
use serde_json::{Value, json};

use crate::{
    audit::{self, Audited},
    commands::{Said, chart, helm, kubectl, run, run_helm},
    pod::Pod,
    values,
};

/// Project, account and cohort of the examples.
const PROJECT: u64 = 1_234_567;
const ACCOUNT: &str = "TEST-123-456-789Z";
const COHORT: (u64, &str) = (4311, "Cart drop off");
const CREDENTIALS: [(&str, &str); 3] = [
    ("passcode", "canary-passcode"),
    ("username", "canary-username.1a2b3c.mp-service-account"),
    ("secret", "canary-mixpanel-secret"),
];

struct Cluster {
    audited: Audited,
    helm: &'static Path,
}

impl Cluster {
    async fn start() -> Option<Self> {
        let helm = helm().await?;
        let audited = audit::start().await?;
        Some(Self { audited, helm })
    }

    fn kubectl(&self, args: &[&str]) -> Said {
        kubectl(&self.audited.plane.kubeconfig_path(), args, "")
    }

    fn helm(&self, args: &[&str]) -> Said {
        let args = [args, &["--namespace", "mixtap"]].concat();
        run_helm(self.helm, &self.audited.plane.kubeconfig_path(), &args, "")
    }

    fn get(&self, args: &[&str]) -> Value {
        let said = self
            .kubectl(&[&["get", "--output=json"], args].concat())
            .fine();
        serde_json::from_str(&said).expect("JSON")
    }

    /// Of every object of the release and of the CRDs: its name and what it was made from.
    fn versions(&self) -> BTreeMap<String, String> {
        let kinds = "crd,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,deployment,service,pvc";
        let all = self.get(&[
            kinds,
            "--all-namespaces",
            "--selector=app.kubernetes.io/name=mixtap",
        ]);
        let version = |object: &Value| {
            let name = format!("{}/{}", object["kind"], object["metadata"]["name"]);
            (name, object["metadata"]["resourceVersion"].to_string())
        };
        all["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(version)
            .collect()
    }
}

fn stand_ins() -> Sandbox {
    let sandbox = Sandbox::start(SandboxOptions::default()).expect("stand-ins");
    let [(_, passcode), (_, username), (_, secret)] = CREDENTIALS;
    let (mixpanel, clevertap) = (sandbox.mixpanel(), sandbox.clevertap());
    mixpanel.set_project(PROJECT, ProjectSettings::with_account(username, secret));
    let (id, name) = COHORT;
    let spec = CohortSpec {
        name: name.to_owned(),
        ..CohortSpec::default()
    };
    mixpanel.put_cohort(PROJECT, id, spec).expect("the project");
    mixpanel
        .generate(PROJECT, id, Generator::members(30))
        .expect("the cohort");
    clevertap.set_account(ACCOUNT, AccountSettings::with_passcode(passcode));
    sandbox
}

/// The commands of a page's first block, one a line.
fn commands(page: &str) -> Vec<String> {
    let (_, rest) = page.split_once("```sh\n").expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    block.lines().map(str::to_owned).collect()
}

/// From nothing to Synced, by the README's commands and no others. Beside them only what a test
/// needs: stand-ins in place of the vendors, and a process in place of the pod.
async fn newcomer(cluster: &Cluster, sandbox: &Sandbox) -> Pod {
    let commands = commands(&values::read("README.md"));
    let [install, secret, apply, wait] = &commands[..] else {
        panic!("{commands:?}");
    };
    let origin = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
    let endpoints = [
        origin(sandbox.mixpanel_url()),
        origin(sandbox.clevertap_url()),
    ];
    let allowed = format!(
        "{install} --set 'allowedEndpoints={{{},{}}}'",
        endpoints[0], endpoints[1]
    );
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = cluster.helm.parent().expect("a folder");
        command
            .args(["-ec", line])
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("KUBECONFIG", cluster.audited.plane.kubeconfig_path());
        run(command, "").fine()
    };
    let notes = shell(&allowed);
    assert!(
        notes.contains("kubectl create secret generic quickstart-credentials"),
        "{notes}"
    );
    let mut secret = secret.clone();
    for (key, value) in CREDENTIALS {
        secret = secret.replace(&format!("{key}=..."), &format!("{key}={value}"));
    }
    assert!(!secret.contains("..."), "{secret}");
    shell(&secret);
    shell(apply);
    let patch =
        json!({ "spec": { "endpoints": { "mixpanel": endpoints[0], "clevertap": endpoints[1] } } });
    let patch = [
        "patch",
        "clevertapconnector/quickstart",
        "--type=merge",
        "--patch",
        &patch.to_string(),
    ];
    cluster.kubectl(&patch).fine();
    let pod = Pod::start(&cluster.audited.plane, "mixtap", "mixtap").await;
    shell(wait);
    let synced = cluster.get(&["cohortexport/cart-drop-off"]);
    assert_eq!(synced["status"]["lastRun"]["exported"], 30);
    pod
}

/// The chart as a release before this one might have been: an older version, whose connectors had no
/// `displayName`. There is none yet that was really released.
fn previous_chart(folder: &Path) -> String {
    let copy = folder.join("mixtap");
    let copied = Command::new("cp")
        .arg("-R")
        .args([chart().as_ref(), copy.as_path()])
        .status();
    assert!(copied.expect("cp runs").success());
    let change = |file: &str, change: &dyn Fn(&str) -> String| {
        let path = copy.join(file);
        let text = fs::read_to_string(&path).expect("a file of the chart");
        let changed = change(&text);
        assert_ne!(changed, text, "{file}");
        fs::write(path, changed).expect("a file");
    };
    change("Chart.yaml", &|text| {
        text.replace(&format!(": {}", env!("CARGO_PKG_VERSION")), ": 0.0.9")
    });
    change("files/crds/mixtap.dev_clevertapconnectors.yaml", &|text| {
        let mut crd: Value = serde_yaml::from_str(text).expect("YAML");
        let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let fields = schema["properties"]["spec"]["properties"]
            .as_object_mut()
            .expect("fields");
        fields.remove("displayName").expect("a field");
        serde_yaml::to_string(&crd).expect("YAML")
    });
    copy.display().to_string()
}

const CONNECTOR: [&str; 3] = [
    "get",
    "clevertapconnector/quickstart",
    "--output=jsonpath={.spec.displayName}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_upgraded_uninstalled_and_installed_again() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let sandbox = stand_ins();
    let pod = newcomer(&cluster, &sandbox).await;
    assert_eq!(cluster.audited.asked_by(&pod.user).1, Vec::<Value>::new());
    drop(pod);

    // The same once more changes nothing.
    let before = cluster.versions();
    cluster
        .helm(&["upgrade", "mixtap", chart(), "--reuse-values"])
        .fine();
    assert_eq!(cluster.versions(), before);
    assert!(
        before
            .keys()
            .any(|name| name.contains("PersistentVolumeClaim")),
        "{before:?}"
    );

    // Gone, but for the CRDs and what users made.
    cluster.helm(&["uninstall", "mixtap"]).fine();
    let left: Vec<_> = cluster
        .versions()
        .into_keys()
        .filter(|name| !name.contains("Claim"))
        .collect();
    let crds = ["clevertapconnectors", "cohortexports"];
    assert_eq!(
        left,
        crds.map(|crd| format!(r#""CustomResourceDefinition"/"{crd}.mixtap.dev""#))
    );
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
    free_claim(&cluster);

    // Again under its name; then under another, to which the CRDs don't belong.
    cluster.helm(&["install", "mixtap", chart()]).fine();
    cluster.helm(&["uninstall", "mixtap"]).fine();
    free_claim(&cluster);
    let other = ["install", "other", chart()];
    let refused = cluster.helm(&other);
    assert!(
        !refused.ok && refused.err.contains("invalid ownership metadata"),
        "{}",
        refused.err
    );
    cluster
        .helm(&[&other[..], &["--take-ownership"]].concat())
        .fine();
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
}

/// The controller that lets a deleted claim go isn't part of the plane.
fn free_claim(cluster: &Cluster) {
    let free = r#"{"metadata":{"finalizers":null}}"#;
    let patch = [
        "patch",
        "pvc/mixtap",
        "--namespace=mixtap",
        "--type=merge",
        "--patch",
        free,
    ];
    cluster.kubectl(&patch).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_takes_the_crds_along_and_keeps_what_is_there() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let previous = previous_chart(folder.path());
    cluster
        .helm(&["install", "mixtap", &previous, "--create-namespace"])
        .fine();
    let apply = [
        "apply",
        "--validate=strict",
        "--filename=examples/quickstart/connector.yaml",
    ];
    let refused = cluster.kubectl(&apply);
    assert!(
        !refused.ok && refused.err.contains(r#"unknown field "spec.displayName""#),
        "{}",
        refused.err
    );
    let lax = [
        "apply",
        "--validate=ignore",
        "--filename=examples/quickstart/connector.yaml",
    ];
    cluster.kubectl(&lax).fine();
    let uid = |kind: &str| cluster.get(&[kind, "--namespace=mixtap"])["metadata"]["uid"].clone();
    let kept = ["pvc/mixtap", "deployment/mixtap", "serviceaccount/mixtap"];
    let before = kept.map(uid);

    cluster.helm(&["upgrade", "mixtap", chart()]).fine();
    assert_eq!(kept.map(uid), before);
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "");
    cluster.kubectl(&apply).fine();
    assert_eq!(cluster.kubectl(&CONNECTOR).fine(), "Quickstart");
    let deployment = cluster.get(&["deployment/mixtap", "--namespace=mixtap"]);
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, concat!("mixtap:", env!("CARGO_PKG_VERSION")));

    cluster.helm(&["rollback", "mixtap", "1"]).fine();
    assert_eq!(kept.map(uid), before);
}
