//! The questions, in the order in which they are asked.

use serde::de::DeserializeOwned;

use super::questions::Question;
use crate::{api::DurationString, domain::validate::DEFAULT_INTERVAL};

pub const REGIONS: [&str; 3] = ["US", "EU", "IN"];
pub const DATACENTERS: [&str; 6] = ["eu1", "in1", "us1", "sg1", "aps3", "mec1"];
pub const SYNC_TYPES: [&str; 2] = ["Dynamic", "OneTime"];

/// For an answer that leaves a field absent.
const NONE: &str = "none";

pub const MIXPANEL: [Question; 3] = [
    Question {
        flag: "--mixpanel-project",
        field: "spec.mixpanel.projectId",
        words: "Mixpanel project id",
        given: |args| args.mixpanel_project.as_deref(),
        put: |answers, text| {
            answers.connector.mixpanel.project_id = number(text)?;
            Ok(())
        },
        default: |_| None,
    },
    Question {
        flag: "--region",
        field: "spec.mixpanel.region",
        words: "Where the project lives: US, EU or IN",
        given: |args| args.region.as_deref(),
        put: |answers, text| {
            answers.connector.mixpanel.region = one_of(&REGIONS, text)?;
            Ok(())
        },
        default: |_| Some(REGIONS[0].to_owned()),
    },
    Question {
        flag: "--workspace",
        field: "spec.mixpanel.workspaceId",
        words: "Mixpanel workspace id, for projects with data views",
        given: |args| args.workspace.as_deref(),
        put: |answers, text| {
            let id = (text != NONE).then(|| number(text)).transpose()?;
            answers.connector.mixpanel.workspace_id = id;
            Ok(())
        },
        default: |_| Some(NONE.to_owned()),
    },
];

pub const CLEVERTAP: [Question; 6] = [
    Question {
        flag: "--clevertap-project",
        field: "spec.projectId",
        words: "CleverTap Project ID",
        given: |args| args.clevertap_project.as_deref(),
        put: |answers, text| {
            answers.connector.project_id = text.to_owned();
            Ok(())
        },
        default: |_| None,
    },
    Question {
        flag: "--datacenter",
        field: "spec.datacenter",
        words: "CleverTap Datacenter: eu1, in1, us1, sg1, aps3 or mec1",
        given: |args| args.datacenter.as_deref(),
        put: |answers, text| {
            answers.connector.datacenter = one_of(&DATACENTERS, text)?;
            Ok(())
        },
        default: |_| None,
    },
    Question {
        flag: "--result-email",
        field: "spec.resultEmail",
        words: "Mailbox that CleverTap reports the results of lists to",
        given: |args| args.result_email.as_deref(),
        put: |answers, text| {
            answers.connector.result_email = text.to_owned();
            Ok(())
        },
        default: |_| None,
    },
    Question {
        flag: "--sync-type",
        field: "spec.syncType",
        words: "Keep the segments up to date (Dynamic), or export once (OneTime)",
        given: |args| args.sync_type.as_deref(),
        put: |answers, text| {
            answers.export.sync_type = one_of(&SYNC_TYPES, text)?;
            Ok(())
        },
        default: |_| Some(SYNC_TYPES[0].to_owned()),
    },
    Question {
        flag: "--interval",
        field: "spec.interval",
        words: "How often, such as 15m or 1h30m",
        given: |args| args.interval.as_deref(),
        put: |answers, text| {
            answers.export.interval = Some(text.into());
            Ok(())
        },
        default: |_| {
            let seconds = DEFAULT_INTERVAL.as_secs().unsigned_abs();
            Some(DurationString::about(seconds).0)
        },
    },
    Question {
        flag: "--name",
        field: "spec.connectorRef.name",
        words: "Name of the connector",
        given: |args| args.name.as_deref(),
        put: |answers, text| {
            let secret = format!("{text}-credentials");
            let connector = &mut answers.connector;
            connector.passcode_secret_ref.name.clone_from(&secret);
            connector.mixpanel.service_account_secret_ref.name = secret;
            answers.export.connector_ref.name = text.to_owned();
            Ok(())
        },
        default: |answers| {
            Some(format!(
                "mixpanel-{}",
                answers.connector.mixpanel.project_id
            ))
        },
    },
];

pub fn all() -> impl Iterator<Item = &'static Question> {
    MIXPANEL.iter().chain(&CLEVERTAP)
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "must be a number".to_owned())
}

/// The one that is meant, whatever its case.
fn one_of<T: DeserializeOwned>(all: &[&str], text: &str) -> Result<T, String> {
    let found = all.iter().find(|one| one.eq_ignore_ascii_case(text));
    found
        .and_then(|one| serde_json::from_value((*one).into()).ok())
        .ok_or_else(|| format!("must be one of {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Datacenter, Region, SyncType};

    #[test]
    fn every_choice_is_one_of_the_api() {
        for text in REGIONS {
            one_of::<Region>(&REGIONS, &text.to_lowercase()).unwrap();
        }
        for text in DATACENTERS {
            one_of::<Datacenter>(&DATACENTERS, &text.to_uppercase()).unwrap();
        }
        for text in SYNC_TYPES {
            one_of::<SyncType>(&SYNC_TYPES, text).unwrap();
        }
        // None is forgotten: the CRDs list as many.
        let crds = crate::crdgen::yaml();
        let values = REGIONS.iter().chain(&DATACENTERS).chain(&SYNC_TYPES);
        for value in values {
            assert!(crds.contains(&format!("- {value}\n")), "{value}");
        }
    }
}
