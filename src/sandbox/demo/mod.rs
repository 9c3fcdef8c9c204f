//! `mixtap demo`: a real API server, stand-ins of both vendors, the controller and the examples,
//! all on this machine and gone afterwards.
//!
//! - stage: starting all of it, and ending it; home: its files; controller: `mixtap run`
//! - manifests: the examples and the CRDs; as_kubectl: as it would apply them
//! - world: what the vendors hold, and how it changes
//! - watch: the objects as they change; news and report: what to say of them; say: how
//! - hints: what to try with kubectl
//! - files: the examples as files, for the sandbox

mod as_kubectl;
mod controller;
mod files;
mod hints;
mod home;
mod manifests;
mod news;
mod report;
mod say;
mod stage;
mod watch;
mod world;

use std::{
    io,
    path::PathBuf,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use futures::StreamExt;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, interval, sleep_until},
};

pub use self::files::write_examples;
use self::{
    news::{Goal, Told},
    say::{print, say, say_all},
    stage::Stage,
};
use crate::{
    cli::DemoArgs,
    sandbox::{
        NotThere,
        cluster::{AssetsError, PlaneError},
    },
};

/// All is there in a few seconds; a loaded machine takes longer.
const ALL_WITHIN: Duration = Duration::from_secs(120);
const CHANGE_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Assets(#[from] AssetsError),
    #[error(transparent)]
    Plane(#[from] PlaneError),
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    #[error("{what}: {source}")]
    Api {
        what: String,
        source: Box<kube::Error>,
    },
    #[error("{0}: no answer from the API server")]
    NoAnswer(String),
    #[error("an embedded manifest: {0}")]
    Manifest(#[from] serde_yaml::Error),
    #[error("an embedded object: {0}")]
    Object(#[from] serde_json::Error),
    #[error("the demo's own world: {0}")]
    World(#[from] NotThere),
    #[error("the controller ended with {0}")]
    ControllerEnded(ExitStatus),
    #[error("not there after {} s: {}", ALL_WITHIN.as_secs(), .0.join(", "))]
    TooLate(Vec<&'static str>),
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> DemoError {
    move |source| DemoError::Io { what, source }
}

/// Runs the demo until Ctrl-C or SIGTERM, or with `--once` until everything is synced.
///
/// Exits 0 when asked to end, 1 where something is missing or failed, and says what. With `--once`
/// 0 says that all got there. Must be polled inside a tokio runtime.
pub async fn run(args: DemoArgs) -> ExitCode {
    match show(args).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mixtap demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn show(args: DemoArgs) -> Result<ExitCode, DemoError> {
    let mut stop = Stop::listen().map_err(io_error("signals"))?;
    let asked = ExitCode::from(u8::from(args.once));
    print(
        "mixtap demo: a real Kubernetes API server, stand-ins of Mixpanel and CleverTap, and the \
         controller,\nall on this machine. Ctrl-C ends it.\n\n",
    );
    let mut stage = tokio::select! {
        () = stop.asked() => return Ok(asked),
        stage = Stage::set_up(args.workdir) => stage?,
    };
    let end = tokio::select! {
        () = stop.asked() => Ok(asked),
        end = play(&mut stage, args.once) => end.map(|()| ExitCode::SUCCESS),
    };
    if end.is_err() {
        match stage.home.keep_log() {
            Ok(log) => say(&format!("the controller's log is {}", log.display())),
            Err(error) => say(&format!("the controller's log can't be kept: {error}")),
        }
    }
    say("ending: first the controller, then the API server");
    tokio::select! {
        () = stage.close() => {}
        // Whoever asks twice is in a hurry: all of it is killed.
        () = stop.asked() => {}
    }
    say("ended");
    end
}

/// Tells what happens, until everything is there if `once`, otherwise for ever.
async fn play(stage: &mut Stage, once: bool) -> Result<(), DemoError> {
    let mut objects = watch::objects(&stage.client);
    let mut told = Told::default();
    let mut deadline = Some(Instant::now() + ALL_WITHIN);
    let mut change = interval(CHANGE_EVERY);
    let mut changes = 0;
    loop {
        let too_late = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(seen) = objects.next() => say_all(&told.learn(&seen, &stage.sandbox)),
            status = stage.controller.ended() => return Err(DemoError::ControllerEnded(status)),
            () = too_late => {
                let missing = told.missing().map(Goal::text).collect();
                if once {
                    return Err(DemoError::TooLate(missing));
                }
                say(&DemoError::TooLate(missing).to_string());
                deadline = None;
                continue;
            }
            _ = change.tick(), if changes > 0 => {
                world::change(&stage.sandbox, changes)?;
                changes += 1;
            }
        }
        if changes == 0 && told.missing().next().is_none() {
            if once {
                say("all there");
                return Ok(());
            }
            (deadline, changes) = (None, 2);
            change.reset();
            say(&world::change(&stage.sandbox, 1)?);
            print(&hints::text(
                &stage.plane.kubeconfig_path(),
                &stage.home.log(),
            ));
        }
    }
}

/// Ctrl-C and SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// This very program: the guard of others, and the controller.
fn program() -> Result<PathBuf, DemoError> {
    std::env::current_exe().map_err(io_error("the path of this program"))
}
