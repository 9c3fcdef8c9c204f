//! Members by the number: a cohort of any size costs no memory.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Members by the number: `u-000001`, `u-000002`, ... Their properties are made when a page is
/// written. Churn is one call: a later `start` moves the window, another `skip_offset` lets others
/// sit out.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Generator {
    pub prefix: String,
    pub start: u64,
    /// Numbers from `start` on, those left out included.
    pub count: u64,
    /// One of every so many numbers is left out; 0 = none.
    pub skip_every: u64,
    /// Which one of them, from 0.
    pub skip_offset: u64,
    /// In text values `{id}` stands for the id and `{n}` for its number.
    pub properties: Map<String, Value>,
}

impl Default for Generator {
    fn default() -> Self {
        let text = |text: &str| Value::String(text.to_owned());
        let properties = [
            ("$email", "{id}@example.com"),
            ("$first_name", "User"),
            ("$last_name", "{n}"),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), text(value)));
        Generator {
            prefix: "u-".to_owned(),
            start: 1,
            count: 0,
            skip_every: 0,
            skip_offset: 0,
            properties: Map::from_iter(properties),
        }
    }
}

impl Generator {
    /// The first `count` members under the default prefix.
    pub fn members(count: u64) -> Self {
        Generator {
            count,
            ..Generator::default()
        }
    }

    /// How many members it makes.
    pub(super) fn len(&self) -> u64 {
        let count = self.count.min(u64::MAX - self.start);
        count - self.skipped_before(count)
    }

    /// The number of the member at this index, which is below `len`.
    pub(super) fn number_at(&self, index: u64) -> u64 {
        let step = match self.skip() {
            None => index,
            Some((every, offset)) => {
                let kept = (every - 1).max(1);
                let (block, rest) = (index / kept, index % kept);
                block * every + rest + u64::from(rest >= offset)
            }
        };
        self.start + step
    }

    /// The index of a member by its id.
    pub(super) fn index(&self, id: &str) -> Option<u64> {
        let step = self.number(id)? - self.start;
        let skipped = |(every, offset)| step % every == offset;
        (!self.skip().is_some_and(skipped)).then(|| step - self.skipped_before(step))
    }

    /// The number of an id of its making, a member or not.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(&self.prefix)?;
        let number = digits.parse().ok()?;
        let range = self.start..self.start.saturating_add(self.count);
        (range.contains(&number) && self.id(number) == id).then_some(number)
    }

    pub(super) fn id(&self, number: u64) -> String {
        format!("{}{number:06}", self.prefix)
    }

    /// Whether it makes every id that the other one makes, and in the same way.
    pub(super) fn covers(&self, other: &Generator) -> bool {
        let end = |maker: &Generator| maker.start.saturating_add(maker.count);
        (&self.prefix, &self.properties) == (&other.prefix, &other.properties)
            && self.start <= other.start
            && end(self) >= end(other)
    }

    fn skip(&self) -> Option<(u64, u64)> {
        (self.skip_every > 0).then(|| (self.skip_every, self.skip_offset % self.skip_every))
    }

    /// How many of the first so many numbers are left out.
    fn skipped_before(&self, count: u64) -> u64 {
        self.skip().map_or(0, |(every, offset)| {
            count.saturating_sub(offset).div_ceil(every)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn members_are_the_numbers_that_arent_left_out(
            start in 0_u64..9, count in 0_u64..99, skip_every in 0_u64..12, skip_offset in 0_u64..30,
        ) {
            let maker = Generator { start, skip_every, skip_offset, ..Generator::members(count) };
            let sits_out = |step: u64| skip_every > 0 && step % skip_every == skip_offset % skip_every;
            let naive: Vec<_> = (0..count).filter(|step| !sits_out(*step)).map(|step| start + step).collect();
            let made: Vec<_> = (0..maker.len()).map(|index| maker.number_at(index)).collect();
            prop_assert_eq!(&made, &naive);
            for number in start..start + count {
                let at = naive.iter().position(|kept| *kept == number).map(|at| at as u64);
                prop_assert_eq!(maker.index(&maker.id(number)), at);
            }
        }
    }

    #[test]
    fn no_numbers_are_too_large() {
        for skip_every in [0, 1, 2, u64::MAX] {
            let maker = Generator {
                start: u64::MAX,
                skip_every,
                skip_offset: u64::MAX,
                ..Generator::members(u64::MAX)
            };
            assert_eq!((maker.len(), maker.index("u-5")), (0, None));
        }
    }
}
