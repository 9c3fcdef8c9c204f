//! Every flag and variable of the commands that export, a struct each. Variables are named `MIXTAP_` and the
//! flag; a flag wins over its variable.

mod cluster;
pub mod duration;
mod exports;
mod files;
mod local;
mod log;
mod namespaces;
mod page;
mod rules;
mod size;
mod state;

use std::{net::SocketAddr, time::Duration};

use clap::{ArgAction, Args};

pub use cluster::{ClusterArgs, LeaderArgs};
pub use exports::ExportArgs;
pub use files::FilesArgs;
pub use local::{LONGEST_LOCK, LocalArgs, PlanArgs, PlanOutput, SyncArgs, SyncOutput};
pub use log::LogArgs;
pub use namespaces::{Namespaces, namespace, object_name};
pub use page::PageArgs;
pub use rules::RulesArgs;
pub use state::StateArgs;

const LEASE_NAME: &str = "mixtap";

/// How the controller runs. Durations are written as `30s`, `15m` or `1h30m`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exports")]
pub struct RunArgs {
    #[command(flatten)]
    pub rules: RulesArgs,

    #[command(flatten)]
    pub exports: ExportArgs,

    /// Comma-separated namespaces to watch; empty watches all
    #[arg(
        long,
        env = "MIXTAP_WATCH_NAMESPACES",
        value_name = "LIST",
        default_value = ""
    )]
    pub watch_namespaces: Namespaces,

    /// Watch only connectors and exports with these labels, written as for `kubectl get -l`: this
    /// controller is one of several (shards). It needs a Lease and a state of its own
    #[arg(
        long,
        env = "MIXTAP_WATCH_LABEL_SELECTOR",
        value_name = "SELECTOR",
        default_value = ""
    )]
    pub watch_label_selector: String,

    /// Watch Secrets (metadata only), so that a rotated one is seen at once
    #[arg(long, env = "MIXTAP_WATCH_SECRETS", value_name = "BOOL", default_value_t = true,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub watch_secrets: bool,

    /// Time that runs under way have to reach a safe point at shutdown
    #[arg(long, env = "MIXTAP_SHUTDOWN_GRACE", value_name = "DURATION", default_value = "20s",
        value_parser = duration::parse)]
    pub shutdown_grace: Duration,

    #[command(flatten)]
    pub state: StateArgs,

    /// Lead only while holding a Lease; off, there must never be a second controller
    #[arg(long, env = "MIXTAP_LEADER_ELECT", value_name = "BOOL", default_value_t = true,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_missing_value = "true", help_heading = "Leader election")]
    pub leader_elect: bool,

    /// Name of the Lease
    #[arg(
        long,
        env = "MIXTAP_LEASE_NAME",
        value_name = "NAME",
        default_value = LEASE_NAME,
        help_heading = "Leader election"
    )]
    pub lease_name: String,

    /// Namespace of the Lease [default: the pod's own, else the kubeconfig's]
    #[arg(long, env = "MIXTAP_LEASE_NAMESPACE", value_name = "NAMESPACE",
        value_parser = namespace, help_heading = "Leader election")]
    pub lease_namespace: Option<String>,

    /// Time after which a Lease that isn't renewed is taken over; 1s to 10m
    #[arg(long, env = "MIXTAP_LEASE_DURATION", value_name = "DURATION", default_value = "30s",
        value_parser = duration::parse, help_heading = "Leader election")]
    pub lease_duration: Duration,

    /// Time between renewals of the Lease
    #[arg(long, env = "MIXTAP_RENEW_INTERVAL", value_name = "DURATION", default_value = "10s",
        value_parser = duration::parse, help_heading = "Leader election")]
    pub renew_interval: Duration,

    /// Time between tries for the Lease, and after a failed renewal
    #[arg(long, env = "MIXTAP_RETRY_INTERVAL", value_name = "DURATION", default_value = "2s",
        value_parser = duration::parse, help_heading = "Leader election")]
    pub retry_interval: Duration,

    /// Address of /healthz, /readyz and /metrics
    #[arg(
        long,
        env = "MIXTAP_METRICS_ADDRESS",
        value_name = "IP:PORT",
        default_value = "0.0.0.0:8080",
        help_heading = "Telemetry"
    )]
    pub metrics_address: SocketAddr,

    #[command(flatten)]
    pub log: LogArgs,

    #[command(flatten)]
    pub page: PageArgs,
}

impl RunArgs {
    /// Checks what no flag can check by itself.
    ///
    /// # Errors
    /// A sentence that names the flags at odds.
    pub fn validate(&self) -> Result<(), String> {
        let lease = Duration::from_secs(1)..=Duration::from_secs(600);
        if !lease.contains(&self.lease_duration) {
            return Err("--lease-duration must be 1s to 10m".to_owned());
        }
        // A renewal that fails once must still have time for another before the lease lapses.
        if self.renew_interval > self.lease_duration / 2 {
            return Err("--renew-interval must be at most half of --lease-duration".to_owned());
        }
        if self.retry_interval > self.renew_interval {
            return Err("--retry-interval must be at most --renew-interval".to_owned());
        }
        if !self.watch_label_selector.is_empty() && self.lease_name == LEASE_NAME {
            return Err(
                "--watch-label-selector needs a --lease-name of its own: with another shard's \
                 Lease this one would wait for ever"
                    .to_owned(),
            );
        }
        self.exports.validate()?;
        self.page.validate()?;
        self.state.validate()
    }
}

#[cfg(test)]
mod tests;
