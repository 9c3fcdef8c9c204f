//! Every flag and variable of `mixtap run`, in one struct. Variables are named `MIXTAP_` and the
//! flag; a flag wins over its variable.

mod duration;
mod namespaces;
mod rules;
mod size;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Args};
use url::Url;

pub use namespaces::Namespaces;
pub use rules::RulesArgs;

use crate::telemetry::logs::{Directives, LogFormat};
use namespaces::namespace;

const LEASE_NAME: &str = "mixtap";
/// A list that waits longer is raw identities on disk, which `export` removes by age.
const LONGEST_CONFIRM_DELAY: Duration = Duration::from_secs(3600);

/// How the controller runs. Durations are written as `30s`, `15m` or `1h30m`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exports")]
pub struct RunArgs {
    #[command(flatten)]
    pub rules: RulesArgs,

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

    /// Exports that may run at once
    #[arg(long, env = "MIXTAP_CONCURRENCY", value_name = "N", default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,

    /// Time after which a run is given up
    #[arg(long, env = "MIXTAP_RUN_DEADLINE", value_name = "DURATION", default_value = "6h",
        value_parser = duration::parse)]
    pub run_deadline: Duration,

    /// How long after a one-time run that created profiles its list is sent once more; at most 1h,
    /// for the list stays on disk until then
    #[arg(long, env = "MIXTAP_CONFIRM_DELAY", value_name = "DURATION", default_value = "15m",
        value_parser = duration::parse)]
    pub confirm_delay: Duration,

    /// First pause before a failed vendor call is tried again; it grows from there
    #[arg(long, env = "MIXTAP_RETRY_FIRST", value_name = "DURATION", default_value = "1s",
        value_parser = duration::parse)]
    pub retry_first: Duration,

    /// Time after which a failing vendor call is tried no more and the run fails
    #[arg(long, env = "MIXTAP_RETRY_TOTAL", value_name = "DURATION", default_value = "60s",
        value_parser = duration::parse)]
    pub retry_total: Duration,

    /// Time that runs under way have to reach a safe point at shutdown
    #[arg(long, env = "MIXTAP_SHUTDOWN_GRACE", value_name = "DURATION", default_value = "20s",
        value_parser = duration::parse)]
    pub shutdown_grace: Duration,

    /// Where snapshots are kept: file:///DIR or s3://BUCKET
    #[arg(
        long,
        env = "MIXTAP_STATE_URL",
        value_name = "URL",
        hide_env_values = true,
        default_value = "file:///var/lib/mixtap",
        help_heading = "State"
    )]
    pub state_url: Url,

    /// Prefix of all keys under the state URL, so that installations can share it
    #[arg(
        long,
        env = "MIXTAP_STATE_PREFIX",
        value_name = "PREFIX",
        default_value = "",
        help_heading = "State"
    )]
    pub state_prefix: String,

    /// Take over a state that another installation owns, for good
    #[arg(long, env = "MIXTAP_ADOPT_STATE", help_heading = "State")]
    pub adopt_state: bool,

    /// Directory for the files of runs under way, ours or root's
    #[arg(long, env = "MIXTAP_SCRATCH_DIR", value_name = "DIR",
        default_value_os_t = std::env::temp_dir().join("mixtap"), help_heading = "State")]
    pub scratch_dir: PathBuf,

    /// Most that all runs together may put into the scratch directory; 10 million members take
    /// about 5Gi, and 64Mi is the least
    #[arg(long, env = "MIXTAP_SCRATCH_LIMIT", value_name = "SIZE", default_value = "10Gi",
        value_parser = size::scratch_limit, help_heading = "State")]
    pub scratch_limit: u64,

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

    /// error, warn, info or debug, or directives such as info,mixtap::mixpanel=debug; other crates
    /// never say more than warnings
    #[arg(
        long,
        env = "MIXTAP_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info",
        help_heading = "Telemetry"
    )]
    pub log_level: Directives,

    /// Form of the log on standard error
    #[arg(
        long,
        env = "MIXTAP_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "json",
        help_heading = "Telemetry"
    )]
    pub log_format: LogFormat,
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
        if self.retry_first > self.retry_total {
            return Err("--retry-first must be at most --retry-total".to_owned());
        }
        if self.confirm_delay > LONGEST_CONFIRM_DELAY {
            return Err("--confirm-delay must be at most 1h".to_owned());
        }
        if !self.watch_label_selector.is_empty() && self.lease_name == LEASE_NAME {
            return Err(
                "--watch-label-selector needs a --lease-name of its own: with another shard's \
                 Lease this one would wait for ever"
                    .to_owned(),
            );
        }
        if !self.state_url.username().is_empty() || self.state_url.password().is_some() {
            return Err(
                "--state-url must hold no credentials: give them in the store's own variables"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
