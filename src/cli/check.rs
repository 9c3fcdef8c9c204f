//! `mixtap check`.

use clap::Args;

use super::FilesArgs;
use crate::{config::RulesArgs, local::check::Format};

const EXAMPLES: &str = "Examples:
  mixtap check -f manifests/                        a folder, however deep
  mixtap check -f connector.yaml exports/           connector and exports from two places
  kustomize build overlays/eu | mixtap check -f -   what another tool makes
  mixtap check --partial -f exports/                the connector is in another repository

Exit codes: 0 all is valid, 1 something isn't or there is nothing to check, 64 usage";

/// What to check, and by which rules.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    #[command(flatten)]
    pub files: FilesArgs,

    /// Connectors may be elsewhere than in the files
    #[arg(long)]
    pub partial: bool,

    /// How to say it
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: Format,

    /// The rules of the controller that will have them
    #[command(flatten, next_help_heading = "Rules of the controller")]
    pub rules: RulesArgs,
}
