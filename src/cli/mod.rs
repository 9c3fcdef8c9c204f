//! The commands, one file a group.

mod check;
mod examples;
mod man;
#[cfg(feature = "sandbox")]
mod sandbox;
mod shell;

use std::ffi::OsString;
use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

pub use self::check::CheckArgs;
#[cfg(feature = "sandbox")]
pub use self::sandbox::{DemoArgs, SandboxArgs};
pub use self::{man::ManArgs, shell::CompletionsArgs};
#[cfg(feature = "sandbox")]
use crate::sandbox::guard::GuardArgs;
use crate::{
    config::{PlanArgs, RunArgs, SyncArgs},
    local::init::InitArgs,
};

/// Exit code of a usage error (`EX_USAGE` of BSD's sysexits).
pub const USAGE: u8 = 64;

/// Exit code of a plan that found changes.
pub const CHANGES: u8 = 2;

/// Flags whose values are URLs.
const PRIVATE: [&str; 4] = [
    "--state-url ",
    "--allowed-endpoints ",
    "--mixpanel-endpoint ",
    "--clevertap-endpoint ",
];

/// Mixpanel cohorts become CleverTap segments, declared in YAML and kept true by Kubernetes
#[derive(Debug, Parser)]
#[command(name = "mixtap", version, after_help = examples::ALL)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the controller
    #[command(after_help = examples::RUN)]
    Run(Box<RunArgs>),
    /// Print the CRDs as YAML
    #[command(after_help = examples::CRDS)]
    Crds,
    /// Write the manifests for cohorts of a Mixpanel project: asks for what flags don't say
    Init(Box<InitArgs>),
    /// Say everything that is wrong with manifests, without a cluster
    Check(CheckArgs),
    /// Print what a sync of files would do, or of what is applied in a cluster, without doing it
    #[command(after_help = examples::PLAN)]
    Plan(Box<PlanArgs>),
    /// Export from files, without a cluster
    #[command(after_help = examples::SYNC)]
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
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Write the man pages to a folder
    Man(ManArgs),
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
        Command::Plan(args) => args.validate(),
        Command::Sync(args) => args.validate(),
        _ => Ok(()),
    };
    valid.map_err(|why| Cli::command().error(ErrorKind::ValueValidation, why))?;
    Ok(command)
}

/// The completions of a shell.
pub fn completions(args: &CompletionsArgs) -> String {
    shell::completions(shown(), args)
}

/// Writes the man pages; their paths, a line each.
///
/// # Errors
/// When the folder can't be written to.
pub fn man(args: &ManArgs) -> io::Result<String> {
    man::write(shown(), args)
}

/// The commands without those that help doesn't show.
fn shown() -> clap::Command {
    let whole = Cli::command();
    let shown = whole.get_subcommands().filter(|one| !one.is_hide_set());
    clap::Command::new("mixtap")
        .version(env!("CARGO_PKG_VERSION"))
        .about(whole.get_about().cloned().unwrap_or_default())
        .after_help(examples::ALL)
        .subcommands(shown.cloned())
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
