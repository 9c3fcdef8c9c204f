//! The commands.

use std::ffi::OsString;
#[cfg(feature = "sandbox")]
use std::{net::SocketAddr, path::PathBuf};

#[cfg(feature = "sandbox")]
use clap::Args;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::RunArgs;
#[cfg(feature = "sandbox")]
use crate::sandbox::{SandboxOptions, guard::GuardArgs};

/// Exit code of a usage error (`EX_USAGE` of BSD's sysexits).
pub const USAGE: u8 = 64;

/// Flags whose values are URLs.
const PRIVATE: [&str; 2] = ["--state-url ", "--allowed-endpoints "];

const EXAMPLES: &str = "Examples:
  mixtap demo                            see it at work, without an account or a cluster
  mixtap crds | kubectl apply -f -       install the CRDs
  mixtap run --state-url s3://BUCKET     run the controller";

/// Mixpanel cohorts become CleverTap segments, declared in YAML and kept true by Kubernetes
#[derive(Debug, Parser)]
#[command(name = "mixtap", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the controller
    Run(Box<RunArgs>),
    /// Print the CRDs as YAML
    Crds,
    /// See all of it at work on this machine: a real API server, stand-ins of both vendors
    #[cfg(feature = "sandbox")]
    Demo(DemoArgs),
    /// Run the stand-ins of both vendors alone
    #[cfg(feature = "sandbox")]
    Sandbox(SandboxArgs),
    /// Run a program that ends when standard input does
    #[cfg(feature = "sandbox")]
    #[command(hide = true)]
    Guard(GuardArgs),
}

/// How the demo runs.
#[cfg(feature = "sandbox")]
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Exit once everything is synced: 0 if all got there, else 1
    #[arg(long)]
    pub once: bool,

    /// Directory for its files; kept afterwards [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub workdir: Option<PathBuf>,
}

/// Where the stand-ins listen.
#[cfg(feature = "sandbox")]
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
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

#[cfg(feature = "sandbox")]
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

/// Reads the command line, program name included.
///
/// # Errors
/// Usage errors, and requests for help or version, which aren't on standard error
/// ([`clap::Error::use_stderr`]).
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let command = Cli::try_parse_from(line).map_err(discreet)?.command;
    if let Command::Run(args) = &command {
        args.validate()
            .map_err(|why| Cli::command().error(ErrorKind::ValueValidation, why))?;
    }
    Ok(command)
}

/// The error without the value of a URL that can't be read: credentials may be why.
fn discreet(mut error: clap::Error) -> clap::Error {
    let private = |arg: &str| PRIVATE.iter().any(|flag| arg.starts_with(flag));
    if let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg)
        && private(arg)
    {
        let shown = ContextValue::String("…".to_owned());
        error.insert(ContextKind::InvalidValue, shown);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_known() {
        assert!(matches!(parsed("mixtap crds"), Ok(Command::Crds)));
        let Ok(Command::Run(args)) = parsed("mixtap run --lease-name=x --concurrency 3") else {
            panic!("not a run");
        };
        assert_eq!(
            (args.lease_name.as_str(), args.exports.concurrency),
            ("x", 3)
        );
    }

    #[test]
    fn usage_errors_go_to_stderr_and_help_does_not() {
        for line in [
            "mixtap",
            "mixtap nonsense",
            "mixtap run --min-interval=soon",
            "mixtap run --retry-interval=20s",
            "mixtap crds extra",
        ] {
            assert!(parsed(line).expect_err(line).use_stderr(), "{line}");
        }
        for line in ["mixtap --help", "mixtap --version", "mixtap run --help"] {
            assert!(!parsed(line).expect_err(line).use_stderr(), "{line}");
        }
    }

    #[test]
    fn help_shows_no_value_of_the_environment_that_may_be_secret() {
        let run = Cli::command();
        let run = run.find_subcommand("run").expect("a command");
        for id in ["state_url", "allowed_endpoints"] {
            let arg = run.get_arguments().find(|arg| arg.get_id() == id);
            let arg = arg.expect("a flag");
            assert!(arg.is_hide_env_values_set(), "{id}");
            let flag = format!("--{} ", arg.get_long().expect("its name"));
            assert!(PRIVATE.contains(&flag.as_str()), "{flag}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for (flag, value) in [
            ("--state-url", "s3://canary:ab/cdSECRET@bucket"),
            ("--state-url", "canary"),
            ("--state-url", "s3://u:canary@bucket"),
            ("--allowed-endpoints", "s3://canary:ab/cdSECRET@bucket"),
            ("--allowed-endpoints", "canary"),
            (
                "--allowed-endpoints",
                "https://a.example.com,https://u:canary@b.example.com",
            ),
        ] {
            for between in [' ', '='] {
                let line = format!("mixtap run {flag}{between}{value}");
                let error = parsed(&line).expect_err(&line);
                let told = format!("{error} {error:?}");
                assert!(!told.contains("canary"), "{told}");
                assert!(told.contains(flag) && error.use_stderr(), "{told}");
            }
        }
    }

    #[test]
    #[cfg(feature = "sandbox")]
    fn the_sandbox_and_the_guard_are_known() {
        let sandbox = parsed("mixtap sandbox --admin-address 127.0.0.1:9");
        assert!(matches!(sandbox, Ok(Command::Sandbox(_))));
        assert!(matches!(
            parsed("mixtap guard -- etcd --name x"),
            Ok(Command::Guard(_))
        ));
    }
}
