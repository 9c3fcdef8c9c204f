//! A page that says why there is none.

use jiff::Timestamp;
use maud::{Markup, html};

use super::document;

/// `root` leads to the index.
pub fn notice(title: &str, text: &str, root: &str, now: Timestamp) -> Markup {
    let main = html! {
        main #main {
            h1 { (title) }
            p { (text) }
            p { a #back href=(root) { "All exports" } }
        }
    };
    document(title, root, &main, now)
}
