//! A plane whose API server writes down who asked it for what, and what it answered.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use mixtap::sandbox::cluster::{Assets, Need, Plane, PlaneOptions};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::plane;

const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
";

pub struct Audited {
    pub plane: Plane,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

/// One with our CRDs established, for all tests that watch namespaces of their own.
pub async fn shared() -> Option<&'static Audited> {
    static SHARED: OnceCell<Option<Audited>> = OnceCell::const_new();
    SHARED.get_or_init(with_crds).await.as_ref()
}

/// One for a test alone. It lives until the process ends.
pub async fn own() -> Option<&'static Audited> {
    Some(Box::leak(Box::new(with_crds().await?)))
}

async fn with_crds() -> Option<Audited> {
    let audited = start().await?;
    plane::apply_crds(&plane::client(audited.plane.kubeconfig_yaml()).await).await;
    Some(audited)
}

/// A cluster without our CRDs. `None` where no API server can be had: the test is to return, and has
/// said so.
pub async fn start() -> Option<Audited> {
    match Audited::start().await {
        Ok(audited) => Some(audited),
        Err(reason) => {
            plane::skip(&reason);
            None
        }
    }
}

/// What an RBAC rule grants or a request asks for: verb, API group, resource with its subresource.
pub type Right = (String, String, String);

impl Audited {
    async fn start() -> Result<Self, String> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let assets = Assets::find(Need::ControllerManager, &plane::say)
            .await
            .map_err(|e| e.to_string())?;
        let log = folder.path().join("audit.log");
        let policy = folder.path().join("policy.yaml");
        fs::write(&policy, POLICY).map_err(|e| e.to_string())?;
        // The plane's own flags, and these.
        let script = folder.path().join("kube-apiserver");
        let text = format!(
            "#!/bin/sh\nexec '{}' \"$@\" --audit-policy-file='{}' --audit-log-path='{}'\n",
            assets.apiserver.display(),
            policy.display(),
            log.display()
        );
        fs::write(&script, text).map_err(|e| e.to_string())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700))
            .map_err(|e| e.to_string())?;
        let plane = Plane::start(PlaneOptions {
            assets: Assets {
                apiserver: script,
                ..assets
            },
            guard: env!("CARGO_BIN_EXE_mixtap").into(),
            dir: None,
            with_controller_manager: true,
        });
        let plane = plane.await.map_err(|e| e.to_string())?;
        Ok(Self {
            plane,
            log,
            _folder: folder,
        })
    }

    /// What a user asked for and was granted, and what was forbidden.
    pub fn asked_by(&self, user: &str) -> (BTreeSet<Right>, Vec<Value>) {
        let (mut granted, mut forbidden) = (BTreeSet::new(), Vec::new());
        let log = fs::read_to_string(&self.log).expect("the audit log");
        for line in log.lines() {
            // The last one may be half written.
            let Ok(entry) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            if entry["user"]["username"] != user {
                continue;
            }
            if entry["responseStatus"]["code"] == 403 {
                forbidden.push(entry);
            } else if entry["objectRef"].is_object() {
                let asked = right(&entry);
                // A patch that makes its object needs the right to do so.
                if asked.0 == "patch" && entry["responseStatus"]["code"] == 201 {
                    granted.insert(("create".to_owned(), asked.1.clone(), asked.2.clone()));
                }
                granted.insert(asked);
            }
        }
        (granted, forbidden)
    }
}

fn right(entry: &Value) -> Right {
    let text = |name: &str| entry["objectRef"][name].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        sub => format!("{}/{sub}", text("resource")),
    };
    let verb = entry["verb"].as_str().unwrap_or_default();
    (verb.to_owned(), text("apiGroup").to_owned(), resource)
}
