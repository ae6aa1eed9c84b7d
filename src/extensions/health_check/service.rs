//! The standard health service of gRPC: `grpc.health.v1.Health/Check`, for the whole and by pipeline.
//!
//! `Watch` is answered UNIMPLEMENTED, which clients take as "ask with Check": probes do that anyway.

use super::config::Components;
use super::health::{Graph, Judge};
use super::watch::Watch;
use crate::net::body::Pieces;
use crate::net::grpc::{self, RequestError, Status};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use prost::Message;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// `HealthCheckResponse { status: SERVING }`.
const SERVING: Bytes = Bytes::from_static(&[0x08, 0x01]);
/// `HealthCheckResponse { status: NOT_SERVING }`.
const NOT_SERVING: Bytes = Bytes::from_static(&[0x08, 0x02]);
/// A request holds a name.
const LARGEST: usize = 4096;
/// How long it may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// `HealthCheckRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Asked {
    /// A pipeline; empty for the whole.
    #[prost(string, tag = "1")]
    service: String,
}

/// Answers one call.
pub(super) async fn answer(
    config: &Components,
    watch: &Watch,
    request: Request<Incoming>,
) -> Response<Pieces> {
    if !grpc::is_grpc(request.headers()) || request.uri().path() != CHECK {
        return grpc::refuse(&Status::unimplemented("unknown service or method"));
    }
    match service(request).await {
        Ok(service) => verdict(config, watch, &service),
        Err(status) => grpc::refuse(&status),
    }
}

async fn service(request: Request<Incoming>) -> Result<String, Status> {
    let (head, body) = request.into_parts();
    let free = |_| Ok::<_, Infallible>(());
    let until = Instant::now().checked_add(PATIENCE);
    let message =
        grpc::read_request(&head.headers, body, LARGEST, until, free).await.map_err(|error| match error {
            RequestError::Status(status) => status,
            RequestError::Refused(never) => match never {},
        })?;
    let malformed = |_| Status::invalid_argument("the request is not a HealthCheckRequest");
    let plain = message
        .open(LARGEST, free)
        .map_err(|_| Status::invalid_argument("the request cannot be decompressed"))?;
    Asked::decode(plain).map(|asked| asked.service).map_err(malformed)
}

fn verdict(config: &Components, watch: &Watch, service: &str) -> Response<Pieces> {
    let (seen, graph) = (watch.look(), Graph::of(&watch.describe()));
    let judge = Judge { seen: &seen, graph: &graph, patience: config.patience, now: watch.now() };
    match judge.verdict((!service.is_empty()).then_some(service)) {
        Some(health) => grpc::reply(if health.is_healthy() { SERVING } else { NOT_SERVING }),
        None => grpc::refuse(&Status::not_found("Service not found.")),
    }
}
