//! Traces go to an OpenTelemetry collector, by OTLP over HTTP. OpenTelemetry's own variables say
//! where to, and nothing is made or sent where they name no collector.

mod collector;
mod settings;

use std::error::Error;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, filter::Targets, layer::SubscriberExt as _, registry, registry::LookupSpan,
};

use super::logs::{self, AlreadySetUp, Directives, LogFormat};
use super::traces::TARGET;
use collector::Collector;
use settings::Settings;

/// What is left is sent for so long at the end of the process.
const FLUSH: Duration = Duration::from_secs(2);

/// The traces of this process.
pub struct Traces(Option<SdkTracerProvider>);

/// Sets up the log, and the export of traces where a collector is named. Once a process, within the
/// runtime that is to send them.
///
/// # Errors
/// [`AlreadySetUp`].
pub fn init(directives: &Directives, format: LogFormat) -> Result<Traces, AlreadySetUp> {
    let provider = Settings::read(|name| std::env::var(name).ok()).and_then(|settings| {
        let provider = settings.map(provider).transpose();
        // Not why: it may repeat the address.
        provider.map_err(|_| "the exporter can't be made".to_owned())
    });
    let Ok(Some(provider)) = provider else {
        logs::init(directives, format)?;
        if let Err(why) = provider {
            // What a controller is for doesn't depend on them.
            tracing::warn!("no traces are exported: {why}");
        }
        return Ok(Traces(None));
    };
    let layer = layer(provider.tracer(env!("CARGO_PKG_NAME")));
    logs::set_up(registry().with(layer), directives, format)?;
    tracing::info!("traces are exported");
    Ok(Traces(Some(provider)))
}

impl Traces {
    /// Sends what is left, for two seconds at most. Last of all.
    pub async fn flush(self) {
        let Some(provider) = self.0 else { return };
        // It blocks; where it takes longer, the process ends without it.
        let flushing = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH));
        if !matches!(tokio::time::timeout(FLUSH, flushing).await, Ok(Ok(Ok(())))) {
            tracing::warn!("the last traces can't be exported in time");
        }
    }
}

/// Batches spans in bounded memory (`OTEL_BSP_MAX_QUEUE_SIZE`), on a thread of its own. What comes
/// while the queue is full is dropped: nobody waits for it.
fn provider(settings: Settings) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new(settings.timeout)?)
        .with_endpoint(settings.endpoint)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    let resource = match settings.service {
        Some(name) => resource.with_service_name(name),
        None => resource,
    };
    Ok(SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build())
}

/// Takes our spans and nothing else: no line of the log, and nothing of any library.
fn layer<S>(tracer: SdkTracer) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        // Nobody else asks for the span that is entered.
        .with_context_activation(false)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
}
