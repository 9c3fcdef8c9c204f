//! What earlier manifests of the folder call a cohort's export. Were it called anything else now that
//! another cohort has the same name, the cohort would be exported twice.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::{Answers, manifests::CONNECTOR};
use crate::api::CohortExport;
use crate::local::manifests::{self, NAMESPACE};

/// By the cohort's id.
#[derive(Debug, Default)]
pub struct Kept {
    pub names: HashMap<i64, String>,
    pub segments: HashMap<i64, String>,
}

impl Kept {
    /// The exports in this folder, but not in those below it, that go by the connector of these
    /// answers. What can't be read is none.
    pub fn read(folder: &Path, answers: &Answers) -> Self {
        let paths = fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = paths.map(|entry| entry.path());
        let mut paths: Vec<_> = paths
            .filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "yaml"))
            .collect();
        paths.sort();
        let mut kept = Self::default();
        for export in manifests::read(&paths, &mut io::empty()).exports() {
            if is_same(&export, answers) {
                kept.add(export);
            }
        }
        kept
    }

    fn add(&mut self, export: CohortExport) {
        let free = |name: &String| !self.names.values().any(|other| other == name);
        let name = export.metadata.name;
        let name = name.filter(|name| is_file_name(name) && free(name));
        let cohort = export.spec.cohort.id;
        let cohort = cohort.filter(|cohort| !self.names.contains_key(cohort));
        let (Some(cohort), Some(name)) = (cohort, name) else {
            return;
        };
        self.names.insert(cohort, name);
        let segment = export.spec.segment_name;
        self.segments
            .extend(segment.map(|segment| (cohort, segment)));
    }
}

fn is_same(export: &CohortExport, answers: &Answers) -> bool {
    let namespace = answers.namespace.as_deref().unwrap_or(NAMESPACE);
    export.metadata.namespace.as_deref() == Some(namespace)
        && export.spec.connector_ref.name == answers.export.connector_ref.name
}

/// Whether a file of this name stays in its folder, and isn't the connector's.
fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    name.bytes().all(plain) && !name.starts_with('.') && !name.is_empty() && name != CONNECTOR
}
