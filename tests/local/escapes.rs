//! A terminal obeys nothing that others have named or said.

use mixtap::sandbox::calls::Call;
use mixtap::sandbox::faults::Action;
use serde_json::json;

use crate::world::{COHORT, World, of};

const NAME: &str = "Cart\u{202e}\u{1b}[2J\nforged";

fn plain(text: &str) {
    let obeyed = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
    assert!(!text.contains(obeyed), "{text:?}");
    assert!(!text.lines().any(|l| l.starts_with("forged")), "{text}");
}

#[test]
fn names_and_words_of_vendors_are_escaped_for_people_alone() {
    let world = World::new(&["a", "b"]);
    world.cohort(COHORT, NAME, &["a", "b"]);
    // Two segments, one of a name that no cohort has.
    let named = json!({ "cohort": { "name": "Nobody\u{1b}[2J" }, "syncType": "Dynamic" });
    world.export("named", named);
    for form in ["table", "markdown"] {
        let told = world.ends(1, &["plan", "-o", form]);
        plain(&told);
        assert!(told.contains("u{202e}"), "{told}");
    }
    let report = world.json(1, "plan");
    let cohort = &of(&report, "cart")["cohort"]["name"];
    assert_eq!(cohort, NAME, "programs get it as it is");

    let body = json!({ "status": "fail", "error": "no\u{1b}[2J\nforged" });
    world.fault(Call::Upload, 1, Action::answer(400, body.to_string()));
    let ended = world.run(&["sync"]);
    plain(&ended.stdout);
    plain(&ended.stderr);
    let checked = world.run(&["check"]);
    plain(&checked.stdout);
}
