//! What every command that works from files reads.

use std::path::PathBuf;

use clap::Args;

/// Which manifests.
#[derive(Args, Clone, Debug)]
pub struct FilesArgs {
    /// Files; folders, of which every .yaml, .yml and .json file is read however deep; or - for
    /// standard input
    #[arg(short = 'f', long = "filename", value_name = "PATH", required = true, num_args = 1..)]
    pub paths: Vec<PathBuf>,
}
