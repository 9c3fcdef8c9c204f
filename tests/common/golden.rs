//! Committed outputs that programs are held to.

use std::{env, fs, path::Path};

/// Fails unless the file `name` below `tests` holds this text; with `UPDATE_GOLDEN` it is written
/// first.
pub fn check(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, text).unwrap();
    }
    let wanted = fs::read_to_string(file).unwrap_or_default();
    assert!(
        wanted == text,
        "not as in tests/{name}; if it is right, run with UPDATE_GOLDEN=1:\n{text}"
    );
}
