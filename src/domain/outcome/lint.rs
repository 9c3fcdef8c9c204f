//! What must hold of every status that is written, whatever led to it: what kstatus, `kubectl wait`
//! and a dashboard rely on, and counts that add up.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::conditions::{
    CONNECTED, INTERVAL_STRETCHED, MESSAGE_MAX, READY, RECONCILING, STALLED, SYNCED, find, rank,
};
use crate::api::{CleverTapConnectorStatus, CohortExportStatus, DurationString, Held, LastRun};
use crate::domain::failure::{Kind, Reason};

/// What is wrong with an export's status, one sentence each; empty where nothing is. `generation`
/// is the object's own.
pub fn export(status: &CohortExportStatus, generation: Option<i64>) -> Vec<String> {
    let mut found = Found::default();
    let list = &status.conditions;
    found.conditions(list, SYNCED, &[INTERVAL_STRETCHED]);
    found.generations(list, status.observed_generation, generation);
    if let Some(run) = &status.last_run {
        found.counts(run);
    }
    found.hold(find(list, SYNCED), status.held.as_ref());
    let attempt = status.current_run.as_ref().map(|run| run.attempt);
    found.if_(attempt.is_some_and(|n| n < 1), || {
        "currentRun.attempt counts from 1".into()
    });
    found.failures(status.consecutive_failures);
    found.stretched(
        find(list, INTERVAL_STRETCHED),
        status.effective_interval.as_deref(),
    );
    found.0
}

