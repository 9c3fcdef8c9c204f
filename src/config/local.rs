//! The flags of the commands that work from files.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, ValueEnum, builder::ArgPredicate};

use super::{
    ClusterArgs, ExportArgs, FilesArgs, LeaderArgs, LogArgs, RulesArgs, StateArgs, duration,
};

/// Where a person's programs keep what isn't a cache.
static STATE: LazyLock<String> = LazyLock::new(default_state);
/// The same wherever it is printed.
const STATE_HELP: &str = "Where snapshots are kept: file:///DIR or s3://BUCKET [default: \
                          mixtap in ~/.local/state]";
/// Empty, and gone with the process.
const NO_STATE: &str = "memory:///";
const CONTEXT_HELP: &str = "Plan what is applied in the cluster of this context, in place of files. \
                            --state-url is then its controller's";
/// A lock that lapses while its holder waits for the store once is lost too often.
const SHORTEST_LOCK: Duration = Duration::from_secs(1);

/// What `plan` and `sync` have in common.
#[derive(Args, Clone, Debug)]
#[command(
    mut_arg("state_url", |arg| arg.default_value(STATE.as_str()).hide_default_value(true).help(STATE_HELP)),
    mut_arg("log_level", |arg| arg.default_value("warn")),
    mut_arg("log_format", |arg| arg.default_value("text"))
)]
pub struct LocalArgs {
    #[command(flatten)]
    pub files: FilesArgs,

    #[command(flatten, next_help_heading = "Exports")]
    pub rules: RulesArgs,

    #[command(flatten)]
    pub exports: ExportArgs,

    #[command(flatten)]
    pub state: StateArgs,

    #[command(flatten)]
    pub log: LogArgs,
}

/// What would a sync do?
#[derive(Args, Clone, Debug)]
#[command(
    mut_arg("paths", |arg| arg.required(false).conflicts_with("context")),
    mut_arg("context", |arg| arg.help(CONTEXT_HELP)),
    mut_arg("state_url", |arg| arg.default_value_if("context", ArgPredicate::IsPresent, NO_STATE)),
)]
pub struct PlanArgs {
    /// Form of the answer; markdown is made for a comment on a pull request
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub output: PlanOutput,

    /// Book no query in the state's query budget: for a state that can't be written
    #[arg(long)]
    pub no_booking: bool,

    #[command(flatten)]
    pub local: LocalArgs,

    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// In all namespaces
    #[arg(
        short = 'A',
        long,
        conflicts_with = "namespace",
        help_heading = "Cluster"
    )]
    pub all_namespaces: bool,

    #[command(flatten)]
    pub controller: LeaderArgs,
}

/// Form of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    Table,
    Json,
    Yaml,
    Markdown,
}

/// How a sync runs.
#[derive(Args, Clone, Debug)]
pub struct SyncArgs {
    /// Form of the answer: lines as it goes, or one JSON document for each pass
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: SyncOutput,

    /// Go on: sync dynamic exports at each of their intervals, until SIGTERM or Ctrl-C. The files
    /// are read again before each pass
    #[arg(long)]
    pub watch: bool,

    /// How long to wait for another sync on the same state to end; 0s not at all
    #[arg(long, env = "MIXTAP_WAIT", value_name = "DURATION", default_value = "2m",
        value_parser = duration::parse_or_zero, help_heading = "State")]
    pub wait: Duration,

    /// Time after which the lock of a sync that was killed is taken over
    #[arg(long, env = "MIXTAP_LOCK_DURATION", value_name = "DURATION", default_value = "30s",
        value_parser = duration::parse, help_heading = "State")]
    pub lock_duration: Duration,

    #[command(flatten)]
    pub local: LocalArgs,
}

/// Form of what a sync says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SyncOutput {
    Text,
    Json,
}

impl PlanArgs {
    /// Whether a state is named, or files have theirs by default. A cluster's has no default.
    pub fn has_state(&self) -> bool {
        self.local.state.state_url.as_str() != NO_STATE
    }

    /// Checks what no flag can check by itself.
    ///
    /// # Errors
    /// The same.
    pub fn validate(&self) -> Result<(), String> {
        let ClusterArgs {
            namespace,
            context,
            kubeconfig,
        } = &self.cluster;
        let chosen = namespace.is_some() || kubeconfig.is_some() || self.all_namespaces;
        if chosen && context.is_none() {
            return Err(
                "-n, -A and --kubeconfig choose in a cluster: name it with --context".to_owned(),
            );
        }
        if self.local.files.paths.is_empty() && context.is_none() {
            return Err(
                "needs -f PATH, to plan files, or --context NAME, to plan what is applied in a \
                 cluster"
                    .to_owned(),
            );
        }
        self.local.validate()
    }
}

impl LocalArgs {
    /// Checks what no flag can check by itself.
    ///
    /// # Errors
    /// A sentence that names the flags at odds.
    pub fn validate(&self) -> Result<(), String> {
        self.exports.validate()?;
        self.state.validate()
    }
}

impl SyncArgs {
    /// The same.
    ///
    /// # Errors
    /// The same.
    pub fn validate(&self) -> Result<(), String> {
        if self.lock_duration < SHORTEST_LOCK {
            return Err("--lock-duration must be at least 1s".to_owned());
        }
        if self.watch
            && self
                .local
                .files
                .paths
                .iter()
                .any(|path| path.as_os_str() == "-")
        {
            return Err("--watch reads the files again, which standard input can't be".to_owned());
        }
        self.local.validate()
    }
}

/// `~/.local/state/mixtap`.
fn default_state() -> String {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = folder("XDG_STATE_HOME").map(PathBuf::from);
    let home = || folder("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = state.filter(|path| path.is_absolute()).or_else(home);
    let url = state.and_then(|state| url::Url::from_file_path(state.join("mixtap")).ok());
    url.map_or_else(|| "file:///var/lib/mixtap".to_owned(), String::from)
}
