//! How exports run, whoever runs them.

use std::time::Duration;

use clap::Args;

use super::duration;

/// A list that waits longer is raw identities on disk, which `export` removes by age.
const LONGEST_CONFIRM_DELAY: Duration = Duration::from_secs(3600);

/// How exports run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Exports")]
pub struct ExportArgs {
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
}

impl ExportArgs {
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
