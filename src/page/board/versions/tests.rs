use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::page::model::{Connector, Export};

fn parts(exports: &BTreeMap<u8, u8>) -> Vec<Part> {
    let exports = exports.iter().map(|(name, failures)| Export {
        failures: i32::from(*failures),
        ..Export::unreadable("growth".into(), name.to_string(), name.to_string())
    });
    Part::all(Vec::<Connector>::new(), exports.collect())
}

/// What a browser has of everything.
fn hold(held: &mut BTreeMap<Id, Part>, snapshot: &Snapshot, changes: &Changes) {
    for id in &changes.gone {
        held.remove(id);
    }
    for at in &changes.put {
        let part = snapshot.parts[*at].1.clone();
        held.insert(part.id(), part);
    }
}

proptest! {
    /// Whatever changes, and whenever somebody asks: they end with what is there.
    #[test]
    fn nothing_is_missed(
        steps in prop::collection::vec((0_u8..6, prop::option::of(0_u8..3), any::<bool>()), 1..40),
    ) {
        let (mut versions, mut exports) = (Versions::default(), BTreeMap::new());
        let (mut held, mut at) = (BTreeMap::new(), versions.name(0));
        for (name, value, asks) in steps {
            match value {
                Some(value) => exports.insert(name, value),
                None => exports.remove(&name),
            };
            let snapshot = versions.number(parts(&exports));
            if asks {
                let changes = versions.since(&snapshot, at).unwrap();
                hold(&mut held, &snapshot, &changes);
                at = versions.name(snapshot.version);
                let there: BTreeMap<_, _> =
                    parts(&exports).into_iter().map(|part| (part.id(), part)).collect();
                prop_assert_eq!(&held, &there);
                prop_assert_eq!(versions.since(&snapshot, at).unwrap(), Changes::default());
            }
        }
    }
}

#[test]
fn what_is_the_same_makes_no_version() {
    let mut versions = Versions::default();
    let one = BTreeMap::from([(1, 1)]);
    assert_eq!(versions.number(parts(&one)).version, 1);
    assert_eq!(versions.number(parts(&one)).version, 1);
    assert_eq!(versions.number(parts(&BTreeMap::new())).version, 2);
}

#[test]
fn another_process_and_what_is_forgotten_are_told_apart() {
    let mut versions = Versions::default();
    let snapshot = versions.number(parts(&BTreeMap::new()));
    let name = versions.name(snapshot.version);
    assert_eq!(name.to_string().parse(), Ok(name));
    for other in [
        "",
        "-",
        "x-1",
        "1",
        "0123456789abcdef-x",
        "0000000000000000-99999999999999999999",
    ] {
        assert_eq!(other.parse::<Version>(), Err(()), "{other}");
    }
    assert!(versions.since(&snapshot, name).is_some());
    let other = Versions::default().name(snapshot.version);
    assert_eq!(versions.since(&snapshot, other), None);
    let later = versions.name(snapshot.version + 1);
    assert_eq!(versions.since(&snapshot, later), None);
    // More went away than is remembered.
    let many = |count: usize| {
        let exports =
            (0..count).map(|i| Export::unreadable("growth".into(), i.to_string(), i.to_string()));
        Part::all(Vec::new(), exports.collect())
    };
    versions.number(many(GONE));
    let full = versions.version();
    versions.number(many(0));
    versions.number(many(1));
    let snapshot = versions.number(many(0));
    assert_eq!(versions.since(&snapshot, versions.name(full)), None);
    let changes = versions
        .since(&snapshot, versions.name(snapshot.version))
        .unwrap();
    assert_eq!(changes, Changes::default());
}