/// What is wrong with a connector's status.
pub fn connector(status: &CleverTapConnectorStatus, generation: Option<i64>) -> Vec<String> {
    let mut found = Found::default();
    found.conditions(&status.conditions, CONNECTED, &[]);
    found.generations(&status.conditions, status.observed_generation, generation);
    found.failures(status.consecutive_failures);
    found.0
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn if_(&mut self, wrong: bool, what: impl FnOnce() -> String) {
        if wrong {
            self.0.push(what());
        }
    }

    fn conditions(&mut self, list: &[Condition], own: &str, more: &[&str]) {
        let kinds: Vec<_> = list.iter().map(|c| c.type_.as_str()).collect();
        let ours = [STALLED, RECONCILING, READY, own];
        for kind in kinds
            .iter()
            .filter(|k| !ours.contains(k) && !more.contains(k))
        {
            self.0.push(format!("{kind} is no condition of this kind"));
        }
        let ordered = list.is_sorted_by(|a, b| rank(&a.type_) < rank(&b.type_));
        self.if_(!ordered, || format!("out of order, or twice: {kinds:?}"));
        list.iter().for_each(|condition| self.words(condition));
        match (find(list, READY), find(list, own)) {
            (Some(ready), Some(own)) => self.together(list, ready, own),
            (None, _) => self.0.push("Ready is missing".into()),
            (_, None) => self.0.push(format!("{own} is missing")),
        }
    }

    fn words(&mut self, condition: &Condition) {
        let Condition {
            type_,
            status,
            reason,
            message,
            ..
        } = condition;
        let only_true = [STALLED, RECONCILING, INTERVAL_STRETCHED].contains(&type_.as_str());
        let right = if only_true {
            &["True"][..]
        } else {
            &["True", "False", "Unknown"]
        };
        self.if_(!right.contains(&status.as_str()), || {
            format!("{type_} is {status}")
        });
        self.if_(Reason::parse(reason).is_none(), || {
            format!("{type_}: no such reason: {reason}")
        });
        self.if_(message.trim().is_empty(), || {
            format!("{type_} has no message")
        });
        self.if_(message.len() > MESSAGE_MAX, || {
            format!("{type_} has too long a message")
        });
        let control = message.contains(char::is_control);
        self.if_(control, || {
            format!("{type_}: control characters in the message")
        });
        self.if_(has_timestamp(message), || {
            format!("{type_}: a timestamp in the message")
        });
    }

    fn together(&mut self, list: &[Condition], ready: &Condition, own: &Condition) {
        let marks: Vec<_> = [STALLED, RECONCILING]
            .iter()
            .filter_map(|k| find(list, k))
            .collect();
        match (ready.status.as_str(), marks.as_slice()) {
            ("True", []) => {}
            ("True", [mark, ..]) => self.0.push(format!("{} beside Ready=True", mark.type_)),
            (_, []) => self
                .0
                .push("Ready isn't True, but neither Stalled nor Reconciling".into()),
            (_, [mark]) => {
                let stalled = mark.type_ == STALLED;
                let kind = Reason::parse(&mark.reason).map(Reason::kind);
                self.if_(mark.reason != ready.reason, || {
                    format!(
                        "{} says {}, but Ready {}",
                        mark.type_, mark.reason, ready.reason
                    )
                });
                self.if_(stalled != (kind == Some(Kind::Stalled)), || {
                    format!("{} for {}", mark.type_, mark.reason)
                });
                let unknown = ready.status == "Unknown";
                self.if_(stalled && unknown, || "Stalled beside Ready=Unknown".into());
            }
            (_, _) => self.0.push("both Stalled and Reconciling".into()),
        }
        let suspended = ready.reason == Reason::Suspended.as_str();
        let alike = own.status == "True" && own.reason == ready.reason;
        self.if_(ready.status == "True" && !suspended && !alike, || {
            format!(
                "Ready=True {} beside {}={} {}",
                ready.reason, own.type_, own.status, own.reason
            )
        });
    }

    fn generations(&mut self, list: &[Condition], root: Option<i64>, object: Option<i64>) {
        let Some(root) = root else {
            self.0.push("observedGeneration is missing".into());
            return;
        };
        let ahead = |seen: i64| object.is_some_and(|object| seen > object);
        self.if_(ahead(root), || {
            format!("observedGeneration {root} is ahead of the object's")
        });
        for condition in list {
            let kind = &condition.type_;
            match condition.observed_generation {
                None => self.0.push(format!("{kind} has no observedGeneration")),
                Some(seen) => {
                    self.if_(seen < root, || {
                        format!("{kind} is older ({seen}) than the root ({root})")
                    });
                    self.if_(ahead(seen), || {
                        format!("{kind} is ahead of the object ({seen})")
                    });
                }
            }
        }
    }

    fn counts(&mut self, run: &LastRun) {
        let skipped = [
            run.skipped_anonymous,
            run.skipped_no_identity,
            run.duplicates,
        ];
        let lists = [
            run.members,
            run.exported,
            run.added,
            run.removed,
            run.unchanged,
        ];
        let profiles = [
            run.profiles_created,
            run.profiles_rejected,
            run.profiles_pending,
        ];
        let negative = [&skipped[..], &lists, &profiles]
            .concat()
            .iter()
            .any(|n| *n < 0)
            || run.rejected_codes.values().any(|n| *n < 0);
        self.if_(negative, || "lastRun: a negative count".into());
        let sum = |parts: &[i64]| parts.iter().copied().map(i128::from).sum::<i128>();
        let members = sum(&[&[run.exported], &skipped[..]].concat());
        self.if_(members != i128::from(run.members), || {
            format!(
                "lastRun: members {} aren't exported and skipped, {members}",
                run.members
            )
        });
        let exported = sum(&[run.added, run.unchanged]);
        self.if_(exported != i128::from(run.exported), || {
            format!(
                "lastRun: exported {} isn't added and unchanged, {exported}",
                run.exported
            )
        });
    }

    /// A hold is kept while something else hides it, but never beside a list that was accepted.
    fn hold(&mut self, synced: Option<&Condition>, held: Option<&Held>) {
        let says = synced.is_some_and(|c| c.reason.starts_with("Held"));
        self.if_(says && held.is_none(), || {
            "Synced says held, but status.held is missing".into()
        });
        let passed = |c: &Condition| {
            c.status == "True" || ["Exporting", "Queued"].contains(&c.reason.as_str())
        };
        if let (Some(synced), Some(held)) = (synced, held) {
            self.if_(passed(synced), || {
                format!("status.held beside Synced {}", synced.reason)
            });
            let least = held.previous.min(held.members).min(held.removed);
            let wrong = least < 0 || held.removed > held.previous;
            self.if_(wrong, || "status.held: counts that can't be".into());
        }
    }

    fn stretched(&mut self, condition: Option<&Condition>, effective: Option<&str>) {
        let parsed = effective.and_then(|text| DurationString::from(text).parse());
        self.if_(effective.is_some() && parsed.is_none(), || {
            "effectiveInterval is no duration".into()
        });
        self.if_(condition.is_some() != effective.is_some(), || {
            "IntervalStretched and effectiveInterval stand together".into()
        });
    }

    fn failures(&mut self, count: Option<i32>) {
        self.if_(count.is_some_and(|n| n < 1), || {
            "consecutiveFailures counts from 1".into()
        });
    }
}

/// A timestamp such as `2026-01-01T00:00`, or with a blank for the `T`.
fn has_timestamp(message: &str) -> bool {
    const PATTERN: &[u8; 16] = b"dddd-dd-ddTdd:dd";
    message.as_bytes().windows(PATTERN.len()).any(|window| {
        window.iter().zip(PATTERN).all(|(byte, want)| match want {
            b'd' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            other => byte == other,
        })
    })
}
