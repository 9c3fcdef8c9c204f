//! Completions as each shell loads them, man pages, help and the version.

use std::{env, fs, process::Command};

use crate::world::mixtap;

/// What the command prints.
fn said(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = mixtap(folder.path()).args(args).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// Has a shell load the script and run `then`; `None`, said loudly, where there is no such shell.
/// Bash is everywhere.
fn in_shell(shell: &str, flags: &[&str], then: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("_mixtap");
    fs::write(&script, said(&["completions", shell])).unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(shell);
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder.path());
    command
        .args(flags)
        .arg(then.replace("SCRIPT", script.to_str().unwrap()));
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if shell == "bash" => panic!("bash: {error}"),
        Err(error) => {
            crate::plane::say(&format!("SKIPPED: no {shell}: {error}"));
            return None;
        }
    };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{shell}");
    assert!(output.status.success(), "{shell}: {:?}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

/// One is offered, and what help hides isn't.
fn offers(shell: &str, words: &str) {
    let words: Vec<_> = words.split_whitespace().collect();
    for command in ["run", "crds", "init", "completions", "man", "demo"] {
        assert!(words.contains(&command), "{shell} offers {words:?}");
    }
    assert!(!words.contains(&"guard"), "{shell} offers {words:?}");
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let complete = |line: &str| {
        let last = line.split(' ').count() - 1;
        let then = format!(
            "source SCRIPT; COMP_WORDS=({line}); COMP_CWORD={last}; \
             _mixtap mixtap \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{}]}}\"; \
             echo \"${{COMPREPLY[*]}}\"",
            last - 1
        );
        in_shell("bash", &["--norc", "-c"], &then).unwrap()
    };
    offers("bash", &complete("mixtap ''"));
    assert!(complete("mixtap init --result").contains("--result-email"));
    assert_eq!(complete("mixtap init --region E").trim(), "EU");
    assert_eq!(complete("mixtap completions f").trim(), "fish");
}

#[test]
fn zsh_loads_its_completions() {
    // What it would hand to the menu is in `commands`.
    let then = "autoload -U compinit && compinit -u -D && source SCRIPT && \
                _describe() { print -l ${commands%%:*} } && _mixtap_commands";
    if let Some(words) = in_shell("zsh", &["-f", "-c"], then) {
        offers("zsh", &words);
    }
}

#[test]
fn fish_completes_commands() {
    let then = "source SCRIPT; complete -C 'mixtap '";
    if let Some(lines) = in_shell("fish", &["--no-config", "-c"], then) {
        let words = lines.lines().filter_map(|line| line.split('\t').next());
        offers("fish", &words.collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn man_pages_are_written_for_all_that_help_shows() {
    let folder = tempfile::tempdir().unwrap();
    let output = mixtap(folder.path())
        .args(["man", "man1"])
        .assert()
        .success();
    let paths = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let page = |name: &str| fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    for (name, words) in [
        ("mixtap.1", "mixtap\\-run(1)"),
        ("mixtap-run.1", "MIXTAP_STATE_URL"),
        (
            "mixtap-init.1",
            ".SH EXAMPLES\n.nf\n  mixtap init \\-o growth",
        ),
    ] {
        assert!(paths.contains(&format!("man1/{name}\n")), "{paths}");
        assert!(page(name).contains(words), "{}", page(name));
    }
    assert!(!paths.contains("guard"), "{paths}");
    assert_eq!(
        paths.lines().count(),
        fs::read_dir(folder.path().join("man1")).unwrap().count()
    );
}

#[test]
fn every_command_has_help_with_examples_and_no_colour_where_nobody_sees_it() {
    let pages = said(&["--help"]);
    let commands = pages
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<_> = names
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() >= 6, "{pages}");
    for name in names {
        let help = said(&[name, "--help"]);
        assert!(help.contains("\nExamples:\n  "), "{name}:\n{help}");
        assert!(!help.contains('\u{1b}'), "{name}:\n{help}");
    }
    assert_eq!(
        said(&["--version"]),
        concat!("mixtap ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
