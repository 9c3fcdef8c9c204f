//! Start-up only.

use std::{future::Future, io, process::ExitCode};

use mixtap::telemetry::logs;
#[cfg(feature = "otlp")]
use mixtap::telemetry::otlp;
use mixtap::{
    cli::{self, CheckArgs, Command},
    cluster,
    config::{PlanArgs, RunArgs, SyncArgs},
    controller,
    domain::printable_lines,
    local::{
        self,
        check::Report,
        init::{InitArgs, InitError},
        manifests,
        plan::Found,
    },
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of what Ctrl-C ended in the middle, as shells have it.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    // The one provider of the process; a second one would panic at the first handshake.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .expect("nothing was installed before main");
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => {
            // Where even this can't be said, the code still tells.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { cli::USAGE } else { 0 });
        }
    };
    dispatch(command).unwrap_or_else(|error| {
        eprintln!("mixtap: {}", printable_lines(&error.to_string()));
        ExitCode::FAILURE
    })
}

fn dispatch(command: Command) -> io::Result<ExitCode> {
    match command {
        Command::Run(args) => block_on(run(*args))?,
        Command::Init(args) => init(*args),
        Command::Completions(args) => print(&cli::completions(&args)),
        Command::Man(args) => print(&cli::man(&args)?),
        Command::Crds => print(&mixtap::crdgen::yaml()),
        Command::Check(args) => check(&args),
        Command::Plan(args) => block_on(plan(*args))?,
        Command::Sync(args) => block_on(sync(*args))?,
        #[cfg(feature = "sandbox")]
        Command::Demo(args) => block_on(mixtap::sandbox::demo::run(args)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => {
            block_on(mixtap::sandbox::serve(args.examples.clone(), args.into()))?
                .map(|()| ExitCode::SUCCESS)
        }
        #[cfg(feature = "sandbox")]
        Command::Guard(args) => block_on(mixtap::sandbox::guard::guard(args)),
    }
}

fn init(args: InitArgs) -> io::Result<ExitCode> {
    match block_on(local::init::run(args))? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("mixtap init: {}", printable_lines(&error.to_string()));
            Ok(ExitCode::from(match error {
                InitError::Usage(_) => cli::USAGE,
                _ => 1,
            }))
        }
    }
}

/// 0 where all is valid, else 1.
fn check(args: &CheckArgs) -> io::Result<ExitCode> {
    let reading = manifests::read(&args.files.paths, &mut io::stdin());
    let report = Report::of(&reading, &args.rules.rules(), args.partial);
    let code = print(&report.shown(args.output))?;
    Ok(if report.valid {
        code
    } else {
        ExitCode::FAILURE
    })
}

/// The controller, until SIGTERM or Ctrl-C.
async fn run(args: RunArgs) -> io::Result<ExitCode> {
    #[cfg(feature = "otlp")]
    let traces = otlp::init(&args.log.log_level, args.log.log_format).map_err(io::Error::other)?;
    #[cfg(not(feature = "otlp"))]
    logs::init(&args.log.log_level, args.log.log_format).map_err(io::Error::other)?;
    let shutdown = shutdown()?;
    let code = match controller::run(args, shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the controller ends");
            ExitCode::FAILURE
        }
    };
    #[cfg(feature = "otlp")]
    traces.flush().await;
    Ok(code)
}

/// What a sync would do.
async fn plan(args: PlanArgs) -> io::Result<ExitCode> {
    logs::init(&args.local.log.log_level, args.local.log.log_format).map_err(io::Error::other)?;
    let asked = shutdown()?;
    let planned = async {
        let applied = match &args.cluster.context {
            Some(_) => Some(cluster::applied(&args).await.map_err(io::Error::other)?),
            None => None,
        };
        local::plan::plan(args, applied)
            .await
            .map_err(io::Error::other)
    };
    let found = tokio::select! {
        found = planned => found?,
        // Its files go.
        () = asked.cancelled() => return Ok(ExitCode::from(STOPPED)),
    };
    Ok(ExitCode::from(match found {
        Found::Nothing => 0,
        Found::Trouble => 1,
        Found::Changes => cli::CHANGES,
    }))
}

/// Exports from files.
async fn sync(args: SyncArgs) -> io::Result<ExitCode> {
    logs::init(&args.local.log.log_level, args.local.log.log_format).map_err(io::Error::other)?;
    let asked = shutdown()?;
    let well = tokio::select! {
        well = local::sync::sync(args, asked.clone()) => well,
        // Asked twice, it ends where it is; the next sync goes on from there.
        again = async { asked.cancelled().await; shutdown()?.cancelled().await; io::Result::Ok(()) } => {
            again?;
            return Ok(ExitCode::from(STOPPED));
        }
    };
    Ok(match well.map_err(io::Error::other)? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Cancelled by SIGTERM or Ctrl-C.
fn shutdown() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let shutdown = CancellationToken::new();
    let asked = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("asked to stop");
        asked.cancel();
    });
    Ok(shutdown)
}

fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| io::Error::new(e.kind(), format!("can't start threads: {e}")))?;
    let result = runtime.block_on(work);
    // The work has ended; a blocked disk must not keep the process.
    runtime.shutdown_background();
    Ok(result)
}

/// `println!` would panic where the reader has gone.
fn print(text: &str) -> io::Result<ExitCode> {
    use io::Write;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| io::Error::new(e.kind(), format!("can't write to standard output: {e}")))?;
    Ok(ExitCode::SUCCESS)
}
