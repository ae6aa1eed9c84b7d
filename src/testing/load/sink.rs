//! A backend that takes everything over gRPC and HTTP on one port, and counts it.

use super::seen::Seen;
use super::walk::numbers;
use super::wire::{of_http_path, of_rpc};
use crate::net::body::{self, Pieces};
use crate::net::encoding::{Encoding, decompress};
use crate::net::endpoint::Bind;
use crate::net::grpc::{self, Status};
use crate::net::listen::Listener;
use crate::net::serve::{PeerInfo, Tuning, serve};
use crate::otlp::Signal;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Largest request, on the wire and inflated.
const LIMIT: usize = 256 << 20;
/// How long open requests may take once it stops.
const GRACE: Duration = Duration::from_secs(1);

/// What has arrived so far.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Requests.
    pub requests: u64,
    /// Items.
    pub items: u64,
    /// Bytes of messages, as they came.
    pub wire_bytes: u64,
    /// Requests that could not be read.
    pub malformed: u64,
    /// The items' numbers.
    pub seen: Seen,
}

/// A bound sink.
#[derive(Debug)]
pub struct Sink {
    listener: Listener,
    received: Arc<Mutex<Received>>,
}

impl Sink {
    /// Listens on `host:port`; port 0 lets the system choose.
    pub async fn bind(address: &str) -> Result<Self, String> {
        let bind = Bind::parse(address, "tcp", None).map_err(|it| format!("{} ({})", it.problem, it.hint))?;
        let listener = Listener::bind(&bind).await.map_err(|error| error.to_string())?;
        Ok(Self { listener, received: Arc::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr()
    }

    /// What it counts into.
    pub fn received(&self) -> Arc<Mutex<Received>> {
        Arc::clone(&self.received)
    }

    /// Takes requests until `stop` resolves.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let received = self.received;
        let service = move |request: Request<Incoming>, _: Arc<PeerInfo>| {
            let received = Arc::clone(&received);
            async move { answer(request, &received).await }
        };
        serve(self.listener, None, Tuning::default(), service, stop, GRACE).await;
    }
}

async fn answer(request: Request<Incoming>, received: &Mutex<Received>) -> Response<Pieces> {
    if grpc::is_grpc(request.headers()) {
        rpc(request, received).await
    } else {
        post(request, received).await
    }
}

async fn rpc(request: Request<Incoming>, received: &Mutex<Received>) -> Response<Pieces> {
    let (head, body) = request.into_parts();
    let Some(signal) = of_rpc(head.uri.path()) else {
        return grpc::refuse(&Status::unimplemented("no such method"));
    };
    match grpc::read_request(&head.headers, body, LIMIT, None, free).await {
        Ok(message) => {
            count(signal, message.encoding, &message.bytes, received);
            grpc::reply(Bytes::new())
        }
        Err(grpc::RequestError::Status(status)) => grpc::refuse(&status),
        Err(grpc::RequestError::Refused(never)) => match never {},
    }
}

async fn post(request: Request<Incoming>, received: &Mutex<Received>) -> Response<Pieces> {
    let (head, body) = request.into_parts();
    let (signal, encoding) = (of_http_path(head.uri.path()), Encoding::of(&head.headers));
    let (Some(signal), Ok(encoding)) = (signal, encoding) else { return status(StatusCode::NOT_FOUND) };
    match body::read(body, LIMIT, None, free).await {
        Ok(body) => {
            count(signal, encoding, &body, received);
            status(StatusCode::OK)
        }
        Err(_) => status(StatusCode::BAD_REQUEST),
    }
}

fn free(_: usize) -> Result<(), Infallible> {
    Ok(())
}

fn status(status: StatusCode) -> Response<Pieces> {
    let mut response = Response::new(Pieces::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    response
}

fn count(signal: Signal, encoding: Encoding, wire: &Bytes, received: &Mutex<Received>) {
    let opened = decompress(encoding, wire, LIMIT, free);
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let Received { items, seen, .. } = &mut *received;
    let note = |number: Option<u64>| {
        *items += 1;
        if let Some(number) = number {
            seen.note(number);
        }
    };
    let well = opened.is_ok_and(|request| numbers(signal, &request, note).is_ok());
    received.requests += 1;
    received.wire_bytes += wire.len() as u64;
    received.malformed += u64::from(!well);
}
