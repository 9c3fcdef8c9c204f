//! Files, folders and standard input as the objects that they declare. Other kinds than ours and
//! Secrets are passed over.
//!
//! ```text
//! paths -> texts          files
//!   text -> trees         yaml, scalar      every value with its position
//!     tree -> document    tree, document    one object, lists unfolded
//!       -> objects        objects, secret   the types that `export` works with
//! ```

mod document;
mod files;
mod objects;
mod scalar;
mod secret;
mod tree;
mod yaml;

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

pub use document::{API_VERSION, Document, KINDS, NAMESPACE};
pub use objects::Objects;
pub use secret::Secret;
use tree::{Fields, Node};
pub use tree::{Position, below, without_nulls};

/// Objects that are kept, of all files.
const MOST: usize = 10_000;

/// What was read, in the order of files and of the documents in them.
#[derive(Debug, Default)]
pub struct Reading {
    /// Objects of our kinds, or of a kind that was meant to be one of them.
    pub documents: Vec<Document>,
    pub secrets: Vec<Secret>,
    /// What can't be read.
    pub faults: Vec<Fault>,
}

/// A file, or a document of it, that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: Arc<str>,
    /// `None` where it is the file that can't be read.
    pub at: Option<Position>,
    pub why: String,
}

/// Reads every path: a file, a folder with all of its `.yaml`, `.yml` and `.json` files however
/// deep, or `-` for `stdin`. A fault hides nothing else; in a folder, files without our
/// `apiVersion` may be anything.
pub fn read(paths: &[PathBuf], stdin: &mut dyn Read) -> Reading {
    let mut reading = Reading::default();
    files::texts(paths, stdin, &mut |text| {
        let (file, before): (Arc<str>, _) = (text.file.into(), reading.faults.len());
        match text.text {
            Ok(yaml) => reading.add(&file, &yaml),
            Err(why) => reading.fault(&file, None, why),
        }
        if !text.meant {
            reading.faults.truncate(before);
        }
    });
    reading
}

impl Reading {
    fn add(&mut self, file: &Arc<str>, yaml: &str) {
        for read in yaml::documents(yaml) {
            match read {
                Ok(node) => self.keep(file, node),
                Err(error) => self.fault(file, Some(error.at), error.why),
            }
        }
    }

    fn fault(&mut self, file: &Arc<str>, at: Option<Position>, why: String) {
        let file = file.clone();
        self.faults.push(Fault { file, at, why });
    }

    fn keep(&mut self, file: &Arc<str>, node: Node) {
        let (start, mut fields) = (node.at, Fields::default());
        let value = node.flatten("", &mut fields);
        for document in Document::new(file, value, start, fields).unfolded() {
            if self.documents.len() + self.secrets.len() == MOST {
                let why = format!("must be among at most {MOST} objects");
                return self.fault(file, Some(document.at("")), why);
            }
            if document.is_secret() {
                self.secrets.push(Secret::new(document));
            } else if document.is_ours() {
                self.documents.push(document);
            }
        }
    }
}

/// `FILE:LINE:COLUMN: why`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, why } = self;
        match at {
            Some(Position { line, column }) => write!(f, "{file}:{line}:{column}: {why}"),
            None => write!(f, "{file}: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
