//! How exports run, whoever runs them.

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use super::duration;
use crate::domain::endpoints::AllowedEndpoints;
use crate::domain::validate::Rules;

/// A list that waits longer is raw identities on disk, which `export` removes by age.
const LONGEST_CONFIRM_DELAY: Duration = Duration::from_secs(3600);

/// How exports run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exports")]
pub struct ExportArgs {
    /// Base URLs that a connector's `endpoints` may name, besides the vendors' own: a
    /// comma-separated list of SCHEME://HOST:PORT, matched exactly
    #[arg(
        long,
        env = "MIXTAP_ALLOWED_ENDPOINTS",
        value_name = "LIST",
        hide_env_values = true,
        default_value = ""
    )]
    pub allowed_endpoints: AllowedEndpoints,

    /// Exports that may run at once
    #[arg(long, env = "MIXTAP_CONCURRENCY", value_name = "N", default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,

    /// Shortest `interval` that an export may ask for
    #[arg(long, env = "MIXTAP_MIN_INTERVAL", value_name = "DURATION", default_value = "1m",
        value_parser = duration::parse)]
    pub min_interval: Duration,

    /// Shortest `checkInterval` that a connector may ask for
    #[arg(long, env = "MIXTAP_MIN_CHECK_INTERVAL", value_name = "DURATION", default_value = "5m",
        value_parser = duration::parse)]
    pub min_check_interval: Duration,

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
}

impl ExportArgs {
    /// What specs may ask for.
    pub fn rules(&self) -> Rules {
        let signed = |time| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        Rules {
            allowed_endpoints: self.allowed_endpoints.clone(),
            min_interval: signed(self.min_interval),
            min_check_interval: signed(self.min_check_interval),
        }
    }

    /// Checks what no flag can check by itself.
    ///
    /// # Errors
    /// A sentence that names the flags at odds.
    pub fn validate(&self) -> Result<(), String> {
        if self.retry_first > self.retry_total {
            return Err("--retry-first must be at most --retry-total".to_owned());
        }
        if self.confirm_delay > LONGEST_CONFIRM_DELAY {
            return Err("--confirm-delay must be at most 1h".to_owned());
        }
        Ok(())
    }
}
