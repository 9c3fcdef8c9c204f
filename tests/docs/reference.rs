//! `docs/reference.md` says what the code knows: every reason, event, metric and flag.

use std::{fs, path::Path, time::Duration};

use mixtap::{
    api::SyncType,
    domain::{Kind, Reason},
    export::WarningReason,
    http::{self, Call, Http},
    mixpanel::Budgets,
    telemetry::metrics::{
        self, ConnectorGauges, ExportGauges, ListOutcome, Metrics, ProfileOutcome,
        ReconcileOutcome, SkipReason,
    },
};

use super::{flags::flags, tables::table, written::check};

const INTRODUCTION: &str = "# Reference

Written by a test from the code: `UPDATE_DOCS=1 cargo test --test docs`.

## Reasons

The reason of a condition. *Fine*: all is as it should be. *Transient*: it may pass by itself, and is
tried again with back-off (`Reconciling`). *Stalled*: a person must act; it is looked at again on a
change and once an interval (`Stalled`).
";

const EVENTS: &str = "
## Events

One on every change of the reason above, `Normal` where it is fine and `Warning` otherwise; none for a
healthy run. Beside them these, all `Warning`:
";

const METRICS: &str = "
## Metrics

At `/metrics`, in OpenMetrics form. Those with `namespace` and `name` go with the object.
";

/// What the controller itself warns of.
const CONTROLLERS: [(&str, &str); 2] = [
    (
        "ConfirmationLost",
        "What was kept for the confirming upload of a one-time export was lost.",
    ),
    (
        "InvalidRequest",
        "The annotation `mixtap.dev/requested-at` isn't 1 to 64 printable characters, or `mixtap.dev/release-hold` names no hold of this export.",
    ),
];

const FLAGS: &str = "
## Flags

Of `mixtap run`. Each is a variable too, and wins over it. Durations are written as `30s`, `15m` or
`1h30m`.
";

#[tokio::test]
async fn the_reference_is_current() {
    let wanted = [
        INTRODUCTION,
        &reasons(),
        EVENTS,
        &events(),
        METRICS,
        &metrics(&page().await),
        FLAGS,
        &flags(),
    ]
    .concat();
    check("docs/reference.md", &wanted);
}

#[test]
fn the_controller_warns_of_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/controller");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            found.extend(code.split('"').filter(|t| is_reason(t)).map(str::to_owned));
        }
    }
    found.retain(|name| Reason::parse(name).is_none() && !KINDS.contains(&name.as_str()));
    found.sort_unstable();
    assert_eq!(found, CONTROLLERS.map(|(name, _)| name));
}

const KINDS: [&str; 2] = ["CleverTapConnector", "CohortExport"];

/// Written as the reasons are: several capitalised words in one.
fn is_reason(text: &str) -> bool {
    let capitals = text.chars().filter(char::is_ascii_uppercase).count();
    let begins = text.starts_with(|c: char| c.is_ascii_uppercase());
    let letters = text.chars().all(|c| c.is_ascii_alphabetic());
    begins && letters && (2..text.len()).contains(&capitals)
}

fn reasons() -> String {
    let rows = Reason::ALL.iter().map(|reason| {
        let kind = match reason.kind() {
            Kind::Fine => "Fine",
            Kind::Transient => "Transient",
            Kind::Stalled => "Stalled",
        };
        [reason.as_str(), kind, reason.meaning()].map(str::to_owned)
    });
    table(["Reason", "Kind", "Meaning"], rows)
}

fn events() -> String {
    let runs = WarningReason::ALL.iter();
    let runs = runs.map(|reason| (reason.as_str(), reason.meaning()));
    let rows = runs.chain(CONTROLLERS);
    let rows = rows.map(|(name, meaning)| [name, meaning].map(str::to_owned));
    table(["Event", "Meaning"], rows)
}

/// A scrape in which every metric has a value: what has none isn't shown.
async fn page() -> String {
    let (requests, budgets) = (http::Metrics::default(), Budgets::default());
    let m = Metrics::new(|registry| {
        requests.register(registry);
        registry.register_collector(Box::new(budgets.clone()));
    });
    m.reconciled(metrics::Kind::CohortExport, ReconcileOutcome::Success, 0.0);
    m.exported(SyncType::OneTime, Reason::Completed, 0.0);
    m.members_read(0);
    m.members_skipped(SkipReason::Anonymous, 0);
    m.profiles_uploaded(ProfileOutcome::Accepted, 0);
    m.list_uploaded(ListOutcome::Accepted);
    let all = Some(0);
    let gauges = ExportGauges {
        members: all,
        last_success: all,
        next_sync: all,
        effective_interval: all,
        ..ExportGauges::default()
    };
    m.objects()
        .connector("ns", "name", ConnectorGauges::default());
    m.objects().export("ns", "name", &gauges);
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = Http::new(requests).unwrap();
    let call = Call {
        vendor: "mixpanel",
        name: "engage",
        limit: 0,
        idle: Duration::from_secs(10),
        total: Duration::from_secs(10),
    };
    // No address at all: it counts as an attempt, and nothing is sent.
    let request = http.request(reqwest::Method::GET, "unix:/nowhere".parse().unwrap());
    assert!(http.send(&call, request).await.is_err());
    budgets.get(&"https://mixpanel.com".parse().unwrap(), 1, 48, false);
    m.encode()
}

fn metrics(page: &str) -> String {
    let word = |line: &str, kind: &str| {
        let (name, rest) = line.strip_prefix(kind)?.split_once(' ')?;
        Some((name.to_owned(), rest.to_owned()))
    };
    let helps = page.lines().filter_map(|line| word(line, "# HELP "));
    let mut rows: Vec<_> = helps
        .map(|(name, help)| {
            let mut types = page.lines().filter_map(|line| word(line, "# TYPE "));
            let (_, kind) = types.find(|(typed, _)| *typed == name).unwrap();
            let mut samples = page.lines().filter(|line| line.starts_with(&name));
            let sample = samples.next_back().unwrap();
            let end = match kind.as_str() {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let help = help.trim_end_matches('.');
            [
                format!("`{name}{end}`"),
                kind,
                labels(sample),
                format!("{help}."),
            ]
        })
        .collect();
    rows.sort_unstable();
    table(["Metric", "Type", "Labels", "Meaning"], rows)
}

/// The names of a sample's labels, but for a histogram's own.
fn labels(sample: &str) -> String {
    let Some((_, rest)) = sample.split_once('{') else {
        return "-".to_owned();
    };
    let (labels, _) = rest.split_once('}').unwrap();
    let names = labels.split(',').filter_map(|label| label.split_once('='));
    let names = names.map(|(name, _)| name).filter(|name| *name != "le");
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
