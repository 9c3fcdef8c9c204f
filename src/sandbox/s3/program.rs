//! Where versitygw comes from.

use crate::sandbox::programs::{Source, Tool};

pub(super) const VERSITYGW: Tool = Tool {
    name: "versitygw",
    version: "v1.8.0",
    source: Source::Package("github.com/versity/versitygw/cmd/versitygw"),
    takes: "75 seconds",
};
