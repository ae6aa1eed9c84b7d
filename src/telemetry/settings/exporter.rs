//! Where weft's own telemetry is pushed to: OTLP or the console, one by one or in batches.
//!
//! Durations are whole milliseconds here, as in OpenTelemetry's declarative configuration.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::config::{Optional, Secret};

/// A destination.
#[derive(Clone, Debug, PartialEq)]
pub enum Exporter {
    /// An OTLP server.
    Otlp(Otlp),
    /// Standard output, as JSON.
    Console,
}

/// How to reach an OTLP server.
#[derive(Clone, Debug, PartialEq)]
pub struct Otlp {
    /// By gRPC or HTTP.
    pub protocol: Protocol,
    /// A URL: `http` without TLS, `https` with it; a path only if one was given.
    pub endpoint: String,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// Of one attempt. Default 10 s.
    pub timeout: Duration,
    /// File with the certificates of the authorities trusted.
    pub certificate: Option<String>,
    /// File with the client's certificate.
    pub client_certificate: Option<String>,
    /// File with the client's key.
    pub client_key: Option<String>,
}

/// OTLP's transports that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `grpc`.
    Grpc,
    /// `http/protobuf`.
    Http,
}

/// One entry of `processors`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "RawProcessor")]
pub struct Processor {
    /// How it gathers; none sends each item by itself.
    pub batching: Option<Batching>,
    /// Where to.
    pub exporter: Exporter,
}

impl Processor {
    /// Each item by itself to standard output.
    #[cfg(test)]
    pub(in crate::telemetry) fn console() -> Self {
        Self { batching: None, exporter: Exporter::Console }
    }
}

