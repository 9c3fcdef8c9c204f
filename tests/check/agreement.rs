//! What an API server accepts, `check` accepts, and the other way round; and both name the same
//! field.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use mixtap::domain::validate::Rules;
use mixtap::local::check::{By, check};
use mixtap::local::manifests;

use crate::corpus::{self, Case};
use crate::plane;
use crate::server::{self, Verdict};

/// Manifests whose text matters.
const TEXTS: [(&str, bool, &str); 8] = [
    (
        "a key twice",
        false,
        "metadata: {name: a}\nspec:\n  connectorRef: {name: c}\n  cohort: {id: 1}\n  syncType: OneTime\n  syncType: Dynamic\n",
    ),
    (
        "a key twice in a list's item",
        false,
        "metadata: {name: a, ownerReferences: [{apiVersion: v1, kind: A, name: a, name: b, uid: c}]}\nspec: {connectorRef: {name: c}, cohort: {id: 1}, syncType: OneTime}\n",
    ),
    (
        "an alias",
        true,
        "metadata: {name: &name a}\nspec: {connectorRef: {name: *name}, cohort: {id: 1}, syncType: OneTime}\n",
    ),
    (
        "a merge",
        true,
        "metadata: {name: a}\nspec:\n  <<: {cohort: {id: 1}, syncType: OneTime}\n  connectorRef: {name: c}\n",
    ),
    (
        "a merge of something bad",
        false,
        "metadata: {name: a}\nspec:\n  <<: {cohort: {id: 0}, syncType: OneTime}\n  connectorRef: {name: c}\n",
    ),
    (
        "a key that is a number",
        false,
        "metadata: {name: a}\nspec: {connectorRef: {name: c}, cohort: {id: 1}, syncType: OneTime, 5: a}\n",
    ),
    (
        "folded and literal text",
        true,
        "metadata: {name: a}\nspec:\n  connectorRef: {name: c}\n  cohort: {id: 1}\n  syncType: OneTime\n  segmentName: >-\n    Cart\n    drop off\n",
    ),
    (
        "JSON",
        true,
        "\"metadata\": {\"name\": \"a\"}\n\"spec\": {\"connectorRef\": {\"name\": \"c\"}, \"cohort\": {\"name\": \"\\u00e9\"}, \"syncType\": \"OneTime\"}\n",
    ),
];

#[tokio::test]
async fn the_api_server_and_check_accept_the_same() {
    let cases = [corpus::written(), corpus::systematic(), texts()].concat();
    let Some(plane) = plane::shared().await else {
        return;
    };
    let client = plane::client(plane.kubeconfig_yaml()).await;
    let namespace = plane::namespace(&client, "check").await;
    let asked = stream::iter(&cases).map(async |case| {
        let verdict = server::ask(&client, &namespace, case.kind, &case.text).await;
        (case, verdict)
    });
    let answers: Vec<_> = asked.buffered(8).collect().await;
    let wrong: Vec<_> = answers
        .iter()
        .filter_map(|(case, verdict)| disagreement(case, verdict))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );

    let accepted = answers
        .iter()
        .filter(|(_, verdict)| verdict.accepted)
        .count();
    assert!(
        accepted > 100 && cases.len() - accepted > 200,
        "{accepted} of {}",
        cases.len()
    );
}

fn texts() -> Vec<Case> {
    let texts = TEXTS.map(|(what, good, text)| Case {
        what: what.to_owned(),
        kind: "CohortExport",
        text: format!("\"apiVersion\": mixtap.dev/v1alpha1\n\"kind\": CohortExport\n{text}"),
        expected: Some(good),
    });
    texts.into()
}

fn disagreement(case: &Case, verdict: &Verdict) -> Option<String> {
    let reading = manifests::read(&["-".into()], &mut case.text.as_bytes());
    let problems = check(&reading, &Rules::default(), true);
    let refused = problems.iter().filter(|problem| problem.by <= By::Schema);
    let ours: BTreeSet<_> = refused.map(|problem| problem.field.as_str()).collect();
    let expected = case.expected.unwrap_or(verdict.accepted);
    let named = |theirs: &&String| ours.iter().any(|field| same(theirs, field));
    let meant = |field: &&&str| verdict.fields.iter().any(|theirs| same(theirs, field));
    let agreed = verdict.accepted == ours.is_empty()
        && verdict.accepted == expected
        && verdict.fields.iter().all(|theirs| named(&theirs))
        // One problem is named by both. Where there are more, the server may stop at the first.
        && (verdict.fields.is_empty() || ours.len() != 1 || ours.iter().all(|field| meant(&field)));
    let line = || {
        format!(
            "{}\n    the server: {verdict:?}\n    check: {ours:?}",
            case.what
        )
    };
    // What is valid can be worked with.
    let usable = !verdict.accepted || reading.objects().is_ok();
    (!agreed || !usable).then(line)
}

/// Whether the server's name of a field is that of ours: it may name what the field is in, of a key
/// given twice only the key, and of what is no object a field in it.
fn same(theirs: &str, ours: &str) -> bool {
    // It counts no owners.
    let counted = |field: &str| field.replace("ownerReferences[0]", "ownerReferences");
    let (theirs, ours) = (&counted(theirs), &counted(ours));
    let inside = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let ends = |rest: &str| rest.ends_with('.');
    inside(ours, theirs)
        || inside(theirs, ours)
        || ours.strip_suffix(theirs.as_str()).is_some_and(ends)
}
