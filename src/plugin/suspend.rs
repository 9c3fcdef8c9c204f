//! `suspend` and `resume`: `spec.suspend`, in the caller's name.

use std::fmt::Debug;
use std::str::FromStr;

use kube::Resource;
use kube::api::{Api, Patch};
use kube::core::NamespaceResourceScope;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::cli::Format;
use super::output;
use crate::api::{CleverTapConnector, CohortExport};
use crate::cluster::{Cluster, Error, call, patching};
use crate::config::object_name;

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
            return object_name(text).map(Self::Export);
        };
        // As kubectl takes them: singular, plural and short names.
        match kind {
            "export" | "cohortexport" | "cohortexports" | "cohort" => {
                object_name(name).map(Self::Export)
            }
            "connector" | "clevertapconnector" | "clevertapconnectors" | "ctc" => {
                object_name(name).map(Self::Connector)
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
    call(doing, api.patch(name, &patching(), &patch)).await?;
    Ok(())
}
