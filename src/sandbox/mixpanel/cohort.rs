//! A cohort: members by generators, and members by name after them.

use std::{collections::HashSet, sync::Arc};

use super::{
    generator::Generator,
    people::{CohortChange, DistinctId},
};

#[derive(Default)]
pub(super) struct Cohort {
    pub name: String,
    pub count: Option<u64>,
    pub data_group_id: Option<u64>,
    pub made: Vec<Made>,
    pub members: Vec<String>,
}

/// The members of a generator but for some.
#[derive(Clone)]
pub(super) struct Made {
    pub maker: Arc<Generator>,
    /// Indices of members that were taken out, ascending.
    gone: Vec<u64>,
}

impl Cohort {
    /// The stored figure.
    pub fn count(&self) -> u64 {
        self.count.unwrap_or_else(|| {
            let made: u64 = self.made.iter().map(Made::len).sum();
            made + self.members.len() as u64
        })
    }

    /// Every member's id, in order.
    pub fn ids(&self) -> impl Iterator<Item = String> {
        let made = self.made.iter();
        let made = made.flat_map(|made| {
            (0..made.len()).map(|at| made.maker.id(made.maker.number_at(made.index(at))))
        });
        made.chain(self.members.iter().cloned())
    }

    pub fn has(&self, id: &str) -> bool {
        self.made.iter().any(|made| made.has(id)) || self.members.iter().any(|member| member == id)
    }

    /// The members are those of these generators.
    pub fn set_made(&mut self, makers: Vec<Arc<Generator>>) {
        self.members.clear();
        self.made = makers.into_iter().map(Made::all).collect();
    }

    pub fn change(&mut self, change: CohortChange) {
        let texts = |ids: &[DistinctId]| ids.iter().map(DistinctId::text).collect::<Vec<_>>();
        self.name = change.name.unwrap_or(std::mem::take(&mut self.name));
        self.count = change.count.or(self.count);
        if let Some(members) = change.set {
            self.made.clear();
            self.members = texts(&members);
        }
        let gone: HashSet<_> = texts(&change.remove).into_iter().collect();
        self.members.retain(|id| !gone.contains(id));
        for made in &mut self.made {
            let indices = gone.iter().filter_map(|id| made.maker.index(id));
            made.without(indices.collect());
        }
        let there: HashSet<_> = self.members.iter().cloned().collect();
        let new = texts(&change.add).into_iter();
        let new =
            new.filter(|id| !there.contains(id) && !self.made.iter().any(|made| made.has(id)));
        self.members.extend(new.collect::<Vec<_>>());
    }
}

impl Made {
    pub fn all(maker: Arc<Generator>) -> Self {
        let gone = vec![];
        Made { maker, gone }
    }

    pub fn len(&self) -> u64 {
        self.maker.len() - self.gone.len() as u64
    }

    /// The generator's index of the member at this place, which is below `len`.
    pub fn index(&self, at: u64) -> u64 {
        // How many are gone before it: the k-th one leaves `gone[k] - k` places before itself.
        let (mut low, mut high) = (0, self.gone.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.gone[middle] - middle as u64 <= at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        at + low as u64
    }

    /// Takes members out, by the generator's index.
    pub fn without(&mut self, indices: Vec<u64>) {
        if !indices.is_empty() {
            self.gone.extend(indices);
            self.gone.sort_unstable();
            self.gone.dedup();
        }
    }

    /// Whether this index of the generator wasn't taken out.
    pub fn keeps(&self, index: u64) -> bool {
        self.gone.binary_search(&index).is_err()
    }

    fn has(&self, id: &str) -> bool {
        self.maker.index(id).is_some_and(|index| self.keeps(index))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_taken_out_leave_no_gap(count in 0_u64..40, gone in prop::collection::vec(0_u64..40, 0..40)) {
            let mut made = Made::all(Arc::new(Generator::members(count)));
            made.without(gone.iter().copied().filter(|index| *index < count).collect());
            let naive: Vec<_> = (0..count).filter(|index| !gone.contains(index)).collect();
            let left: Vec<_> = (0..made.len()).map(|at| made.index(at)).collect();
            prop_assert_eq!(left, naive);
        }
    }
}
