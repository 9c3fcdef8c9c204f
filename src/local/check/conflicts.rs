//! Objects that can't all be had: of one name, or writing one segment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::finding::{By, Findings};
use super::object::part;
use super::references::Connectors;
use crate::api::{CleverTapConnectorSpec, CohortExportSpec};
use crate::domain::validate::{self, Rules};
use crate::domain::{CohortRef, ConnectorPlan, Destination, segment};
use crate::local::manifests::{Document, KINDS};

/// The field of a name that two objects have.
pub const NAME: &str = "metadata.name";

/// The objects seen so far, by what only one of them may have.
pub struct Conflicts<'r> {
    connectors: &'r Connectors<'r>,
    rules: &'r Rules,
    names: HashMap<(&'r str, &'r str, &'r str), &'r Document>,
    segments: HashMap<Destination, &'r Document>,
}

impl<'r> Conflicts<'r> {
    pub fn new(connectors: &'r Connectors<'r>, rules: &'r Rules) -> Self {
        Self {
            connectors,
            rules,
            names: HashMap::new(),
            segments: HashMap::new(),
        }
    }

    /// Notes that an object before has this one's name.
    pub fn name(&mut self, document: &'r Document, found: &mut Findings) {
        let name = (document.kind(), document.namespace(), document.name());
        if document.name().is_empty() {
            return;
        }
        match self.names.entry(name) {
            Entry::Vacant(place) => {
                place.insert(document);
            }
            Entry::Occupied(other) => {
                let must = format!(
                    "must be the name of one {} in namespace {} only; {} has it too",
                    document.kind(),
                    document.namespace(),
                    place(other.get())
                );
                found.add(By::Others, NAME, must);
            }
        }
    }

    /// Notes that an export before writes this one's segment. A suspended export writes none.
    pub fn segment(&mut self, document: &'r Document, found: &mut Findings) {
        let Some(list) = self.list(document) else {
            return;
        };
        match self.segments.entry(list) {
            Entry::Vacant(place) => {
                place.insert(document);
            }
            Entry::Occupied(other) => {
                let other = other.get();
                let must = format!(
                    "must be a segment that no other export writes in this CleverTap project; \
                     {other} ({}) does",
                    place(other)
                );
                found.add(By::Others, "spec.segmentName", must);
            }
        }
    }

    /// The list that an export writes, where its name can be known without asking Mixpanel.
    fn list(&self, document: &Document) -> Option<Destination> {
        let export = document.kind() == KINDS[1];
        let spec: CohortExportSpec = part(document, "").filter(|_| export)?;
        let plan = validate::export(&spec, true, self.rules).ok()?;
        if plan.suspended {
            return None;
        }
        let segment = match (plan.segment_name, plan.cohort) {
            (Some(name), _) => name,
            (None, CohortRef::Name(cohort)) => default_name(&cohort)?,
            (None, CohortRef::Id(_)) => return None,
        };
        let (namespace, name) = (document.namespace(), &spec.connector_ref.name);
        Some(match self.connector(namespace, name) {
            Some(connector) => connector.destination(&segment),
            // Wherever it is, all who name it write to its project.
            None => Destination {
                host: String::new(),
                project: format!("{namespace}/{name}"),
                segment,
            },
        })
    }

    fn connector(&self, namespace: &str, name: &str) -> Option<ConnectorPlan> {
        let found = self.connectors.get(namespace, name);
        let spec: CleverTapConnectorSpec = part(found?, "")?;
        validate::connector(&spec, self.rules).ok()
    }
}

/// The name that a cohort of this name gives a segment, where that doesn't depend on its id.
fn default_name(cohort: &str) -> Option<String> {
    let name = segment::default_name(cohort, 1);
    (name == segment::default_name(cohort, 2)).then_some(name)
}

fn place(document: &Document) -> String {
    format!("{}:{}", document.file, document.at("").line)
}
