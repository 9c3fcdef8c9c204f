//! Who is in the list: members as identities, each once, in the order of their bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value};

use crate::domain::identity::{Resolution, resolve};
use crate::domain::scalar::Scalar;
use crate::domain::{Counts, IdentityRule};
use crate::mixpanel::Row as Member;

/// The properties of a member.
pub(super) type Properties = Map<String, Value>;

/// The identities of a read.
pub(super) struct Roster {
    /// By identity; of two members with one identity, the first one's properties. Empty where no
    /// profiles are created.
    pub members: BTreeMap<String, Properties>,
    /// Those that a read alone decides.
    pub counts: Counts,
    /// At least one row carried a property that was asked for.
    pub any_property: bool,
}

impl Roster {
    pub(super) fn collect(members: Vec<Member>, rule: &IdentityRule, profiles: bool) -> Self {
        let mut roster = Self {
            members: BTreeMap::new(),
            counts: Counts {
                members: members.len() as u64,
                ..Counts::default()
            },
            any_property: false,
        };
        for member in members {
            roster.any_property |= member.properties.values().any(|value| !value.is_null());
            let own = member.properties.get(&rule.property).map(Value::to_string);
            let own = own.as_deref().map(Scalar::parse);
            match resolve(&member.distinct_id, own.as_ref(), rule) {
                Resolution::Anonymous => roster.counts.skipped_anonymous += 1,
                Resolution::NoIdentity => roster.counts.skipped_no_identity += 1,
                Resolution::Identity(identity) => match roster.members.entry(identity.to_owned()) {
                    Entry::Occupied(_) => roster.counts.duplicates += 1,
                    Entry::Vacant(place) => {
                        place.insert(if profiles {
                            member.properties
                        } else {
                            Map::new()
                        });
                    }
                },
            }
        }
        roster.counts.exported = roster.members.len() as u64;
        roster
    }

    /// What to ask Mixpanel for: the identity, and what a profile carries.
    pub(super) fn properties(rule: &IdentityRule, profile: &[String]) -> Vec<String> {
        let mut wanted = vec![rule.property.clone()];
        for property in profile {
            if !wanted.contains(property) {
                wanted.push(property.clone());
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::IdentityFallback;
    use proptest::prelude::*;

    fn rule() -> IdentityRule {
        IdentityRule {
            property: "id".into(),
            fallback: IdentityFallback::DistinctId,
            exclude_device_ids: true,
        }
    }

    fn member(distinct_id: &str, id: Option<&str>) -> Member {
        Member {
            distinct_id: distinct_id.into(),
            properties: id
                .map(|id| ("id".to_owned(), id.into()))
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn the_first_of_two_with_one_identity_stays() {
        let mut second = member("b", Some("same"));
        second.properties.insert("of".into(), "second".into());
        let members = vec![member("a", Some("same")), second, member("same", None)];
        let roster = Roster::collect(members, &rule(), true);
        assert_eq!(roster.counts.duplicates, 2);
        assert_eq!(roster.counts.exported, 1);
        assert!(!roster.members["same"].contains_key("of"));
    }

    #[test]
    fn only_values_count_as_properties() {
        let any = |members| Roster::collect(members, &rule(), false).any_property;
        assert!(!any(vec![member("a", None)]));
        let mut null = member("a", None);
        null.properties.insert("id".into(), Value::Null);
        assert!(!any(vec![null]));
        assert!(any(vec![member("a", None), member("b", Some("x"))]));
    }

    #[test]
    fn a_property_is_asked_for_once() {
        let profile = ["name".to_owned(), "id".to_owned(), "name".to_owned()];
        assert_eq!(Roster::properties(&rule(), &profile), ["id", "name"]);
    }

    proptest! {
        #[test]
        fn every_member_is_accounted_for(ids in proptest::collection::vec(("(\\$device:)?[a-c ]{0,2}", proptest::option::of("[a-c ]{0,2}")), 0..40)) {
            let members = ids.iter().map(|(d, i)| member(d, i.as_deref())).collect();
            let Roster { members, counts, .. } = Roster::collect(members, &rule(), false);
            prop_assert_eq!(counts.members, ids.len() as u64);
            prop_assert_eq!(counts.exported, members.len() as u64);
            let left_out = counts.skipped_anonymous + counts.skipped_no_identity + counts.duplicates;
            prop_assert_eq!(counts.members, counts.exported + left_out);
        }
    }
}
