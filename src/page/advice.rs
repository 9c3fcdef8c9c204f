//! What a state means to people who don't use kubectl, and what is to be done: plain words, made from
//! what the page shows. The message of the state itself stands beside them.

mod command;
mod connector;
mod export;
mod failing;

pub use command::Command;
pub use connector::of_connector;
pub use export::{of_export, spelled};

/// What a state means, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What happened, and what that means for the segment: a few sentences.
    pub means: String,
    /// What to do, in this order; each names who does it where that isn't the reader.
    pub steps: Vec<String>,
    /// What does it, or shows more. `None` where nothing of that kind helps, or a name in it isn't
    /// one that Kubernetes permits.
    pub command: Option<Command>,
}

impl Advice {
    fn new(means: impl Into<String>, steps: &[&str], command: Option<Command>) -> Self {
        Self {
            means: means.into(),
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            command,
        }
    }
}

/// Of whatever a tool that deploys from files keeps as they say.
const MANAGED: &str = "Where Argo CD or Flux manages it, change the file that they deploy as well: \
                       otherwise they set it back.";

/// Of an object that this release can't decode.
const DEFINITIONS: &str = "If nothing is wrong with it, whoever runs mixtap looks whether the cluster \
                           has the definitions (CRDs) of this release.";

/// What happened, and what is to be done.
type Words = (&'static str, &'static [&'static str]);

/// Of a reason that no release up to this one gives for it.
const UNKNOWN: Words = (
    "This page has no words for this state: another release of mixtap wrote it. The message says what \
     it means.",
    &["If the message doesn't help, pass it on to whoever runs mixtap."],
);

#[cfg(test)]
mod tests;
