//! `kubectl mixtap`: what people ask of exports, with their own rights.
//!
//! ```text
//! status, sync, suspend, resume   the API server                        cluster
//! history, budget                 the leader's page, by port-forward    cluster::leader
//! why                             Mixpanel, with the connector's Secret
//! ```

mod budget;
mod cli;
mod history;
mod output;
mod status;
mod suspend;
mod sync;
mod why;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::USAGE;
use crate::cluster::{Cluster, Error};
use crate::domain::printable;
use cli::{Cli, Command};

/// Runs the command of the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    // The one provider of the process; a second one would panic at the first handshake.
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.expect("nothing was installed before main");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Where even this can't be said, the code still tells.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime
        .map_err(|e| Error::new(format!("can't start: {e}")))
        .and_then(|runtime| {
            let done = runtime.block_on(run(cli));
            runtime.shutdown_background();
            done
        });
    match done.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// What is to be printed.
async fn run(cli: Cli) -> Result<String, Error> {
    let Cli { common, command } = cli;
    if let Command::Completion { shell } = command {
        return Ok(cli::completion(shell));
    }
    let cluster = Cluster::connect(&common.cluster).await?;
    let format = common.output;
    match command {
        Command::Status { all_namespaces } => status::run(&cluster, all_namespaces, format).await,
        Command::Sync(args) => sync::run(&cluster, &args, format).await,
        Command::Suspend { target } => suspend::run(&cluster, &target, true, format).await,
        Command::Resume { target } => suspend::run(&cluster, &target, false, format).await,
        Command::History { name, leader } => history::run(&cluster, &name, &leader, format).await,
        Command::Budget { leader } => budget::run(&cluster, &leader, format).await,
        Command::Why(args) => why::run(&cluster, &args, format).await,
        Command::Completion { .. } => unreachable!("answered without a cluster"),
    }
}

/// `println!` would panic where the reader has gone.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|e| Error::new(format!("can't write to standard output: {e}"))),
    }
}
