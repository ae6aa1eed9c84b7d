//! Pushes the gateway's own metrics and logs as OTLP. A cold path: a request a minute.
//!
//! What cannot be delivered is dropped: metrics are cumulative, so the next push makes up for it, and
//! log lines stand on standard error in any case. Failures are told at most once in a row.

use crate::net::body::Pieces;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level, compress};
use crate::net::grpc::{self, Call};
use crate::net::http_client::HttpClient;
use crate::net::settings::{self, GrpcClient, Headers, Problem, TlsClient};
use crate::otlp::{Signal, json};
use crate::telemetry::settings::{Exporter, Otlp, Protocol};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use std::time::Duration;
use tokio::time::Instant;

/// Target of own log lines about pushing: the tap leaves them out, or a failure would feed itself.
pub(super) const TARGET: &str = "weft::telemetry::push";

/// The most that is read of an answer.
const ANSWER: usize = 1 << 20;

/// Where own telemetry of one signal goes.
pub(super) struct Push {
    to: To,
    encoding: Encoding,
    timeout: Duration,
    failing: bool,
}

enum To {
    Grpc(Channel, &'static str),
    Http(HttpClient, Uri),
    Console(Signal),
}

impl Push {
    /// A destination for `signal`, or what is wrong with it.
    pub(super) fn new(exporter: &Exporter, signal: Signal) -> Result<Self, String> {
        let Exporter::Otlp(otlp) = exporter else {
            return Ok(Self {
                to: To::Console(signal),
                encoding: Encoding::Identity,
                timeout: Duration::MAX,
                failing: false,
            });
        };
        let wrong =
            |Problem { at, problem, hint }: Problem| format!("own telemetry: {at}: {problem} ({hint})");
        let to = match otlp.protocol {
            Protocol::Grpc => {
                let channel = Channel::new(&grpc_settings(otlp)).map_err(wrong)?;
                To::Grpc(channel, export(signal))
            }
            Protocol::Http => {
                let url = url(&otlp.endpoint, signal);
                let uri: Uri = url.parse().map_err(|_| format!("own telemetry: {url:?} is not a URL"))?;
                let client = HttpClient::new(&http_settings(otlp), uri.scheme_str() == Some("https"));
                To::Http(client.map_err(wrong)?, uri)
            }
        };
        let encoding = if otlp.gzip { Encoding::Gzip } else { Encoding::Identity };
        Ok(Self { to, encoding, timeout: otlp.timeout, failing: false })
    }

    /// Sends one export request.
    pub(super) async fn send(&mut self, request: Vec<u8>) {
        match self.attempt(Bytes::from(request)).await {
            Ok(()) => self.failing = false,
            Err(error) if !std::mem::replace(&mut self.failing, true) => {
                tracing::warn!(target: TARGET, error, "cannot push own telemetry");
            }
            Err(_) => {}
        }
    }

    async fn attempt(&self, request: Bytes) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let level = Level::checked(self.encoding, None)?;
        match &self.to {
            To::Console(signal) => {
                let mut line = Vec::new();
                json::encode(*signal, &[request], &mut line).map_err(|error| text(&error))?;
                println!("{}", String::from_utf8_lossy(&line));
                Ok(())
            }
            To::Grpc(channel, path) => {
                let message =
                    grpc::frame(vec![request], self.encoding, level).map_err(|error| text(&error))?;
                let path = PathAndQuery::from_static(path);
                let timeout = Some(self.timeout);
                let call = Call { path, metadata: HeaderMap::new(), message: &message, timeout };
                grpc::unary(channel, call).await.map(|_| ()).map_err(|status| text(&status.message()))
            }
            To::Http(client, uri) => {
                let body = compress(self.encoding, level, &[request]).map_err(|error| text(&error))?;
                let request = self.http(uri, body);
                let answer = client.send(request, ANSWER, Instant::now() + self.timeout).await;
                let status = answer.map_err(|error| text(&error))?.status;
                if status.is_success() { Ok(()) } else { Err(format!("HTTP {status}")) }
            }
        }
    }

    fn http(&self, uri: &Uri, body: Vec<Bytes>) -> Request<Pieces> {
        let mut request = Request::new(Pieces::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if self.encoding != Encoding::Identity {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(self.encoding.name()));
        }
        request
    }
}

const fn export(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// The endpoint as it stands if it has a path, else with the signal's own.
fn url(endpoint: &str, signal: Signal) -> String {
    let path = endpoint.parse::<Uri>().ok().map(|uri| uri.path().to_owned()).unwrap_or_default();
    if path.len() > 1 {
        endpoint.to_owned()
    } else {
        format!("{}/v1/{signal}", endpoint.trim_end_matches('/'))
    }
}

fn tls(otlp: &Otlp) -> TlsClient {
    let mut tls = TlsClient::default();
    tls.common.ca_file = otlp.certificate.clone().unwrap_or_default();
    tls.common.cert_file = otlp.client_certificate.clone().unwrap_or_default();
    tls.common.key_file = otlp.client_key.clone().unwrap_or_default();
    tls
}

fn grpc_settings(otlp: &Otlp) -> GrpcClient {
    let headers = Headers(otlp.headers.clone());
    GrpcClient { endpoint: otlp.endpoint.clone(), headers, tls: tls(otlp), ..GrpcClient::default() }
}

fn http_settings(otlp: &Otlp) -> settings::HttpClient {
    let headers = Headers(otlp.headers.clone());
    settings::HttpClient { endpoint: otlp.endpoint.clone(), headers, tls: tls(otlp), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_path_gets_the_signals_own() {
        assert_eq!(url("http://a:4318", Signal::Metrics), "http://a:4318/v1/metrics");
        assert_eq!(url("http://a:4318/", Signal::Logs), "http://a:4318/v1/logs");
        assert_eq!(url("http://a/custom", Signal::Logs), "http://a/custom");
    }
}
