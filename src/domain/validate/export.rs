//! `CohortExport`.

use jiff::SignedDuration;

use super::{Problem, Rules, finding::Findings};
use crate::{
    api::{CohortExportSpec, MissingProfiles, SyncType},
    domain::{CohortRef, ExportPlan, IdentityRule},
};

/// How often a dynamic export runs that doesn't say, and how often a one-time export is looked at
/// until it is Completed.
pub const DEFAULT_INTERVAL: SignedDuration = SignedDuration::from_mins(15);
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
const IDENTITY_PROPERTY: &str = "$CleverTap_user_id";
const PROFILE_PROPERTIES: [&str; 4] = ["$email", "$phone", "$first_name", "$last_name"];
const MAX_SHRINK_PERCENT: u32 = 50;

/// The plan of an export, or everything that is wrong with its spec. `exclude_device_ids` is the
/// connector's.
pub fn export(
    spec: &CohortExportSpec,
    exclude_device_ids: bool,
    rules: &Rules,
) -> Result<ExportPlan, Vec<Problem>> {
    let mut found = Findings::default();
    found.object_name("connectorRef.name", &spec.connector_ref.name);
    let cohort = check_cohort(&mut found, spec);
    let interval = check_interval(&mut found, spec, rules);
    if let Some(name) = &spec.segment_name {
        found.text("segmentName", name, 128);
        let plain = !name.contains(char::is_control);
        found.check(plain, "segmentName", "must hold no control characters");
    }
    let property = spec.identity_property.as_deref();
    let property = property.unwrap_or(IDENTITY_PROPERTY);
    found.text("identityProperty", property, 120);
    let profile_properties = match &spec.profile_properties {
        Some(properties) => properties.clone(),
        None => PROFILE_PROPERTIES.map(str::to_owned).into(),
    };
    let few = profile_properties.len() <= 64;
    found.check(few, "profileProperties", "must be at most 64");
    for (index, property) in profile_properties.iter().enumerate().take(64) {
        found.text(&format!("profileProperties[{index}]"), property, 120);
    }
    let shrink = found.number("maxShrinkPercent", spec.max_shrink_percent, 0..=100);
    let refresh = found.duration("refreshInterval", spec.refresh_interval.as_ref());
    let refresh = refresh.unwrap_or(REFRESH_INTERVAL);
    found.or(ExportPlan {
        cohort,
        sync_type: spec.sync_type,
        interval,
        segment_name: spec.segment_name.clone(),
        existing_segment: spec.existing_segment.unwrap_or_default(),
        identity: IdentityRule {
            property: property.to_owned(),
            fallback: spec.identity_fallback.unwrap_or_default(),
            exclude_device_ids,
        },
        profile_properties,
        create_profiles: spec.missing_profiles.unwrap_or_default() == MissingProfiles::Create,
        on_empty: spec.on_empty.unwrap_or_default(),
        max_shrink_percent: shrink.unwrap_or(MAX_SHRINK_PERCENT),
        refresh_interval: Some(refresh).filter(|refresh| !refresh.is_zero()),
        suspended: spec.suspend.unwrap_or(false),
    })
}

fn check_cohort(found: &mut Findings, spec: &CohortExportSpec) -> CohortRef {
    let (id, name) = (spec.cohort.id, spec.cohort.name.as_ref());
    let one = id.is_some() != name.is_some();
    found.check(one, "cohort", "must have exactly one of id and name");
    if let Some(id) = id {
        found.id("cohort.id", id);
    }
    if let Some(name) = name {
        found.text("cohort.name", name, 255);
    }
    match name {
        Some(name) => CohortRef::Name(name.clone()),
        None => CohortRef::Id(id.unwrap_or_default()),
    }
}

