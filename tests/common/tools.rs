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

/// Its parts in one binary, chosen by the name it is called by.
pub const ARGOCD: Tool = Tool {
    name: "argocd",
    version: "v3.2.11",
    source: Source::Files(&[
        ("main.go", include_str!("../programs/argocd/main.go")),
        ("go.mod", include_str!("../programs/argocd/go.mod")),
        ("go.sum", include_str!("../programs/argocd/go.sum")),
    ]),
    takes: "6 minutes",
};
