//! What was read, as the types that everything else works with.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{API_VERSION, Document, Fault, KINDS, Reading, Secret, without_nulls};
use crate::api::{CleverTapConnector, CohortExport};

/// The objects of files, each with the namespace that it is in.
#[derive(Debug)]
pub struct Objects {
    pub connectors: Vec<CleverTapConnector>,
    pub exports: Vec<CohortExport>,
    pub secrets: Vec<Secret>,
}

impl Reading {
    /// The exports among them that can be read.
    pub fn exports(&self) -> impl Iterator<Item = CohortExport> {
        let exports = self.documents.iter().filter(|one| one.kind() == KINDS[1]);
        exports.filter_map(typed)
    }

    /// The objects. `check` says more about what is wrong, and is to come first.
    ///
    /// # Errors
    /// Everything that can't be read, as a file or as an object of its kind.
    pub fn objects(self) -> Result<Objects, Vec<Fault>> {
        let mut faults = self.faults;
        let (mut connectors, mut exports) = (Vec::new(), Vec::new());
        for document in self.documents {
            let read = if document.kind() == KINDS[0] {
                typed(&document).map(|connector| connectors.push(connector))
            } else {
                typed(&document).map(|export| exports.push(export))
            };
            if read.is_none() {
                faults.push(Fault {
                    file: document.file.clone(),
                    at: Some(document.at("")),
                    why: format!("{document} must be valid: `mixtap check` says where it isn't"),
                });
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Objects {
            connectors,
            exports,
            secrets: self.secrets,
        })
    }
}

fn typed<T: DeserializeOwned>(document: &Document) -> Option<T> {
    let known = document.api_version() == API_VERSION && KINDS.contains(&document.kind());
    if !known {
        return None;
    }
    let mut value = without_nulls(&document.value);
    // It is the server's to say, so that a file's may be anything.
    value.as_object_mut()?.remove("status");
    let metadata = value.get_mut("metadata").and_then(Value::as_object_mut)?;
    metadata.insert("namespace".to_owned(), document.namespace().into());
    serde_json::from_value(value).ok()
}
