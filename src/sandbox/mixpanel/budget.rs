//! The query budget of a project: so many counted queries in a rolling window, so many at once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::json;

use super::settings::ProjectSettings;
use crate::sandbox::answer::Answer;

/// What the project has spent and has under way.
#[derive(Default)]
pub(super) struct Budget {
    last_ticket: u64,
    spent: VecDeque<(u64, Instant)>,
    in_flight: usize,
}

/// A place in the budget; `charge` names the counted query, if it is one.
#[derive(Clone, Copy)]
pub(super) struct Place {
    charge: Option<u64>,
}

impl Budget {
    /// Takes a place, or answers 429 as the live service does: it says which limit tripped.
    pub fn enter(
        &mut self,
        settings: &ProjectSettings,
        project: u64,
        path: &str,
        counted: bool,
    ) -> Result<Place, Answer> {
        self.forget_older_than(Duration::from_secs(settings.query_window));
        let (limit, most) = (settings.query_limit, settings.concurrency);
        let refuse = |why: String, left: usize, free: usize| {
            let error = format!(
                "Query rate limit exceeded for project_id: {project}. This request exceeded the {why}."
            );
            let policy = format!(
                "\"project\";q={limit};w={window}, \"project-concurrency\";q={most};qu=\"concurrent-requests\"",
                window = settings.query_window
            );
            let state = format!(
                "\"project\";r={left};t={window}, \"project-concurrency\";r={free}",
                window = settings.query_window
            );
            let answer = Answer::json(429, &json!({ "request": path, "error": error }));
            answer
                .with("ratelimit-policy", policy)
                .with("ratelimit", state)
        };
        let left = limit.saturating_sub(self.spent.len());
        let free = most.saturating_sub(self.in_flight);
        if free == 0 {
            let why = format!(
                "concurrency limit ({}/{most} queries running concurrently)",
                self.in_flight + 1
            );
            return Err(refuse(why, left, 0));
        }
        if counted && left == 0 {
            let why = format!(
                "rate limit ({}/{limit} queries running in the last hour)",
                limit + 1
            );
            return Err(refuse(why, 0, free).with("retry-after", settings.query_window.to_string()));
        }
        self.in_flight += 1;
        Ok(Place {
            charge: counted.then(|| self.charge()),
        })
    }

    /// Gives the place back. 401, 402 and 429 aren't counted \[doc\]; a failed query is.
    pub fn leave(&mut self, place: Place, status: u16) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if matches!(status, 401 | 402 | 429) {
            self.spent
                .retain(|(ticket, _)| Some(*ticket) != place.charge);
        }
    }

    /// Counts queries that another client of the project ran just now, up to the limit.
    pub fn spend(&mut self, queries: usize, settings: &ProjectSettings) {
        for _ in 0..queries.min(settings.query_limit.saturating_sub(self.spent.len())) {
            self.charge();
        }
    }

    pub fn forget(&mut self) {
        self.spent.clear();
    }

    /// Queries counted in the window.
    pub fn spent(&mut self, settings: &ProjectSettings) -> usize {
        self.forget_older_than(Duration::from_secs(settings.query_window));
        self.spent.len()
    }

    fn charge(&mut self) -> u64 {
        self.last_ticket += 1;
        self.spent.push_back((self.last_ticket, Instant::now()));
        self.last_ticket
    }

    fn forget_older_than(&mut self, window: Duration) {
        while self
            .spent
            .front()
            .is_some_and(|(_, at)| at.elapsed() >= window)
        {
            self.spent.pop_front();
        }
    }
}
