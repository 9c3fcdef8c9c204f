//! Exports of one connector on one cohort: they are due together, and one of them reads for all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use super::context::{Context, Export};
use super::dereference::Ready;
use crate::api::{CohortExport, SyncType};
use crate::domain::{CohortRef, ExportPlan, validate};
use crate::export::{self, Shared};
use crate::mixpanel::Budget;

/// The groups in which a run has its turn.
#[derive(Default)]
pub struct Groups(Mutex<HashMap<String, Carrier>>);

struct Carrier {
    began: Timestamp,
    /// With the query that is reserved for the read of all.
    budget: Budget,
}

/// A run whose read serves its group, until it is dropped.
pub struct Leading<'a> {
    groups: &'a Groups,
    group: String,
    began: Timestamp,
}

impl Groups {
    /// The budget of a run whose read, begun at `since` or later, serves this group too.
    fn carrier(&self, group: &str, since: Timestamp) -> Option<Budget> {
        let groups = self.lock();
        let carrier = groups.get(group).filter(|c| c.began >= since)?;
        Some(carrier.budget.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Carrier>> {
        // Each change is whole, so a panic elsewhere spoils none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        let mut groups = self.groups.lock();
        if groups
            .get(&self.group)
            .is_some_and(|c| c.began == self.began)
        {
            groups.remove(&self.group);
        }
    }
}

/// Exports of one connector on one cohort, as long as it reads the same way.
fn group(ready: &Ready, shared: &Shared) -> String {
    format!("{} {}", shared.reader, ready.group)
}

/// The other exports of the group that may run.
fn others<'a>(
    ctx: &'a Context,
    export: &'a CohortExport,
    ready: &'a Ready,
) -> impl Iterator<Item = (ObjectRef<Export>, ExportPlan)> + 'a {
    let same = |other: &CohortExport| {
        other.namespace() == export.namespace()
            && other.spec.connector_ref.name == export.spec.connector_ref.name
            && other.spec.cohort == export.spec.cohort
            && other.uid() != export.uid()
            && other.spec.suspend != Some(true)
            && !rests(other)
    };
    ctx.all_exports().filter_map(move |other| {
        let reference = ObjectRef::from_obj(&*other);
        let other = other.0.as_ref().ok().filter(|other| same(other))?;
        let device_ids = ready.connector_plan.exclude_device_ids;
        let plan = validate::export(&other.spec, device_ids, &ctx.rules).ok()?;
        Some((reference, plan))
    })
}

/// A one-time export that is done.
fn rests(export: &CohortExport) -> bool {
    let done = export.status.as_ref().is_some_and(|s| s.last_run.is_some());
    export.spec.sync_type == SyncType::OneTime && done
}

/// What the group asks Mixpanel for together; `None` for an export that is alone in it.
pub fn together(
    ctx: &Context,
    export: &CohortExport,
    ready: &Ready,
    since: Timestamp,
) -> Option<Shared> {
    let mut properties: Vec<String> = Vec::new();
    let mut alone = true;
    for (_, plan) in others(ctx, export, ready) {
        alone = false;
        properties.extend(plan.properties().cloned());
    }
    properties.sort_unstable();
    properties.dedup();
    (!alone).then(|| Shared {
        reader: export::reader(
            &ready.connector.uid().unwrap_or_default(),
            &ready.connector_plan,
        ),
        properties,
        since,
    })
}

/// The budget of who needs no query of its own, since another run reads the same.
pub fn carried(
    ctx: &Context,
    export: &CohortExport,
    ready: &Ready,
    shared: &Shared,
) -> Option<Budget> {
    let carrier = ctx.groups.carrier(&group(ready, shared), shared.since);
    carrier.or_else(|| {
        let known = export.status.as_ref().and_then(|s| s.cohort.as_ref());
        let cohort = match (&ready.plan.cohort, known) {
            (CohortRef::Id(id), _) => *id,
            (CohortRef::Name(_), known) => known?.id,
        };
        let read = ctx.reads.has(shared, &ready.plan, cohort);
        read.then(|| ready.budget(ctx))
    })
}

/// Has the others of the group come along: this run has its turn.
pub fn lead<'a>(
    ctx: &'a Context,
    export: &CohortExport,
    ready: &Ready,
    shared: &Shared,
    budget: &Budget,
) -> Leading<'a> {
    let group = group(ready, shared);
    let began = Timestamp::now();
    let carrier = Carrier {
        began,
        budget: budget.clone(),
    };
    ctx.groups.lock().insert(group.clone(), carrier);
    for (other, _) in others(ctx, export, ready) {
        ctx.wake_exports.wake(&other);
    }
    Leading {
        groups: &ctx.groups,
        group,
        began,
    }
}
