//! The service account that lists the cohorts: from the environment or a prompt, never from a flag,
//! which everyone on the machine could read. It is written nowhere.

use std::env;

use secrecy::SecretString;

use super::{InitError, ask::Terminal};
use crate::mixpanel::ServiceAccount;

const USERNAME: &str = "MIXPANEL_USERNAME";
const SECRET: &str = "MIXPANEL_SECRET";

/// Which of the two variables aren't there.
pub fn missing() -> impl Iterator<Item = &'static str> {
    let what = [
        (USERNAME, "MIXPANEL_USERNAME, a variable"),
        (SECRET, "MIXPANEL_SECRET, a variable"),
    ];
    let missing = what
        .into_iter()
        .filter(|(name, _)| variable(name).is_none());
    missing.map(|(_, words)| words)
}

/// The account; what no variable gives is asked for.
pub async fn service_account(terminal: &mut Option<Terminal>) -> Result<ServiceAccount, InitError> {
    Ok(ServiceAccount {
        username: get(USERNAME, "Service account: user name", terminal).await?,
        secret: get(SECRET, "Service account: secret", terminal).await?,
    })
}

async fn get(
    name: &'static str,
    question: &str,
    terminal: &mut Option<Terminal>,
) -> Result<SecretString, InitError> {
    match (variable(name), terminal) {
        (Some(value), _) => Ok(value),
        (None, Some(terminal)) => terminal.ask_hidden(question).await,
        (None, None) => Err(InitError::missing(&[name])),
    }
}

fn variable(name: &str) -> Option<SecretString> {
    let value = env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.into())
}
