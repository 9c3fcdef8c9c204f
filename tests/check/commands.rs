//! The command as its users see it: what it says, where, and its exit code. `UPDATE_GOLDEN=1 cargo
//! test --test check` writes `golden/` anew.

use std::path::{Path, PathBuf};
use std::{env, fs};

use assert_cmd::Command;

use crate::plane;

/// The file of `golden/`, the arguments, and the exit code.
const COMMANDS: [(&str, &str, i32); 15] = [
    ("good.txt", "-f good.yaml", 0),
    ("good.json", "-f good.yaml -o json", 0),
    ("fields.txt", "-f fields.yaml", 1),
    ("fields.json", "-f fields.yaml --output=json", 1),
    ("controller.txt", "-f controller.yaml", 1),
    (
        "permitted.txt",
        "-f controller.yaml --min-interval=10s --min-check-interval=1m --allowed-endpoints=https://proxy.example.com",
        1,
    ),
    ("page.txt", "-f connector.yaml exports.yaml", 1),
    ("together.txt", "-f together", 1),
    ("partial.txt", "--partial -f together", 1),
    ("broken.txt", "-f broken.yaml nowhere.yaml -f good.yaml", 1),
    ("others.txt", "-f others.yaml", 1),
    ("others.json", "-f others.yaml -o json", 1),
    ("once.txt", "-f good.yaml ./good.yaml", 0),
    ("usage.txt", "", 64),
    ("format.txt", "-f good.yaml -o xml", 64),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check")
}

fn mixtap(args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mixtap"));
    command
        .arg("check")
        .args(args.split_whitespace())
        .current_dir(folder().join("files"));
    // The flags are variables too.
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"MIXTAP_") {
            command.env_remove(name);
        }
    }
    command
}

/// What is said on standard output, and below it what is said on standard error.
fn said(output: &std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let between = if err.is_empty() {
        ""
    } else {
        "--- on standard error\n"
    };
    format!("{out}{between}{err}")
}

#[test]
fn says_what_users_rely_on() {
    let mut stale = Vec::new();
    for (name, args, code) in COMMANDS {
        let output = mixtap(args).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        // Neither credentials nor addresses.
        assert!(
            !said.contains("canary") && !said.contains("growth@"),
            "{said}"
        );
        let file = folder().join("golden").join(name);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&file, &said).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != said {
            stale.push(format!("{name}: {said}"));
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn reads_standard_input() {
    let good = fs::read(folder().join("files/good.yaml")).unwrap();
    let done = mixtap("-f -").write_stdin(good).assert().success();
    done.stdout("valid: 1 connector, 2 exports, 1 Secret\n");
    let done = mixtap("-f -").write_stdin("kind: CohortExport\n").assert();
    let output = done.code(1).get_output().clone();
    assert!(said(&output).starts_with("<stdin>:1:1  cohortexport/?  apiVersion: must be"));
}

#[test]
fn variables_are_flags() {
    let mut command = mixtap("-f controller.yaml");
    let output = command.env("MIXTAP_MIN_INTERVAL", "45s").output().unwrap();
    assert!(
        said(&output).contains("must be at least 45s"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_examples_are_valid() {
    for example in ["quickstart", "flux/connectors flux/exports"] {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut command = mixtap("-f");
        command
            .args(example.split(' '))
            .current_dir(examples)
            .assert()
            .success();
    }
}

#[test]
fn the_page_shows_what_is_said() {
    let page = folder().join("../../docs/check.md");
    let said = fs::read_to_string(folder().join("golden/page.txt")).unwrap();
    assert!(fs::read_to_string(page).unwrap().contains(&said), "{said}");
}

#[test]
fn no_file_name_is_a_workflow_command() {
    let page = fs::read_to_string(folder().join("../../docs/check.md")).unwrap();
    let (_, program) = page.split_once("-o json | jq -r '").unwrap();
    let (program, _) = program.split_once('\'').unwrap();
    let dir = tempfile::tempdir().unwrap();
    let name = "a\n::error::b,line=7 100%.yaml";
    fs::copy(folder().join("files/broken.yaml"), dir.path().join(name)).unwrap();
    let report = mixtap("-o json -f").arg(name).current_dir(&dir).output();
    let jq = Command::new("jq")
        .args(["-r", program])
        .write_stdin(report.unwrap().stdout)
        .output();
    let jq = match jq {
        Ok(jq) => jq,
        Err(error) => {
            plane::skip(&format!("jq can't be run: {error}"));
            return;
        }
    };
    let said = said(&jq);
    let begin = "::error file=a%0A%3A%3Aerror%3A%3Ab%2Cline=7 100%25.yaml,line=";
    assert!(!said.is_empty());
    assert!(said.lines().all(|line| line.starts_with(begin)), "{said}");
}
