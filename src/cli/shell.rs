//! What a shell knows of the commands.

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

const EXAMPLES: &str = "Examples:
  source <(mixtap completions bash)      for this shell; in ~/.bashrc, for each
  mixtap completions zsh > ~/.zfunc/_mixtap
                                         where ~/.zfunc is in zsh's fpath
  mixtap completions fish > ~/.config/fish/completions/mixtap.fish";

/// For which shell.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell that is to load them
    #[arg(value_enum)]
    shell: Known,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

/// The script that completes `command`.
pub(super) fn completions(mut command: Command, args: &CompletionsArgs) -> String {
    let shell = match args.shell {
        Known::Bash => Shell::Bash,
        Known::Zsh => Shell::Zsh,
        Known::Fish => Shell::Fish,
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
