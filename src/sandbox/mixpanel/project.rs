//! One project: its users, its cohorts and what a query finds of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    budget::Budget,
    cohort::Cohort,
    generator::Generator,
    people::{DistinctId, User},
    rows::{Part, Row, Rows},
    sessions::Sessions,
    settings::ProjectSettings,
};

/// Generators whose ids can be named one by one; those of cohorts are kept there.
const MAX_GENERATORS: usize = 100;

#[derive(Default)]
pub(super) struct Project {
    pub settings: ProjectSettings,
    pub users: HashMap<String, Arc<User>>,
    generators: Vec<Arc<Generator>>,
    pub cohorts: BTreeMap<u64, Cohort>,
    pub sessions: Sessions,
    pub budget: Budget,
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

    /// Knows the users of these generators, of an id that several make by the newest.
    pub fn learn_made(&mut self, makers: Vec<Generator>) -> Vec<Arc<Generator>> {
        let makers: Vec<_> = makers.into_iter().map(Arc::new).collect();
        for maker in &makers {
            self.generators.retain(|old| !maker.covers(old));
            self.generators.insert(0, maker.clone());
        }
        self.generators.truncate(MAX_GENERATORS);
        makers
    }

    /// What a query finds of a cohort, in its order; `None` if there is no such cohort. Generated
    /// members that aren't users of their own have the properties of the cohort's generator.
    pub fn find(&self, cohort: u64, everyone: bool) -> Option<Rows> {
        let cohort = self.cohorts.get(&cohort)?;
        let mut rows = Rows::default();
        for made in &cohort.made {
            let users = self.users.iter();
            let users = users.filter_map(|(id, user)| Some((made.maker.index(id)?, user.clone())));
            rows.push(Part::made(made.clone(), users, everyone));
        }
        rows.push(self.listed(cohort.members.iter().map(String::as_str), everyone));
        Some(rows)
    }

    /// What a query finds of these ids.
    pub fn listed<'a>(&self, ids: impl Iterator<Item = &'a str>, everyone: bool) -> Part {
        let rows = ids.map(|id| self.row(id));
        Part::Listed(rows.filter(|row| everyone || row.identified()).collect())
    }

    /// What is known of an id.
    fn row(&self, id: &str) -> Row {
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
