//! Clients that share no code with weft: HTTP/1.1 by hand, gRPC as frames over hyper's HTTP/2.

use super::encode;
use super::process::PATIENCE;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use tokio::runtime::Runtime;
use weft::otlp::Signal;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request over a connection of its own.
pub(crate) fn request(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    try_request(at, method, path, headers, body).unwrap()
}

/// The same; an error if there is no answer.
pub(crate) fn try_request(
    at: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    // A refusal may come before the body was read to its end.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    parse(&answer).ok_or_else(|| read.err().unwrap_or_else(|| std::io::Error::other("no answer")))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, body: answer[end + 4..].to_vec() })
}

/// Sends telemetry to the signal's path.
pub(crate) fn post(at: SocketAddr, signal: Signal, kind: &str, encoding: &str, body: &[u8]) -> Answer {
    let headers = [("Content-Type", kind), ("Content-Encoding", encoding)];
    request(at, "POST", &format!("/v1/{signal}"), &headers, body)
}

/// Sends protobuf as it is.
pub(crate) fn post_proto(at: SocketAddr, signal: Signal, body: &[u8]) -> Answer {
    post(at, signal, "application/x-protobuf", "", body)
}

/// A gRPC connection.
pub(crate) struct Channel {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
    at: SocketAddr,
}

/// An answer over gRPC.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) details: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The `RetryInfo` that allows the sender to come again.
    pub(crate) fn retry_info(&self) -> Option<Any> {
        let status = RpcStatus::decode(self.details.as_deref()?).unwrap();
        status.details.into_iter().find(|any| any.type_url == "type.googleapis.com/google.rpc.RetryInfo")
    }
}

impl Channel {
    pub(crate) fn connect(at: SocketAddr) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sender = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(at).await.unwrap();
            let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            runtime.spawn(connection);
            sender
        });
        Self { runtime, sender, at }
    }

    /// Calls `Export` of a signal's service.
    pub(crate) fn export(&mut self, signal: Signal, encoding: &str, message: &[u8]) -> Reply {
        self.call(export_path(signal), encoding, &[], encode::grpc(encoding, message))
    }

    /// Calls anything with a body that is framed already.
    pub(crate) fn call(
        &mut self,
        path: &str,
        encoding: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let mut all = vec![("content-type", "application/grpc"), ("te", "trailers")];
        all.extend((!encoding.is_empty()).then_some(("grpc-encoding", encoding)));
        all.extend(headers);
        let (status, trailers, body) = self.send(path, &all, body);
        assert_eq!(status, 200, "{trailers:?}");
        reply(&trailers, &body)
    }

    /// Sends a request over HTTP/2; gives the status, the trailers (else the headers) and the body.
    pub(crate) fn send(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (u16, HeaderMap, Bytes) {
        let mut request = Request::post(format!("http://{}{path}", self.at));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let Self { runtime, sender, .. } = self;
        runtime.block_on(async {
            let answered = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
            let (head, body) = answered.expect("no answer in time").unwrap().into_parts();
            let body = body.collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or(head.headers);
            (head.status.as_u16(), trailers, body.to_bytes())
        })
    }
}

fn reply(trailers: &HeaderMap, body: &[u8]) -> Reply {
    let text = |name: &str| trailers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let details = text("grpc-status-details-bin").map(|value| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD_NO_PAD.decode(value.trim_end_matches('=')).unwrap()
    });
    Reply {
        code: text("grpc-status").expect("an answer has a status").parse().unwrap(),
        message: text("grpc-message").unwrap_or_default(),
        details,
        body: body.get(5..).unwrap_or_default().to_vec(),
    }
}

/// The path of a signal's `Export`.
pub(crate) fn export_path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}
