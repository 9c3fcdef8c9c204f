//! What an installation permits, of every command that looks at specs.

use std::time::Duration;

use clap::Args;

use super::duration;
use crate::domain::{endpoints::AllowedEndpoints, schedule::signed, validate::Rules};

/// The flags that decide whether a spec is [`Rules`]-abiding.
#[derive(Args, Clone, Debug)]
pub struct RulesArgs {
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

    /// Shortest `interval` that an export may ask for
    #[arg(long, env = "MIXTAP_MIN_INTERVAL", value_name = "DURATION", default_value = "1m",
        value_parser = duration::parse)]
    pub min_interval: Duration,

    /// Shortest `checkInterval` that a connector may ask for
    #[arg(long, env = "MIXTAP_MIN_CHECK_INTERVAL", value_name = "DURATION", default_value = "5m",
        value_parser = duration::parse)]
    pub min_check_interval: Duration,
}

impl RulesArgs {
    /// As `domain` takes them.
    pub fn rules(&self) -> Rules {
        Rules {
            allowed_endpoints: self.allowed_endpoints.clone(),
            min_interval: signed(self.min_interval),
            min_check_interval: signed(self.min_check_interval),
        }
    }
}
