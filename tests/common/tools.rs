//! Other people's programs that tests use.

use mixtap::sandbox::programs::{Source, Tool};

pub const HELM: Tool = Tool {
    name: "helm",
    version: "v3.22.0",
    source: Source::Package("helm.sh/helm/v3/cmd/helm"),
    takes: "3 minutes",
};