fn check_interval(found: &mut Findings, spec: &CohortExportSpec, rules: &Rules) -> SignedDuration {
    match spec.sync_type {
        SyncType::Dynamic => {
            let minimum = (rules.min_interval, "--min-interval");
            found.interval(
                "interval",
                spec.interval.as_ref(),
                DEFAULT_INTERVAL,
                minimum,
            )
        }
        SyncType::OneTime => {
            let must = "must be absent unless syncType is Dynamic";
            found.check(spec.interval.is_none(), "interval", must);
            DEFAULT_INTERVAL
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CohortSelector, ExistingSegment, IdentityFallback, OnEmpty};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn minimal(sync_type: &str) -> Value {
        json!({ "connectorRef": { "name": "c" }, "cohort": { "id": 4311 }, "syncType": sync_type })
    }

    fn with(fields: &Value) -> CohortExportSpec {
        let mut spec = minimal("Dynamic");
        for (name, value) in fields.as_object().unwrap() {
            spec[name] = value.clone();
        }
        serde_json::from_value(spec).unwrap()
    }

    fn plan(fields: &Value) -> Result<ExportPlan, Vec<Problem>> {
        export(&with(fields), true, &Rules::default())
    }

    #[test]
    fn applies_the_defaults() {
        for (text, sync_type) in [
            ("Dynamic", SyncType::Dynamic),
            ("OneTime", SyncType::OneTime),
        ] {
            let spec = serde_json::from_value(minimal(text)).unwrap();
            let want = ExportPlan {
                cohort: CohortRef::Id(4311),
                sync_type,
                interval: SignedDuration::from_mins(15),
                segment_name: None,
                existing_segment: ExistingSegment::Replace,
                identity: IdentityRule {
                    property: "$CleverTap_user_id".to_owned(),
                    fallback: IdentityFallback::DistinctId,
                    exclude_device_ids: false,
                },
                profile_properties: ["$email", "$phone", "$first_name", "$last_name"]
                    .map(str::to_owned)
                    .into(),
                create_profiles: true,
                on_empty: OnEmpty::Hold,
                max_shrink_percent: 50,
                refresh_interval: Some(SignedDuration::from_hours(24)),
                suspended: false,
            };
            assert_eq!(export(&spec, false, &Rules::default()), Ok(want));
        }
    }

    #[test]
    fn names_each_field_that_is_wrong() {
        for (field, fields) in [
            (
                "connectorRef.name",
                json!({ "connectorRef": { "name": "../c" } }),
            ),
            ("cohort", json!({ "cohort": {} })),
            ("cohort", json!({ "cohort": { "id": 1, "name": "a" } })),
            ("cohort.id", json!({ "cohort": { "id": 0 } })),
            ("cohort.name", json!({ "cohort": { "name": "  " } })),
            ("interval", json!({ "interval": "59s" })),
            ("interval", json!({ "interval": "0s" })),
            ("interval", json!({ "interval": "15" })),
            ("interval", json!({ "interval": "0000h00000m000001s" })),
            (
                "interval",
                json!({ "syncType": "OneTime", "interval": "15m" }),
            ),
            ("segmentName", json!({ "segmentName": " " })),
            ("segmentName", json!({ "segmentName": "a\u{7}b" })),
            ("segmentName", json!({ "segmentName": "é".repeat(129) })),
            ("identityProperty", json!({ "identityProperty": "" })),
            (
                "profileProperties[1]",
                json!({ "profileProperties": ["a", " "] }),
            ),
            (
                "profileProperties",
                json!({ "profileProperties": vec!["a"; 65] }),
            ),
            ("maxShrinkPercent", json!({ "maxShrinkPercent": 101 })),
            ("maxShrinkPercent", json!({ "maxShrinkPercent": -1 })),
            ("refreshInterval", json!({ "refreshInterval": "1d" })),
        ] {
            let found = plan(&fields).unwrap_err();
            assert_eq!(found.len(), 1, "{fields}: {found:?}");
            assert_eq!(found[0].field, format!("spec.{field}"));
            assert!(found[0].must.starts_with("must "), "{found:?}");
        }
    }

    #[test]
    fn takes_what_is_written() {
        let fields = json!({
            "cohort": { "name": "Cart drop off" }, "interval": "1h30m", "missingProfiles": "Skip",
            "segmentName": "é".repeat(128), "profileProperties": [], "refreshInterval": "0s",
        });
        let plan = plan(&fields).unwrap();
        assert_eq!(plan.cohort, CohortRef::Name("Cart drop off".to_owned()));
        assert_eq!(plan.interval, SignedDuration::from_mins(90));
        assert_eq!(plan.segment_name, Some("é".repeat(128)));
        assert!(plan.profile_properties.is_empty());
        assert_eq!(plan.refresh_interval, None);
        assert!(!plan.create_profiles);
    }

    #[test]
    fn says_what_the_controller_permits() {
        let rules = Rules {
            min_interval: SignedDuration::from_secs(5400),
            ..Rules::default()
        };
        let found = export(&with(&json!({ "interval": "1h" })), true, &rules).unwrap_err();
        assert_eq!(
            found[0].to_string(),
            "spec.interval: must be at least 1h30m (the controller's --min-interval)"
        );
        let absent = export(&with(&json!({})), true, &rules).unwrap();
        assert_eq!(absent.interval, SignedDuration::from_mins(90));
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_its_promises(
            name in "\\PC{0,140}", interval in "[0-9hms]{0,6}", id: Option<i64>,
            cohort in proptest::option::of("\\PC{0,9}"), percent: Option<i32>, minimum in 0_i64..9999,
        ) {
            let mut spec = with(&json!({ "interval": interval, "segmentName": name }));
            spec.cohort = CohortSelector { id, name: cohort };
            spec.max_shrink_percent = percent;
            let rules = Rules {
                min_interval: SignedDuration::from_secs(minimum),
                ..Rules::default()
            };
            if let Ok(plan) = export(&spec, true, &rules) {
                prop_assert!(plan.interval >= rules.min_interval && plan.interval.is_positive());
                prop_assert!(plan.max_shrink_percent <= 100);
                prop_assert!(id.is_some() != spec.cohort.name.is_some());
            }
        }
    }
}
