//! The page's Service: who may lead it where, and how people get to the page.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    audit::{self, Audited},
    commands::{helm, kubectl, run},
    grants::{install, job, just_enough},
    pod::{IP, Pod},
    world::{PATIENCE, World},
};

const RELEASE: &str = "paged";
const NAME: &str = "paged-mixtap";
const SERVICE: &str = "paged-mixtap-page";

/// kubectl of an admin in the release's namespace.
fn admin(audited: &Audited, args: &[&str], input: &str) -> crate::commands::Said {
    let args = [args, &["--namespace", RELEASE]].concat();
    kubectl(&audited.plane.kubeconfig_path(), &args, input)
}

fn get(audited: &Audited, args: &[&str]) -> Value {
    let args = [&["get", "--output=json"], args].concat();
    serde_json::from_str(&admin(audited, &args, "").fine()).expect("JSON")
}

/// Where the Service leads to.
fn endpoints(audited: &Audited) -> Vec<Value> {
    let of = format!("--selector=kubernetes.io/service-name={SERVICE}");
    let slices = get(audited, &["endpointslices", &of]);
    let slices = slices["items"].as_array().expect("a list").iter();
    let all = slices.flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten());
    all.cloned().collect()
}

async fn until(what: &str, pod: &Pod, is: impl Fn() -> bool) {
    let seen = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    assert!(seen.is_ok(), "never {what}: {}", pod.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_leads_the_service_to_itself_by_the_charts_rights_and_no_less() {
    let Some(program) = helm().await else { return };
    let Some(audited) = audit::shared().await else {
        return;
    };
    let world = World::on(&audited.plane, RELEASE).await;
    let values = json!({
        "watchNamespaces": [world.namespace],
        "scopedRBAC": true,
        "replicaCount": 2,
        "state": { "persistentVolumeClaim": { "accessModes": ["ReadWriteMany"] } },
        "leaderElection": { "leaseDuration": "3s", "renewInterval": "1s", "retryInterval": "200ms" },
        "page": { "enabled": true, "service": { "enabled": true } },
        "networkPolicy": { "enabled": true },
    });
    let notes = install(audited, program, RELEASE, values, &[&world]);
    let nobody = "For now nobody reaches it: the NetworkPolicy lets nobody in.";
    assert!(notes.contains(nobody), "{notes}");
    let service = get(audited, &["service", SERVICE]);
    assert!(service["spec"]["selector"].is_null(), "{service}");
    let pod = Pod::start(&audited.plane, RELEASE, NAME).await;
    job(&world).await;
    let rights = [
        ("Role", world.namespace.as_str(), "paged-mixtap-controller"),
        ("Role", RELEASE, NAME),
    ];
    just_enough(audited, &pod, &rights).await;
    let endpoint = json!({
        "addresses": [IP],
        "conditions": { "ready": true },
        "targetRef": { "kind": "Pod", "namespace": RELEASE, "name": NAME },
    });
    assert_eq!(endpoints(audited), [endpoint]);

    forwarded(audited, &notes);
    bound_to_one_name(&pod);
    for less in ["patch", "create"] {
        with_less(audited, &pod, less).await;
    }
    let warnings = pod.log().matches("can't write its EndpointSlice").count();
    assert_eq!(warnings, 2, "{}", pod.log());
}

/// What the notes say leads to the leader's pod. There is no kubelet here to forward to.
fn forwarded(audited: &Audited, notes: &str) {
    let commands = notes
        .lines()
        .skip_while(|line| !line.starts_with("Its page is at"));
    let commands: Vec<_> = commands.filter(|line| line.starts_with("  ")).collect();
    let script = commands.join("\n").replace("kubectl port-forward", "echo");
    let mut shell = Command::new("sh");
    let kubeconfig = audited.plane.kubeconfig_path();
    shell.args(["-ec", &script]).env("KUBECONFIG", kubeconfig);
    let said = run(shell, "").fine();
    assert_eq!(
        said,
        format!("--namespace {RELEASE} pod/{NAME} 8081\n"),
        "{notes}"
    );
}

/// The service account may make and change no other slice, and read none.
fn bound_to_one_name(pod: &Pod) {
    let slice = |name: &str| {
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": { "name": name, "namespace": RELEASE },
            "addressType": "IPv4",
            "endpoints": [],
        });
        slice.to_string()
    };
    let apply = [
        "apply",
        "--server-side",
        "--validate=false",
        "--dry-run=server",
        "--force-conflicts",
        "--filename=-",
    ];
    kubectl(&pod.kubeconfig, &apply, &slice(SERVICE)).fine();
    let other = kubectl(&pod.kubeconfig, &apply, &slice("other"));
    assert!(
        !other.ok && other.err.contains("forbidden"),
        "{}",
        other.err
    );
    let created = ["create", "--validate=false", "--filename=-"];
    let created = kubectl(&pod.kubeconfig, &created, &slice("other"));
    assert!(
        !created.ok && created.err.contains("forbidden"),
        "{}",
        created.err
    );
    let read = kubectl(&pod.kubeconfig, &["get", "endpointslices"], "");
    assert!(!read.ok && read.err.contains("forbidden"), "{}", read.err);
}

/// Without this verb a deleted slice stays away, and comes back with it.
async fn with_less(audited: &Audited, pod: &Pod, verb: &str) {
    let role = get(audited, &["role", NAME]);
    let mut poorer = role.clone();
    poorer["metadata"]["resourceVersion"].take();
    for rule in poorer["rules"].as_array_mut().expect("rules") {
        if rule["apiGroups"] == json!(["discovery.k8s.io"]) {
            let verbs = rule["verbs"].as_array_mut().expect("verbs");
            verbs.retain(|of| of != verb);
            assert_eq!(verbs.len(), 1);
        }
    }
    let put = |role: &Value| admin(audited, &["replace", "--filename=-"], &role.to_string()).fine();
    put(&poorer);
    let slice = format!("endpointslices.discovery.k8s.io/{SERVICE}");
    let user = format!("--as={}", pod.user);
    let may = || admin(audited, &["auth", "can-i", verb, &slice, &user], "").ok;
    until("less", pod, || !may()).await;
    let forbidden = || audited.asked_by(&pod.user).1.len();
    let before = forbidden();
    admin(audited, &["delete", &slice], "").fine();
    until("refused", pod, || forbidden() >= before + 2).await;
    assert_eq!(endpoints(audited), Vec::<Value>::new());

    let mut whole = role;
    whole["metadata"]["resourceVersion"].take();
    put(&whole);
    until("back", pod, || endpoints(audited).len() == 1).await;
}
