//! The claim of a run: before any side effect, by compare-and-swap.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::api::Api;

use super::context::Context;
use super::dereference::{Ready, ready};
use super::error::{Error, call};
use super::report::write;
use super::timing::{due, input, is_first};
use crate::api::{CohortExport, CurrentRun};
use crate::domain::outcome::export::Write;
use crate::domain::schedule::{self, Due};

/// A claimed run: the export as it was when it was claimed, and what it claims.
pub struct Claim {
    pub export: CohortExport,
    pub ready: Ready,
    pub run: CurrentRun,
    /// Whether conditions said so: a first run, or one of a new shape.
    pub first: bool,
    /// How long after this run its list is sent once more, if it created profiles.
    pub confirm_delay: SignedDuration,
}

/// Claims the run by compare-and-swap on a live read; `None` gives way to whoever changed it.
/// `found` is what its budget was taken for.
pub async fn claim(
    ctx: &Context,
    seen: &CohortExport,
    found: &Ready,
) -> Result<Option<Claim>, Error> {
    // What is claimed may be under way elsewhere.
    if !ctx.leadership.valid() {
        return Ok(None);
    }
    let api: Api<CohortExport> =
        Api::namespaced(ctx.client.clone(), &seen.namespace().unwrap_or_default());
    let live = match call("read an export", api.get_opt(&seen.name_any())).await? {
        Some(live) if live.uid() == seen.uid() && live.metadata.deletion_timestamp.is_none() => {
            live
        }
        _ => return Ok(None),
    };
    let ready = match ready(&live, ctx) {
        Ok(ready) if ready.asks_as(found) => ready,
        _ => return Ok(None),
    };
    let now = Timestamp::now();
    let Due::Now { why, key } = due(&live, &ready, ctx, now) else {
        return Ok(None);
    };
    let old = live.status.clone().unwrap_or_default();
    let generation = live.metadata.generation.unwrap_or_default();
    let run = schedule::claim(&input(&live, &old, &ready, ctx), why, &key, now);
    let status = Write {
        old: &old,
        generation,
        now,
    }
    .claimed(run.clone(), is_first(why));
    match write(ctx, &live, &status).await {
        Ok(_) => {}
        Err(error) if error.is_conflict() => return Ok(None),
        Err(error) => return Err(error),
    }
    let confirm_delay = schedule::signed(ctx.args.exports.confirm_delay);
    Ok(Some(Claim {
        export: live,
        ready,
        run,
        first: is_first(why),
        confirm_delay,
    }))
}
