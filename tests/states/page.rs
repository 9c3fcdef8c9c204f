//! `docs/states.md`: what the tools that people wait by decide for each state. The other tests hold
//! the tools themselves to it.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use mixtap::api::conditions::{READY, RECONCILING, STALLED};
use serde_json::Value;

use crate::argo_cd;
use crate::corpus::{KINDS, condition, states};

const INTRODUCTION: &str = "# States

Written by a test from recorded objects: `UPDATE_DOCS=1 cargo test --test states`.

Every state that the integration tests reach, and what is decided by it. A state has the name of its
own condition's reason (`Connected` or `Synced`), after that of `Ready` where `Ready` says something
else: `suspended-after-synced`. Behind a name is the whole object as `kubectl get -o yaml` shows it,
with made-up names and times. Further words in a name:

| Word | Meaning |
|---|---|
| `running` | A run is under way (`status.currentRun`) that leaves the conditions as they are. |
| `stretched` | The query budget permits fewer runs than asked for: a condition of its own, no failure. |
| `often` | Five failures in a row or more (`status.consecutiveFailures`). |
| `by-connector` | The connector is suspended, not the export. |
| `changed` | The spec was changed, and the controller hasn't looked at it yet. |
| `to-suspend`, `to-resume` | The same, where `spec.suspend` was changed. |

Who decides how:

- **`kubectl wait --for=condition=Ready`** ends at once where the table says *met*; otherwise it waits
  until `Ready` is True for the object's own generation, or its `--timeout` is over. It knows no failure.
- **kstatus** says `Current` where all is done, `InProgress` where that may come by itself, and `Failed`
  where a person must act.
- **Flux** decides by kstatus: a Kustomization with `wait: true` goes on once all objects are `Current`,
  ends at the first `Failed` one, and waits for those `InProgress` until its `timeout`.
- **Helm 4** decides by kstatus with `--wait`: it waits while an object is `InProgress`, no longer than
  `--timeout`, and fails where one is `Failed`. **Helm 3** takes every custom resource for ready at once.
- **Argo CD** shows the health that `examples/argocd/` teaches it ([Argo CD](argocd.md#health)).
";

/// What kstatus is to say.
pub fn kstatus(object: &Value) -> &'static str {
    let seen = &object["status"]["observedGeneration"];
    if *seen != object["metadata"]["generation"] || condition(object, RECONCILING).is_some() {
        "InProgress"
    } else if condition(object, STALLED).is_some() {
        "Failed"
    } else {
        "Current"
    }
}

/// Whether `kubectl wait --for=condition=Ready` is to end at once.
pub fn is_met(object: &Value) -> bool {
    let ready = condition(object, READY);
    ready.is_some_and(|ready| {
        ready["status"] == "True" && ready["observedGeneration"] == object["metadata"]["generation"]
    })
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for kind in KINDS {
        let head = "| State | Ready | kstatus | `kubectl wait` | Argo CD |\n|---|---|---|---|---|";
        writeln!(page, "\n## {kind}\n\n{head}").unwrap();
        for state in states(kind) {
            let (name, object) = (&state.name, &state.object);
            let ready = condition(object, READY)
                .map_or("-", |ready| ready["status"].as_str().expect("a status"));
            let kubectl = if is_met(object) { "met" } else { "waits" };
            let kstatus = kstatus(object);
            let link = format!("[{name}](../tests/states/{kind}/{name}.yaml)");
            let argo_cd = argo_cd::health(object);
            writeln!(
                page,
                "| {link} | {ready} | {kstatus} | {kubectl} | {argo_cd} |"
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn the_page_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/states.md");
    let wanted = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap_or_default() == wanted,
        "docs/states.md is stale: run `UPDATE_DOCS=1 cargo test --test states`"
    );
}
