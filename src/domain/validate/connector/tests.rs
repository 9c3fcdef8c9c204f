use super::*;
use crate::api::{Datacenter, Endpoints, Region, TotalCheck};
use proptest::prelude::*;
use serde_json::{Value, json};

fn minimal() -> Value {
    json!({
        "projectId": "TEST-123-456-789Z", "datacenter": "in1",
        "passcodeSecretRef": { "name": "credentials" },
        "resultEmail": "growth@example.com",
        "mixpanel": { "projectId": 1, "region": "EU",
                      "serviceAccountSecretRef": { "name": "credentials" } },
    })
}

fn with(pointer: &str, value: Value) -> CleverTapConnectorSpec {
    let mut spec = minimal();
    let mut place = &mut spec;
    for key in pointer.split('.') {
        place = &mut place[key];
    }
    *place = value;
    serde_json::from_value(spec).unwrap()
}

fn problems(spec: &CleverTapConnectorSpec, rules: &Rules) -> Vec<String> {
    let problems = connector(spec, rules).err().unwrap_or_default();
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn applies_the_defaults() {
    let spec = serde_json::from_value(minimal()).unwrap();
    let plan = connector(&spec, &Rules::default()).unwrap();
    let want = ConnectorPlan {
        display_name: None,
        clevertap_project: "TEST-123-456-789Z".to_owned(),
        datacenter: Datacenter::In1,
        clevertap_base: Url::parse("https://in1.api.clevertap.com").unwrap(),
        result_email: Mailbox("growth@example.com".to_owned()),
        mixpanel_project: 1,
        mixpanel_workspace: None,
        region: Region::EU,
        mixpanel_base: Url::parse("https://eu.mixpanel.com").unwrap(),
        queries_per_hour: 48,
        count_every_page: false,
        page_size: None,
        total_check: TotalCheck::Exact,
        exclude_device_ids: true,
        concurrent_uploads: 12,
        concurrent_lists: 2,
        check_interval: SignedDuration::from_hours(1),
        suspended: false,
    };
    assert_eq!(plan, want);
}

#[test]
fn keeps_the_name_and_shows_no_mailbox() {
    let spec = with("displayName", json!("Growth team"));
    let plan = connector(&spec, &Rules::default()).unwrap();
    assert_eq!(plan.display_name.as_deref(), Some("Growth team"));
    let shown = format!("{plan:?}");
    assert!(
        shown.contains("Growth team") && !shown.contains('@'),
        "{shown}"
    );
}

#[test]
fn names_each_field_that_is_wrong() {
    for (field, value) in [
        ("displayName", json!(" \t")),
        ("displayName", json!("x".repeat(129))),
        ("projectId", json!("")),
        ("projectId", json!("a/b")),
        ("resultEmail", json!("growth")),
        ("resultEmail", json!("a@b@example.com")),
        ("resultEmail", json!("growth@example.com\r\nBcc: x")),
        ("passcodeSecretRef.name", json!("../../other/secrets/x")),
        ("passcodeSecretRef.key", json!("a b")),
        ("mixpanel.projectId", json!(0)),
        ("mixpanel.workspaceId", json!(1_i64 << 53)),
        ("mixpanel.serviceAccountSecretRef.name", json!("Upper")),
        ("mixpanel.queriesPerHour", json!(0)),
        ("mixpanel.pageSize", json!(99)),
        ("limits.concurrentUploads", json!(16)),
        ("limits.concurrentLists", json!(-1)),
        ("checkInterval", json!("4m59s")),
        ("checkInterval", json!("soon")),
        ("endpoints.mixpanel", json!("https://unlisted.example.com")),
        ("endpoints.clevertap", json!("proxy.example.com")),
        (
            "endpoints.clevertap",
            json!("https://u:p@proxy.example.com"),
        ),
        ("endpoints.clevertap", json!("https://proxy.example.com/v1")),
    ] {
        let rules = Rules {
            allowed_endpoints: "https://proxy.example.com".parse().unwrap(),
            ..Rules::default()
        };
        let found = problems(&with(field, value.clone()), &rules);
        assert_eq!(found.len(), 1, "{field} {value}: {found:?}");
        let begin = format!("spec.{field}: must ");
        assert!(found[0].starts_with(&begin), "{found:?}");
    }
}

#[test]
fn finds_all_at_once_and_says_what_to_do() {
    let mut spec = with("checkInterval", json!("1m"));
    spec.project_id.clear();
    let found = problems(&spec, &Rules::default());
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[1],
        "spec.checkInterval: must be at least 5m (the controller's --min-check-interval)"
    );
}

#[test]
fn takes_listed_endpoints() {
    let rules = Rules {
        allowed_endpoints: "http://127.0.0.1:1,http://127.0.0.1:2".parse().unwrap(),
        ..Rules::default()
    };
    let others = json!({ "mixpanel": "http://127.0.0.1:1", "clevertap": "http://127.0.0.1:2/" });
    let spec = with("endpoints", others);
    let plan = connector(&spec, &rules).unwrap();
    assert_eq!(plan.mixpanel_base.as_str(), "http://127.0.0.1:1/");
    assert_eq!(plan.clevertap_base.as_str(), "http://127.0.0.1:2/");
    assert_eq!(plan.destination("s").host, "127.0.0.1:2");
}

proptest! {
    #[test]
    fn never_panics_and_never_repeats_what_was_written(
        text in "canary[^a-z]{0,40}", number: i32, id: i64, minutes in 0_i64..120,
    ) {
        let rules = Rules {
            min_check_interval: SignedDuration::from_mins(minutes),
            ..Rules::default()
        };
        let mut spec = with("checkInterval", json!(text));
        spec.project_id.clone_from(&text);
        spec.result_email.clone_from(&text);
        spec.passcode_secret_ref.name.clone_from(&text);
        spec.passcode_secret_ref.key.clone_from(&text);
        spec.mixpanel.project_id = id;
        spec.mixpanel.queries_per_hour = Some(number);
        spec.mixpanel.page_size = Some(number);
        spec.endpoints = Some(Endpoints {
            mixpanel: Some(format!("http://{text}")), clevertap: Some(text),
        });
        let problems = connector(&spec, &rules).unwrap_err();
        for problem in problems {
            let told = format!("{problem} {problem:?}");
            prop_assert!(!told.contains("canary"), "{}", told);
        }
    }

    #[test]
    fn an_absent_check_interval_is_never_wrong(minutes in 0_i64..10_000) {
        let minimum = SignedDuration::from_mins(minutes);
        let rules = Rules { min_check_interval: minimum, ..Rules::default() };
        let plan = connector(&serde_json::from_value(minimal()).unwrap(), &rules).unwrap();
        prop_assert_eq!(plan.check_interval, minimum.max(CHECK_INTERVAL));
    }
}
