//! From an export to what Mixpanel says of one user.

use std::time::Duration;

use jiff::SignedDuration;
use kube::ResourceExt as _;

use crate::api::{CleverTapConnector, CohortExport};
use crate::cluster::{Cluster, Error};
use crate::controller::credentials;
use crate::domain::endpoints::AllowedEndpoints;
use crate::domain::validate::{self, Problem, Rules, sentence};
use crate::domain::{CohortRef, ConnectorPlan, ExportPlan, IdentityRule};
use crate::export::choose;
use crate::http::{Http, Retry};
use crate::mixpanel::{
    Budgets, Existence, Found, Mixpanel, Options, Query, ServiceAccount, Source,
};

/// Fields that name where credentials are sent.
const ENDPOINTS: &str = "spec.endpoints";

/// An answer of Mixpanel's.
pub struct Asked {
    /// Id and name.
    pub cohort: (i64, String),
    pub found: Found,
    pub rule: IdentityRule,
    /// Queries that it took.
    pub queries: u32,
}

/// Asks with the connector's own Secret, read by the caller's rights, as the export would.
pub async fn ask(
    cluster: &Cluster,
    export: &CohortExport,
    user: &str,
    allowed: &AllowedEndpoints,
) -> Result<Asked, Error> {
    let connector = cluster.connector(&export.spec.connector_ref.name).await?;
    let (connector_plan, plan) = plans(export, &connector, allowed)?;
    let account = account(cluster, &connector).await?;
    let mixpanel = client(&connector_plan, account)?;
    let (cohort, listed) = cohort(&mixpanel, export, &plan.cohort).await?;
    let query = Query {
        cohort: cohort.0,
        properties: vec![plan.identity.property.clone()],
    };
    let found = mixpanel.member(&query, user).await;
    Ok(Asked {
        cohort,
        found: found.map_err(|error| Error::new(error.to_string()))?,
        rule: plan.identity,
        queries: 1 + u32::from(listed),
    })
}

/// Both specs, checked as the controller does.
fn plans(
    export: &CohortExport,
    connector: &CleverTapConnector,
    allowed: &AllowedEndpoints,
) -> Result<(ConnectorPlan, ExportPlan), Error> {
    // Which intervals the controller permits says nothing of a user.
    let rules = Rules {
        allowed_endpoints: allowed.clone(),
        min_interval: SignedDuration::ZERO,
        min_check_interval: SignedDuration::ZERO,
    };
    let unusable = |what: String, problems: Vec<Problem>| {
        let error = Error::new(format!("{what} can't be used: {}", sentence(&problems)));
        match problems
            .iter()
            .any(|problem| problem.field.starts_with(ENDPOINTS))
        {
            true => error.and("This command has a flag of that name: credentials are sent there"),
            false => error,
        }
    };
    let connector_plan = validate::connector(&connector.spec, &rules).map_err(|problems| {
        unusable(
            format!("clevertapconnector/{}", connector.name_any()),
            problems,
        )
    })?;
    let plan = validate::export(&export.spec, connector_plan.exclude_device_ids, &rules)
        .map_err(|problems| unusable(format!("cohortexport/{}", export.name_any()), problems))?;
    Ok((connector_plan, plan))
}

async fn account(
    cluster: &Cluster,
    connector: &CleverTapConnector,
) -> Result<ServiceAccount, Error> {
    let doing = "read the connector's Secret";
    let read = credentials::service_account(&cluster.client, &cluster.namespace, &connector.spec);
    let account = read.await.map_err(|error| Error::of_api(doing, error))?;
    account.map_err(|failure| Error::new(failure.message))
}

/// One attempt a call: another one may cost another query. What it books, no controller knows;
/// Mixpanel counts it all the same.
fn client(plan: &ConnectorPlan, account: ServiceAccount) -> Result<Mixpanel, Error> {
    let http = Http::new(Default::default());
    let http = http.map_err(|e| Error::new(format!("the HTTP client can't be made: {e}")))?;
    let source = Source {
        base: plan.mixpanel_base.clone(),
        project: plan.mixpanel_project,
        workspace: plan.mixpanel_workspace,
    };
    let budget = Budgets::default().get(&source.base, source.project, plan.queries_per_hour, false);
    let options = Options {
        retry: Retry::within(Duration::from_secs(1), Duration::ZERO),
        ..Options::default()
    };
    Ok(Mixpanel::new(http, source, account, budget, options))
}

/// Id and name of the cohort, and whether that took a list of all.
async fn cohort(
    mixpanel: &Mixpanel,
    export: &CohortExport,
    wanted: &CohortRef,
) -> Result<((i64, String), bool), Error> {
    let failed = |message: String| Error::new(message);
    let known = export.status.as_ref().and_then(|s| s.cohort.as_ref());
    let id = match wanted {
        CohortRef::Id(id) => Some(*id),
        CohortRef::Name(name) => known.filter(|known| known.name == *name).map(|k| k.id),
    };
    let Some(id) = id else {
        let cohorts = mixpanel
            .cohorts()
            .await
            .map_err(|e| failed(e.to_string()))?;
        let found = choose(&cohorts, wanted).map_err(|failure| failed(failure.message))?;
        return Ok((found, true));
    };
    // Free, unlike a list.
    let found = match mixpanel.cohort(id).await {
        Existence::Found(cohort) => choose(&[cohort], &CohortRef::Id(id)),
        Existence::Absent => choose(&[], wanted),
        Existence::Unknown => {
            let name = known.filter(|known| known.id == id).map(|k| k.name.clone());
            Ok((id, name.unwrap_or_default()))
        }
    };
    let found = found.map_err(|failure| failed(failure.message))?;
    Ok((found, false))
}
