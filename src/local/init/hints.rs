//! What to do with the manifests, told to a person.

use std::path::Path;

use super::Answers;
use crate::{
    api::{DurationString, SyncType},
    domain::{ConnectorPlan, ExportPlan},
    local::secrets,
};

/// Whether the query budget permits what was chosen, and commands ready to be pasted.
pub fn text(
    answers: &Answers,
    plans: &(ConnectorPlan, ExportPlan),
    folder: Option<&Path>,
    exports: usize,
) -> String {
    let budget = budget(plans, exports as u64).unwrap_or_default();
    let Some(folder) = folder else {
        return budget;
    };
    let namespace = answers.namespace.as_deref();
    let flag = namespace.map_or_else(String::new, |name| format!(" -n {name}"));
    let folder = folder.display();
    let spec = &answers.connector;
    let secret = &spec.passcode_secret_ref.name;
    let variables = secrets::variables(namespace.unwrap_or("default"), spec);
    let exports = variables.map(|name| format!("  export {name}=...\n"));
    format!(
        "{budget}
Next: put these files under version control, and the credentials where they are looked for.

  mixtap check -f {folder}

On a cluster, by the controller:

  kubectl create secret generic {secret}{flag} \\
    --from-literal=passcode=... --from-literal=username=... --from-literal=secret=...
  kubectl apply{flag} -f {folder}

Without one, from here or a pipeline:

{exports}  mixtap plan -f {folder}
  mixtap sync -f {folder}
",
        exports = exports.concat(),
    )
}

/// A word of warning where the exports ask for more queries than the connector may use.
fn budget((connector, export): &(ConnectorPlan, ExportPlan), exports: u64) -> Option<String> {
    let interval = export.interval.as_secs().unsigned_abs().max(1);
    let share = u64::from(connector.queries_per_hour);
    let stretched = (exports * 3600).div_ceil(share);
    let too_many = export.sync_type == SyncType::Dynamic && stretched > interval;
    too_many.then(|| {
        let cycle = DurationString::about(stretched).0;
        format!(
            "\nOf the 60 queries that Mixpanel answers an hour and project, the connector uses {share}, \
             and each export of\na cohort takes one. {exports} exports share them: each runs about \
             every {cycle}.\n"
        )
    })
}
