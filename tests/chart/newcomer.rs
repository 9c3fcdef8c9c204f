//! The way from nothing to Synced, as the README says it.

use std::process::Command;

use mixtap::sandbox::{
    Sandbox, SandboxOptions,
    clevertap::AccountSettings,
    mixpanel::{CohortSpec, Generator, ProjectSettings},
};
use serde_json::json;

use crate::{cluster::Cluster, commands::run, pod::Pod, values};

/// Project, account and cohort of the examples.
const PROJECT: u64 = 1_234_567;
const ACCOUNT: &str = "TEST-123-456-789Z";
const COHORT: (u64, &str) = (4311, "Cart drop off");
const CREDENTIALS: [(&str, &str); 3] = [
    ("passcode", "canary-passcode"),
    ("username", "canary-username.1a2b3c.mp-service-account"),
    ("secret", "canary-mixpanel-secret"),
];

pub fn stand_ins() -> Sandbox {
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
pub async fn newcomer(cluster: &Cluster, sandbox: &Sandbox) -> Pod {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## On a cluster\n").expect("a section");
    let commands = commands(section);
    assert_eq!(commands, self::commands(&values::read("README.md")));
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
