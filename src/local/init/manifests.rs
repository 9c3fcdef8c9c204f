//! The manifests: a file for the connector, and one for each export.

use std::fmt::Write;

use super::{
    Answers, Kept,
    listing::Listed,
    names,
    yaml::{comment, scalar},
};
use crate::{api::SyncType, domain::segment::default_name, mixpanel::Cohort};

pub(super) const CONNECTOR: &str = "connector";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the folder.
    pub name: String,
    pub text: String,
}

/// The connector's file and one for each chosen cohort, named after its object.
/// What is there already keeps its name and its segment.
pub fn files(answers: &Answers, listed: &Listed, chosen: &[Cohort], kept: &Kept) -> Vec<File> {
    let names = names::of(listed.of_users(), CONNECTOR, &kept.names);
    let file = |name: &str, text| File {
        name: format!("{name}.yaml"),
        text,
    };
    let exports = chosen.iter().map(|cohort| {
        let name = &names[&cohort.id];
        let segment = kept.segments.get(&cohort.id).cloned();
        let segment = segment.unwrap_or_else(|| segment_of(cohort, listed));
        file(name, export(answers, cohort, name, &segment))
    });
    [file(CONNECTOR, connector(answers))]
        .into_iter()
        .chain(exports)
        .collect()
}

/// All of them as the documents of one stream.
pub fn stream(files: &[File]) -> String {
    let texts: Vec<_> = files.iter().map(|file| file.text.trim_end()).collect();
    texts.join("\n---\n")
}

/// The default's name, with the cohort's id where two cohorts have the same: two exports must not
/// write the same segment.
fn segment_of(cohort: &Cohort, listed: &Listed) -> String {
    let name = default_name(&cohort.name, cohort.id);
    let same = |other: &&Cohort| default_name(&other.name, other.id) == name;
    match listed.of_users().filter(same).count() {
        0 | 1 => name,
        _ => default_name(&format!("{} ({})", cohort.name, cohort.id), cohort.id),
    }
}

fn metadata(name: &str, answers: &Answers) -> String {
    let namespace = answers.namespace.as_ref();
    let namespace = namespace.map(|namespace| format!("\n  namespace: {}", scalar(namespace)));
    format!("name: {}{}", scalar(name), namespace.unwrap_or_default())
}

fn connector(answers: &Answers) -> String {
    let spec = &answers.connector;
    let passcode = &spec.passcode_secret_ref;
    let mixpanel = &spec.mixpanel;
    let account = &mixpanel.service_account_secret_ref;
    let mut text = format!(
        "\
# Joins a Mixpanel project to a CleverTap account. The credentials of both are in a Secret of the same
# namespace, which belongs into no repository:
#
#   kubectl create secret generic {secret} \\
#     --from-literal=passcode=... --from-literal=username=... --from-literal=secret=...
apiVersion: mixtap.dev/v1alpha1
kind: CleverTapConnector
metadata:
  {metadata}
spec:
  # CleverTap's Project ID, and where the account lives.
  projectId: {project}
  datacenter: {datacenter}

  # CleverTap: Settings > Passcode. Not the SDK token.
  passcodeSecretRef:
    name: {secret}
    key: {key}

  # CleverTap accepts a list first and processes it later. Should that fail, this mailbox is the
  # only place where it says so.
  resultEmail: {email}

  mixpanel:
    projectId: {mixpanel_project}
",
        secret = scalar(&passcode.name),
        metadata = metadata(&answers.export.connector_ref.name, answers),
        project = scalar(&spec.project_id),
        datacenter = written(&spec.datacenter),
        key = scalar(&passcode.key),
        email = scalar(&spec.result_email),
        mixpanel_project = mixpanel.project_id,
    );
    if let Some(workspace) = mixpanel.workspace_id {
        let _ = writeln!(text, "    workspaceId: {workspace}");
    }
    let _ = write!(
        text,
        "    region: {region}

    # A service account with the role Analyst or higher in the project.
    serviceAccountSecretRef:
      name: {secret}
      usernameKey: {username_key}
      secretKey: {secret_key}
",
        region = written(&mixpanel.region),
        secret = scalar(&account.name),
        username_key = scalar(&account.username_key),
        secret_key = scalar(&account.secret_key),
    );
    if let Some(endpoints) = &spec.endpoints {
        text += "
  # In place of the vendors' own; the controller's --allowed-endpoints must list them.
  endpoints:
";
        let named = [
            ("mixpanel", &endpoints.mixpanel),
            ("clevertap", &endpoints.clevertap),
        ];
        for (vendor, url) in named {
            if let Some(url) = url {
                let _ = writeln!(text, "    {vendor}: {}", scalar(url));
            }
        }
    }
    text
}

fn export(answers: &Answers, cohort: &Cohort, name: &str, segment: &str) -> String {
    let spec = &answers.export;
    let (what, often) = match (spec.sync_type, &spec.interval) {
        (SyncType::OneTime, _) => (
            "Exports a Mixpanel cohort to a CleverTap segment once.",
            String::new(),
        ),
        (SyncType::Dynamic, interval) => (
            "Keeps a CleverTap segment equal to a Mixpanel cohort.",
            interval.as_ref().map_or_else(String::new, |interval| {
                format!("  interval: {}\n", interval.0)
            }),
        ),
    };
    format!(
        "\
# {what}
apiVersion: mixtap.dev/v1alpha1
kind: CohortExport
metadata:
  {metadata}
spec:
  # In the same namespace.
  connectorRef:
    name: {connector}

  # {cohort_name}
  cohort:
    id: {id}

  syncType: {sync_type}
{often}
  # A segment of this name is overwritten by each export.
  segmentName: {segment}
",
        metadata = metadata(name, answers),
        connector = scalar(&spec.connector_ref.name),
        cohort_name = comment(&format!("The cohort {:?} of Mixpanel.", cohort.name)),
        id = cohort.id,
        sync_type = spec.sync_type.as_str(),
        segment = scalar(segment),
    )
}

/// An enumeration as the API writes it.
fn written(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
