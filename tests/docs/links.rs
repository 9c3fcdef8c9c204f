//! Every link within the repository leads to a file, and to a heading of it.

use std::fs;
use std::path::Path;

use super::written::{pages, repository};

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            if !target.exists() || !(heading.is_empty() || has(&target, heading)) {
                let page = page.strip_prefix(repository()).unwrap().display();
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(count > 20, "only {count} links: are all found?");
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}

/// The targets of `[text](target)` outside of code, but for those of other hosts.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    let lines = text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    });
    let targets = lines.flat_map(|line| line.split("](").skip(1));
    let targets = targets.filter_map(|rest| Some(rest.split_once(')')?.0));
    targets.filter(|target| !target.contains("://"))
}

/// Whether the page has this heading, as hosts of repositories make anchors of them.
fn has(page: &Path, heading: &str) -> bool {
    let text = fs::read_to_string(page).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .any(|found| found == heading)
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    let text = heading.trim().to_lowercase();
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn links_and_anchors_are_told_from_the_rest() {
    let text = "[a](b.md#c) `x`\n```\n[no](no)\n```\n![p](p.svg), [web](https://example.com)";
    assert_eq!(links(text).collect::<Vec<_>>(), ["b.md#c", "p.svg"]);
    assert_eq!(anchor(" With `kubectl` alone?"), "with-kubectl-alone");
}
