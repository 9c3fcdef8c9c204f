use super::*;
use crate::page::board::Snapshot;
use crate::page::filter::Filter;
use crate::page::model::{Connector, Export, Hold, LastSync, Words};
use crate::state::{PastCounts, PastRun};

/// Breaks out of text, of an attribute, of a comment and of an address, where it may.
const HOSTILE: &str = "<!-- rows --><img src=x onerror=alert(1)>\"'&</script>?#/..\u{202e}";

fn export() -> Export {
    let text = || HOSTILE.to_owned();
    let time = Some(Timestamp::UNIX_EPOCH);
    Export {
        connector: text(),
        cohort: text(),
        segment: Some(text()),
        segment_id: Some(text()),
        next_segment: Some(text()),
        interval: Some(text()),
        effective_interval: Some(text()),
        sync_type: Some(crate::api::SyncType::Dynamic),
        words: Words {
            reason: text(),
            message: text(),
        },
        last: Some(LastSync {
            read: 1234,
            members: 1200,
            added: 34,
            removed: 5,
        }),
        last_sync: time,
        next_sync: time,
        hold: Some(Hold {
            id: text(),
            since: Timestamp::UNIX_EPOCH,
            previous: 1,
            members: 1,
            removed: 1,
        }),
        trend: vec![1, 2],
        ..Export::unreadable(text(), text(), text())
    }
}

fn connector() -> Connector {
    let text = || HOSTILE.to_owned();
    Connector {
        title: Some(text()),
        project: text(),
        datacenter: text(),
        mixpanel_project: Some(1),
        words: Words {
            reason: text(),
            message: text(),
        },
        ..Connector::unreadable(text(), text())
    }
}

fn run() -> PastRun {
    let text = || HOSTILE.to_owned();
    PastRun {
        id: text(),
        reason: text(),
        started_time: Timestamp::UNIX_EPOCH,
        finished_time: Timestamp::UNIX_EPOCH,
        outcome: text(),
        changed: true,
        counts: Some(PastCounts {
            exported: 7,
            profiles_rejected: 1,
            rejected_codes: [(text(), 1)].into(),
            ..PastCounts::default()
        }),
        held: None,
    }
}

/// All that the page is made of, with hostile words wherever others have any.
fn everything() -> Vec<String> {
    let now = Timestamp::UNIX_EPOCH;
    let parts = Part::all(vec![connector()], vec![export()]);
    let snapshot = Snapshot {
        taken: tokio::time::Instant::now(),
        version: 1,
        parts: parts.iter().cloned().map(|part| (1, part)).collect(),
    };
    let filter = Filter {
        namespace: HOSTILE.into(),
        connector: HOSTILE.into(),
        state: HOSTILE.into(),
        text: HOSTILE.into(),
        ..Filter::default()
    };
    let version = "0000000000000001-1".parse().unwrap();
    let index = Index::of(&snapshot, version, &filter, now);
    let shown = Detail {
        export: &export(),
        version,
        runs: Some(&[run()]),
    };
    let whole = detail(&shown, now).into_string();
    let mut all = vec![index.above, index.below, whole];
    all.extend(parts.iter().map(|of| part(of, now).into_string()));
    all
}

#[test]
fn what_others_wrote_stays_text() {
    for html in everything() {
        for raw in ["<img", "<!-- rows", "\"'&", "alert(1)>"] {
            assert!(!html.contains(raw), "{raw} in {html}");
        }
        // In addresses it is a part of the path or of a value.
        let addresses = html.split(" href=\"").skip(1);
        for address in addresses.map(|rest| rest.split_once('"').unwrap().0) {
            let own = address.strip_prefix('#').unwrap_or(address);
            assert!(!own.contains(['#', '<', ' ']), "{address}");
            assert!(!address.contains("/../.."), "{address}");
        }
    }
}

#[test]
fn nothing_is_inline() {
    for html in everything() {
        let tags = html
            .split('<')
            .map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag));
        for tag in tags {
            // What the escaped words hold is between quotes.
            let names = tag.split('"').step_by(2);
            for name in names {
                assert!(!name.contains(" on") && !name.contains(" style="), "{tag}");
            }
            assert!(
                !tag.starts_with("style") && !tag.contains("javascript:"),
                "{tag}"
            );
            assert!(!tag.starts_with("script") || tag.contains(" src="), "{tag}");
        }
    }
}
