//! Which exports ask for the same list, as the watch last saw them.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use super::context::{Connector, Context, Export};
use super::dereference::Ready;
use crate::api::{CohortExport, conditions};
use crate::domain::segment::{Claimant, conflict_message, fixed_default, recorded, rival};
use crate::domain::{CohortRef, ConnectorPlan, Destination, Failure, Reason, Shape, validate};

/// Why this export must not write its list now, if its name is known without a vendor call.
pub fn before_run(ctx: &Context, export: &CohortExport, ready: &Ready) -> Option<Failure> {
    let uid = export.uid().unwrap_or_default();
    let named = segment_name(export, Some(ready.shape));
    let named = named.map(|name| ready.connector_plan.destination(&name));
    let destination = named.or_else(|| ctx.destinations.of(&uid, ready.shape))?;
    find(ctx, export, ready, &destination)
}

/// Why this export must not write this list now: another one has the better right to it, or is
/// just writing it.
pub fn find(
    ctx: &Context,
    export: &CohortExport,
    ready: &Ready,
    destination: &Destination,
) -> Option<Failure> {
    // Asked first: who gives a list back has noted before that it wrote it.
    let uid = export.uid().unwrap_or_default();
    let busy = ctx.destinations.is_written_by_another(destination, &uid);
    let mine = Claimant {
        uploaded: uploaded(ctx, export, &ready.connector_plan, destination),
        ..claimant(export, Some(destination.clone()))
    };
    let others: Vec<_> = ctx
        .destinations
        .asking(destination)
        .iter()
        .filter_map(|found| ctx.export(found.namespace.as_deref()?, &found.name))
        .filter_map(|e| other(ctx, e.0.as_ref().ok()?))
        .collect();
    if let Some(rival) = rival(&mine, &others) {
        return Some(Failure::new(
            Reason::SegmentConflict,
            conflict_message(&mine, rival),
        ));
    }
    busy.then(just_written)
}

/// Another run got hold of the list first.
pub fn just_written() -> Failure {
    let message = "Another CohortExport is just writing this segment; this one follows.";
    Failure::new(Reason::SegmentConflict, message)
}

fn other(ctx: &Context, export: &CohortExport) -> Option<Claimant> {
    let (connector, plan) = connector_of(ctx, export)?;
    let status = connector.0.as_ref().ok()?.status.as_ref()?;
    let connected = conditions::find(&status.conditions, conditions::CONNECTED)?;
    // At Unknown its exports go on, so they count.
    if connected.status == "False" {
        return None;
    }
    let wants = wanted(ctx, export, &plan)?;
    Some(Claimant {
        uploaded: uploaded(ctx, export, &plan, &wants),
        suspended: plan.suspended || export.spec.suspend == Some(true),
        ..claimant(export, Some(wants))
    })
}

/// Takes note of the list that an export asks for, as the watch shows it and its connector.
pub fn note(ctx: &Context, export: &Export) {
    let wants = export.0.as_ref().ok().and_then(|export| {
        let (_, plan) = connector_of(ctx, export)?;
        let wants = wanted(ctx, export, &plan)?;
        // Said while the spec is still that of the run.
        uploaded(ctx, export, &plan, &wants);
        Some(wants)
    });
    let (uid, object) = (
        export.uid().unwrap_or_default(),
        ObjectRef::from_obj(export),
    );
    ctx.destinations.wants(&uid, object, wants);
}

/// The list that an export refers to, whether or not its connector is connected.
pub fn list_of(ctx: &Context, export: &CohortExport) -> Option<Destination> {
    let (_, plan) = connector_of(ctx, export)?;
    wanted(ctx, export, &plan)
}

fn connector_of(ctx: &Context, export: &CohortExport) -> Option<(Arc<Connector>, ConnectorPlan)> {
    let namespace = export.namespace()?;
    let connector = ctx.connector(&namespace, &export.spec.connector_ref.name)?;
    let spec = &connector.0.as_ref().ok()?.spec;
    let plan = validate::connector(spec, &ctx.rules).ok()?;
    Some((connector, plan))
}

fn wanted(ctx: &Context, export: &CohortExport, plan: &ConnectorPlan) -> Option<Destination> {
    let export_plan = validate::export(&export.spec, plan.exclude_device_ids, &ctx.rules).ok();
    let shape = export_plan.map(|export_plan| Shape::of(plan, &export_plan));
    let named = segment_name(export, shape).map(|name| plan.destination(&name));
    named.or_else(|| ctx.destinations.of(&export.uid()?, shape?))
}

