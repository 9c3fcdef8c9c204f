//! `mixtap demo`: a real API server, stand-ins of both vendors, the controller and the examples,
//! all on this machine and gone afterwards.
//!
//! - examples: what is synced, once from files, which files does, and then by the controller
//! - child: this program again, as `mixtap sync` and `mixtap run`
//! - stage: starting all of it, and ending it; home: its files; controller: `mixtap run`
//! - manifests: the examples and the CRDs; as_kubectl: as it would apply them
//! - world: what the vendors hold, and how it changes
//! - watch: the objects as they change; news and report: what to say of them; say: how
//! - hints: what to try with kubectl

mod as_kubectl;
mod child;
mod controller;
mod error;
mod examples;
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

use std::{io, process::ExitCode, time::Duration};

use futures::StreamExt;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, interval, sleep_until},
};

pub use self::examples::write_examples;
use self::{
    error::{DemoError, io_error},
    files::Files,
    home::Home,
    news::{Goal, Told},
    say::{print, say, say_all},
    stage::Stage,
};
use crate::{
    cli::DemoArgs,
    sandbox::cluster::{Assets, AssetsError, Need},
};

/// All is there in a few seconds; a loaded machine takes longer.
const ALL_WITHIN: Duration = Duration::from_secs(120);
const CHANGE_EVERY: Duration = Duration::from_secs(60);

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
    let home = Home::make(args.workdir).map_err(io_error("the working folder"))?;
    let found = tokio::select! {
        () = stop.asked() => return Ok(asked),
        found = find(&home, args.once) => found?,
    };
    let assets = match found {
        Found::ApiServer(assets) => assets,
        Found::Files(_) if args.once => return Ok(ExitCode::SUCCESS),
        Found::Files(files) => {
            return tokio::select! {
                () = stop.asked() => Ok(ExitCode::SUCCESS),
                end = files.go_on() => end.map(|()| ExitCode::SUCCESS),
            };
        }
    };
    let mut stage = tokio::select! {
        () = stop.asked() => return Ok(asked),
        stage = Stage::set_up(home, assets) => stage?,
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

/// What there is to show.
enum Found {
    ApiServer(Assets),
    /// Synced already.
    Files(Box<Files>),
}

/// The programs of an API server. While they are being made, which may take minutes, the examples are
/// synced from files; where they can't be, that is the demo.
async fn find(home: &Home, once: bool) -> Result<Found, DemoError> {
    if let Some(assets) = Assets::at_hand(Need::ApiServer)? {
        return Ok(Found::ApiServer(assets));
    }
    say("there is no API server yet; until there is, the examples are synced from files");
    let files = Files::set_up(home)?;
    let sync = async {
        files.sync(home).await?;
        if !once {
            print(&files.hints()?);
        }
        Ok(())
    };
    let (found, synced) = tokio::join!(Assets::find(Need::ApiServer, &say), sync);
    if let Err(missing @ AssetsError::Missing { .. }) = found {
        say(&format!(
            "{missing}. Without it this is all there is to see"
        ));
        return synced.map(|()| Found::Files(Box::new(files)));
    }
    let assets = found?;
    synced?;
    say("the API server's programs are there; both stand-ins begin anew");
    Ok(Found::ApiServer(assets))
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
            status = stage.controller.process.ended() => return Err(DemoError::ControllerEnded(status)),
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
            print(&hints::cluster(stage));
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
