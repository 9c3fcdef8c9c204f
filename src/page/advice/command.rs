//! Commands to be copied into a shell: nothing in them that others wrote but names that are checked.

use crate::config::{namespace, object_name};
use crate::page::model::{Connector, Export};

/// A line for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it does: "Let this run pass, once".
    pub label: String,
    /// One line, ready to be copied.
    pub line: String,
}

/// An object, as kubectl names it.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    kind: &'static str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Object<'a> {
    pub fn export(export: &'a Export) -> Self {
        Self {
            kind: "cohortexport",
            namespace: &export.namespace,
            name: &export.name,
        }
    }

    pub fn connector(connector: &'a Connector) -> Self {
        Self {
            kind: "clevertapconnector",
            namespace: &connector.namespace,
            name: &connector.name,
        }
    }

    /// The connector that an export uses.
    pub fn connector_of(export: &'a Export) -> Self {
        Self {
            kind: "clevertapconnector",
            namespace: &export.namespace,
            name: &export.connector,
        }
    }

    /// Shows all of it, and what happened to it lately.
    pub fn describe(self, label: &str) -> Option<Command> {
        self.command("describe", "", label)
    }

    /// Lets the run of this hold pass, once.
    pub fn release(self, hold: &str, label: &str) -> Option<Command> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if hold.is_empty() || !hold.bytes().all(plain) {
            return None;
        }
        let annotation = format!(" mixtap.dev/release-hold={hold}");
        self.command("annotate --overwrite", &annotation, label)
    }

    /// Asks for a run.
    pub fn request(self, label: &str) -> Option<Command> {
        let annotation = r#" mixtap.dev/requested-at="$(date +%s)""#;
        self.command("annotate --overwrite", annotation, label)
    }

    /// Ends its suspension.
    pub fn resume(self, label: &str) -> Option<Command> {
        let patch = r#" --type=merge -p '{"spec":{"suspend":false}}'"#;
        self.command("patch", patch, label)
    }

    /// `verb` and `rest` are ours.
    fn command(self, verb: &str, rest: &str, label: &str) -> Option<Command> {
        let namespace = namespace(self.namespace).ok()?;
        let name = object_name(self.name).ok()?;
        Some(Command {
            label: label.to_owned(),
            line: format!(
                "kubectl {verb} --namespace {namespace} {}/{name}{rest}",
                self.kind
            ),
        })
    }
}
