//! What a run would do, without doing it.

use super::find::{Found, find};
use super::run::{Made, Run};
use super::{Gate, Request, RunError, Tools, Warning, profiles};
use crate::domain::{Counts, Reason};

/// Calls that send a list: its address, its file, its completion.
pub const LIST_CALLS: u64 = 3;

/// What a run by the same request would bring, as far as can be known without a vendor write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Id and name.
    pub cohort: (i64, String),
    pub segment: String,
    /// As the run would count them; what becomes of profiles isn't known before.
    pub counts: Counts,
    /// Whether it reads the cohort; not where a run of its id has got to its end.
    pub reads: bool,
    /// Whether there is a last list to compare with; without one all identities count as added.
    pub compared: bool,
    /// An earlier run was cut off after it may have sent its list: what the segment holds isn't known.
    pub unconfirmed: bool,
    /// The guard would stop it.
    pub held: Option<Held>,
    /// What would be sent; `None` where the list stays as it is.
    pub sends: Option<Sends>,
    pub warnings: Vec<Warning>,
}

/// A guard's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// `HeldEmpty` or `HeldShrink`.
    pub reason: Reason,
    /// Identities in the previous list; 0 where nothing comparable is known.
    pub previous: u64,
    /// Identities that the segment would lose.
    pub removed: u64,
}

/// What a run sends to CleverTap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sends {
    /// Members that are sent as profiles.
    pub profiles: u64,
    /// Calls that send them.
    pub profile_calls: u64,
    /// Calls that send the list.
    pub list_calls: u64,
}

impl Preview {
    /// Whether the run would change whom the segment holds, as far as is known.
    pub fn changes(&self) -> bool {
        let Counts { added, removed, .. } = self.counts;
        self.sends.is_some() && (!self.compared || self.unconfirmed || added + removed > 0)
    }
}

/// The steps of [`run`](super::run()) up to its first write, of which it makes none: neither at a
/// vendor nor in the state.
///
/// # Errors
/// Those of a run that come before its first write, but for `Held`.
pub async fn preview(
    tools: &Tools<'_>,
    request: &Request,
    gate: &Gate<'_>,
) -> Result<Preview, RunError> {
    let found = match find(tools, request, gate).await? {
        Found::Finished { done, .. } => {
            return Ok(Preview {
                cohort: done.cohort,
                segment: done.segment.0,
                counts: done.counts,
                reads: false,
                compared: true,
                unconfirmed: false,
                held: None,
                sends: None,
                warnings: done.warnings,
            });
        }
        Found::Open(found) => found,
    };
    let run = found.run(tools, request, gate);
    let made = run.make(gate).await?;
    let held = match run.guard(&made).await {
        Ok(()) => None,
        Err(RunError::Held {
            reason,
            previous,
            removed,
            ..
        }) => Some(Held {
            reason,
            previous,
            removed,
        }),
        Err(error) => return Err(error),
    };
    let stays = held.is_some() || run.stays(&made);
    Ok(Preview {
        sends: match stays {
            true => None,
            false => Some(run.sends(&made).await?),
        },
        held,
        reads: true,
        compared: made.compared,
        unconfirmed: found.before.mark.is_some(),
        warnings: run.warnings(&made),
        counts: Counts {
            uploaded: !stays,
            ..made.counts
        },
        cohort: found.cohort.clone(),
        segment: found.list.segment.clone(),
    })
}

impl Run<'_> {
    async fn sends(&self, made: &Made) -> Result<Sends, RunError> {
        let export = &self.request.export;
        Ok(Sends {
            profiles: made.draft.fresh_count,
            profile_calls: profiles::calls(&made.draft, &export.profile_properties).await?,
            list_calls: LIST_CALLS,
        })
    }
}
