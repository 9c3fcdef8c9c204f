//! The page's HTML. Whatever others wrote is escaped by `maud`, as text and in attributes alike;
//! nothing here is inline style or script.

mod card;
mod export;
mod index;
mod notice;
mod plot;
mod row;
mod runs;
mod words;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::part::Part;
use crate::domain::printable;
pub use export::{Detail, detail};
pub use index::Index;
pub use notice::notice;

/// One part, as it stands in the page.
pub fn part(part: &Part, now: Timestamp) -> Markup {
    match part {
        Part::Summary(summary) => index::summary(summary),
        Part::Connector(connector) => card::card(connector, now),
        Part::Export(export) => row::row(export, true, now),
    }
}

/// One part, as it stands in its own page, if it has one.
pub fn detail_part(part: &Part, now: Timestamp) -> Option<String> {
    match part {
        Part::Export(export) => Some(export::state(export, now).into_string()),
        _ => None,
    }
}

/// A whole document around its `main`. `root` leads from this page to the index: an address of
/// itself isn't known, for a proxy may put all of it below a path of its own.
fn document(title: &str, root: &str, main: &Markup, now: Timestamp) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (printable(title)) " – mixtap" }
                link rel="icon" type="image/svg+xml" href={ (root) "icon.svg" };
                link rel="stylesheet" href={ (root) "style.css" };
                script type="module" src={ (root) "script/main.js" } {}
            }
            body data-root=(root) {
                a.skip href="#main" { "Skip to the content" }
                header {
                    a.name href=(root) { "mixtap" }
                    span.about { "Mixpanel cohorts as CleverTap segments" }
                    p #connection role="status" data-state="still" {
                        "As of " (words::exact(now))
                    }
                }
                (main)
            }
        }
    }
}

#[cfg(test)]
mod tests;
