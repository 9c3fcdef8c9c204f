//! `suspend` and `resume`: `spec.suspend`, in the caller's name.

use std::fmt::Debug;
use std::str::FromStr;

use kube::api::{Api, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::cli::Format;
use super::output;
use crate::api::{CleverTapConnector, CohortExport};
use crate::cluster::{Cluster, Error, call};

/// Who owns the field then, as `kubectl` does by its own name.
const FIELD_MANAGER: &str = "kubectl-mixtap";

/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Export(String),
    Connector(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((kind, name)) = text.split_once('/') else {
            return Ok(Self::Export(text.to_owned()));
        };
        // As kubectl takes them: singular, plural and short names.
        match kind {
            "export" | "cohortexport" | "cohortexports" | "cohort" => {
                Ok(Self::Export(name.to_owned()))
            }
            "connector" | "clevertapconnector" | "clevertapconnectors" | "ctc" => {
                Ok(Self::Connector(name.to_owned()))
            }
            _ => Err("must be NAME of an export, or connector/NAME".to_owned()),
        }
    }
}

/// The command.
pub async fn run(
    cluster: &Cluster,
    target: &Target,
    suspend: bool,
    format: Format,
) -> Result<String, Error> {
    let (kind, name, before) = match target {
        Target::Export(name) => {
            let before = cluster.export(name).await?.spec.suspend;
            ("cohortexport", name, before)
        }
        Target::Connector(name) => {
            let before = cluster.connector(name).await?.spec.suspend;
            ("clevertapconnector", name, before)
        }
    };
    let changed = before.unwrap_or(false) != suspend;
    if changed {
        let doing = format!("change {kind}/{name} in namespace {}", cluster.namespace);
        match target {
            Target::Export(_) => set::<CohortExport>(cluster.api(), name, suspend, &doing).await?,
            Target::Connector(_) => {
                set::<CleverTapConnector>(cluster.api(), name, suspend, &doing).await?;
            }
        }
    }
    let what = if suspend { "suspended" } else { "resumed" };
    Ok(match format {
        Format::Json => output::json(&json!({
            "kind": kind, "namespace": cluster.namespace, "name": name,
            "suspend": suspend, "changed": changed,
        })),
        Format::Table if changed => format!("{kind}/{name} {what}\n"),
        Format::Table if suspend => format!("{kind}/{name} is suspended already\n"),
        Format::Table => format!("{kind}/{name} isn't suspended\n"),
    })
}

/// `false` isn't removed: a manifest that says so would differ from an object without it.
async fn set<K>(api: Api<K>, name: &str, suspend: bool, doing: &str) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let patch = Patch::Merge(json!({ "spec": { "suspend": suspend } }));
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patched = call(doing, api.patch(name, &params, &patch)).await?;
    debug_assert_eq!(patched.name_any(), name);
    Ok(())
}
