//! Files, and parts of files, that tests write.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

const END: &str = "<!-- until here -->";

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages, README first.
pub fn pages() -> Vec<PathBuf> {
    let folder = fs::read_dir(repository().join("docs")).unwrap();
    let mut pages: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|end| end == "md"));
    pages.sort();
    pages.insert(0, repository().join("README.md"));
    pages
}

/// Fails unless the file holds this; with `UPDATE_DOCS` it is written first.
pub fn check(name: &str, wanted: &str) {
    let file = repository().join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, wanted).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap_or_default() == wanted,
        "{name} is stale: run `UPDATE_DOCS=1 cargo test --test docs`"
    );
}

/// The page with these parts, each between its mark and the next end.
pub fn with_parts(page: &str, parts: &[(&str, String)]) -> String {
    let mut page = page.to_owned();
    for (mark, text) in parts {
        let mark = format!("<!-- {mark}, written by tests/docs -->\n");
        let start = page.find(&mark).expect("the mark of a part") + mark.len();
        let end = start + page[start..].find(END).expect("the end of a part");
        page.replace_range(start..end, &format!("{text}\n"));
    }
    page
}
