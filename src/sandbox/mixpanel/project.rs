//! One project: its users, its cohorts and what a query finds of them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::{
    budget::Budget,
    people::{CohortChange, DistinctId, Generator, User},
    sessions::Sessions,
    settings::ProjectSettings,
};

#[derive(Default)]
pub(super) struct Project {
    pub settings: ProjectSettings,
    pub users: HashMap<String, Arc<User>>,
    pub generators: Vec<Arc<Generator>>,
    pub cohorts: BTreeMap<u64, Cohort>,
    pub sessions: Sessions,
    pub budget: Budget,
}

pub(super) struct Cohort {
    pub name: String,
    pub count: Option<u64>,
    pub data_group_id: Option<u64>,
    pub members: Vec<String>,
}

/// A member as page 0 found it.
#[derive(Clone)]
pub(super) enum Row {
    User(Arc<User>),
    Made(Arc<Generator>, u64),
    /// An id without a profile.
    Bare(String),
}

impl Project {
    /// Numeric ids must come back as numbers, so their users are kept even without a profile.
    pub fn learn<'a>(&mut self, members: impl IntoIterator<Item = &'a DistinctId>) {
        for id in members {
            if matches!(id, DistinctId::Number(_)) {
                let bare = || Arc::new(User::new(id.clone(), serde_json::Value::Null));
                self.users.entry(id.text()).or_insert_with(bare);
            }
        }
    }

    /// What is known of an id.
    pub fn row(&self, id: &str) -> Row {
        if let Some(user) = self.users.get(id) {
            return Row::User(user.clone());
        }
        let made = |maker: &Arc<Generator>| Some(Row::Made(maker.clone(), maker.number(id)?));
        self.generators
            .iter()
            .find_map(made)
            .unwrap_or_else(|| Row::Bare(id.to_owned()))
    }
}

impl Cohort {
    pub fn count(&self) -> u64 {
        self.count.unwrap_or(self.members.len() as u64)
    }

    pub fn change(&mut self, change: CohortChange) {
        let texts = |ids: &[DistinctId]| ids.iter().map(DistinctId::text).collect::<Vec<_>>();
        self.name = change.name.unwrap_or(std::mem::take(&mut self.name));
        self.count = change.count.or(self.count);
        if let Some(members) = change.set {
            self.members = texts(&members);
        }
        let gone: HashSet<_> = texts(&change.remove).into_iter().collect();
        self.members.retain(|id| !gone.contains(id));
        let there: HashSet<_> = self.members.iter().cloned().collect();
        self.members.extend(
            texts(&change.add)
                .into_iter()
                .filter(|id| !there.contains(id)),
        );
    }
}

impl Row {
    /// A profile with at least one property.
    pub fn identified(&self) -> bool {
        match self {
            Row::User(user) => user.identified(),
            Row::Made(maker, _) => !maker.properties.is_empty(),
            Row::Bare(_) => false,
        }
    }
}
