//! The corpus of states in `tests/states`: where a state's file is, and what it is called.

use std::path::{Path, PathBuf};

use mixtap::api::conditions::{CONNECTED, INTERVAL_STRETCHED, READY, SYNCED};
use serde_json::Value;

/// Reasons that stand for the others of their kind: only with these is it told what else there is,
/// since beside the others it is the same.
const EXAMPLES: [&str; 6] = [
    "Connected",
    "Synced",
    "Suspended",
    "SecretKeyMissing",
    "DestinationUnavailable",
    "HeldShrink",
];

/// Reasons that tell of a run under way by themselves.
const RUNNING: [&str; 2] = ["Exporting", "RunInterrupted"];

/// Failures in a row from which on a person should look.
pub const OFTEN: i64 = 5;

/// The folder of a kind's states.
pub fn folder(kind: &str) -> PathBuf {
    let states = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states");
    states.join(kind)
}

/// The reason of a condition, if it is there.
pub fn reason<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|c| c["type"] == kind)?;
    found["reason"].as_str()
}

/// What the state of this object is called: `new`, or the reason of its own condition, after that
/// of `Ready` where `Ready` says something else, with one word more where more is to be told. `None`
/// where another state stands for it, and where a test took the status away.
pub fn name(object: &Value) -> Option<String> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let seen = &status["observedGeneration"];
    let Some(ready) = reason(object, READY) else {
        return (seen == -1).then(|| "new".to_owned());
    };
    let own = reason(object, SYNCED).or_else(|| reason(object, CONNECTED))?;
    let mut name = words(ready);
    if own != ready {
        name = format!("{name}-after-{}", words(own));
    }
    let suspend = spec["suspend"] == true;
    let suspended = ready == "Suspended";
    let changed = seen != -1 && *seen != object["metadata"]["generation"];
    let marks = [
        ("by-connector", suspended && !suspend && !changed),
        (
            "running",
            !RUNNING.contains(&own) && status["currentRun"].is_object(),
        ),
        ("stretched", reason(object, INTERVAL_STRETCHED).is_some()),
        (
            "often",
            status["consecutiveFailures"].as_i64() >= Some(OFTEN),
        ),
        ("to-suspend", changed && suspend && !suspended),
        ("to-resume", changed && !suspend && suspended),
        ("changed", changed && suspend == suspended),
    ];
    let marks: Vec<_> = marks.iter().filter(|(_, is)| *is).collect();
    if own != ready || !marks.is_empty() {
        EXAMPLES.iter().find(|example| **example == own)?;
    }
    match marks[..] {
        [] => Some(name),
        [(mark, _)] => Some(format!("{name}-{mark}")),
        _ => None,
    }
}

/// `HeldShrink` as `held-shrink`.
fn words(reason: &str) -> String {
    let mut name = String::new();
    for letter in reason.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
