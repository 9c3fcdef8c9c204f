//! The sandbox: all of it on one machine.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::sandbox::SandboxOptions;

const DEMO_EXAMPLES: &str = "Examples:
  mixtap demo                            until Ctrl-C, with commands for a second terminal
  mixtap demo --once --workdir demo      until everything is synced, and keep the log";

const SANDBOX_EXAMPLES: &str = "Examples:
  mixtap sandbox                         on free ports; its addresses are printed
  mixtap sandbox --admin-address 127.0.0.1:8000
                                         then: curl http://127.0.0.1:8000/requests?scope=PROJECT";

/// How the demo runs.
#[derive(Args, Clone, Debug)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct DemoArgs {
    /// Exit once everything is synced: 0 if all got there, else 1
    #[arg(long)]
    pub once: bool,

    /// Directory for its files; of these the controller's log stays [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub workdir: Option<PathBuf>,
}

/// Where the stand-ins listen, and what they hold.
#[derive(Args, Clone, Debug)]
#[command(after_help = SANDBOX_EXAMPLES)]
pub struct SandboxArgs {
    /// Hold what the examples need, and write those into this directory, pointed at the stand-ins
    #[arg(long, value_name = "DIR")]
    pub examples: Option<PathBuf>,

    /// Mixpanel's stand-in; port 0 takes a free one, here and below
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub mixpanel_address: SocketAddr,

    /// Mixpanel's stand-in for EU residency
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub mixpanel_eu_address: SocketAddr,

    /// Mixpanel's stand-in for India residency
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub mixpanel_in_address: SocketAddr,

    /// CleverTap's stand-in
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub clevertap_address: SocketAddr,

    /// The storage that CleverTap's presigned URLs lead to
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub storage_address: SocketAddr,

    /// The admin API: worlds, faults and records
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub admin_address: SocketAddr,
}

impl From<SandboxArgs> for SandboxOptions {
    fn from(args: SandboxArgs) -> Self {
        Self {
            mixpanel_addr: args.mixpanel_address,
            mixpanel_eu_addr: args.mixpanel_eu_address,
            mixpanel_in_addr: args.mixpanel_in_address,
            clevertap_addr: args.clevertap_address,
            storage_addr: args.storage_address,
            admin_addr: args.admin_address,
        }
    }
}