/// The segment name, as far as spec and status tell without a vendor call.
fn segment_name(export: &CohortExport, shape: Option<Shape>) -> Option<String> {
    let cohort = &export.spec.cohort;
    let cohort = match (cohort.id, &cohort.name) {
        (Some(id), _) => CohortRef::Id(id),
        (None, name) => CohortRef::Name(name.clone()?),
    };
    let kept = || fixed_default(&cohort, shape, export.status.as_ref()?);
    export.spec.segment_name.clone().or_else(kept)
}

/// Whether an upload of this export to this list is recorded. Status doesn't say to which account
/// it went, so it counts while the spec is what it was at that run; what this process saw counts
/// after a change too.
fn uploaded(
    ctx: &Context,
    export: &CohortExport,
    connector: &ConnectorPlan,
    destination: &Destination,
) -> bool {
    let uid = export.uid().unwrap_or_default();
    let recorded = || {
        let plan = validate::export(&export.spec, connector.exclude_device_ids, &ctx.rules).ok()?;
        let (status, shape) = (export.status.as_ref()?, Shape::of(connector, &plan));
        recorded(status, shape, &destination.segment).then_some(())
    };
    if recorded().is_some() {
        ctx.destinations.wrote(&uid, destination);
    }
    ctx.destinations.has_written(&uid, destination)
}

fn claimant(export: &CohortExport, wants: Option<Destination>) -> Claimant {
    Claimant {
        namespace: export.namespace().unwrap_or_default(),
        name: export.name_any(),
        uid: export.uid().unwrap_or_default(),
        created: export.creation_timestamp().map(|t| t.0).unwrap_or_default(),
        suspended: export.spec.suspend == Some(true),
        uploaded: false,
        wants,
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::watcher::Event;
    use proptest::prelude::*;

    use super::super::context::Connector;
    use super::super::dereference::specs;
    use super::super::testing::{Cluster, connector, export};
    use super::*;

    const LISTS: [&str; 3] = ["a", "b", "c"];
    const NAMES: [&str; 2] = ["main", "other"];

    #[derive(Clone, Debug)]
    enum Change {
        Connector(Box<Event<Connector>>),
        Export(Box<Event<Export>>),
    }

    fn change() -> impl Strategy<Value = Change> {
        let connectors = (any::<bool>(), 0..2_usize, 0..2_usize, any::<bool>()).prop_map(
            |(deleted, name, account, connected)| {
                let connected = if connected { "True" } else { "False" };
                let account = ["TEST-ONE-1", "TEST-TWO-2"][account];
                let object = connector(NAMES[name], account, connected);
                let event = if deleted { Event::Delete } else { Event::Apply };
                Change::Connector(Box::new(event(object)))
            },
        );
        let exports = (
            any::<bool>(),
            0..6_u8,
            0..2_usize,
            0..3_usize,
            any::<bool>(),
        )
            .prop_map(|(deleted, name, connector, list, suspend)| {
                let object = export(&name.to_string(), NAMES[connector], LISTS[list], suspend);
                let event = if deleted { Event::Delete } else { Event::Apply };
                Change::Export(Box::new(event(object)))
            });
        prop_oneof![1 => connectors, 4 => exports]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Against a look at all exports.
        #[test]
        fn a_look_misses_nobody(changes in prop::collection::vec(change(), 1..30)) {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let _runtime = runtime.enter();
            let mut cluster = Cluster::new();
            for change in changes {
                match change {
                    Change::Connector(event) => cluster.connector(*event),
                    Change::Export(event) => cluster.export(*event),
                }
                let ctx = &cluster.ctx;
                let all: Vec<_> = ctx.all_exports().collect();
                let all = all.iter().filter_map(|e| other(ctx, e.0.as_ref().ok()?));
                let all: Vec<_> = all.collect();
                for export in ctx.all_exports() {
                    let export = export.0.as_ref().unwrap();
                    let Ok(ready) = specs(export, ctx) else { continue };
                    let found = before_run(ctx, export, &ready).map(|f| f.message);
                    let wants = list_of(ctx, export);
                    let mine = claimant(export, wants);
                    let expected = rival(&mine, &all).map(|r| conflict_message(&mine, r));
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}
