//! Everything that is wrong with manifests, before any API server or vendor sees them.
//!
//! ```text
//! reading ─> each object   kinds, schema, metadata   what the API server would refuse
//!                          domain/validate           what the controller would refuse
//!         ─> together      references, conflicts     what doesn't go together
//!         ─> report        every problem with its place
//! ```

mod conflicts;
mod finding;
mod kinds;
mod metadata;
mod object;
mod pattern;
mod references;
mod report;
mod schema;

use serde::Serialize;

pub use finding::By;
pub use report::{Format, Report};

use self::conflicts::Conflicts;
use self::finding::{Finding, Findings};
use self::kinds::Kinds;
use self::references::Connectors;
use super::manifests::{Document, Fault, Position, Reading};
use crate::domain::validate::Rules;

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    pub file: String,
    /// 1-based, like `column`; absent where the file as a whole can't be read.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// `cohortexport/cart-drop-off`; absent where no object could be read.
    pub object: Option<String>,
    pub namespace: Option<String>,
    /// Such as `spec.profileProperties[1]`; empty where it is the object as a whole.
    pub field: String,
    /// What must hold.
    pub must: String,
    pub by: By,
}

impl Problem {
    /// Whether an API server would refuse the object, or have it in place of another of its name.
    fn is_the_servers(&self) -> bool {
        matches!(self.by, By::Syntax | By::Schema) || self.field == conflicts::NAME
    }
}

/// Every problem of what was read. With `partial`, connectors may be elsewhere than in the files.
pub fn check(reading: &Reading, rules: &Rules, partial: bool) -> Vec<Problem> {
    let kinds = Kinds::of_the_crds();
    let connectors = Connectors::of(reading);
    let mut conflicts = Conflicts::new(&connectors, rules);
    let mut problems: Vec<_> = reading.faults.iter().map(unreadable).collect();
    for document in &reading.documents {
        let mut found = object::look(document, &kinds, rules);
        references::look(document, reading, &connectors, partial, &mut found);
        conflicts.name(document, &mut found);
        conflicts.segment(document, &mut found);
        problems.extend(placed(document, found));
    }
    for secret in &reading.secrets {
        let mut found = object::look_at_secret(secret);
        conflicts.name(&secret.document, &mut found);
        problems.extend(placed(&secret.document, found));
    }
    problems.sort();
    problems
}

fn placed(document: &Document, found: Findings) -> impl Iterator<Item = Problem> {
    found.0.into_iter().map(|Finding { by, field, must }| {
        let Position { line, column } = document.at(&field);
        Problem {
            file: document.file.to_string(),
            line: Some(line),
            column: Some(column),
            object: Some(document.to_string()),
            namespace: Some(document.namespace().to_owned()),
            field,
            must,
            by,
        }
    })
}

fn unreadable(fault: &Fault) -> Problem {
    Problem {
        file: fault.file.to_string(),
        line: fault.at.map(|at| at.line),
        column: fault.at.map(|at| at.column),
        object: None,
        namespace: None,
        field: String::new(),
        must: fault.why.clone(),
        by: By::Syntax,
    }
}

#[cfg(test)]
mod tests;
