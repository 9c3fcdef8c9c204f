use proptest::prelude::*;

use super::*;
use crate::page::model::LastSync;

fn export(namespace: &str, name: &str) -> Export {
    let mut export = Export::unreadable(namespace.into(), name.into(), "uid".into());
    export.connector = "main".into();
    export.segment = Some(format!("Mixpanel - {name}"));
    export.state = State::Synced;
    export
}

fn with_members(name: &str, members: Option<i64>) -> Export {
    let last = members.map(|members| LastSync {
        read: members,
        members,
        added: 1,
        removed: 0,
    });
    Export {
        last,
        ..export("growth", name)
    }
}

#[test]
fn an_address_names_what_is_shown() {
    let cart = Export {
        cohort: "Cart <drop> off".into(),
        next_segment: Some("Renamed".into()),
        ..export("growth", "cart")
    };
    for (query, shown) in [
        ("", true),
        ("namespace=growth", true),
        ("namespace=grow", false),
        ("connector=growth%2Fmain", true),
        ("connector=main", false),
        ("state=Synced", true),
        ("state=synced", false),
        ("state=Held", false),
        ("state=Nothing", false),
        ("q=drop%3E+OFF", true),
        ("q=+mixpanel+-+cart+", true),
        ("q=growth%2Fcart", true),
        ("q=renamed", true),
        ("q=other", false),
        ("namespace=growth&state=Held", false),
        ("state=Held&state=Synced", true),
        ("unknown=1&&=&%ff", true),
    ] {
        assert_eq!(Filter::parse(query).shows(&cart), shown, "{query}");
    }
}

#[test]
fn one_that_is_synced_may_be_exporting_too() {
    let mut export = export("growth", "cart");
    assert!(!Filter::parse("state=Exporting").shows(&export));
    export.running = Some(crate::page::model::Step::List);
    for query in ["state=Exporting", "state=Synced"] {
        assert!(Filter::parse(query).shows(&export), "{query}");
    }
}

#[test]
fn what_has_nothing_to_sort_by_comes_last_either_way() {
    let exports = [
        with_members("a", Some(20)),
        with_members("b", None),
        with_members("c", Some(100)),
    ];
    let parts: Vec<_> = exports.map(|export| (1, Part::Export(export))).into();
    for (query, order) in [
        ("sort=members", [0, 2, 1]),
        ("sort=-members", [2, 0, 1]),
        ("sort=-cohort", [2, 1, 0]),
        // One that isn't there asks for nothing.
        ("sort=trend", [0, 1, 2]),
        ("sort=members&sort=", [0, 2, 1]),
    ] {
        assert_eq!(Filter::parse(query).order(&parts), order, "{query}");
    }
}

proptest! {
    #[test]
    fn no_address_is_too_odd(query in "\\PC{0,40}", column in 0..Column::ALL.len()) {
        let filter = Filter::parse(&query);
        let parts = vec![(1, Part::Export(with_members("a", None)))];
        prop_assert_eq!(filter.order(&parts), [0]);
        let id = Column::ALL[column].id();
        for (sort, descending) in [(id.to_owned(), false), (format!("-{id}"), true)] {
            let found = Filter::parse(&format!("sort={sort}")).sort;
            prop_assert_eq!(found, Sort { column: Column::ALL[column], descending });
        }
    }
}
