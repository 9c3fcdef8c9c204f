//! What the page shows, and from where it has that.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SetOnce};
use tokio::time::timeout;

use super::board::Board;
use super::histories::Histories;
use super::model::{Connector, Export};
use crate::domain::Failure;
use crate::state::{ExportKey, PastRun, State};

/// Each is a call of the state store.
const HISTORIES: usize = 4;
/// How long an export's page waits for its history, and as long for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is served. Empty until this process leads. Clones share it.
#[derive(Clone, Default)]
pub struct Page(Arc<SetOnce<Leading>>);

/// The page of a process that leads.
pub(super) struct Leading {
    pub view: View,
    pub board: Board,
    /// Histories that people's pages read at once.
    turns: Semaphore,
    histories: Histories,
}

impl Page {
    /// This process leads: from now on it answers.
    pub fn lead(&self, view: View) {
        // Nobody leads twice: a process that lost the Lease ends.
        let _ = self.0.set(Leading {
            view,
            board: Board::default(),
            turns: Semaphore::new(HISTORIES),
            histories: Histories::default(),
        });
    }

    /// Tells open pages what changes, once this process leads.
    pub(super) async fn tell(&self) {
        let leading = self.0.wait().await;
        leading.board.serve(&leading.view).await;
    }

    /// What a page that is being told goes on with: [`Board::serve`] ends it.
    pub(super) fn led(&self) -> Option<&Leading> {
        self.0.get()
    }

    /// `None` too while what it would show isn't known to be so any more.
    pub(super) fn leading(&self) -> Option<&Leading> {
        self.0.get().filter(|leading| (leading.view.leads)())
    }
}

impl Leading {
    /// The runs of an export that are remembered, the latest first.
    pub async fn history(&self, of: &ExportKey) -> Result<Vec<PastRun>, Failure> {
        // It is never closed.
        let _turn = self.turns.acquire().await;
        let runs = self.view.state.history(of).await;
        runs.map_err(|error| error.failure())
    }

    /// The same as it was a moment ago, or when the export's last run ended: read once for all who
    /// look. `None` where it can't be read.
    pub async fn recent_history(&self, of: &Export) -> Option<Arc<[PastRun]>> {
        if let Some(runs) = self.histories.get(of) {
            return runs;
        }
        let read = async {
            let _turn = self.turns.acquire().await;
            // Somebody else may have read it meanwhile.
            if let Some(runs) = self.histories.get(of) {
                return runs;
            }
            let key = ExportKey::from(of);
            let runs = timeout(PATIENCE, self.view.state.history(&key)).await;
            // One that takes too long isn't begun anew by everybody who looks.
            self.histories.keep(of, runs.ok().and_then(Result::ok))
        };
        // The rest of the page is worth having without.
        timeout(2 * PATIENCE, read).await.unwrap_or_default()
    }
}

/// Whether the process still leads, and so hears what changes.
pub type Leads = Box<dyn Fn() -> bool + Send + Sync>;
/// All connectors, as they are now.
pub type ConnectorsNow = Box<dyn Fn() -> Vec<Connector> + Send + Sync>;
/// All exports, as they are now.
pub type ExportsNow = Box<dyn Fn() -> Vec<Export> + Send + Sync>;
/// The object of this namespace and name, if it is watched.
pub type ExportOf = Box<dyn Fn(&str, &str) -> Option<ExportKey> + Send + Sync>;
/// The budgets as they are now.
pub type BudgetOf = Box<dyn Fn() -> Budgets + Send + Sync>;
/// What the next run of an export compares with; `None` where nothing is known.
pub type BaseOf =
    Box<dyn Fn(&ExportKey) -> BoxFuture<'static, Result<Option<Base>, Failure>> + Send + Sync>;

/// What the list of an export holds of one fingerprint; `None` where no list is known.
pub type ListedOf = Box<
    dyn Fn(&ExportKey, [u8; 16]) -> BoxFuture<'static, Result<Option<Listed>, Failure>>
        + Send
        + Sync,
>;

/// The controller's knowledge, as far as the page shows it.
pub struct View {
    pub leads: Leads,
    pub state: State,
    pub connectors: ConnectorsNow,
    pub exports: ExportsNow,
    pub export: ExportOf,
    pub budgets: BudgetOf,
    pub base: BaseOf,
    pub listed: ListedOf,
}

/// `/api/v1/exports/{namespace}/{name}/history`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    pub namespace: String,
    pub name: String,
    /// The latest first.
    pub runs: Vec<PastRun>,
}

/// `/api/v1/exports/{namespace}/{name}/base`: of the list that CleverTap accepted last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// Name of the segment at CleverTap.
    pub segment: String,
    pub cohort_id: i64,
    pub cohort_name: String,
    /// Identities in the list.
    pub members: u64,
    /// When CleverTap accepted it.
    pub uploaded_time: Timestamp,
    pub run_id: String,
    /// What the list was made of, 16 hexadecimal digits.
    pub shape: String,
    /// A run may have replaced it without having kept what it sent.
    pub unconfirmed: bool,
}

/// `/api/v1/exports/{namespace}/{name}/listed/{fingerprint}`: of the same list, for who has the key of
/// its fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Which key that is, 16 hexadecimal digits.
    pub key_id: String,
    pub uploaded_time: Timestamp,
    /// What CleverTap made of the profile; `None` where the identity isn't in the list.
    pub profile: Option<Profile>,
}

/// The profile of an identity in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    NotSent,
    Accepted,
    Rejected,
}

/// `/api/v1/budget`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    pub projects: Vec<Project>,
}

/// A Mixpanel project's rolling hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Of Mixpanel's API.
    pub host: String,
    /// Mixpanel project id.
    pub project: i64,
    /// Queries that may be sent an hour.
    pub limit: u32,
    /// Queries of the last hour.
    pub used: u32,
    /// Queries that may be sent now; less than the difference while some are kept for runs under
    /// way, or while Mixpanel permits none.
    pub left: u32,
    /// The exports that wait for a query, in order.
    pub waiting: Vec<Waiting>,
}

/// An export that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    pub namespace: String,
    pub name: String,
    /// How long it likely still waits.
    pub seconds: u64,
}
