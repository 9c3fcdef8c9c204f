//! What the command line of `mixtap init` may answer.

use std::path::{Path, PathBuf};

use clap::{Args, builder::PossibleValuesParser};
use url::Url;

use super::catalogue::{DATACENTERS, REGIONS, SYNC_TYPES};
use crate::{config::namespace, domain::endpoints};

const EXAMPLES: &str = "Examples:
  mixtap init -o growth                  ask for everything, and write the manifests to growth/
  mixtap init --mixpanel-project 1234567 --all --dry-run
                                         show the manifests for all cohorts of a project
  MIXPANEL_USERNAME=... MIXPANEL_SECRET=... mixtap init --mixpanel-project 1234567 --region EU \\
    --cohort 4311 --cohort 4312 --clevertap-project TEST-123-456-789Z --datacenter eu1 \\
    --result-email growth@example.com -o growth </dev/null
                                         ask for nothing, as a script does

The service account comes from the variables MIXPANEL_USERNAME and MIXPANEL_SECRET, or is asked for;
it is written nowhere.";

/// What is left out is asked for on a terminal.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// Mixpanel project id
    #[arg(long, env = "MIXTAP_MIXPANEL_PROJECT", value_name = "ID")]
    pub mixpanel_project: Option<String>,

    /// Where the Mixpanel project lives [default: US]
    #[arg(long, env = "MIXTAP_REGION", value_name = "REGION", ignore_case = true,
        value_parser = PossibleValuesParser::new(REGIONS))]
    pub region: Option<String>,

    /// Mixpanel workspace id, for projects with data views
    #[arg(long, env = "MIXTAP_WORKSPACE", value_name = "ID")]
    pub workspace: Option<String>,

    /// Export this cohort; may be given several times
    #[arg(long = "cohort", value_name = "ID")]
    pub cohorts: Vec<i64>,

    /// Export all cohorts of users
    #[arg(long, conflicts_with = "cohorts")]
    pub all: bool,

    /// CleverTap Project ID
    #[arg(long, env = "MIXTAP_CLEVERTAP_PROJECT", value_name = "ID")]
    pub clevertap_project: Option<String>,

    /// CleverTap Datacenter
    #[arg(long, env = "MIXTAP_DATACENTER", value_name = "DATACENTER", ignore_case = true,
        value_parser = PossibleValuesParser::new(DATACENTERS))]
    pub datacenter: Option<String>,

    /// Mailbox that CleverTap reports the results of lists to
    #[arg(
        long,
        env = "MIXTAP_RESULT_EMAIL",
        value_name = "ADDRESS",
        hide_env_values = true
    )]
    pub result_email: Option<String>,

    /// How the chosen cohorts are exported [default: Dynamic]
    #[arg(long, env = "MIXTAP_SYNC_TYPE", value_name = "TYPE", ignore_case = true,
        value_parser = PossibleValuesParser::new(SYNC_TYPES))]
    pub sync_type: Option<String>,

    /// How often, if they are Dynamic [default: 15m]
    #[arg(long, env = "MIXTAP_INTERVAL", value_name = "DURATION")]
    pub interval: Option<String>,

    /// Name of the connector [default: mixpanel-<project id>]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Namespace to write into the manifests [default: none, so that whoever applies them chooses]
    #[arg(short, long, value_name = "NAMESPACE", value_parser = namespace)]
    pub namespace: Option<String>,

    /// Folder for the manifests, made if absent; - prints them
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,

    /// Print the manifests instead of writing them
    #[arg(long)]
    pub dry_run: bool,

    /// Overwrite files that differ
    #[arg(long)]
    pub force: bool,

    /// Another base URL in place of Mixpanel's: a private proxy's or a stand-in's
    #[arg(long, value_name = "URL", hide = true, value_parser = endpoints::base_url)]
    pub mixpanel_endpoint: Option<Url>,

    /// Another base URL in place of CleverTap's
    #[arg(long, value_name = "URL", hide = true, value_parser = endpoints::base_url)]
    pub clevertap_endpoint: Option<Url>,
}

impl InitArgs {
    /// Where the files go; `None` prints them.
    pub fn folder(&self) -> Option<&Path> {
        let printed = self.dry_run || self.output.as_os_str() == "-";
        (!printed).then_some(self.output.as_path())
    }
}
