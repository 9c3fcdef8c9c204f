//! The Lua over every state that the integration tests reach, as `kubectl get -o yaml` shows it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::Overrides;
use crate::customizations::{KINDS, read};
use crate::documented;

#[tokio::test]
async fn argo_cd_decides_as_documented() {
    let Some(argocd) = Overrides::new().await else {
        return;
    };
    let states = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states");
    for kind in KINDS {
        let mut met = BTreeSet::new();
        for entry in fs::read_dir(states.join(kind)).expect("recorded states") {
            let file = entry.expect("a file").path();
            let object: Value = read(&file);
            let (status, message) = argocd.health(&object);
            let wanted = documented::health(&object);
            assert_eq!(status, wanted, "{}: {message}", file.display());
            met.insert(status);
        }
        assert_eq!(met.len(), 4, "{kind}: every health, not just {met:?}");
    }
}
