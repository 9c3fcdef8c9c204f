//! The commands, one file a group.

mod check;
mod files;
#[cfg(feature = "sandbox")]
mod sandbox;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

pub use self::check::CheckArgs;
pub use self::files::FilesArgs;
#[cfg(feature = "sandbox")]
pub use self::sandbox::{DemoArgs, SandboxArgs};
use crate::config::RunArgs;
#[cfg(feature = "sandbox")]
use crate::sandbox::guard::GuardArgs;

/// Exit code of a usage error (`EX_USAGE` of BSD's sysexits).
pub const USAGE: u8 = 64;

/// Flags whose values are URLs.
const PRIVATE: [&str; 2] = ["--state-url ", "--allowed-endpoints "];

const EXAMPLES: &str = "Examples:
  mixtap demo                            see it at work, without an account or a cluster
  mixtap check -f manifests/             say what is wrong with manifests
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
    /// Say everything that is wrong with manifests, without a cluster
    Check(CheckArgs),
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
mod tests;
