//! What is to be copied into a shell, and what stands beside it.

use serde_json::{Value, json};

use super::{connector, export, words};
use crate::page::advice::{of_connector, of_export};
use crate::page::model::{Export, State, Step};

#[test]
fn a_held_run_says_what_it_would_lose_and_how_it_passes() {
    let mut held = export("held-shrink");
    held.hold.as_mut().unwrap().previous = 12_345;
    let advice = of_export(&held).unwrap();
    for part in [
        "40 members",
        "lose 60 of its 12,345",
        "keeps the previous list of 12,345",
    ] {
        assert!(advice.means.contains(part), "{}", advice.means);
    }
    let line = [
        "kubectl",
        "annotate",
        "--overwrite",
        "--namespace",
        "default",
        "cohortexport/cart",
        "mixtap.dev/release-hold=0123456789abcdef-00000007",
    ];
    assert_eq!(words(&advice), line);

    let mut first = export("held-empty");
    first.hold.as_mut().unwrap().previous = 0;
    let means = of_export(&first).unwrap().means;
    assert!(means.ends_with("CleverTap keeps what it has."), "{means}");
    // One that status names may have been left behind.
    let mut running = export("held-shrink-running");
    let means = of_export(&running).unwrap().means;
    assert!(!means.contains("A run is under way"), "{means}");
    running.running = Some(Step::Comparing);
    let means = of_export(&running).unwrap().means;
    assert!(means.contains("A run is under way"), "{means}");
}

#[test]
fn what_is_suspended_is_resumed() {
    let advice = of_export(&export("suspended-after-synced")).unwrap();
    let words_of = words(&advice);
    assert_eq!(words_of[1], "patch");
    assert!(words_of[4].starts_with("cohortexport/"), "{words_of:?}");
    let patch: Value = serde_json::from_str(words_of.last().unwrap()).unwrap();
    assert_eq!(patch, json!({ "spec": { "suspend": false } }));

    let by_connector = of_export(&export("suspended-by-connector")).unwrap();
    assert_eq!(words(&by_connector)[4], "clevertapconnector/main");
    let connector = of_connector(&connector("suspended-after-connected")).unwrap();
    assert_eq!(words(&connector)[1], "patch");
}

#[test]
fn an_export_looks_at_its_connector() {
    let advice = of_export(&export("connector-not-ready")).unwrap();
    let words = words(&advice);
    assert_eq!(words[1], "describe");
    assert!(words[4].starts_with("clevertapconnector/"), "{words:?}");
    assert!(advice.steps[0].contains("card of its connector"));
}

#[test]
fn names_that_others_chose_never_reach_a_shell() {
    let hostile = [
        "", "$(id)", "a;id", "a b", "-a", "a\nid", "A`id`", "a'", "ä", "../x", "a/b",
    ];
    for text in hostile {
        for state in State::ALL {
            let changes: [fn(&mut Export, &str); 3] = [
                |export, text| text.clone_into(&mut export.namespace),
                |export, text| {
                    text.clone_into(&mut export.name);
                    text.clone_into(&mut export.connector);
                },
                |export, text| text.clone_into(&mut export.hold.as_mut().unwrap().id),
            ];
            for (i, change) in changes.into_iter().enumerate() {
                let mut export = export("held-shrink");
                export.state = state;
                export.suspended_itself = text.is_empty();
                change(&mut export, text);
                // A hold's id is in the release alone.
                if i < 2 || state == State::Held && text != "-a" {
                    let command = of_export(&export).and_then(|advice| advice.command);
                    assert_eq!(command, None, "{text:?} {state:?}");
                }
            }
        }
        for state in ["invalid-credentials", "suspended-after-connected"] {
            let mut connector = connector(state);
            text.clone_into(&mut connector.name);
            assert_eq!(of_connector(&connector).unwrap().command, None, "{text:?}");
        }
    }
}
