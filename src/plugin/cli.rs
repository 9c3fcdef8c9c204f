//! The command line.

use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::suspend::Target;
use crate::config::{ClusterArgs, LeaderArgs, duration, object_name};
use crate::domain::endpoints::AllowedEndpoints;

const EXAMPLES: &str = "Examples:
  kubectl mixtap status -A                 what is synced, how fresh it is, and why not
  kubectl mixtap sync cart-drop-off --wait export it now; exits 1 if that fails
  kubectl mixtap suspend connector/main    stop all exports of a connector
  kubectl mixtap history cart-drop-off     what became of its runs
  kubectl mixtap why cart-drop-off u-4711  is this user in the list, and if not, why";

/// Ask mixtap's exports, from Mixpanel cohorts to CleverTap segments
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-mixtap",
    bin_name = "kubectl mixtap",
    version,
    after_help = EXAMPLES
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct Common {
    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// Form of the output
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show connectors and exports: state, members, how fresh, what is next
    Status {
        /// In all namespaces
        #[arg(short = 'A', long, conflicts_with = "namespace")]
        all_namespaces: bool,
    },
    /// Export now, besides the schedule
    Sync(SyncArgs),
    /// Set `spec.suspend`: no runs until resumed. A GitOps tool that manages the object sets it
    /// back: change it in Git there
    Suspend {
        /// NAME of an export, or connector/NAME
        target: Target,
    },
    /// Unset it
    Resume {
        /// NAME of an export, or connector/NAME
        target: Target,
    },
    /// Show what became of an export's runs: the last 20 that changed something, and one a day
    History {
        /// The export
        #[arg(value_parser = object_name)]
        name: String,
        #[command(flatten)]
        leader: LeaderArgs,
    },
    /// Show the queries used and left of each Mixpanel project's hour, and who waits
    Budget {
        #[command(flatten)]
        leader: LeaderArgs,
    },
    /// Ask Mixpanel whether a user is in an export's cohort, and say what becomes of them
    Why(WhyArgs),
    /// Print a completion script
    Completion { shell: Shell },
}

/// An export that is to run now.
#[derive(Args, Debug)]
pub struct SyncArgs {
    /// The export
    #[arg(value_parser = object_name)]
    pub name: String,

    /// Wait until that run has ended, and tell how: exit code 1 if it failed
    #[arg(long)]
    pub wait: bool,

    /// How long to wait
    #[arg(long, value_name = "DURATION", default_value = "15m", requires = "wait",
        value_parser = duration::parse)]
    pub timeout: Duration,
}

/// A question for one user.
#[derive(Args, Debug)]
pub struct WhyArgs {
    /// The export
    #[arg(value_parser = object_name)]
    pub name: String,

    /// The user's distinct id at Mixpanel; `-` reads it from standard input, so that no shell
    /// remembers it
    pub user_id: String,

    /// Base URLs that a connector's `endpoints` may name, as the controller's flag of this name: the
    /// connector's credentials are sent there
    #[arg(
        long,
        env = "MIXTAP_ALLOWED_ENDPOINTS",
        value_name = "LIST",
        hide_env_values = true,
        default_value = ""
    )]
    pub allowed_endpoints: AllowedEndpoints,

    /// Also look the identity up in the list that CleverTap accepted last, with what it made of the
    /// profile. The leader knows fingerprints only: this reads their key, the Secret
    /// mixtap-fingerprint-key in its namespace
    #[arg(long)]
    pub listed: bool,

    #[command(flatten)]
    pub leader: LeaderArgs,
}

/// The script for a shell.
pub fn completion(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kubectl-mixtap", &mut script);
    let script = String::from_utf8_lossy(&script);
    // For bash, a hyphen in the program's name is written in two ways, and no command's flags found.
    script.replace("kubectl__subcmd__mixtap", "kubectl__mixtap")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lines_are_read_or_refused() {
        for (line, right) in [
            ("status -A", true),
            ("status -n growth -o json", true),
            ("status -A -n growth", false),
            ("sync cart --wait --timeout 5m", true),
            ("sync cart --timeout 5m", false),
            ("sync", false),
            ("suspend connector/main", true),
            ("suspend pod/main", false),
            ("history cart --page-url http://127.0.0.1:8081", true),
            ("history cart --page-url https://127.0.0.1:8081", false),
            ("why cart u-1 --context kind", true),
            ("why cart", false),
            ("status -o yaml", false),
            ("sync ../x", false),
            ("sync a/b", false),
            ("sync Cart", false),
            ("history cart/base", false),
            ("why a?b u-1", false),
            ("suspend ", false),
            ("suspend connector/", false),
            ("suspend connector/main/status", false),
            ("resume export/a.b-c", true),
            ("status -n a/b", false),
            ("budget --controller-namespace a/b", false),
            ("budget --lease-name a/b", false),
        ] {
            let words = std::iter::once("kubectl-mixtap").chain(line.split(' '));
            assert_eq!(Cli::try_parse_from(words).is_ok(), right, "{line}");
        }
    }

    /// By the file that the documentation has for kubectl.
    #[test]
    fn kubectl_completes_commands_and_their_flags() {
        let page = include_str!("../../docs/kubectl-mixtap.md");
        let (_, script) = page.split_once("#!/usr/bin/env bash\n").expect("it");
        let (script, _) = script.split_once("```").expect("its end");
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("completion"), completion(Shell::Bash)).expect("written");
        let script = script.replace("<(kubectl-mixtap completion bash)", "./completion");
        assert!(script.contains("./completion"), "{script}");
        for (words, expected) in [
            (vec!["sta"], "status\n:4\n"),
            (vec!["sync", "--wa"], "--wait\n:4\n"),
            (vec!["sync", "cart", "--ti"], "--timeout\n:4\n"),
            (vec!["status", "--output", ""], "table\njson\n:4\n"),
        ] {
            let mut bash = std::process::Command::new("bash");
            let bash = bash.current_dir(dir.path()).args(["-c", &script, "bash"]);
            let said = bash.args(&words).output().expect("bash");
            assert_eq!(String::from_utf8_lossy(&said.stdout), expected, "{words:?}");
        }
    }
}
