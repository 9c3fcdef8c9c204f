//! `status`: connectors and exports at a glance.

mod lines;

use jiff::Timestamp;
use serde::Serialize;

use super::cli::Format;
use super::output::{json, table};
use crate::cluster::{Cluster, Error};
use lines::{ConnectorLine, ExportLine};

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub struct Report {
    connectors: Vec<ConnectorLine>,
    exports: Vec<ExportLine>,
}

/// The command.
pub async fn run(cluster: &Cluster, all: bool, format: Format) -> Result<String, Error> {
    let (connectors, exports) = cluster.objects(all).await?;
    let report = Report {
        connectors: connectors.iter().map(ConnectorLine::of).collect(),
        exports: exports.iter().map(ExportLine::of).collect(),
    };
    Ok(match format {
        Format::Json => json(&report),
        Format::Table => report.show(&cluster.place(all), all, Timestamp::now()),
    })
}

impl Report {
    fn show(&self, place: &str, all: bool, now: Timestamp) -> String {
        if self.connectors.is_empty() && self.exports.is_empty() {
            return format!("No connectors and no exports in {place}.\n");
        }
        let connectors: Vec<_> = self.connectors.iter().map(|c| c.row(all, now)).collect();
        let exports: Vec<_> = self.exports.iter().map(|e| e.row(all, now)).collect();
        format!(
            "{}\n{}",
            table(
                [
                    "CONNECTOR",
                    "PROJECT",
                    "CONNECTED",
                    "REASON",
                    "CHECKED",
                    "MESSAGE"
                ],
                &connectors,
            ),
            table(
                [
                    "EXPORT",
                    "COHORT",
                    "TYPE",
                    "SYNCED",
                    "REASON",
                    "MEMBERS",
                    "LAST SYNC",
                    "NEXT",
                    "MESSAGE",
                ],
                &exports,
            ),
        )
    }
}

#[cfg(test)]
mod tests;
