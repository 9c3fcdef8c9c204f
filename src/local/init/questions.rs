//! The questions, in the order in which they are asked.

use serde::de::DeserializeOwned;

use super::{
    Answers, InitArgs, InitError, account,
    answers::{DATACENTERS, REGIONS, SYNC_TYPES},
    ask::Terminal,
};
use crate::{
    api::{DurationString, SyncType},
    domain::validate::DEFAULT_INTERVAL,
};

/// One thing to know.
pub struct Question {
    /// The flag that answers it.
    pub flag: &'static str,
    /// The field that it fills.
    pub field: &'static str,
    words: &'static str,
    pub given: fn(&InitArgs) -> Option<&str>,
    pub put: fn(&mut Answers, &str) -> Result<(), String>,
    /// What stands without an answer; `None` where there must be one.
    default: fn(&Answers) -> Option<String>,
}

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
            let minutes = DEFAULT_INTERVAL.as_mins().unsigned_abs();
            Some(DurationString::of_minutes(minutes).0)
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

const NONE: &str = "none";

pub fn all() -> impl Iterator<Item = &'static Question> {
    MIXPANEL.iter().chain(&CLEVERTAP)
}

impl Question {
    /// A one-time export has no interval.
    fn arises(&self, answers: &Answers) -> bool {
        self.flag != "--interval" || answers.export.sync_type == SyncType::Dynamic
    }
}

/// Everything that must be said where nobody can be asked, and isn't.
pub fn open(args: &InitArgs, answers: &Answers) -> Vec<&'static str> {
    let must = all().filter(|q| (q.given)(args).is_none() && (q.default)(answers).is_none());
    let chosen = args.all || !args.cohorts.is_empty();
    let cohorts = (!chosen).then_some("--cohort or --all");
    must.map(|question| question.flag)
        .chain(account::missing())
        .chain(cohorts)
        .collect()
}

impl Answers {
    /// Answers what the command line leaves open: on the terminal, or by what stands otherwise.
    pub async fn complete(
        &mut self,
        args: &InitArgs,
        questions: &[Question],
        terminal: &mut Option<Terminal>,
    ) -> Result<(), InitError> {
        for question in questions {
            if (question.given)(args).is_some() || !question.arises(self) {
                continue;
            }
            let default = (question.default)(self);
            match (terminal.as_mut(), default) {
                (Some(terminal), default) => {
                    let read = |text: &str| {
                        let mut answered = self.clone();
                        answered.put(question, text).map(|()| answered)
                    };
                    *self = terminal
                        .ask(question.words, default.as_deref(), read)
                        .await?;
                }
                (None, Some(default)) => self.put(question, &default).map_err(InitError::Failed)?,
                (None, None) => return Err(InitError::missing(&[question.flag])),
            }
        }
        Ok(())
    }
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
    use crate::api::{Datacenter, Region};

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

    #[test]
    fn answers_are_held_to_the_controllers_rules() {
        let args = InitArgs::default();
        let mut answers = Answers::new(&args);
        for (flag, text, must) in [
            ("--mixpanel-project", "one", "must be a number"),
            ("--mixpanel-project", "0", "must be from 1 to"),
            ("--region", "UK", "must be one of US, EU, IN"),
            ("--workspace", "-1", "must be from 1 to"),
            ("--clevertap-project", "a b", "must be 1 to 64 letters"),
            ("--result-email", "nobody", "must be an e-mail address"),
            ("--interval", "1s", "must be at least 1m"),
            ("--interval", "often", "must be a duration"),
            ("--name", "A_b", "must be the name of a Kubernetes object"),
        ] {
            let question = all().find(|question| question.flag == flag).unwrap();
            let told = answers.put(question, text).unwrap_err();
            assert!(told.starts_with(must), "{flag}: {told}");
        }
        assert_eq!(open(&args, &answers)[0], "--mixpanel-project");
    }
}
