//! An API server with helm and kubectl at hand.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{
    audit::{self, Audited},
    commands::{Said, helm, kubectl, run_helm},
};

/// A cluster of the test's own, without our CRDs.
pub struct Cluster {
    pub audited: Audited,
    pub helm: &'static Path,
}

impl Cluster {
    pub async fn start() -> Option<Self> {
        let helm = helm().await?;
        let audited = audit::start().await?;
        Some(Self { audited, helm })
    }

    pub fn kubectl(&self, args: &[&str]) -> Said {
        kubectl(&self.audited.plane.kubeconfig_path(), args, "")
    }

    pub fn helm(&self, args: &[&str]) -> Said {
        let args = [args, &["--namespace", "mixtap"]].concat();
        run_helm(self.helm, &self.audited.plane.kubeconfig_path(), &args, "")
    }

    pub fn get(&self, args: &[&str]) -> Value {
        let said = self
            .kubectl(&[&["get", "--output=json"], args].concat())
            .fine();
        serde_json::from_str(&said).expect("JSON")
    }

    /// Of every object of the release and of the CRDs: its name and what it was made from.
    pub fn versions(&self) -> BTreeMap<String, String> {
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
