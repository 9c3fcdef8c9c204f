//! What the page shows: plain values, made from the same objects that kubectl shows, with nothing in
//! them that isn't for everybody's eyes.

mod connector;
mod export;
mod state;

pub use connector::{Connected, Connector, Queries};
pub use export::{Export, Hold, LastSync};
pub use state::{State, Step};

/// How an object's condition explains itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Words {
    /// One of [`crate::domain::Reason`], or what a newer release wrote.
    pub reason: String,
    pub message: String,
}

impl Words {
    /// Of an object that no controller has looked at.
    fn new_object() -> Self {
        Self {
            reason: String::new(),
            message: "No controller has looked at it yet.".to_owned(),
        }
    }

    /// Of an object that this release can't decode.
    fn unreadable() -> Self {
        Self {
            reason: crate::domain::Reason::InvalidSpec.as_str().to_owned(),
            message: "This object doesn't match the CRD of this release.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
