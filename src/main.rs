//! Start-up only.

use std::{future::Future, io, process::ExitCode};

#[cfg(not(feature = "otlp"))]
use mixtap::telemetry::logs;
#[cfg(feature = "otlp")]
use mixtap::telemetry::otlp;
use mixtap::{
    cli::{self, CheckArgs, Command},
    config::RunArgs,
    controller,
    local::{check::Report, manifests},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

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
        eprintln!("mixtap: {error}");
        ExitCode::FAILURE
    })
}

fn dispatch(command: Command) -> io::Result<ExitCode> {
    match command {
        Command::Run(args) => block_on(run(*args))?,
        Command::Crds => print(&mixtap::crdgen::yaml()),
        Command::Check(args) => check(&args),
        #[cfg(feature = "sandbox")]
        Command::Demo(args) => block_on(mixtap::sandbox::demo::run(args)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(args) => {
            block_on(mixtap::sandbox::serve(args.into()))?.map(|()| ExitCode::SUCCESS)
        }
        #[cfg(feature = "sandbox")]
        Command::Guard(args) => block_on(mixtap::sandbox::guard::guard(args)),
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
    let traces = otlp::init(&args.log_level, args.log_format).map_err(io::Error::other)?;
    #[cfg(not(feature = "otlp"))]
    logs::init(&args.log_level, args.log_format).map_err(io::Error::other)?;
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
