//! The local control plane: it serves, it cleans up, and it never outlives its starter.

#[path = "common/plane.rs"]
mod shared;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::{ConfigMap, Namespace, ServiceAccount},
};
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::json;
use shared::{client, namespace, shared};
use tokio::time::{sleep, timeout};

const MIXTAP: &str = env!("CARGO_BIN_EXE_mixtap");
const WITHIN: Duration = Duration::from_secs(60);

async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let awaited = async {
        while !condition().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(WITHIN, awaited)
        .await
        .unwrap_or_else(|_| panic!("not within {WITHIN:?}: {what}"));
}

fn config_map(value: &str) -> ConfigMap {
    let map = json!({"metadata": {"name": "a"}, "data": {"key": value}});
    serde_json::from_value(map).unwrap()
}

async fn key_of(maps: &Api<ConfigMap>) -> Option<String> {
    maps.get_opt("a").await.unwrap()?.data?.remove("key")
}

/// How many processes name this folder on their command line: guards and programs.
fn processes_of(dir: &Path) -> usize {
    let dir = dir.to_str().unwrap();
    let names_it = |entry: fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(dir).then_some(())
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(names_it)
        .count()
}

#[tokio::test]
async fn objects_live_and_a_deleted_namespace_goes_away_with_them() {
    let Some(plane) = shared().await else { return };
    let client = client(plane.kubeconfig_yaml()).await;
    assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
    let name = namespace(&client, "crud").await;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &name);
    maps.create(&PostParams::default(), &config_map("one"))
        .await
        .unwrap();
    let patch = Patch::Merge(json!({"data": {"key": "two"}}));
    maps.patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_eq!(key_of(&maps).await.as_deref(), Some("two"));
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(key_of(&maps).await, None);

    maps.create(&PostParams::default(), &config_map("three"))
        .await
        .unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    namespaces
        .delete(&name, &DeleteParams::default())
        .await
        .unwrap();
    eventually("the namespace is gone", async || {
        namespaces.get_opt(&name).await.unwrap().is_none()
    })
    .await;
    assert_eq!(key_of(&maps).await, None);
}

#[tokio::test]
async fn service_accounts_get_tokens_and_other_users_only_what_rbac_grants() {
    let Some(plane) = shared().await else { return };
    let admin = client(plane.kubeconfig_yaml()).await;
    let name = namespace(&admin, "rbac").await;
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), &name);
    eventually("the default service account", async || {
        accounts.get_opt("default").await.unwrap().is_some()
    })
    .await;
    let request = TokenRequest {
        spec: Some(TokenRequestSpec::default()),
        ..Default::default()
    };
    let answer = accounts
        .create_token_request("default", &PostParams::default(), &request)
        .await
        .unwrap();
    assert_eq!(answer.status.unwrap().token.unwrap().split('.').count(), 3);

    let somebody = plane.kubeconfig_for("somebody", Some("readers")).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client(&somebody).await, &name);
    let forbidden = async || match maps.get_opt("a").await {
        Err(kube::Error::Api(status)) => status.code == 403,
        Ok(_) => false,
        Err(error) => panic!("{error}"),
    };
    assert!(forbidden().await);
    grant(&admin, &name, "readers").await;
    eventually("the group may read", async || !forbidden().await).await;
}

async fn grant(admin: &Client, namespace: &str, group: &str) {
    let binding = serde_json::from_value(json!({
        "metadata": {"name": group},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }));
    Api::<k8s_openapi::api::rbac::v1::RoleBinding>::namespaced(admin.clone(), namespace)
        .create(&PostParams::default(), &binding.unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_api_server_that_went_away_returns_with_its_port_and_data_beside_another_plane() {
    let Some(other) = shared().await else { return };
    let own = shared::start().await.unwrap();
    let (dir, kubeconfig) = (own.dir().to_owned(), own.kubeconfig_yaml());
    assert_eq!(
        fs::read_to_string(own.kubeconfig_path()).unwrap(),
        kubeconfig
    );
    let maps: Api<ConfigMap> = Api::namespaced(client(kubeconfig).await, "default");
    maps.create(&PostParams::default(), &config_map("own"))
        .await
        .unwrap();

    own.stop_apiserver();
    assert!(maps.get("a").await.is_err());
    let others: Api<ConfigMap> = Api::namespaced(client(other.kubeconfig_yaml()).await, "default");
    assert_eq!(key_of(&others).await, None);

    own.start_apiserver().await.unwrap();
    let again: Api<ConfigMap> = Api::namespaced(client(kubeconfig).await, "default");
    assert_eq!(key_of(&again).await.as_deref(), Some("own"));

    assert_eq!(processes_of(&dir), 6, "three programs and their guards");
    drop(own);
    assert_eq!(processes_of(&dir), 0);
    assert!(!dir.exists());
}

/// It starts itself once more, to be killed: the other one holds a plane and says where.
#[tokio::test]
async fn a_killed_parent_leaves_nothing_behind() {
    const NAME: &str = "a_killed_parent_leaves_nothing_behind";
    const HOLDER: &str = "MIXTAP_TEST_PLANE_HOLDER";
    if let Some(file) = std::env::var_os(HOLDER) {
        let plane = shared::start().await.unwrap();
        fs::write(file, plane.dir().to_str().unwrap()).unwrap();
        return std::future::pending().await;
    }
    if shared().await.is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dir");
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(HOLDER, &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = async || fs::read_to_string(&file).ok().filter(|dir| !dir.is_empty());
    eventually("the other process has a plane", async || {
        assert!(holder.try_wait().unwrap().is_none(), "the holder failed");
        told().await.is_some()
    })
    .await;
    let dir = PathBuf::from(told().await.unwrap());
    assert_eq!(processes_of(&dir), 6);
    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually("its programs are gone", async || processes_of(&dir) == 0).await;
    eventually("and their folder", async || !dir.exists()).await;
}

fn guard(args: &[&str]) -> Child {
    Command::new(MIXTAP)
        .arg("guard")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_guard_ends_as_its_program_does() {
    for (command, code) in [("exit 7", 7), ("kill -KILL $$", 137)] {
        let mut guard = guard(&["--", "sh", "-c", command]);
        // `wait` would close it first.
        let _input = guard.stdin.take();
        assert_eq!(guard.wait().unwrap().code(), Some(code), "{command}");
    }
    assert_eq!(
        guard(&["--", "/no/such/program"]).wait().unwrap().code(),
        Some(127)
    );
}

#[test]
fn a_guard_passes_sigterm_on() {
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut guard = guard(&["--", "sh", "-c", script]);
    let _input = guard.stdin.take();
    let mut line = String::new();
    BufReader::new(guard.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    let pid = rustix::process::Pid::from_child(&guard);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(guard.wait().unwrap().code(), Some(9));
}

#[test]
fn a_guard_kills_at_the_end_of_its_input_and_removes_the_scratch_folder() {
    let scratch = tempfile::tempdir().unwrap().keep();
    let mut guard = guard(&[
        "--scratch",
        scratch.to_str().unwrap(),
        "--",
        "sleep",
        "1000",
    ]);
    drop(guard.stdin.take());
    // The program holds the other end of the output: this ends only when it is dead.
    guard
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut Vec::new())
        .unwrap();
    assert_eq!(guard.wait().unwrap().code(), Some(0));
    assert!(!scratch.exists());
}
