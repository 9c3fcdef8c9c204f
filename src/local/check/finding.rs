//! What is wrong with one object, as it is found.

use crate::domain::validate::Problem;

/// Who would refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Every reader: it is no YAML or no object.
    Syntax,
    /// The API server.
    Schema,
    /// The controller: the object would be `InvalidSpec`.
    Controller,
    /// Nobody for itself: it doesn't go together with the other objects.
    Others,
}

/// Something that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub by: By,
    /// Path of the field, such as `spec.interval`; empty for the object.
    pub field: String,
    /// What must hold. It never repeats a value.
    pub must: String,
}

#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Notes what must hold of a field, unless something is noted of it already.
    pub fn add(&mut self, by: By, field: &str, must: impl Into<String>) {
        if !self.0.iter().any(|known| known.field == field) {
            self.0.push(Finding {
                by,
                field: field.to_owned(),
                must: must.into(),
            });
        }
    }

    /// Notes what `domain` found. It speaks more plainly than a schema of the same field.
    pub fn merge(&mut self, problem: Problem) {
        let known = self.0.iter_mut().find(|known| known.field == problem.field);
        match known {
            Some(known) => known.must = problem.must,
            None => self.add(By::Controller, &problem.field, problem.must),
        }
    }
}
