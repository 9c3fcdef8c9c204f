//! What the commands print, to the letter. `UPDATE_GOLDEN=1` writes the files anew.

use std::path::Path;

use mixtap::api::OnEmpty;
use serde_json::json;

use crate::world::{COHORT, World};

/// Holds what was printed against its file. What differs from run to run is named instead.
fn golden(world: &World, name: &str, printed: &str) {
    let printed = printed
        .replace(world.dir.path().to_str().unwrap(), "DIR")
        .replace(&world.account, "ACCOUNT");
    let printed = times(&ids(&printed));
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/local/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &printed).unwrap();
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(printed, wanted, "{name}: UPDATE_GOLDEN=1 writes it anew");
}

/// A run's id is of this test's project.
fn ids(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', '"', '=']);
    let id = |word: &str| {
        let bare = word.trim_end_matches([' ', '\n', '"', '=']);
        let parts: Vec<_> = bare.split('-').collect();
        let hex = |part: &str, length| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())
        };
        matches!(parts[..], [shape, run] if hex(shape, 16) && hex(run, 8))
    };
    let named = words.map(|word| match id(word) {
        true => word.replace(|c: char| c.is_ascii_hexdigit() || c == '-', "") + "",
        false => word.to_owned(),
    });
    named.collect()
}

/// Times of day and dates become `TIME`.
fn times(text: &str) -> String {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        while let Some(at) = line.find(" UTC") {
            let start = line[..at].rfind(' ').map_or(0, |space| space + 1);
            line.replace_range(start..at + 4, "TIME");
        }
        if let Some((head, _)) = line.split_once("\"nextSyncTime\": ") {
            line = format!("{head}\"nextSyncTime\": TIME");
        }
        out.push(line);
    }
    out.join("\n") + "\n"
}

/// One of each: new, one-time, held, suspended, in conflict, without its cohort.
fn mixed() -> World {
    let world = World::new(&["u-1", "u-2", "u-3", "$device:x"]);
    world.cohort(4312, "Power users", &["u-1", "u-2"]);
    world.cohort(4313, "Nobody", &[]);
    let once = json!({ "cohort": { "name": "Power users" }, "syncType": "OneTime" });
    world.export("power", once);
    assert_eq!(OnEmpty::default(), OnEmpty::Hold);
    world.export(
        "nobody",
        json!({ "cohort": { "id": 4313 }, "syncType": "Dynamic" }),
    );
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", "suspend": true });
    world.export("asleep", spec);
    let spec = json!({ "cohort": { "id": COHORT }, "syncType": "Dynamic", "segmentName": "Same" });
    world.export("twin-a", spec.clone());
    world.export("twin-b", spec);
    world
}

#[test]
fn a_first_plan_in_every_form() {
    let world = mixed();
    std::fs::remove_file(world.files().join("twin-b.yaml")).unwrap();
    for form in ["table", "json", "yaml", "markdown"] {
        let printed = world.ends(2, &["plan", "-o", form]);
        golden(&world, &format!("plan.{form}"), &printed);
    }
}

#[test]
fn a_sync_and_the_plan_after_it() {
    let world = mixed();
    // In this order whatever finishes first.
    let one = ["sync", "--concurrency", "1"];
    let printed = world.ends(1, &one);
    golden(&world, "sync.text", &printed);
    let printed = world.ends(1, &["plan"]);
    golden(&world, "plan-after.table", &printed);
    let printed = world.ends(1, &["sync", "--concurrency", "1", "-o", "json"]);
    golden(&world, "sync-again.json", &printed);
}

#[test]
fn nothing_to_do_is_0() {
    let world = World::new(&["u-1"]);
    world.ends(0, &["sync"]);
    world.ends(0, &["sync"]);
    let printed = world.ends(0, &["plan"]);
    golden(&world, "plan-unchanged.table", &printed);
}