/// How a `batch` processor gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// The longest wait. Default 5 s for spans, 1 s for logs, told apart by the caller: none if not given.
    pub schedule_delay: Option<Duration>,
    /// Of a whole export. Default 30 s.
    pub export_timeout: Duration,
    /// Items held at most. Default 2048.
    pub max_queue_size: usize,
    /// Items sent at once. Default 512.
    pub max_export_batch_size: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProcessor {
    batch: Option<RawBatch>,
    simple: Option<RawSimple>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSimple {
    exporter: RawExporter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBatch {
    exporter: RawExporter,
    schedule_delay: Option<u32>,
    export_timeout: Option<u32>,
    max_queue_size: Option<u32>,
    max_export_batch_size: Option<u32>,
}

/// What stands below `exporter:`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExporter {
    otlp: Option<RawOtlp>,
    #[serde(default)]
    console: Optional<Empty>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Empty {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOtlp {
    protocol: String,
    endpoint: String,
    #[serde(default)]
    headers: Headers,
    headers_list: Option<Secret>,
    compression: Option<String>,
    timeout: Option<u32>,
    insecure: Option<bool>,
    certificate: Option<String>,
    client_certificate: Option<String>,
    client_key: Option<String>,
    temporality_preference: Option<String>,
    default_histogram_aggregation: Option<String>,
}

impl TryFrom<RawProcessor> for Processor {
    type Error = String;

    fn try_from(raw: RawProcessor) -> Result<Self, String> {
        match (raw.batch, raw.simple) {
            (Some(raw), None) => {
                Ok(Self { batching: Some(raw.batching()?), exporter: raw.exporter.check(false)? })
            }
            (None, Some(raw)) => Ok(Self { batching: None, exporter: raw.exporter.check(false)? }),
            _ => Err("a processor is either `batch` or `simple`".to_owned()),
        }
    }
}

impl RawBatch {
    fn batching(&self) -> Result<Batching, String> {
        let batching = Batching {
            schedule_delay: self.schedule_delay.map(millis),
            export_timeout: millis(self.export_timeout.unwrap_or(30_000)),
            max_queue_size: self.max_queue_size.unwrap_or(2048) as usize,
            max_export_batch_size: self.max_export_batch_size.unwrap_or(512) as usize,
        };
        if batching.max_queue_size == 0 || batching.max_export_batch_size == 0 {
            return Err("`max_queue_size` and `max_export_batch_size` must be at least 1".to_owned());
        }
        Ok(batching)
    }
}

impl RawExporter {
    /// The one destination; `metrics` allows the keys that only metrics have.
    pub(super) fn check(self, metrics: bool) -> Result<Exporter, String> {
        match (self.otlp, self.console.into_inner()) {
            (Some(otlp), None) => otlp.check(metrics).map(Exporter::Otlp),
            (None, Some(Empty {})) => Ok(Exporter::Console),
            _ => Err("an exporter is either `otlp` or `console`".to_owned()),
        }
    }
}

impl RawOtlp {
    fn check(self, metrics: bool) -> Result<Otlp, String> {
        self.check_metrics(metrics)?;
        let protocol = match self.protocol.as_str() {
            "grpc" => Protocol::Grpc,
            "http/protobuf" => Protocol::Http,
            other => return Err(format!("unknown protocol `{other}`, expected `grpc` or `http/protobuf`")),
        };
        let gzip = match self.compression.as_deref() {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(other) => return Err(format!("unknown compression `{other}`, expected `gzip` or `none`")),
        };
        let mut headers = self.headers.0;
        // Those given one by one win over the list, as OpenTelemetry's schema says.
        for (name, value) in self.headers_list.iter().flat_map(|list| listed(list.reveal())) {
            let (name, value) = (name.to_owned(), value.ok_or("`headers_list` is `name=value,name=value`")?);
            if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                headers.push((name, Secret::new(value)));
            }
        }
        Ok(Otlp {
            protocol,
            endpoint: url(&self.endpoint, self.insecure.unwrap_or(false))?,
            headers,
            gzip,
            timeout: millis(self.timeout.unwrap_or(10_000)),
            certificate: self.certificate,
            client_certificate: self.client_certificate,
            client_key: self.client_key,
        })
    }

    /// weft counts since its start and in fixed buckets; whoever wants otherwise converts behind it.
    fn check_metrics(&self, metrics: bool) -> Result<(), String> {
        let only = [
            ("temporality_preference", &self.temporality_preference, "cumulative"),
            (
                "default_histogram_aggregation",
                &self.default_histogram_aggregation,
                "explicit_bucket_histogram",
            ),
        ];
        for (key, value, right) in only {
            match value.as_deref() {
                Some(_) if !metrics => return Err(format!("`{key}` is for metrics alone")),
                Some(value) if value != right => {
                    return Err(format!("`{key}: {value}` is not offered, only `{right}`"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// `name=value` pairs, separated by commas; a pair without `=` has no value.
fn listed(list: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    list.split(',').filter(|pair| !pair.trim().is_empty()).map(|pair| match pair.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (pair, None),
    })
}

/// The endpoint with a scheme: without one it is TLS unless `insecure`.
fn url(endpoint: &str, insecure: bool) -> Result<String, String> {
    let scheme = if insecure { "http://" } else { "https://" };
    let full = match endpoint.starts_with("http://") || endpoint.starts_with("https://") {
        true => endpoint.to_owned(),
        false => format!("{scheme}{endpoint}"),
    };
    let parsed: http::Uri = full.parse().map_err(|_| wrong_endpoint(endpoint))?;
    if parsed.host().is_none_or(str::is_empty) { Err(wrong_endpoint(endpoint)) } else { Ok(full) }
}

fn wrong_endpoint(endpoint: &str) -> String {
    format!("`{endpoint}` is no endpoint; write e.g. `http://localhost:4318`")
}

pub(super) fn millis(count: u32) -> Duration {
    Duration::from_millis(u64::from(count))
}

/// Headers as a list of `name` and `value` (v0.3.0) or as a map (v0.2.0).
#[derive(Default)]
struct Headers(Vec<(String, Secret)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameValue {
    name: String,
    value: Secret,
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of `name` and `value`, or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Headers, A::Error> {
        let mut headers = Vec::new();
        while let Some(NameValue { name, value }) = list.next_element()? {
            headers.push((name, value));
        }
        Ok(Headers(headers))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Vec::new();
        while let Some(entry) = map.next_entry()? {
            headers.push(entry);
        }
        Ok(Headers(headers))
    }
}
