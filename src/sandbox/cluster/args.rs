//! The flags of the programs.

use std::path::Path;

use super::files::Files;

/// Enough for namespaces that go away and for children of deleted objects.
const CONTROLLERS: &str = "garbage-collector-controller,namespace-controller,\
    serviceaccount-controller,root-ca-certificate-publisher-controller,\
    clusterrole-aggregation-controller";

/// Quick to be ready, and as forgetful as a plane may be: nothing is synced to disk.
pub(super) fn etcd(dir: &Path, client: u16, peer: u16) -> Vec<String> {
    vec![
        format!("--data-dir={}", dir.join("etcd").display()),
        format!("--listen-client-urls=http://127.0.0.1:{client}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        "--unsafe-no-fsync".into(),
        "--heartbeat-interval=20".into(),
        "--election-timeout=100".into(),
    ]
}

pub(super) fn apiserver(files: &Files, etcd: u16, port: u16) -> Vec<String> {
    vec![
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        // A loopback address isn't allowed as an endpoint.
        "--endpoint-reconciler-type=none".into(),
        format!("--secure-port={port}"),
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        "--authorization-mode=RBAC".into(),
        "--disable-admission-plugins=ServiceAccount".into(),
        "--allow-privileged=true".into(),
        format!("--client-ca-file={}", files.authority.display()),
        format!("--tls-cert-file={}", files.server.display()),
        format!("--tls-private-key-file={}", files.server_key.display()),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={}", files.tokens.display()),
        format!(
            "--service-account-signing-key-file={}",
            files.tokens_key.display()
        ),
    ]
}

pub(super) fn controller_manager(files: &Files, port: u16) -> Vec<String> {
    vec![
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        format!("--kubeconfig={}", files.manager.display()),
        "--leader-elect=false".into(),
        "--use-service-account-credentials=true".into(),
        "--authentication-skip-lookup=true".into(),
        format!("--tls-cert-file={}", files.server.display()),
        format!("--tls-private-key-file={}", files.server_key.display()),
        format!("--root-ca-file={}", files.authority.display()),
        format!(
            "--service-account-private-key-file={}",
            files.tokens_key.display()
        ),
        format!("--controllers={CONTROLLERS}"),
    ]
}
