//! `examples/argocd/argocd-cm.yaml` holds the Lua of `examples/argocd/resource_customizations/`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::customizations::{KINDS, actions, folder};

const HEAD: &str = "\
# Teaches Argo CD the health of both kinds, and their actions. Made from resource_customizations/ by
# `UPDATE_DOCS=1 cargo test --test argocd`.
#
#   kubectl patch configmap argocd-cm --namespace argocd --patch-file argocd-cm.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
data:
";

pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/argocd/argocd-cm.yaml")
}

/// A script as a block of YAML.
fn block(file: &Path, indent: usize) -> String {
    let script = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("{:indent$}{line}\n", ""),
    };
    script.lines().map(line).collect()
}

fn wanted() -> String {
    let mut text = HEAD.to_owned();
    for kind in KINDS {
        let folder = folder(kind);
        text += &format!("  resource.customizations.health.mixtap.dev_{kind}: |\n");
        text += &block(&folder.join("health.lua"), 4);
        text += &format!("  resource.customizations.actions.mixtap.dev_{kind}: |\n");
        text += "    discovery.lua: |\n";
        text += &block(&folder.join("actions/discovery.lua"), 6);
        text += "    definitions:\n";
        for action in actions(kind) {
            text += &format!("      - name: {action}\n        action.lua: |\n");
            text += &block(&folder.join(format!("actions/{action}/action.lua")), 10);
        }
    }
    text
}

#[test]
fn the_config_map_holds_the_scripts() {
    let (file, wanted) = (path(), wanted());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap_or_default() == wanted,
        "argocd-cm.yaml is stale: run `UPDATE_DOCS=1 cargo test --test argocd config_map`"
    );
}
