//! Man pages, made from the commands' definition.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Command};
use clap_mangen::Man;

const EXAMPLES: &str = "Examples:
  mixtap man ~/.local/share/man/man1     then: man mixtap, man mixtap-run";

/// Where to.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Folder for the pages, made if absent
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes a page for `command` and one for each of its commands; their paths, a line each.
pub(super) fn write(mut command: Command, args: &ManArgs) -> io::Result<String> {
    let folder = &args.folder;
    let told = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", folder.display()));
    fs::create_dir_all(folder).map_err(told)?;
    command = command.disable_help_subcommand(true);
    command.build();
    let mut paths = String::new();
    for command in [&command].into_iter().chain(command.get_subcommands()) {
        let man = Man::new(command.clone()).manual("mixtap");
        let path = folder.join(man.get_filename());
        fs::write(&path, page(&man, command)?).map_err(told)?;
        paths += &format!("{}\n", path.display());
    }
    Ok(paths)
}

fn page(man: &Man, command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let examples = examples.trim_start_matches("Examples:\n");
        // As it is: filled lines would run into each other.
        write!(text, ".SH EXAMPLES\n.nf\n{}\n.fi\n", literal(examples))?;
    }
    Ok(text)
}

/// Text in which roff finds nothing to obey.
fn literal(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        let command = line.starts_with(['.', '\'']);
        format!("{}{line}", if command { "\\&" } else { "" })
    });
    lines.collect::<Vec<_>>().join("\n")
}
