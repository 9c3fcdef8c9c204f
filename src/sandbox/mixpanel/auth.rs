//! Who may ask what of a project, and at what price.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Desk, error, query, settings::Role};
use crate::sandbox::{answer::Answer, gate::Leave};

impl Desk {
    /// Lets a Query API request in, against the project's budget.
    pub(super) fn admit(
        &self,
        url: &Params,
        headers: &HeaderMap,
        path: &str,
        counted: bool,
    ) -> Result<Leave, Answer> {
        url.check()?;
        let id = url.project();
        let role = self.authenticate(id, headers)?;
        let place = self.state.with(id, |project| {
            let settings = &project.settings;
            if !settings.api_in_plan {
                return Err(Answer::text(402, "Your plan does not allow API calls"));
            }
            if role == Role::Consumer {
                return Err(error(
                    403,
                    "the role of this service account does not permit this",
                ));
            }
            let counted = counted || settings.count_every_page;
            project.budget.enter(settings, id, path, counted)
        });
        let place = place.map_err(|_| error(403, "no access to this project"))??;
        let state = self.state.clone();
        Ok(Box::new(move |status| {
            // A project that was removed meanwhile has no budget left to tell.
            let _ = state.with(id, |project| project.budget.leave(place, status));
        }))
    }

    /// The role of the service account in this project.
    pub fn authenticate(&self, project: u64, headers: &HeaderMap) -> Result<Role, Answer> {
        let unknown = |status| match status {
            400 => query::refuse("Unable to authenticate request"),
            status => error(status, "invalid service account credentials"),
        };
        let (username, secret) = basic(headers).ok_or_else(|| unknown(401))?;
        let known = self.state.knows_account(&username, &secret);
        let settings = match self.state.settings(project) {
            Ok(settings) => settings,
            Err(_) if known => return Err(error(403, "no access to this project")),
            Err(_) => return Err(unknown(401)),
        };
        if settings.region != self.region {
            return Err(unknown(settings.wrong_region));
        }
        let mut accounts = settings.service_accounts.iter();
        match accounts.find(|account| account.username == username && account.secret == secret) {
            Some(account) => Ok(account.role),
            None if known => Err(error(403, "no access to this project")),
            None => Err(unknown(settings.bad_credentials)),
        }
    }
}

/// The URL's parameters.
pub(super) struct Params {
    pub text: String,
    fields: BTreeMap<String, String>,
}

impl Params {
    pub fn read(text: Option<String>) -> Self {
        let text = text.unwrap_or_default();
        Params {
            fields: query::fields(text.as_bytes()),
            text,
        }
    }

    pub fn project_text(&self) -> String {
        self.fields.get("project_id").cloned().unwrap_or_default()
    }

    /// 0, which no project has, where it is missing or unreadable.
    pub fn project(&self) -> u64 {
        self.project_text().parse().unwrap_or(0)
    }

    fn check(&self) -> Result<(), Answer> {
        if self.project() == 0 {
            return Err(query::refuse(
                "project_id is required with a service account",
            ));
        }
        let workspace = self.fields.get("workspace_id");
        if workspace.is_some_and(|id| id.parse::<u64>().is_err()) {
            return Err(query::refuse("workspace_id must be a number"));
        }
        Ok(())
    }
}

/// User name and password of HTTP Basic.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let plain = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let (username, secret) = plain.split_once(':')?;
    Some((username.to_owned(), secret.to_owned()))
}
