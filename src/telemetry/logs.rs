//! Logs on standard error, as JSON or text.
//!
//! Libraries log what they send and where (headers, bodies, URLs) at their lower levels. So every
//! crate but this one is capped at warnings, whatever the directives say.

use std::{io::IsTerminal, str::FromStr};

use clap::ValueEnum;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::traces;

/// Directives of `--log-level` that are known to parse.
#[derive(Clone, Debug)]
pub struct Directives(String);

impl FromStr for Directives {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::builder()
            .with_regex(false)
            .parse(text)
            .map(|_| Self(text.to_owned()))
            .map_err(|e| format!("not a log level or a list of directives: {e}"))
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

/// Another subscriber is already installed in this process.
#[derive(Debug, thiserror::Error)]
#[error("logs are already set up")]
pub struct AlreadySetUp;

/// Sends this process's logs to standard error. Once a process.
///
/// # Errors
/// [`AlreadySetUp`].
pub fn init(directives: &Directives, format: LogFormat) -> Result<(), AlreadySetUp> {
    set_up(tracing_subscriber::registry(), directives, format)
}

/// The same on top of what else is told.
pub(super) fn set_up<S>(
    below: S,
    directives: &Directives,
    format: LogFormat,
) -> Result<(), AlreadySetUp>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    // no-color.org: any value but an empty one.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = !no_color && std::io::stderr().is_terminal();
    let lines = lines(directives, format, color, std::io::stderr);
    below.with(lines).try_init().map_err(|_| AlreadySetUp)
}

fn lines<S, W>(
    Directives(directives): &Directives,
    format: LogFormat,
    color: bool,
    writer: W,
) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // A filter of its own: a directive could be overruled by a more specific one of the user's.
    let caps = Targets::new()
        .with_default(LevelFilter::WARN)
        // Repeats as an error what every call returns as one, and we report once.
        .with_target("kube_client", LevelFilter::OFF)
        .with_target(env!("CARGO_CRATE_NAME"), LevelFilter::TRACE)
        // A line says all by itself. Without an exporter nobody wants these, so none is made.
        .with_target(traces::TARGET, LevelFilter::OFF);
    let filter = EnvFilter::builder()
        .with_regex(false)
        .parse_lossy(directives)
        .and(caps);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(color).boxed(),
    };
    lines.with_filter(filter)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(directives: &str, format: LogFormat, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let directives = directives.parse().expect("directives");
        let lines = lines(&directives, format, false, move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let bytes = buffer.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("logs are UTF-8")
    }

    fn noise() {
        let span = tracing::info_span!("call");
        let _inside = span.enter();
        tracing::trace!(target: "hyper::proto::h1", "canary");
        tracing::debug!(target: "hyper_util::client", "canary");
        tracing::debug!(target: "reqwest::connect", "canary");
        tracing::trace!(target: "h2::codec", "canary");
        tracing::error!(target: "kube_client::client::builder", "canary");
        tracing::info!(target: "object_store::client::retry", "canary");
        tracing::info!(target: "a_crate_of_tomorrow", "canary");
        tracing::warn!(target: "object_store", "kept");
        tracing::trace!("ours");
    }

    #[test]
    fn no_directive_lifts_the_caps() {
        for directives in [
            "trace",
            "trace,hyper=trace,hyper::proto::h1=trace,reqwest=debug",
            "trace,[call]=trace,[{message=canary}]=trace",
            "trace,kube_client[call]=trace,object_store::client::retry=info",
        ] {
            let log = logged(directives, LogFormat::Json, noise);
            assert!(!log.contains("canary"), "{directives}: {log}");
            assert!(
                log.contains("kept") && log.contains("ours"),
                "{directives}: {log}"
            );
        }
    }

    #[test]
    fn the_level_is_ours_to_choose() {
        let log = || {
            tracing::info!("said");
            tracing::debug!("unsaid");
            tracing::trace!(target: "mixtap::export", "deep");
        };
        assert!(logged("info", LogFormat::Text, log).contains("said"));
        assert!(!logged("info", LogFormat::Text, log).contains("unsaid"));
        assert!(logged("info,mixtap::export=trace", LogFormat::Text, log).contains("deep"));
        assert!(!logged("off", LogFormat::Text, log).contains("said"));
    }

    #[test]
    fn json_is_one_object_a_line() {
        let log = logged("info", LogFormat::Json, || {
            tracing::info!(members = 3, "two\nlines")
        });
        let line: serde_json::Value = serde_json::from_str(log.trim_end()).expect("one object");
        assert_eq!(line["message"], "two\nlines");
        assert_eq!(
            (&line["members"], &line["level"]),
            (&3.into(), &"INFO".into())
        );
    }

    /// Whatever the directives say.
    #[test]
    fn spans_of_traces_are_never_made_for_the_log() {
        for more in [
            "",
            ",trace",
            ",mixtap::telemetry::traces=trace",
            ",[phase]=trace",
        ] {
            let log = logged(&format!("info{more}"), LogFormat::Json, || {
                let span = traces::phase("read");
                assert!(span.is_disabled(), "{more}");
                span.in_scope(|| tracing::info!("said"));
            });
            assert!(log.contains("said") && !log.contains("span"), "{log}");
        }
    }

    #[test]
    fn bad_directives_are_refused() {
        assert!("mixtap=loud".parse::<Directives>().is_err());
        assert!("warn,mixtap=debug".parse::<Directives>().is_ok());
    }
}
