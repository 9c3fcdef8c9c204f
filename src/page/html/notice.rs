//! A page that says why there is none.

use jiff::Timestamp;
use maud::{Markup, html};

use super::document;
use crate::page::board::Version;

/// `root` leads to the index. `of`: the export that isn't there, as `NAMESPACE/NAME`, and since which
/// version; the page comes by itself once it is.
pub fn notice(
    title: &str,
    text: &str,
    root: &str,
    of: Option<(&str, Version)>,
    now: Timestamp,
) -> Markup {
    let (export, version) = of.unzip();
    let now_if_watched = version.map(|_| now);
    let main = html! {
        main #main data-export=[export] data-version=[version] data-now=[now_if_watched] {
            h1 { (title) }
            p { (text) }
            p { a #back href=(root) { "All exports" } }
        }
    };
    document(title, root, &main, now)
}
