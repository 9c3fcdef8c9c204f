//! What nobody needs any more goes: each hour what was kept for confirming uploads, each day the
//! state of lists that no export refers to, and of exports that are gone.

use std::time::Duration;

use jiff::Timestamp;

use super::conflict;
use super::context::Context;
use super::history;
use crate::export;

const EVERY: Duration = Duration::from_secs(3600);
const HOURS_A_DAY: u32 = 24;

/// Sweeps while this controller leads, beginning an hour after it began to.
pub async fn sweep(ctx: &Context) {
    for hour in (1..=HOURS_A_DAY).cycle() {
        tokio::time::sleep(EVERY).await;
        export::clean_shelf(&ctx.scratch).await;
        if hour == HOURS_A_DAY {
            state(ctx).await;
        }
    }
}

async fn state(ctx: &Context) {
    ctx.filling.all_done().await;
    let exports: Vec<_> = ctx.all_exports().collect();
    let exports = exports.iter().filter_map(|export| export.0.as_ref().ok());
    let lists: Vec<_> = exports
        .clone()
        .filter_map(|export| conflict::list_of(ctx, export))
        .collect();
    let exports: Vec<_> = exports.map(history::key).collect();
    match ctx.state.sweep(&lists, &exports, Timestamp::now()).await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "removed the state of lists and exports that are gone"),
        Err(error) => tracing::warn!(%error, "the state can't be swept"),
    }
}
