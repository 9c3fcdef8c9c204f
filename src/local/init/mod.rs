//! `mixtap init`: from a project's cohorts to manifests for those chosen.
//!
//! ```text
//! args       what the command line answers                                       pure
//!   └─> questions   the rest: asked on a terminal, missing otherwise             ask, I/O
//!         ├─ account    the service account, from variables or a prompt          I/O
//!         ├─ listing    the project's cohorts, one call                          mixpanel/
//!         ├─ choice     which of them                                            pure
//!         ├─ answers    a spec of each kind, held to the controller's own rules  domain/validate
//!         ├─ kept       exports of these cohorts that the folder holds                   I/O
//!         ├─ manifests  YAML, and names for its objects                          pure
//!         └─ write      files, all or none
//! ```

mod account;
mod answers;
mod args;
mod ask;
mod catalogue;
mod choice;
mod error;
mod hints;
mod kept;
mod listing;
mod manifests;
mod names;
mod questions;
mod write;
mod yaml;

use std::io::{self, IsTerminal};

use tokio::signal::unix::{SignalKind, signal};

pub use args::InitArgs;
pub use error::InitError;

use answers::Answers;
use ask::Terminal;
use catalogue::{CLEVERTAP, MIXPANEL};
use choice::Choice;
use kept::Kept;

use crate::domain::validate;

/// Asks for what the command line leaves open, and writes the manifests. Until then Ctrl-C and
/// SIGTERM end it with nothing written.
///
/// # Errors
/// Usage errors, and whatever keeps the manifests from being written.
pub async fn run(args: InitArgs) -> Result<(), InitError> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        end = interview(&args) => end,
        _ = interrupt.recv() => Err(stopped()),
        _ = terminate.recv() => Err(stopped()),
    }
}

/// A question may stand in the line.
fn stopped() -> InitError {
    if io::stderr().is_terminal() {
        eprintln!();
    }
    InitError::Stopped
}

async fn interview(args: &InitArgs) -> Result<(), InitError> {
    let mut terminal = Terminal::open();
    let mut answers = Answers::new(args);
    answers.take(args)?;
    let open = match terminal {
        Some(_) => vec![],
        None => questions::open(args, &answers),
    };
    if !open.is_empty() && !listing::possible(args) {
        return Err(InitError::missing(&open));
    }

    answers.complete(args, &MIXPANEL, &mut terminal).await?;
    let listed = loop {
        let account = account::service_account(&mut terminal).await?;
        if terminal.is_some() {
            eprintln!("asking Mixpanel for the cohorts of the project");
        }
        match listing::list(&answers, account).await {
            // Mistyped, perhaps; what variables say won't be another the next time.
            Err(InitError::Credentials(why)) if account::missing().next().is_some() => {
                eprintln!("  {why}");
            }
            listed => break listed?,
        }
    };
    if !open.is_empty() {
        eprint!("{}", listed.table());
        return Err(InitError::missing(&open));
    }
    let chosen = match (Choice::of(args), &mut terminal) {
        (Some(choice), _) => choice.among(&listed).map_err(InitError::Failed)?,
        (None, Some(terminal)) => {
            eprint!("\n{}\n", listed.table());
            let question = "Which ones? Numbers and ranges such as 1,3-5, or all";
            let read = |text: &str| Choice::read(text, &listed)?.among(&listed);
            terminal.ask(question, None, read).await?
        }
        (None, None) => return Err(InitError::missing(&["--cohort or --all"])),
    };
    answers.complete(args, &CLEVERTAP, &mut terminal).await?;
    let plans = answers.plans();
    let plans = plans.map_err(|problems| InitError::Failed(validate::sentence(&problems)))?;

    let kept = args.folder().map(|folder| Kept::read(folder, &answers));
    let files = manifests::files(&answers, &listed, &chosen, &kept.unwrap_or_default());
    match args.folder() {
        Some(folder) => {
            let written = write::files(folder, &files, args.force)?;
            print_lines(&written)?;
        }
        None => print_lines(&[manifests::stream(&files)])?,
    }
    if terminal.is_some() {
        eprint!(
            "{}",
            hints::text(&answers, &plans, args.folder(), chosen.len())
        );
    }
    Ok(())
}

/// `println!` would panic where the reader has gone.
fn print_lines(lines: &[String]) -> io::Result<()> {
    use io::Write;
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    out.flush()
}
