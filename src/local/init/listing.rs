//! The cohorts of a project: one call.

use std::time::Duration;

use super::{Answers, InitArgs, InitError, account};
use crate::{
    domain::{endpoints, printable},
    http::{Http, Metrics, Retry},
    mixpanel::{Budgets, Cohort, Error, Mixpanel, Options, ServiceAccount, Source},
};

/// Somebody waits: shorter than the controller's, but longer than a hiccup.
const RETRY: Retry = Retry {
    first: Duration::from_secs(1),
    max: Duration::from_secs(5),
    total: Duration::from_secs(15),
};

/// Whether enough is said to ask Mixpanel.
pub fn possible(args: &InitArgs) -> bool {
    args.mixpanel_project.is_some() && account::missing().next().is_none()
}

/// A project's cohorts by name, each on one line.
#[derive(Debug)]
pub struct Listed(Vec<Cohort>);

/// Asks Mixpanel: one query of the project's hourly budget.
///
/// # Errors
/// What Mixpanel's errors say, as a connector's condition does.
pub async fn list(answers: &Answers, account: ServiceAccount) -> Result<Listed, InitError> {
    let mixpanel = &answers.connector.mixpanel;
    let other = answers.connector.endpoints.as_ref();
    let other = other.and_then(|endpoints| endpoints.mixpanel.as_deref());
    let base = match other.map(endpoints::base_url) {
        Some(url) => url.map_err(|must| InitError::Usage(format!("--mixpanel-endpoint {must}")))?,
        None => endpoints::mixpanel(mixpanel.region),
    };
    let http = Http::new(Metrics::default())
        .map_err(|e| InitError::Failed(format!("the HTTP client can't be made: {e}")))?;
    // Its own hour: this is one query, and the controller leaves a fifth of them to others.
    let budget = Budgets::default().get(&base, mixpanel.project_id, 3, false);
    let source = Source {
        base,
        project: mixpanel.project_id,
        workspace: mixpanel.workspace_id,
    };
    let options = Options {
        retry: RETRY,
        ..Options::default()
    };
    let client = Mixpanel::new(http, source, account, budget, options);
    match client.cohorts().await {
        Ok(cohorts) => Ok(Listed::new(cohorts)),
        Err(error @ Error::InvalidCredentials(_)) => {
            Err(InitError::Credentials(format!("{error}.")))
        }
        Err(error) => Err(InitError::Failed(format!("{error}."))),
    }
}

impl Listed {
    pub fn new(mut cohorts: Vec<Cohort>) -> Self {
        for cohort in &mut cohorts {
            cohort.name = cohort.name.replace(char::is_control, " ");
        }
        cohorts.sort_by_cached_key(|cohort| (cohort.group, cohort.name.to_lowercase(), cohort.id));
        Self(cohorts)
    }

    /// Those that can be exported, in the order of the table.
    pub fn of_users(&self) -> impl Iterator<Item = &Cohort> {
        self.0.iter().filter(|cohort| !cohort.group)
    }

    pub fn find(&self, id: i64) -> Option<&Cohort> {
        self.0.iter().find(|cohort| cohort.id == id)
    }

    /// For a person to choose from; the numbers are those of [`Listed::of_users`], from 1.
    pub fn table(&self) -> String {
        let ids = self.0.iter().map(|cohort| cohort.id.to_string().len());
        let width = ids.max().unwrap_or(0).max(2);
        let mut text = format!("   #  {:<width$}      USERS  NAME\n", "ID");
        for (index, cohort) in self.0.iter().enumerate() {
            let users = cohort
                .count
                .map_or_else(|| "?".to_owned(), |n| n.to_string());
            let (number, note) = match cohort.group {
                false => ((index + 1).to_string(), ""),
                true => ("-".to_owned(), "  (of groups: can't be exported)"),
            };
            let (id, name) = (cohort.id, printable(&cohort.name));
            text += &format!("{number:>4}  {id:<width$}  {users:>9}  {name}{note}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_command_a_terminal() {
        let list =
            br#"[{"id":2,"name":"a\u001b[2J\u202eb","count":7},{"id":13,"name":"A","data_group_id":4}]"#;
        let listed = Listed::new(serde_json::from_slice(list).unwrap());
        assert_eq!(
            listed.table(),
            "   #  ID      USERS  NAME\n\
             \x20  1  2           7  a [2J\\u{202e}b\n\
             \x20  -  13          ?  A  (of groups: can't be exported)\n"
        );
    }
}
