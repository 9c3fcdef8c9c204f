mod commands;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command as Program;
use std::{fs, str};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Advice, of_connector, of_export};
use crate::domain::Reason;
use crate::domain::failure::Kind;
use crate::page::model::{Connector, Export};

/// The recorded objects of a kind, by their states.
fn recorded<T: DeserializeOwned>(kind: &str) -> Vec<(String, T)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states");
    let files = fs::read_dir(folder.join(kind)).expect("the recorded states");
    let files = files.map(|file| file.expect("a file").path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let object = serde_yaml::from_str(&fs::read_to_string(path).unwrap());
        (name, object.expect("an object"))
    };
    files.map(read).collect()
}

fn export(name: &str) -> Export {
    let states = recorded("CohortExport");
    let (_, object) = states.iter().find(|(state, _)| state == name).unwrap();
    Export::of(object)
}

fn connector(name: &str) -> Connector {
    let states = recorded("CleverTapConnector");
    let (_, object) = states.iter().find(|(state, _)| state == name).unwrap();
    Connector::of(object)
}

/// What a reason, and nothing else, makes of an export.
fn of(reason: Reason) -> Export {
    let status = match reason.kind() {
        Kind::Transient | Kind::Stalled => "False",
        Kind::Fine if matches!(reason, Reason::Exporting | Reason::Queued) => "Unknown",
        Kind::Fine => "True",
    };
    let sync_type = match reason {
        Reason::AlreadyExported | Reason::Completed => "OneTime",
        _ => "Dynamic",
    };
    let object: Value = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport",
        "metadata": { "namespace": "default", "name": "cart" },
        "spec": { "connectorRef": { "name": "main" }, "cohort": { "id": 1 }, "syncType": sync_type },
        "status": { "conditions": [{
            "type": "Ready", "status": status, "reason": reason.as_str(), "message": "So it is.",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }] },
    });
    Export::of(&serde_json::from_value(object).unwrap())
}

/// Sentences for people, and a line that a shell takes.
fn check(state: &str, advice: &Advice) {
    assert!(!advice.steps.is_empty(), "{state}");
    let label = advice.command.iter().map(|command| &command.label);
    for text in advice
        .steps
        .iter()
        .chain([&advice.means])
        .chain(label.clone())
    {
        for syntax in ["spec.", "status.", "{", "`", "  ", "\n", "kubectl"] {
            assert!(!text.contains(syntax), "{state}: {syntax:?} in {text}");
        }
    }
    for text in advice.steps.iter().chain([&advice.means]) {
        assert!(text.ends_with(['.', '?']), "{state}: {text}");
    }
    assert!(
        label.into_iter().all(|label| !label.ends_with('.')),
        "{state}"
    );
    if advice.command.is_some() {
        let words = words(advice);
        assert_eq!(words[0], "kubectl", "{state}");
        assert!(words.iter().any(|word| word == "--namespace"), "{state}");
    }
}

/// The command as a shell hands it over, by words.
fn words(advice: &Advice) -> Vec<String> {
    let line = &advice.command.as_ref().expect("a command").line;
    let script = format!("kubectl() {{ printf '%s\\0' kubectl \"$@\"; }}\n{line}\n");
    let run = |option: &str| {
        let output = Program::new("bash").args([option, &script]).output();
        let output = output.expect("bash");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{line}"
        );
        output.stdout
    };
    run("-nc");
    let said = run("-c");
    let said = str::from_utf8(&said).unwrap().trim_end_matches('\0');
    said.split('\0').map(str::to_owned).collect()
}

#[test]
fn every_recorded_export_has_advice_where_there_must_be() {
    let states = recorded("CohortExport");
    assert!(states.len() > 30, "only {}", states.len());
    for (state, object) in &states {
        let export = Export::of(object);
        let advice = of_export(&export);
        let fine = matches!(export.reason(), Some(Reason::Synced | Reason::Completed))
            && export.effective_interval.is_none()
            && !export.suspended_itself;
        assert_eq!(advice.is_none(), fine, "{state}");
        if let Some(advice) = advice {
            check(state, &advice);
        }
    }
}

#[test]
fn every_recorded_connector_has_advice_unless_it_is_connected() {
    for (state, object) in &recorded("CleverTapConnector") {
        let connector = Connector::of(object);
        let advice = of_connector(&connector);
        let fine = connector.words.reason == "Connected" && !connector.suspended;
        assert_eq!(advice.is_none(), fine, "{state}");
        if let Some(advice) = advice {
            check(state, &advice);
        }
    }
}

#[test]
fn every_reason_has_words_of_its_own() {
    let unknown = super::UNKNOWN.0;
    let mut connector = connector("forbidden");
    let mut said = HashSet::new();
    for &reason in Reason::ALL {
        connector.words.reason = reason.as_str().to_owned();
        let advice = [of_export(&of(reason)), of_connector(&connector)];
        let fine = [
            Reason::Connected,
            Reason::Synced,
            Reason::Completed,
            Reason::QueryBudget,
        ];
        let told = advice
            .iter()
            .flatten()
            .filter(|advice| !advice.means.starts_with(unknown));
        let told: Vec<_> = told.collect();
        assert_eq!(told.is_empty(), fine.contains(&reason), "{reason:?}");
        for advice in told {
            check(reason.as_str(), advice);
            assert!(
                said.insert(advice.means.clone()),
                "{reason:?}: {}",
                advice.means
            );
        }
    }
    let mut newer = of(Reason::RateLimited);
    "OfTomorrow".clone_into(&mut newer.words.reason);
    check("newer", &of_export(&newer).unwrap());
    assert_eq!(of_export(&newer).unwrap().means, unknown);
}

#[test]
fn a_longer_interval_is_told_in_words() {
    let mut export = export("synced-stretched");
    export.interval = Some("1m".into());
    export.effective_interval = Some("2h5m".into());
    let means = of_export(&export).unwrap().means;
    assert!(
        means.contains("every 2 hours 5 minutes instead of every 1 minute:"),
        "{means}"
    );
}

#[test]
fn what_cant_be_read_is_told_of() {
    let export = Export::unreadable("growth".into(), "cart".into(), String::new());
    let connector = Connector::unreadable("growth".into(), "main".into());
    let advice = [
        of_export(&export).unwrap(),
        of_connector(&connector).unwrap(),
    ];
    for advice in &advice {
        check("unreadable", advice);
        assert!(advice.steps.iter().any(|step| step.contains("CRDs")));
    }
}
