//! A connector.

use jiff::Timestamp;
use maud::{Markup, html};

use super::export::advice;
use super::words::{self, Way};
use crate::page::model::{Connector, Queries};
use crate::page::part::Id;
use crate::page::{address, advice};

/// Its card on the index.
pub fn card(connector: &Connector, now: Timestamp) -> Markup {
    let Connector {
        namespace,
        name,
        title,
        ..
    } = connector;
    let id = Id::Connector(namespace.clone(), name.clone());
    html! {
        article.card #(id) data-part {
            div.head {
                h3 { (title.as_deref().unwrap_or(name)) }
                (words::connected(connector.connected))
                @if connector.suspended { (words::tag("Suspended")) }
                a.exports href={ "?" (address::of_connector(namespace, name)) } { (exports(connector.exports)) }
            }
            p.message { (connector.words.message) }
            dl {
                div { dt { "Connector" } dd { (namespace) "/" (name) } }
                @if let Some(project) = connector.mixpanel_project {
                    div { dt { "Mixpanel project" } dd { (project) } }
                    div { dt { "CleverTap project" } dd { (connector.project) " (" (connector.datacenter) ")" } }
                }
                div {
                    dt { "Last check" }
                    dd {
                        @match connector.checked {
                            Some(time) => { (words::time(time, now, Way::Ago)) },
                            None => { "not yet" },
                        }
                    }
                }
                @if let Some(queries) = &connector.queries { (budget(queries)) }
            }
            @if let Some(found) = advice::of_connector(connector) {
                details.advice {
                    summary { "What this means, and what to do" }
                    (advice(&found))
                }
            }
        }
    }
}

/// The Mixpanel project's hour: what was used, and what is left.
fn budget(queries: &Queries) -> Markup {
    let Queries {
        limit,
        used,
        left,
        waiting,
    } = queries;
    html! {
        div {
            dt { "Mixpanel queries" }
            dd {
                meter aria-label="Queries of the last hour" min="0" max=(limit) high=(limit.saturating_sub(1)) optimum="0" value=(used) {}
                (used) " of " (limit) " used in the last hour, " (left) " left"
                @if *waiting > 0 { "; " (exports(*waiting)) " waiting" }
            }
        }
    }
}

fn exports(count: usize) -> String {
    match count {
        0 => "No exports".to_owned(),
        1 => "1 export".to_owned(),
        count => format!("{count} exports"),
    }
}
