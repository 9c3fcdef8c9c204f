//! Other people's programs that tests use.

use mixtap::sandbox::programs::{Source, Tool};

pub const HELM: Tool = Tool {
    name: "helm",
    version: "v3.22.0",
    source: Source::Package("helm.sh/helm/v3/cmd/helm"),
    takes: "3 minutes",
};

pub const ACTIONLINT: Tool = Tool {
    name: "actionlint",
    version: "v1.7.12",
    source: Source::Package("github.com/rhysd/actionlint/cmd/actionlint"),
    takes: "half a minute",
};
