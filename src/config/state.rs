//! Where things are kept.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::size;

/// Where snapshots are kept, and the files of runs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "State")]
pub struct StateArgs {
    /// Where snapshots are kept: file:///DIR or s3://BUCKET
    #[arg(
        long,
        env = "MIXTAP_STATE_URL",
        value_name = "URL",
        hide_env_values = true,
        default_value = "file:///var/lib/mixtap",
        value_parser = state_url
    )]
    pub state_url: Url,

    /// Prefix of all keys under the state URL, so that installations can share it
    #[arg(
        long,
        env = "MIXTAP_STATE_PREFIX",
        value_name = "PREFIX",
        default_value = ""
    )]
    pub state_prefix: String,

    /// Take over a state that another installation owns, for good
    #[arg(long, env = "MIXTAP_ADOPT_STATE")]
    pub adopt_state: bool,

    /// Directory for the files of runs under way, ours or root's
    #[arg(long, env = "MIXTAP_SCRATCH_DIR", value_name = "DIR",
        default_value_os_t = std::env::temp_dir().join("mixtap"))]
    pub scratch_dir: PathBuf,

    /// Most that all runs together may put into the scratch directory; 10 million members take
    /// about 5Gi, and 64Mi is the least
    #[arg(long, env = "MIXTAP_SCRATCH_LIMIT", value_name = "SIZE", default_value = "10Gi",
        value_parser = size::scratch_limit)]
    pub scratch_limit: u64,
}

impl StateArgs {
    /// Checks what no flag can check by itself.
    ///
    /// # Errors
    /// A sentence that names the flag.
    pub fn validate(&self) -> Result<(), String> {
        if !self.state_url.username().is_empty() || self.state_url.password().is_some() {
            return Err(
                "--state-url must hold no credentials: give them in the store's own variables"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn state_url(text: &str) -> Result<Url, String> {
    let must = "must be a URL: file:///DIR for a folder (file:///tmp/x is /tmp/x), s3://BUCKET for a \
                bucket";
    text.parse().map_err(|_| must.to_owned())
}
