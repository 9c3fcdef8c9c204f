//! The fault list: which requests go wrong, and how.
//!
//! Every fault that matches a request acts on it, in the order in which they were added. A fault
//! acts on requests that got past authentication and limits; what those refuse needs no fault.

mod list;

use serde::{Deserialize, Serialize};

use super::calls::{Call, Seen, Vendor};
pub use list::Faults;
pub(super) use list::Live;

/// Names one fault of the list.
pub type FaultId = u64;

/// Before or after the stand-in has done what the request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    #[default]
    BeforeWork,
    AfterWork,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// This answer instead of the real one; after the work, the work is done all the same.
    Answer {
        #[serde(default)]
        at: Moment,
        status: u16,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        body: String,
    },
    /// The work begins so many milliseconds late.
    Delay { ms: u64 },
    /// The request waits until the fault is released (it goes on, even if its client is gone) or
    /// removed (its connection is reset; before the work, the work never happens).
    Hold {
        #[serde(default)]
        at: Moment,
    },
    /// The connection is reset without an answer.
    Reset {
        #[serde(default)]
        at: Moment,
    },
    /// The answer's body ends in a reset after so many bytes.
    CutBody { after: usize },
    /// The body stops after so many bytes until the fault is released or removed.
    StallBody { after: usize },
    /// The body comes in pieces of `chunk` bytes, with a pause before each.
    Dribble { chunk: usize, pause_ms: u64 },
    /// engage: the session is gone by the time of this page.
    LoseSession,
    /// engage: membership moved under the read. Positive: so many rows are skipped from this
    /// page's start; negative: so many rows of the page before come again.
    ShiftRows { by: i64 },
    /// engage: this page comes back without rows.
    HidePage,
    /// engage: the page before comes once more.
    DuplicatePage,
    /// upload: the record of this number, from 1, fails with this code; 555 is CleverTap's own
    /// trouble, to be retried \[doc\].
    FailRecord { record: usize, code: u16 },
}

impl Action {
    /// An answer in place of the work.
    pub fn answer(status: u16, body: impl Into<String>) -> Self {
        Action::Answer {
            at: Moment::BeforeWork,
            status,
            headers: vec![],
            body: body.into(),
        }
    }

    /// The work is done, but the client is told otherwise.
    pub fn answer_after_work(status: u16, body: impl Into<String>) -> Self {
        Action::Answer {
            at: Moment::AfterWork,
            status,
            headers: vec![],
            body: body.into(),
        }
    }

    /// Mixpanel's 200 that carries an `error` and no `results`.
    pub fn error_in_200(text: &str) -> Self {
        Action::answer(200, serde_json::json!({ "error": text }).to_string())
    }

    /// A 200 whose body is no JSON, as a proxy's page would be.
    pub fn garbage() -> Self {
        Action::answer_after_work(200, "<html><body>It works!</body></html>")
    }

    /// Mixpanel's 429 under load: the known text, no rate headers \[seen\].
    pub fn load_shedding(project: u64) -> Self {
        let error =
            format!("Query rate limit exceeded for project_id: {project}. Please try again later.");
        let body = serde_json::json!({ "request": "/api/query/engage", "error": error });
        Action::answer(429, body.to_string())
    }

    /// CleverTap's plain text in place of a presigned URL \[doc\].
    pub fn come_back_later() -> Self {
        Action::answer(200, "URL not generated, Please come back later")
    }
}

/// Which requests a fault is for. What is absent matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    pub vendor: Option<Vendor>,
    pub call: Option<Call>,
    /// Mixpanel project id or CleverTap account id.
    pub scope: Option<String>,
    /// engage: the page's number, from 0.
    pub page: Option<u64>,
    /// The first so many matching requests are spared.
    pub skip: u64,
    /// Then it acts on so many; absent = on all.
    pub times: Option<u64>,
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(default)]
    pub on: Matcher,
    pub action: Action,
}

impl Fault {
    /// Acts on every request, until narrowed.
    pub fn new(action: Action) -> Self {
        Fault {
            on: Matcher::default(),
            action,
        }
    }

    pub fn call(mut self, call: Call) -> Self {
        self.on.call = Some(call);
        self
    }

    pub fn scope(mut self, scope: impl ToString) -> Self {
        self.on.scope = Some(scope.to_string());
        self
    }

    pub fn page(mut self, page: u64) -> Self {
        self.on.page = Some(page);
        self
    }

    /// Only the n-th matching request, from 1.
    pub fn nth(mut self, n: u64) -> Self {
        (self.on.skip, self.on.times) = (n.saturating_sub(1), Some(1));
        self
    }

    /// Only the first so many.
    pub fn times(mut self, times: u64) -> Self {
        self.on.times = Some(times);
        self
    }
}

impl Matcher {
    /// Whether it is about this request, whatever `skip` and `times` say.
    fn matches(&self, seen: &Seen) -> bool {
        self.vendor
            .is_none_or(|vendor| vendor == seen.call.vendor())
            && self.call.is_none_or(|call| call == seen.call)
            && self.scope.as_ref().is_none_or(|scope| *scope == seen.scope)
            && self.page.is_none_or(|page| Some(page) == seen.page)
    }
}

/// What a fault has done so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultView {
    pub id: FaultId,
    pub fault: Fault,
    /// How often it has acted.
    pub hits: u64,
    /// How many requests it holds now.
    pub held: u64,
}
