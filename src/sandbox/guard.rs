//! A program that must not outlive whoever started it.
//!
//! The parent holds the write end of the guard's standard input. However the parent ends, SIGKILL
//! included, the kernel closes that end; the guard reads end-of-file and kills its program. A pipe
//! works on every Unix and, other than `PR_SET_PDEATHSIG`, doesn't care which thread spawned.
//! A parent that only wants the program gone writes something before it closes the pipe.

use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitCode, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Arguments of `mixtap guard`.
#[derive(Debug, clap::Args)]
pub struct GuardArgs {
    /// A folder to remove once the parent is gone.
    #[arg(long)]
    pub scratch: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// Runs the program until it ends, or kills it when standard input does.
///
/// Exits with the program's code (128 + n after signal n), 127 if it can't be started, 0 after the
/// parent went away. SIGTERM is passed on. Must be polled inside a tokio runtime.
pub async fn guard(args: GuardArgs) -> ExitCode {
    match run(args).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("guard: {error}");
            ExitCode::from(127)
        }
    }
}

async fn run(args: GuardArgs) -> io::Result<ExitCode> {
    let (program, rest) = args
        .command
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut input = end_of_input();
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .spawn()?;
    let parent_lives = loop {
        tokio::select! {
            status = child.wait() => return status.map(exit_code),
            _ = terminate.recv() => pass_on_terminate(&child),
            said = &mut input => break said == Ok(true),
        }
    };
    child.kill().await?;
    if let Some(folder) = args.scratch.filter(|_| !parent_lives) {
        // The parent may have removed it already.
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(ExitCode::SUCCESS)
}

/// Resolves at the end of standard input: whether anything was said. A plain thread reads it: a runtime would wait for its own
/// blocked reader before it could shut down.
fn end_of_input() -> oneshot::Receiver<bool> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // A read error is as good as the end: nobody can tell us anything any more.
        let said = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = sender.send(said.is_ok_and(|bytes| bytes > 0));
    });
    receiver
}

fn pass_on_terminate(child: &Child) {
    // `id` is None once the child has been reaped, so this never hits a reused process id.
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(pid) = pid {
        // A program that has just ended is reported by `wait`.
        let _ = kill_process(pid, Signal::TERM);
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
