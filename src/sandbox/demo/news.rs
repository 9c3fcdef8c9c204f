//! What to say of objects as they change: once each, and of a finished run what it did.

use std::collections::HashMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{
    report::{calls, did, holds},
    watch::{Seen, named},
};
use crate::{
    api::{
        CleverTapConnector, CohortExport, LastRun,
        conditions::{CONNECTED, READY, SYNCED, find},
    },
    sandbox::Sandbox,
};

/// What the demo is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Connected,
    Completed,
    Synced,
}

impl Goal {
    pub const ALL: [Self; 3] = [Self::Connected, Self::Completed, Self::Synced];

    /// Which object is to get there, and where.
    pub fn text(self) -> &'static str {
        match self {
            Self::Connected => "clevertapconnector/quickstart Connected",
            Self::Completed => "cohortexport/power-users Completed",
            Self::Synced => "cohortexport/cart-drop-off Synced",
        }
    }
}

/// What there is to say of an object.
#[derive(Clone, Debug, PartialEq)]
struct News {
    /// As [`named`].
    object: String,
    reason: String,
    holds: bool,
    message: String,
    run: Option<LastRun>,
    segment: Option<String>,
}

/// What was said, and what was reached.
#[derive(Default)]
pub struct Told {
    news: HashMap<String, News>,
    reached: Vec<Goal>,
}

impl Told {
    /// What isn't reached yet.
    pub fn missing(&self) -> impl Iterator<Item = Goal> {
        Goal::ALL
            .into_iter()
            .filter(|goal| !self.reached.contains(goal))
    }

    /// What is new: nothing, or a line with more lines on it.
    pub fn learn(&mut self, seen: &Seen, sandbox: &Sandbox) -> Vec<String> {
        let news = match seen {
            Seen::Connector(connector) => of_connector(connector),
            Seen::Export(export) => of_export(export),
            Seen::Gone(object) => {
                self.news.remove(object);
                return vec![format!("{object:<29}  deleted")];
            }
        };
        let Some(news) = news else { return vec![] };
        let before = self.news.insert(news.object.clone(), news.clone());
        if before.as_ref() == Some(&news) {
            return vec![];
        }
        let there = format!("{} {}", news.object, news.reason);
        let goal = Goal::ALL.into_iter().find(|goal| goal.text() == there);
        let goal = goal.filter(|goal| news.holds && !self.reached.contains(goal));
        self.reached.extend(goal);

        let mut lines = vec![news.line()];
        let last = before.and_then(|before| before.run).map(|run| run.id);
        if let Some(run) = news.run.filter(|run| Some(&run.id) != last.as_ref()) {
            lines.push(did(&run));
            lines.extend(news.segment.and_then(|name| holds(sandbox, &name)));
            lines.push(calls(sandbox));
        }
        lines
    }
}

impl News {
    fn new(object: String, conditions: &[Condition], kind: &str) -> Option<Self> {
        let own = find(conditions, kind)?;
        let ready = find(conditions, READY);
        // Where the two differ, Ready tells what stands in the way just now.
        let shown = ready
            .filter(|ready| ready.reason != own.reason)
            .unwrap_or(own);
        Some(Self {
            object,
            reason: shown.reason.clone(),
            holds: own.status == "True" && shown.type_ == kind,
            message: shown.message.clone(),
            run: None,
            segment: None,
        })
    }

    fn line(&self) -> String {
        format!("{:<29}  {:<9}  {}", self.object, self.reason, self.message)
    }
}

fn of_connector(connector: &CleverTapConnector) -> Option<News> {
    let conditions = &connector.status.as_ref()?.conditions;
    News::new(named(connector), conditions, CONNECTED)
}

fn of_export(export: &CohortExport) -> Option<News> {
    let status = export.status.as_ref()?;
    let news = News::new(named(export), &status.conditions, SYNCED)?;
    Some(News {
        run: status.last_run.clone(),
        segment: status.segment.as_ref().map(|segment| segment.name.clone()),
        ..news
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn export(synced: (&str, &str), ready: (&str, &str)) -> CohortExport {
        let condition = |kind: &str, (status, reason): (&str, &str)| {
            json!({ "type": kind, "status": status, "reason": reason, "message": "said",
                    "lastTransitionTime": "2026-01-01T00:00:00Z" })
        };
        let run = json!({
            "id": "r", "reason": "First", "startedTime": "2026-01-01T00:00:00Z",
            "finishedTime": "2026-01-01T00:00:01Z", "generation": 1, "members": 1204,
            "exported": 1200, "added": 1200, "removed": 0, "unchanged": 0, "skippedAnonymous": 3,
            "skippedNoIdentity": 0, "duplicates": 1, "profilesCreated": 7, "profilesRejected": 0,
            "uploaded": true,
        });
        let export: Value = json!({
            "metadata": { "name": "power-users" },
            "spec": { "connectorRef": { "name": "c" }, "cohort": { "id": 1 }, "syncType": "OneTime" },
            "status": {
                "conditions": [condition("Ready", ready), condition("Synced", synced)],
                "lastRun": run,
            },
        });
        serde_json::from_value(export).expect("an export")
    }

    #[test]
    fn what_stands_in_the_way_is_shown_rather_than_what_was_reached() {
        let news = of_export(&export(
            ("True", "Completed"),
            ("False", "ConnectorNotReady"),
        ));
        let news = news.expect("conditions");
        assert_eq!(
            (news.reason.as_str(), news.holds),
            ("ConnectorNotReady", false)
        );
        let news = of_export(&export(("True", "Completed"), ("True", "Completed")));
        assert!(news.expect("conditions").holds);
    }

    #[test]
    fn news_is_told_once_and_a_goal_reached_only_when_true() {
        let sandbox = Sandbox::start(Default::default()).expect("stand-ins");
        let mut told = Told::default();
        for (status, lines, missing) in [("Unknown", 3, 3), ("True", 1, 2), ("True", 0, 2)] {
            let export = export((status, "Completed"), (status, "Completed"));
            let learnt = told.learn(&Seen::Export(Box::new(export)), &sandbox);
            assert_eq!(learnt.len(), lines, "{learnt:?}");
            assert_eq!(told.missing().count(), missing);
        }
    }
}
