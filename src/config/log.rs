//! What is logged.

use clap::Args;

use crate::telemetry::logs::{Directives, LogFormat};

/// What is logged on standard error, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct LogArgs {
    /// error, warn, info or debug, or directives such as info,mixtap::mixpanel=debug; other crates
    /// never say more than warnings
    #[arg(
        long,
        env = "MIXTAP_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info"
    )]
    pub log_level: Directives,

    /// Form of the log on standard error
    #[arg(
        long,
        env = "MIXTAP_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "json"
    )]
    pub log_format: LogFormat,
}
