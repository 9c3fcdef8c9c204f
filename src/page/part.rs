//! The parts of the page: each changes, and is sent, as a whole.

use std::fmt;

use super::model::{Connector, Export, State};

/// Which part: the id that it has in the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    Summary,
    /// Namespace and name.
    Connector(String, String),
    Export(String, String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Summary => f.write_str("summary"),
            Self::Connector(namespace, name) => write!(f, "connector/{namespace}/{name}"),
            Self::Export(namespace, name) => write!(f, "export/{namespace}/{name}"),
        }
    }
}

/// How many exports are in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Summary {
    pub exports: usize,
    /// Those that are any: the most urgent first.
    pub states: Vec<(State, usize)>,
}

/// See above.
#[expect(clippy::large_enum_variant, reason = "nearly all are exports")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Summary(Summary),
    Connector(Connector),
    Export(Export),
}

impl Part {
    /// All parts, in the order of their ids.
    pub fn all(connectors: Vec<Connector>, exports: Vec<Export>) -> Vec<Self> {
        let count = |state| exports.iter().filter(|export| export.is(state)).count();
        let states = State::ALL.map(|state| (state, count(state)));
        let summary = Summary {
            exports: exports.len(),
            states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
        };
        let mut parts = vec![Self::Summary(summary)];
        parts.extend(connectors.into_iter().map(Self::Connector));
        parts.extend(exports.into_iter().map(Self::Export));
        parts.sort_by_cached_key(Self::id);
        parts
    }

    pub fn id(&self) -> Id {
        match self {
            Self::Summary(_) => Id::Summary,
            Self::Connector(c) => Id::Connector(c.namespace.clone(), c.name.clone()),
            Self::Export(e) => Id::Export(e.namespace.clone(), e.name.clone()),
        }
    }
}
