//! The pipelines of `examples/ci/` run commands that the program knows.

use std::ffi::OsString;
use std::path::Path;

use mixtap::cli::{self, Command};

#[test]
fn the_pipelines_run_what_there_is() {
    for (file, indent) in [("github.yaml", ""), ("gitlab.yaml", "- ")] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci");
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let lines = text
            .lines()
            .map(|line| line.trim().trim_start_matches("run: "));
        let lines =
            lines.filter_map(|line| line.trim_start_matches(indent).strip_prefix("mixtap "));
        let mut found = Vec::new();
        for line in lines {
            // What comes after is the shell's.
            let words = line
                .split(' ')
                .take_while(|word| !word.starts_with(['>', '|']));
            let words = ["mixtap"].into_iter().chain(words).map(OsString::from);
            let command = cli::parse(words).unwrap_or_else(|e| panic!("{file}: {line}: {e}"));
            found.push(match command {
                Command::Check(_) => "check",
                Command::Plan(_) => "plan",
                Command::Sync(_) => "sync",
                other => panic!("{file}: {other:?}"),
            });
        }
        assert_eq!(found, ["check", "plan", "sync"], "{file}");
        assert!(
            text.contains("<!-- mixtap plan -->"),
            "{file} replaces the last comment"
        );
        let yaml: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert!(yaml.is_object(), "{file}");
    }
}
