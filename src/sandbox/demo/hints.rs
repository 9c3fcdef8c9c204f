//! What to try in a second terminal.

use std::path::Path;

use super::{DemoError, child, examples, stage::Stage, world};

/// Commands for files, ready to be pasted, and the variables that they need; fails where this program
/// can't be found.
pub fn files(folder: &Path, variables: &[(&str, String)]) -> Result<String, DemoError> {
    let program = child::program()?;
    let path = program.parent().unwrap_or(&program).display();
    let path = ("PATH", format!("{path}:$PATH"));
    let exports = [&path].into_iter().chain(variables);
    let exports = exports.map(|(name, value)| format!("  export {name}={value}\n"));
    let here = match folder.is_relative() {
        true => ", in the same folder",
        false => "",
    };
    Ok(format!(
        "\
In a second terminal{here}:

{exports}
  mixtap check -f {folder}    # offline, by the rules of the API server
  mixtap plan -f {folder}     # what a sync would do
  mixtap sync -f {folder}

",
        exports = exports.collect::<String>(),
        folder = folder.display()
    ))
}

/// Commands for a cluster, ready to be pasted.
pub fn cluster(stage: &Stage) -> String {
    format!(
        "
All there. The page for people without kubectl, in a browser:

  http://{page}/

In a second terminal:

  export KUBECONFIG={kubeconfig}
  kubectl get mixtap                        # both kinds; -o wide tells more
  kubectl describe cohortexport power-users
  kubectl wait --for=condition=Ready cohortexport --all

  # Export now instead of at the next slot: the cohort has changed meanwhile.
  kubectl annotate --overwrite cohortexport/cart-drop-off mixtap.dev/requested-at=\"$(date +%s)\"

  # A wrong passcode, as soon as it is there, and the right one again.
  kubectl patch secret quickstart-credentials -p '{{\"stringData\":{{\"passcode\":\"wrong\"}}}}'
  kubectl patch secret quickstart-credentials -p '{{\"stringData\":{{\"passcode\":\"REPLACE-ME\"}}}}'

  kubectl edit cohortexport/cart-drop-off   # say, segmentName: a new segment, and the old one stays
  kubectl apply -f examples/quickstart/     # in the repository: unchanged
  kubectl delete cohortexport/power-users   # its segment stays in CleverTap

  # The plug-in, made in the repository.
  cargo build --release --bin kubectl-mixtap && export PATH=\"$PWD/target/release:$PATH\"
  export MIXTAP_PAGE_URL=http://{page} MIXTAP_CONTROLLER_NAMESPACE=default
  export MIXTAP_ALLOWED_ENDPOINTS={allowed}
  kubectl mixtap status
  kubectl mixtap history cart-drop-off      # what became of its runs
  kubectl mixtap budget                     # queries used and left
  kubectl mixtap why cart-drop-off {member} --listed

The controller's log: {log}
Ctrl-C here ends all of it; only the API server's build stays, in your cache folder.

",
        kubeconfig = stage.plane.kubeconfig_path().display(),
        page = stage.controller.page,
        allowed = examples::allowed(&stage.sandbox),
        member = world::MEMBER,
        log = stage.home.log().display()
    )
}
