//! `budget`: the hour of each Mixpanel project.

use jiff::SignedDuration;

use super::cli::Format;
use super::output::{json, table};
use crate::cluster::leader::path;
use crate::cluster::{Cluster, Error};
use crate::config::LeaderArgs;
use crate::domain::words::long;
use crate::page::{Budgets, Project, Waiting};

/// The command.
pub async fn run(cluster: &Cluster, leader: &LeaderArgs, format: Format) -> Result<String, Error> {
    let budgets: Budgets = leader.get(cluster, &path(&["budget"])).await?;
    Ok(match format {
        Format::Json => json(&budgets),
        Format::Table if budgets.projects.is_empty() => {
            "No Mixpanel project is in use.\n".to_owned()
        }
        Format::Table => {
            let rows: Vec<_> = budgets.projects.iter().map(row).collect();
            table(
                ["PROJECT", "HOST", "LIMIT", "USED", "LEFT", "WAITING"],
                &rows,
            )
        }
    })
}

fn row(project: &Project) -> [String; 6] {
    let waiting: Vec<_> = project.waiting.iter().map(waits).collect();
    [
        project.project.to_string(),
        project.host.clone(),
        format!("{} an hour", project.limit),
        project.used.to_string(),
        project.left.to_string(),
        match waiting.is_empty() {
            true => "-".to_owned(),
            false => waiting.join(", "),
        },
    ]
}

fn waits(export: &Waiting) -> String {
    let wait = SignedDuration::from_secs(i64::try_from(export.seconds).unwrap_or(i64::MAX));
    let when = match export.seconds {
        0 => "its turn".to_owned(),
        _ => format!("about {}", long(wait)),
    };
    format!("{}/{} ({when})", export.namespace, export.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_told_in_order() {
        let waiting = |name: &str, seconds| Waiting {
            namespace: "growth".into(),
            name: name.into(),
            seconds,
        };
        let mut project = Project {
            host: "mixpanel.com".into(),
            project: 7,
            limit: 48,
            used: 48,
            left: 0,
            waiting: vec![waiting("a", 0), waiting("b", 300)],
        };
        let told = "growth/a (its turn), growth/b (about 5 minutes)";
        assert_eq!(
            row(&project),
            ["7", "mixpanel.com", "48 an hour", "48", "0", told]
        );
        project.waiting.clear();
        assert_eq!(row(&project)[5], "-");
    }
}
