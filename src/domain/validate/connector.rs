//! `CleverTapConnector`.

use jiff::SignedDuration;
use url::Url;

use super::{Problem, Rules, finding::Findings};
use crate::{
    api::{CleverTapConnectorSpec, MixpanelSpec},
    domain::{ConnectorPlan, Mailbox, endpoints},
};

const CHECK_INTERVAL: SignedDuration = SignedDuration::from_hours(1);
const QUERIES_PER_HOUR: u32 = 48;
const CONCURRENT_UPLOADS: u32 = 12;
const CONCURRENT_LISTS: u32 = 2;

/// The plan of a connector, or everything that is wrong with its spec.
pub fn connector(
    spec: &CleverTapConnectorSpec,
    rules: &Rules,
) -> Result<ConnectorPlan, Vec<Problem>> {
    let mut found = Findings::default();
    if let Some(name) = &spec.display_name {
        found.text("displayName", name, 128);
    }
    found.project_id("projectId", &spec.project_id);
    found.mailbox("resultEmail", &spec.result_email);
    let passcode = &spec.passcode_secret_ref;
    found.object_name("passcodeSecretRef.name", &passcode.name);
    found.secret_key("passcodeSecretRef.key", &passcode.key);

    let mixpanel = &spec.mixpanel;
    check_mixpanel(&mut found, mixpanel);
    let queries = mixpanel.queries_per_hour;
    let queries = found.number("mixpanel.queriesPerHour", queries, 1..=10_000);
    let page_size = found.number("mixpanel.pageSize", mixpanel.page_size, 100..=100_000);
    let limits = spec.limits.clone().unwrap_or_default();
    let uploads = limits.concurrent_uploads;
    let uploads = found.number("limits.concurrentUploads", uploads, 1..=15);
    let lists = found.number("limits.concurrentLists", limits.concurrent_lists, 1..=3);
    let check_interval = found.interval(
        "checkInterval",
        spec.check_interval.as_ref(),
        CHECK_INTERVAL,
        (rules.min_check_interval, "--min-check-interval"),
    );

    let others = spec.endpoints.clone().unwrap_or_default();
    let mut endpoint = |field, text: Option<String>| {
        text.and_then(|text| check_endpoint(&mut found, rules, field, &text))
    };
    let mixpanel_base = endpoint("endpoints.mixpanel", others.mixpanel);
    let clevertap_base = endpoint("endpoints.clevertap", others.clevertap);

    found.or(ConnectorPlan {
        display_name: spec.display_name.clone(),
        clevertap_project: spec.project_id.clone(),
        datacenter: spec.datacenter,
        clevertap_base: clevertap_base.unwrap_or_else(|| endpoints::clevertap(spec.datacenter)),
        result_email: Mailbox(spec.result_email.clone()),
        mixpanel_project: mixpanel.project_id,
        mixpanel_workspace: mixpanel.workspace_id,
        region: mixpanel.region,
        mixpanel_base: mixpanel_base.unwrap_or_else(|| endpoints::mixpanel(mixpanel.region)),
        queries_per_hour: queries.unwrap_or(QUERIES_PER_HOUR),
        count_every_page: mixpanel.count_every_page.unwrap_or(false),
        page_size,
        total_check: mixpanel.total_check.unwrap_or_default(),
        exclude_device_ids: mixpanel.exclude_device_ids.unwrap_or(true),
        concurrent_uploads: uploads.unwrap_or(CONCURRENT_UPLOADS) as usize,
        concurrent_lists: lists.unwrap_or(CONCURRENT_LISTS) as usize,
        check_interval,
        suspended: spec.suspend.unwrap_or(false),
    })
}

fn check_mixpanel(found: &mut Findings, spec: &MixpanelSpec) {
    found.id("mixpanel.projectId", spec.project_id);
    if let Some(workspace) = spec.workspace_id {
        found.id("mixpanel.workspaceId", workspace);
    }
    let account = &spec.service_account_secret_ref;
    let field = "mixpanel.serviceAccountSecretRef";
    found.object_name(&format!("{field}.name"), &account.name);
    found.secret_key(&format!("{field}.usernameKey"), &account.username_key);
    found.secret_key(&format!("{field}.secretKey"), &account.secret_key);
}

fn check_endpoint(found: &mut Findings, rules: &Rules, field: &str, text: &str) -> Option<Url> {
    match endpoints::base_url(text) {
        Ok(url) => {
            let listed = "must be listed in the controller's --allowed-endpoints";
            found.check(rules.allowed_endpoints.permits(&url), field, listed);
            Some(url)
        }
        Err(must) => {
            found.check(false, field, must);
            None
        }
    }
}

#[cfg(test)]
mod tests;
