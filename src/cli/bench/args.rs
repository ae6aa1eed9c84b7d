//! What can be asked of `weft bench`.

use crate::net::encoding::Encoding;
use crate::otlp::Signal;
use crate::testing::load::{Load, Protocol, Shape};
use clap::{Args, ValueEnum};
use http::HeaderName;
use std::time::Duration;

/// `weft bench`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Bench {
    #[command(flatten)]
    telemetry: Telemetry,
    #[command(flatten)]
    sending: Sending,
    /// Gateway to measure, as host:port [default: one started for the purpose]
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) target: Option<String>,
    /// Where the gateway delivers: a sink is opened here [default: one of its own behind the gateway started]
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) sink: Option<String>,
    /// Process whose CPU time and memory are read [default: the gateway started]
    #[arg(long)]
    pub(super) pid: Option<u32>,
    /// Seconds to measure
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub(super) seconds: f64,
    /// Seconds of the same load before
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub(super) warmup: f64,
    /// Print the result as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What is sent.
#[derive(Clone, Debug, Args)]
struct Telemetry {
    /// traces, metrics or logs
    #[arg(long, default_value = "traces")]
    signal: Signal,
    /// Items (spans, data points, log records) in a request
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    items: u32,
    /// Attributes of an item
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(..=1000))]
    attributes: u32,
    /// Distinct values of an attribute
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    cardinality: u32,
    /// Resources in a request
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    resources: u32,
    /// Failed traces and log records of severity ERROR, in per cent
    #[arg(long, default_value_t = 2.0, value_parser = percent)]
    error_percent: f64,
    /// Traces of more than half a second, in per cent
    #[arg(long, default_value_t = 3.0, value_parser = percent)]
    slow_percent: f64,
    /// Another seed gives other ids and values
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How it is sent.
#[derive(Clone, Debug, Args)]
struct Sending {
    /// OTLP over gRPC or HTTP
    #[arg(long, value_enum, default_value_t)]
    protocol: Spoken,
    /// none, gzip, zstd or snappy
    #[arg(long, default_value = "none", value_parser = compression)]
    compression: Encoding,
    /// Requests in flight
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// gRPC connections (HTTP has one for each request in flight)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Items per second, on a schedule; without it a request follows an answer
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Tenants that take turns, named in the tenant header; 0 sends none
    #[arg(long, default_value_t = 0)]
    tenants: u32,
    /// The header that names the tenant
    #[arg(long, default_value = "x-scope-orgid")]
    tenant_header: HeaderName,
    /// Seconds to wait for an answer
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    timeout: f64,
}

/// gRPC or HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Spoken {
    /// OTLP/gRPC
    #[default]
    Grpc,
    /// OTLP/HTTP, protobuf
    Http,
}

impl Bench {
    pub(super) fn shape(&self) -> Shape {
        let Telemetry { signal, items, attributes, cardinality, resources, .. } = self.telemetry;
        let Telemetry { error_percent, slow_percent, seed, .. } = self.telemetry;
        Shape { signal, items, attributes, cardinality, resources, error_percent, slow_percent, seed }
    }

    pub(super) fn protocol(&self) -> Protocol {
        match self.sending.protocol {
            Spoken::Grpc => Protocol::Grpc,
            Spoken::Http => Protocol::Http,
        }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.sending.compression
    }

    pub(super) fn load(&self, target: &str) -> Load {
        let sending = &self.sending;
        Load {
            target: target.to_owned(),
            protocol: self.protocol(),
            encoding: sending.compression,
            concurrency: sending.concurrency.into(),
            connections: sending.connections.into(),
            rate: sending.rate,
            tenants: sending.tenants,
            tenant_header: sending.tenant_header.clone(),
            timeout: Duration::from_secs_f64(sending.timeout),
        }
    }
}

fn compression(name: &str) -> Result<Encoding, String> {
    let known = name.parse::<Encoding>().ok().filter(|encoding| encoding.suits_grpc());
    known.ok_or_else(|| "use none, gzip, zstd or snappy".into())
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=86_400.0).contains(number));
    number.ok_or_else(|| "use seconds from 0 to 86400".into())
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "use a number from 0 to 100".into())
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (1.0..=1e9).contains(number));
    number.ok_or_else(|| "use items per second, 1 or more".into())
}
