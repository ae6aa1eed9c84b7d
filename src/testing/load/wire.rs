//! One request to the target and what it answers, over gRPC or HTTP.

use super::pool::Pool;
use crate::net::body::Pieces;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level, compress};
use crate::net::grpc::{self, Call};
use crate::net::http_client::HttpClient;
use crate::net::settings::{self, GrpcClient, Problem};
use crate::otlp::Signal;
use crate::otlp::rpc::PartialSuccess;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use std::time::Duration;
use tokio::time::Instant;

/// The calls and paths of the signals, in the order of [`Signal::ALL`].
const PATHS: [(&str, &str); 3] = [
    ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", "/v1/traces"),
    ("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/v1/metrics"),
    ("/opentelemetry.proto.collector.logs.v1.LogsService/Export", "/v1/logs"),
];
/// Largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// What is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/gRPC.
    #[default]
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// Where the load goes and how.
#[derive(Clone, Debug)]
pub struct Load {
    /// `host:port`.
    pub target: String,
    /// gRPC or HTTP.
    pub protocol: Protocol,
    /// How requests are compressed.
    pub encoding: Encoding,
    /// Requests in flight at the most.
    pub concurrency: usize,
    /// gRPC connections; HTTP/1.1 has one for each request in flight.
    pub connections: usize,
    /// Items per second on a schedule of its own; without it a request follows an answer.
    pub rate: Option<f64>,
    /// Tenants that take turns; 0 sends no header.
    pub tenants: u32,
    /// The header that names them.
    pub tenant_header: HeaderName,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// The clients.
pub(super) enum Wire {
    Grpc(Vec<Channel>),
    Http(HttpClient, Uri),
}

impl Wire {
    pub(super) fn new(load: &Load, signal: Signal) -> Result<Self, String> {
        let wrong = |it: Problem| format!("{}: {} ({})", it.at, it.problem, it.hint);
        let endpoint = format!("http://{}", load.target);
        match load.protocol {
            Protocol::Grpc => {
                let settings = GrpcClient { endpoint, ..GrpcClient::default() };
                let channels = (0..load.connections.max(1)).map(|_| Channel::new(&settings));
                Ok(Self::Grpc(channels.collect::<Result<_, _>>().map_err(wrong)?))
            }
            Protocol::Http => {
                let url = format!("{endpoint}{}", PATHS[signal as usize].1);
                let url = url.parse().map_err(|_| format!("{:?} is not host:port", load.target))?;
                let settings = settings::HttpClient {
                    max_idle_conns: load.concurrency.max(1),
                    ..settings::HttpClient::default()
                };
                Ok(Self::Http(HttpClient::new(&settings, false).map_err(wrong)?, url))
            }
        }
    }

    /// Sends one request; how many of its items were rejected, or why it was not taken.
    pub(super) async fn send(&self, load: &Load, pool: &Pool, index: u64, now: u64) -> Result<u64, String> {
        let message = Bytes::from(pool.request(index, now));
        let headers = tenant(load, index);
        match self {
            Self::Grpc(channels) => {
                let turn = usize::try_from(index).unwrap_or(0) % channels.len().max(1);
                let channel = channels.get(turn).ok_or("no connections")?;
                call(channel, load, pool.shape().signal, message, headers).await
            }
            Self::Http(client, url) => post(client, url, load, message, headers).await,
        }
    }
}

async fn call(
    channel: &Channel,
    load: &Load,
    signal: Signal,
    message: Bytes,
    metadata: HeaderMap,
) -> Result<u64, String> {
    let framed =
        grpc::frame(vec![message], load.encoding, Level::default()).map_err(|error| error.to_string())?;
    let path = PathAndQuery::from_static(PATHS[signal as usize].0);
    let call = Call { path, metadata, message: &framed, timeout: Some(load.timeout) };
    let reply = grpc::unary(channel, call).await;
    let reply = reply.map_err(|status| format!("{:?}: {}", status.code(), status.message()))?;
    Ok(PartialSuccess::decode(&reply.message).rejected)
}

async fn post(
    client: &HttpClient,
    url: &Uri,
    load: &Load,
    message: Bytes,
    headers: HeaderMap,
) -> Result<u64, String> {
    let body = compress(load.encoding, Level::default(), &[message]).map_err(|error| error.to_string())?;
    let mut request = Request::new(Pieces::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.clone();
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    if load.encoding != Encoding::Identity {
        request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(load.encoding.name()));
    }
    let answer = client.send(request, MAX_ANSWER, Instant::now() + load.timeout).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("HTTP {}", answer.status));
    }
    Ok(PartialSuccess::decode(&answer.body).rejected)
}

fn tenant(load: &Load, index: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if load.tenants > 0 {
        let name = format!("tenant-{:03}", index % u64::from(load.tenants));
        headers.extend(HeaderValue::try_from(name).ok().map(|name| (load.tenant_header.clone(), name)));
    }
    headers
}

/// The signal of a gRPC method.
pub(super) fn of_rpc(path: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| PATHS[*signal as usize].0 == path)
}

/// The signal of a URL's path, which may have a prefix.
pub(super) fn of_http_path(path: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| path.ends_with(PATHS[*signal as usize].1))
}
