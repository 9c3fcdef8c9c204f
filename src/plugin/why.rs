//! `why`: one user, asked of Mixpanel as an export would.

mod ask;
mod listed;

use std::io::{self, Read};

use serde::Serialize;

use super::cli::{Format, WhyArgs};
use super::output::{json, lines};
use crate::api::{IdentityFallback, LastRun};
use crate::cluster::{Cluster, Error};
use crate::domain::IdentityRule;
use crate::domain::counts::thousands;
use crate::domain::identity::{Resolution, resolve};
use crate::mixpanel::{Found, Member};
use ask::Asked;
use listed::Listed;

/// What is found out. Personal data: no `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    user: String,
    cohort_id: i64,
    cohort: String,
    /// An identified user in the cohort, now.
    member: bool,
    /// What CleverTap knows the user by.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// Why the user isn't in the list, or by what in it.
    because: String,
    /// Whether the identity was in the list that CleverTap accepted last; asked with `--listed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_list: Option<Listed>,
    /// Of the last run that ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<LastRun>,
    /// Queries of the project's hour that this took.
    queries: u32,
}

/// The command.
pub async fn run(cluster: &Cluster, args: &WhyArgs, format: Format) -> Result<String, Error> {
    let user = user(&args.user_id, io::stdin().lock())?;
    let export = cluster.export(&args.name).await?;
    let asked = ask::ask(cluster, &export, &user, &args.allowed_endpoints).await?;
    let status = export.status.unwrap_or_default();
    let mut answer = Answer::of(user, asked, status.last_run)?;
    if args.listed {
        answer.last_list = Some(match &answer.identity {
            Some(identity) => listed::ask(cluster, &args.leader, &args.name, identity).await?,
            None => listed::NOBODY,
        });
    }
    Ok(match format {
        Format::Json => json(&answer),
        Format::Table => answer.show(),
    })
}

/// Bytes of an id.
const LONGEST: usize = 4096;

/// The id, from the command line or this input. Half an id would be another user's.
fn user(argument: &str, input: impl Read) -> Result<String, Error> {
    let mut bytes = argument.as_bytes().to_vec();
    if argument == "-" {
        bytes.clear();
        let read = input.take(LONGEST as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|e| Error::new(format!("can't read standard input: {e}")))?;
    }
    if bytes.len() > LONGEST {
        return Err(Error::new(format!(
            "the user's distinct id must be at most {LONGEST} bytes long"
        )));
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Error::new("the user's distinct id must be UTF-8"))?;
    let user = text.trim_end_matches(['\r', '\n']);
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(Error::new(
            "the user's distinct id must be one line of text",
        ));
    }
    Ok(user.to_owned())
}

impl Answer {
    fn of(user: String, asked: Asked, last_run: Option<LastRun>) -> Result<Self, Error> {
        let (member, identity, because) = match &asked.found {
            Found::Absent => {
                let because = "no identified user of this id is in the cohort now";
                (false, None, because.to_owned())
            }
            Found::Unclear => {
                return Err(Error::new(
                    "Mixpanel answers with other users than the one who was asked for, so this can't \
                     be told; look the user up in Mixpanel",
                ));
            }
            Found::Member(batch) => {
                let member = batch.members().next().expect("it holds one");
                let (identity, because) = resolved(&member, &asked.rule);
                (true, identity, because)
            }
        };
        Ok(Self {
            user,
            cohort_id: asked.cohort.0,
            cohort: asked.cohort.1,
            member,
            identity,
            because,
            last_list: None,
            last_run,
            queries: asked.queries,
        })
    }

    fn show(&self) -> String {
        let exported = match &self.identity {
            Some(_) => format!("yes, {}", self.because),
            None => format!("no: {}", self.because),
        };
        let mut pairs = vec![
            ("user", self.user.clone()),
            ("cohort", format!("{} ({})", self.cohort, self.cohort_id)),
            (
                "in the cohort",
                if self.member { "yes" } else { "no" }.to_owned(),
            ),
            ("exported", exported),
        ];
        if let Some(identity) = &self.identity {
            pairs.insert(3, ("identity", identity.clone()));
        }
        let listed = self.last_list.as_ref();
        pairs.extend(listed.map(|listed| ("in the list", listed.show())));
        pairs.extend(self.last_run.as_ref().map(|run| ("last run", last(run))));
        let queries = match self.queries {
            1 => "1 query".to_owned(),
            queries => format!("{queries} queries"),
        };
        let cost = format!("{queries} of the project's hour, unknown to the controller");
        pairs.push(("cost", cost));
        lines(&pairs)
    }
}

/// The identity of a member, and by what; or why there is none.
fn resolved(member: &Member<'_>, rule: &IdentityRule) -> (Option<String>, String) {
    let own = member.value(0);
    let by = |rule: &IdentityRule| match resolve(member.distinct_id, own.as_ref(), rule) {
        Resolution::Identity(identity) => Ok(identity.to_owned()),
        Resolution::Anonymous => Err(
            "the id begins with $device:, so the user was never identified \
             (mixpanel.excludeDeviceIds)"
                .to_owned(),
        ),
        Resolution::NoIdentity => Err(match rule.fallback {
            IdentityFallback::Skip => format!(
                "the user has no usable {} (identityFallback: Skip)",
                rule.property
            ),
            IdentityFallback::DistinctId => format!(
                "neither {} nor the distinct id can be an identity",
                rule.property
            ),
        }),
    };
    let own_only = IdentityRule {
        fallback: IdentityFallback::Skip,
        ..rule.clone()
    };
    match (by(rule), by(&own_only)) {
        (Ok(identity), Ok(_)) => (Some(identity), format!("by {}", rule.property)),
        (Ok(identity), Err(_)) => {
            let because = format!("by the distinct id, for want of a usable {}", rule.property);
            (Some(identity), because)
        }
        (Err(because), _) => (None, because),
    }
}

/// What the last run says of all members: whose profile was rejected isn't kept.
fn last(run: &LastRun) -> String {
    let n = |count: i64| thousands(count);
    let mut parts = vec![format!(
        "{} in the list at {}",
        n(run.exported),
        run.finished_time.0
    )];
    if run.duplicates > 0 {
        parts.push(format!(
            "{} members carried another's identity",
            n(run.duplicates)
        ));
    }
    if run.profiles_rejected > 0 {
        let codes = run.rejected_codes.iter();
        let codes: Vec<_> = codes
            .map(|(code, count)| format!("{} by code {code}", n(*count)))
            .collect();
        let rejected = n(run.profiles_rejected);
        parts.push(match codes.is_empty() {
            true => format!("CleverTap rejected {rejected} profiles"),
            false => format!(
                "CleverTap rejected {rejected} profiles ({})",
                codes.join(", ")
            ),
        });
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests;
