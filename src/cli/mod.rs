//! The commands, one file a group.

mod check;
#[cfg(feature = "sandbox")]
mod sandbox;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

pub use self::check::CheckArgs;
#[cfg(feature = "sandbox")]
pub use self::sandbox::{DemoArgs, SandboxArgs};
use crate::config::{PlanArgs, RunArgs, SyncArgs};
#[cfg(feature = "sandbox")]
use crate::sandbox::guard::GuardArgs;

/// Exit code of a usage error (`EX_USAGE` of BSD's sysexits).
pub const USAGE: u8 = 64;

/// Exit code of a plan that found changes.
pub const CHANGES: u8 = 2;

/// Flags whose values are URLs.
const PRIVATE: [&str; 2] = ["--state-url ", "--allowed-endpoints "];

const EXAMPLES: &str = "Examples:
  mixtap demo                            see it at work, without an account or a cluster
  mixtap check -f manifests/             say what is wrong with manifests
  mixtap crds | kubectl apply -f -       install the CRDs
  mixtap run --state-url s3://BUCKET     run the controller
  mixtap plan -f exports/                what would a sync of these files do?
  mixtap sync -f exports/                export from files, without a cluster";

const PLAN_EXAMPLES: &str =
    "Exit code 0: nothing would change, 1: something is wrong, 2: a sync would change segments.

Examples:
  mixtap plan -f exports/                    what would a sync of this folder do?
  mixtap plan -f exports/ -o markdown        the same as a comment on a pull request
  kustomize build . | mixtap plan -f -       of standard input";

const SYNC_EXAMPLES: &str = "Exit code 0: everything is as it should be, 1: something isn't.

Examples:
  mixtap sync -f exports/                    one pass over this folder
  mixtap sync -f exports/ -o json            the same, for machines
  mixtap sync -f exports/ --watch            go on, each export at its interval
  mixtap sync -f exports/ --state-url s3://BUCKET    with the state in a bucket";

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
    /// Say everything that is wrong with manifests, without a cluster
    Check(CheckArgs),
    /// Print what a sync of these files would do, without doing it
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanArgs>),
    /// Export from files, without a cluster
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(Box<SyncArgs>),
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

/// Reads the command line, program name included.
///
/// # Errors
/// Usage errors, and requests for help or version, which aren't on standard error
/// ([`clap::Error::use_stderr`]).
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let command = Cli::try_parse_from(line).map_err(discreet)?.command;
    let valid = match &command {
        Command::Run(args) => args.validate(),
        Command::Plan(args) => args.local.validate(),
        Command::Sync(args) => args.validate(),
        _ => Ok(()),
    };
    valid.map_err(|why| Cli::command().error(ErrorKind::ValueValidation, why))?;
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
mod tests;
