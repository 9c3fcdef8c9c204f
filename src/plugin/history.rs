//! `history`: what became of an export's runs.

use jiff::Timestamp;

use super::cli::Format;
use super::output::{json, table};
use crate::cluster::leader::path;
use crate::cluster::{Cluster, Error};
use crate::config::LeaderArgs;
use crate::domain::counts::thousands;
use crate::domain::words::long;
use crate::page::History;
use crate::state::{PastCounts, PastRun};

/// The command.
pub async fn run(
    cluster: &Cluster,
    name: &str,
    leader: &LeaderArgs,
    format: Format,
) -> Result<String, Error> {
    let path = path(&["exports", &cluster.namespace, name, "history"]);
    let history: History = leader.get(cluster, &path).await?;
    Ok(match format {
        Format::Json => json(&history),
        Format::Table => show(&history),
    })
}

fn show(history: &History) -> String {
    if history.runs.is_empty() {
        return format!("No run of {} is remembered yet.\n", history.name);
    }
    let rows: Vec<_> = history.runs.iter().map(row).collect();
    table(
        [
            "ENDED", "TOOK", "WHY", "OUTCOME", "READ", "IN LIST", "ADDED", "REMOVED", "LEFT OUT",
            "SENT", "NOTE",
        ],
        &rows,
    )
}

fn row(run: &PastRun) -> [String; 11] {
    let took = long(run.finished_time.duration_since(run.started_time));
    let count = |of: fn(&PastCounts) -> u64| {
        let count = run.counts.as_ref().map(of);
        count.map_or_else(|| "-".to_owned(), thousands)
    };
    [
        time(run.finished_time),
        took,
        run.reason.clone(),
        run.outcome.clone(),
        count(|c| c.members),
        count(|c| c.exported),
        count(|c| c.added),
        count(|c| c.removed),
        count(|c| c.skipped_anonymous + c.skipped_no_identity + c.duplicates),
        run.counts.as_ref().map_or_else(|| "-".to_owned(), sent),
        note(run),
    ]
}

fn sent(counts: &PastCounts) -> String {
    match (counts.uploaded, counts.profiles_created) {
        (false, _) => "nothing".to_owned(),
        (true, 0) => "list".to_owned(),
        (true, profiles) => format!("list, {} profiles", thousands(profiles)),
    }
}

/// What the columns don't say.
fn note(run: &PastRun) -> String {
    if let Some(held) = &run.held {
        let n = |count: i64| thousands(count);
        return format!("{} of {} would go", n(held.removed), n(held.previous));
    }
    let mut notes = Vec::new();
    if let Some(counts) = &run.counts {
        if counts.profiles_rejected > 0 {
            let codes = counts.rejected_codes.iter();
            let codes: Vec<_> = codes
                .map(|(code, n)| format!("{n} by code {code}"))
                .collect();
            let rejected = thousands(counts.profiles_rejected);
            notes.push(match codes.is_empty() {
                true => format!("{rejected} profiles rejected"),
                false => format!("{rejected} profiles rejected: {}", codes.join(", ")),
            });
        }
        if counts.profiles_pending > 0 {
            let pending = thousands(counts.profiles_pending);
            notes.push(format!("{pending} profiles wait for the next run"));
        }
    }
    notes.join("; ")
}

/// To the second, in UTC.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Held;

    #[test]
    fn runs_are_rows() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let run = PastRun {
            id: "run".into(),
            reason: "Scheduled".into(),
            started_time: at("2026-01-01T00:00:00Z"),
            finished_time: at("2026-01-01T00:01:30Z"),
            outcome: "Synced".into(),
            changed: true,
            counts: Some(PastCounts {
                members: 1_204,
                exported: 1_200,
                added: 7,
                skipped_anonymous: 3,
                duplicates: 1,
                profiles_created: 5,
                profiles_rejected: 2,
                rejected_codes: [("515".into(), 2)].into(),
                profiles_pending: 1,
                uploaded: true,
                ..PastCounts::default()
            }),
            held: None,
        };
        let held = PastRun {
            outcome: "HeldShrink".into(),
            counts: None,
            held: Some(Held {
                id: "run".into(),
                since: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(
                    "2026-01-01T00:00:00Z",
                )),
                previous: 1_200,
                members: 100,
                removed: 1_100,
            }),
            ..run.clone()
        };
        let history = History {
            namespace: "growth".into(),
            name: "cart".into(),
            runs: vec![held, run],
        };
        let expected = "\
ENDED                  TOOK       WHY         OUTCOME      READ    IN LIST   ADDED   REMOVED   LEFT OUT   SENT               NOTE
2026-01-01 00:01:30Z   1 minute   Scheduled   HeldShrink   -       -         -       -         -          -                  1,100 of 1,200 would go
2026-01-01 00:01:30Z   1 minute   Scheduled   Synced       1,204   1,200     7       0         4          list, 5 profiles   2 profiles rejected: 2 by code 515; 1 profiles wait for the next run
";
        assert_eq!(show(&history), expected);
    }
}
