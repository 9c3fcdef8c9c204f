//! The flags of `mixtap run`, from their definition.

use std::env;

use clap::{Arg, Args as _, Command};
use mixtap::config::RunArgs;

use super::tables::table;

/// A table under each of the headings that `--help` has.
pub fn flags() -> String {
    let run = RunArgs::augment_args(Command::new("run"));
    let mut headings: Vec<&str> = Vec::new();
    for arg in run.get_arguments() {
        let heading = arg.get_help_heading().expect("a heading");
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    let part = |heading: &str| {
        let of = run.get_arguments();
        let of = of.filter(|arg| arg.get_help_heading() == Some(heading));
        let rows = table(["Flag", "Variable", "Default", "Meaning"], of.map(row));
        format!("\n### {heading}\n{rows}")
    };
    headings.into_iter().map(part).collect()
}

fn row(arg: &Arg) -> [String; 4] {
    let help = arg.get_help().expect("a meaning").to_string();
    // What isn't a fixed value is told there.
    let (meaning, told) = match help.split_once(" [default: ") {
        Some((meaning, told)) => (meaning, Some(told.trim_end_matches(']'))),
        None => (help.as_str(), None),
    };
    let values = arg.get_possible_values();
    let values: Vec<_> = values
        .iter()
        .map(|v| format!("`{}`", v.get_name()))
        .collect();
    let choice = match &arg.get_value_names() {
        Some([name]) if name.as_str() == "FORMAT" => format!(": {}", values.join(" or ")),
        _ => String::new(),
    };
    let variable = arg.get_env().expect("a variable").to_str().unwrap();
    [
        format!("`--{}`", arg.get_long().expect("a long flag")),
        format!("`{variable}`"),
        told.map_or_else(|| default(arg), str::to_owned),
        format!("{meaning}{choice}."),
    ]
}

fn default(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return "`false`".to_owned();
    }
    let values = arg.get_default_values().iter();
    let value: String = values.map(|value| value.to_str().unwrap()).collect();
    // The same wherever temporary files are kept here.
    let temporary = env::temp_dir();
    let value = value.replace(temporary.to_str().unwrap().trim_end_matches('/'), "/tmp");
    match value.as_str() {
        "" => "-".to_owned(),
        value => format!("`{value}`"),
    }
}
