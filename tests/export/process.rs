//! A process that runs exports, and what it is asked to do.

use std::time::Duration;

use jiff::SignedDuration;
use mixtap::api::{
    Datacenter, ExistingSegment, IdentityFallback, OnEmpty, Region, SyncType, TotalCheck,
};
use mixtap::clevertap::{self, Account, CleverTap, Limits};
use mixtap::domain::{CohortRef, ConnectorPlan, ExportPlan, IdentityRule, Mailbox};
use mixtap::export::{CohortLists, Progress, Scratch, SharedReads, Tools};
use mixtap::http::{Http, Metrics, Retry};
use mixtap::mixpanel::{self, Budgets, Mixpanel, ServiceAccount, Source};
use mixtap::state::State;

use crate::world::{COHORT, World, sandbox};

/// Few attempts, and no waits.
const QUICK: Retry = Retry {
    first: Duration::from_millis(1),
    max: Duration::from_millis(2),
    total: Duration::from_secs(30),
};

/// What a process has in memory.
pub struct Process {
    mixpanel: Mixpanel,
    clevertap: CleverTap,
    state: State,
    lists: CohortLists,
    reads: SharedReads,
    scratch: Scratch,
    progress: Progress,
}

impl Process {
    pub fn start(world: &World) -> Self {
        Self::on(world, Scratch::new(world.disk.path(), 1 << 30))
    }

    /// One with this scratch disk.
    pub fn on(world: &World, scratch: Scratch) -> Self {
        let http = world.http.clone().unwrap_or_else(client);
        let plan = &world.connector;
        let source = Source {
            base: plan.mixpanel_base.clone(),
            project: plan.mixpanel_project,
            workspace: None,
        };
        let service_account = ServiceAccount {
            username: "robot".into(),
            secret: "secret".into(),
        };
        let budget = Budgets::default().get(
            &plan.mixpanel_base,
            plan.mixpanel_project,
            plan.queries_per_hour,
            plan.count_every_page,
        );
        let options = mixpanel::Options {
            page_size: plan.page_size,
            total_check: plan.total_check,
            retry: QUICK,
        };
        let account = Account {
            base: plan.clevertap_base.clone(),
            project: plan.clevertap_project.clone(),
        };
        let clevertap = CleverTap::new(
            http.clone(),
            account,
            "pass".into(),
            &Limits::default(),
            clevertap::Options {
                connector: "uid-1",
                retry: QUICK,
                concurrent_lists: plan.concurrent_lists,
                concurrent_uploads: plan.concurrent_uploads,
            },
        );
        Self {
            mixpanel: Mixpanel::new(http, source, service_account, budget, options),
            clevertap,
            state: world.state(),
            lists: CohortLists::default(),
            reads: SharedReads::default(),
            scratch,
            progress: Progress::default(),
        }
    }

    pub fn tools<'a>(&'a self, world: &'a World) -> Tools<'a> {
        Tools {
            mixpanel: &self.mixpanel,
            clevertap: &self.clevertap,
            state: &self.state,
            lists: &self.lists,
            reads: &self.reads,
            key: &world.key,
            scratch: &self.scratch,
            progress: &self.progress,
        }
    }
}

/// Connections of one's own.
pub fn client() -> Http {
    // The other tests of this process may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Http::new(Metrics::default()).expect("TLS")
}

pub fn connector(project: u64, account: &str) -> ConnectorPlan {
    ConnectorPlan {
        display_name: None,
        clevertap_project: account.to_owned(),
        datacenter: Datacenter::Eu1,
        clevertap_base: sandbox().clevertap_url(),
        result_email: Mailbox("lists@example.com".to_owned()),
        mixpanel_project: project as i64,
        mixpanel_workspace: None,
        region: Region::US,
        mixpanel_base: sandbox().mixpanel_url(),
        queries_per_hour: 48,
        count_every_page: false,
        page_size: None,
        total_check: TotalCheck::Exact,
        exclude_device_ids: true,
        concurrent_uploads: 12,
        concurrent_lists: 2,
        check_interval: SignedDuration::from_hours(1),
        suspended: false,
    }
}

pub fn plan() -> ExportPlan {
    ExportPlan {
        cohort: CohortRef::Id(COHORT as i64),
        sync_type: SyncType::Dynamic,
        interval: SignedDuration::from_mins(15),
        segment_name: None,
        existing_segment: ExistingSegment::Replace,
        identity: IdentityRule {
            property: "$CleverTap_user_id".to_owned(),
            fallback: IdentityFallback::DistinctId,
            exclude_device_ids: true,
        },
        profile_properties: vec!["$email".to_owned()],
        create_profiles: true,
        on_empty: OnEmpty::Hold,
        max_shrink_percent: 50,
        refresh_interval: Some(SignedDuration::from_hours(24)),
        suspended: false,
    }
}
