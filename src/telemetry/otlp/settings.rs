//! What OpenTelemetry's variables say, but for those that its own crates read: the headers, the
//! sampler, the attributes of the resource and the sizes and times of batches.

use std::time::Duration;

use url::Url;

/// The protocol's own default.
const TIMEOUT: Duration = Duration::from_secs(10);
const ENDPOINT: &str = "ENDPOINT";

/// Where traces go, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub endpoint: String,
    pub timeout: Duration,
    /// The service's name, where it is given.
    pub service: Option<String>,
}

impl Settings {
    /// `None` where no traces are asked for.
    ///
    /// # Errors
    /// A sentence that names the variable and what must hold. It repeats no value: an address or a
    /// header may hold credentials.
    pub(super) fn read(value: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        // An empty value counts as none.
        let value = |name: &str| value(name).filter(|value| !value.trim().is_empty());
        let is = |name: &str, word: &str| value(name).is_some_and(|v| v.eq_ignore_ascii_case(word));
        // Of traces alone, or else of all that OTLP exports.
        let of_otlp = |what: &str| {
            let names = ["OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"];
            let mut given = names.iter().map(|name| format!("{name}{what}"));
            given.find_map(|name| value(&name).map(|value| (name, value)))
        };
        let Some((name, endpoint)) = of_otlp(ENDPOINT) else {
            return Ok(None);
        };
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let parsed = Url::parse(&endpoint).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(format!("{name} must be an http:// or https:// address"));
        }
        // Only the general one is a base.
        let endpoint = match name.contains("TRACES") {
            true => endpoint,
            false => format!("{}/v1/traces", endpoint.trim_end_matches('/')),
        };
        if let Some((name, protocol)) = of_otlp("PROTOCOL")
            && protocol != "http/protobuf"
        {
            return Err(format!(
                "{name} must be http/protobuf: that is what mixtap speaks, usually at the collector's port 4318"
            ));
        }
        let timeout = match of_otlp("TIMEOUT") {
            None => TIMEOUT,
            Some((name, millis)) => match millis.parse() {
                Ok(millis @ 1..) => Duration::from_millis(millis),
                _ => {
                    return Err(format!(
                        "{name} must be a number of milliseconds, 1 or more"
                    ));
                }
            },
        };
        Ok(Some(Self {
            endpoint,
            timeout,
            service: value("OTEL_SERVICE_NAME"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
        Settings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    fn endpoint(variables: &[(&str, &str)]) -> Option<String> {
        Some(read(variables).expect("usable")?.endpoint)
    }

    const ALL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318/");
    const OURS: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://ours/traces");

    #[test]
    fn a_collector_is_named_or_there_are_no_traces() {
        assert_eq!(
            endpoint(&[ALL]).as_deref(),
            Some("http://all:4318/v1/traces")
        );
        assert_eq!(
            endpoint(&[ALL, OURS]).as_deref(),
            Some("https://ours/traces")
        );
        for none in [
            &[][..],
            &[
                ("OTEL_SERVICE_NAME", "mixtap"),
                ("OTEL_TRACES_EXPORTER", "otlp"),
            ],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            &[ALL, ("OTEL_SDK_DISABLED", "TRUE")],
            &[ALL, ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert_eq!(read(none), Ok(None), "{none:?}");
        }
    }

    #[test]
    fn what_is_not_given_is_as_the_protocol_has_it() {
        let found = read(&[ALL]).expect("usable").expect("traces");
        assert_eq!((found.timeout, found.service), (TIMEOUT, None));
        let given = [
            ALL,
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_SERVICE_NAME", "exports"),
        ];
        let found = read(&given).expect("usable").expect("traces");
        assert_eq!(found.timeout, Duration::from_millis(250));
        assert_eq!(found.service.as_deref(), Some("exports"));
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_but_not_repeated() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "canary:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://canary"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc-canary"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s-canary"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"),
        ] {
            let why = read(&[(name, value), ALL]).expect_err(name);
            assert!(why.starts_with(&format!("{name} must be")), "{why}");
            assert!(!why.contains("canary"), "{why}");
        }
    }
}
