//! What the leader's page is given to show.

mod objects;

use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::Semaphore;

use super::context::Context;
use super::{conflict, history};
use crate::domain::{Destination, Failure};
use crate::export::{self, Header, ProfileState};
use crate::mixpanel::HourReport;
use crate::page::{Base, Budgets, Listed, Page, Profile, Project, View, Waiting};
use crate::state::{ExportKey, State};

/// Shows it, once this controller has seen all objects: nobody is told that one isn't there before.
pub async fn lead(ctx: Arc<Context>, page: Page) {
    ctx.filling.all_done().await;
    page.lead(view(&ctx));
}

fn view(ctx: &Arc<Context>) -> View {
    let (exports, bases, lists) = (Arc::clone(ctx), Arc::clone(ctx), Arc::clone(ctx));
    let (all_connectors, all_exports) = (Arc::clone(ctx), Arc::clone(ctx));
    let (leadership, shutdown) = (ctx.leadership.clone(), ctx.shutdown.clone());
    let budgets = ctx.budgets.clone();
    // A snapshot is read whole, so one after the other.
    let turn = Arc::new(Semaphore::new(1));
    let other = Arc::clone(&turn);
    View {
        // Without the API server nothing that changes is heard, and from shutdown on nothing is watched.
        leads: Box::new(move || leadership.valid() && !shutdown.is_cancelled()),
        state: ctx.state.clone(),
        connectors: Box::new(move || objects::connectors(&all_connectors)),
        exports: Box::new(move || objects::exports(&all_exports)),
        export: Box::new(move |namespace, name| {
            let found = exports.export(namespace, name)?;
            found.0.as_ref().ok().map(history::key)
        }),
        budgets: Box::new(move || Budgets {
            projects: budgets.report().into_iter().map(project).collect(),
        }),
        base: Box::new(move |key| {
            let (list, state, turn) = (list(&bases, key), bases.state.clone(), Arc::clone(&turn));
            async move {
                let Some(list) = list else { return Ok(None) };
                let _turn = turn.acquire().await;
                base(&state, &list).await
            }
            .boxed()
        }),
        listed: Box::new(move |key, fingerprint| {
            let (list, state, turn) = (list(&lists, key), lists.state.clone(), Arc::clone(&other));
            async move {
                let Some(list) = list else { return Ok(None) };
                let _turn = turn.acquire().await;
                let found = export::look_up(&state, &list, fingerprint).await?;
                Ok(found.map(|(header, profile)| listed(header, profile)))
            }
            .boxed()
        }),
    }
}

/// The list that an export refers to, as far as is known.
fn list(ctx: &Context, key: &ExportKey) -> Option<Destination> {
    let export = ctx.export(&key.namespace, &key.name)?;
    conflict::list_of(ctx, export.0.as_ref().ok()?)
}

fn listed(header: Header, profile: Option<ProfileState>) -> Listed {
    Listed {
        key_id: header.key_id,
        uploaded_time: header.uploaded,
        profile: profile.map(|profile| match profile {
            ProfileState::NotSent => Profile::NotSent,
            ProfileState::Accepted => Profile::Accepted,
            ProfileState::Rejected => Profile::Rejected,
        }),
    }
}

async fn base(state: &State, list: &Destination) -> Result<Option<Base>, Failure> {
    let Some((header, members)) = export::list_header(state, list).await? else {
        return Ok(None);
    };
    let mark = state.unconfirmed(list).await;
    let mark = mark.map_err(|error| error.failure())?;
    Ok(Some(Base {
        segment: header.destination.segment,
        cohort_id: header.cohort_id,
        cohort_name: header.cohort_name,
        members,
        uploaded_time: header.uploaded,
        run_id: header.run_id,
        shape: header.shape,
        unconfirmed: mark.is_some(),
    }))
}

fn project(hour: HourReport) -> Project {
    let waiting = hour.waiting.into_iter().filter_map(|(key, wait)| {
        let (namespace, name) = key.split_once('/')?;
        Some(Waiting {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            seconds: wait.as_secs(),
        })
    });
    Project {
        host: hour.host,
        project: hour.project,
        limit: hour.limit,
        used: hour.used,
        left: hour.left,
        waiting: waiting.collect(),
    }
}
