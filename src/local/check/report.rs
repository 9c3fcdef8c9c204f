//! Every problem, for people or for machines.

use std::fmt::Write;

use serde::Serialize;

use super::{Problem, check};
use crate::domain::printable;
use crate::domain::validate::Rules;
use crate::local::manifests::{KINDS, Reading};

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line a problem, as compilers write them
    Text,
    Json,
}

/// What came of a check.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether there is something to apply, and no problem with it.
    pub valid: bool,
    pub connectors: usize,
    pub exports: usize,
    pub secrets: usize,
    pub problems: Vec<Problem>,
}

impl Report {
    /// Checks what was read.
    pub fn of(reading: &Reading, rules: &Rules, partial: bool) -> Self {
        Self::new(reading, check(reading, rules, partial))
    }

    /// Only what no API server would take; the rest concerns one export or another.
    pub fn of_the_server(reading: &Reading, rules: &Rules) -> Self {
        let mut problems = check(reading, rules, true);
        problems.retain(Problem::is_the_servers);
        Self::new(reading, problems)
    }

    fn new(reading: &Reading, problems: Vec<Problem>) -> Self {
        let documents = &reading.documents;
        let count = |kind| documents.iter().filter(|of| of.kind() == kind).count();
        Self {
            valid: problems.is_empty() && !documents.is_empty(),
            connectors: count(KINDS[0]),
            exports: count(KINDS[1]),
            secrets: reading.secrets.len(),
            problems,
        }
    }

    /// The report in this format, its last line ended.
    pub fn shown(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Json => {
                let json = serde_json::to_string_pretty(self).expect("plain data");
                format!("{json}\n")
            }
        }
    }

    /// `FILE:LINE:COLUMN  kind/name  field: what must hold`, and a summary.
    fn text(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            text.push_str(&printable(&problem.file));
            for number in [problem.line, problem.column].into_iter().flatten() {
                let _ = write!(text, ":{number}");
            }
            if let Some(object) = &problem.object {
                let _ = write!(text, "  {}", printable(object));
            }
            let colon = if problem.field.is_empty() { "" } else { ": " };
            let said = format!("{}{colon}{}", problem.field, problem.must);
            let _ = writeln!(text, "  {}", printable(&said));
        }
        let of = |count, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let objects = [
            of(self.connectors, "connector"),
            of(self.exports, "export"),
            of(self.secrets, "Secret"),
        ]
        .join(", ");
        let _ = match self.problems.len() {
            0 if self.valid => writeln!(text, "valid: {objects}"),
            0 => writeln!(
                text,
                "nothing to check: no {} in the files",
                KINDS.join(", no ")
            ),
            count => writeln!(text, "invalid: {} in {objects}", of(count, "problem")),
        };
        text
    }
}
