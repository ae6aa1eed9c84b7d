//! HTTP/1.1 and HTTP/2 on one port, graceful stop, limits of a connection.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{Call, Framed, frame, reply, unary};
use crate::net::http_client::HttpClient;
use crate::net::settings;

fn post(url: &str, pieces: impl IntoIterator<Item = Bytes>) -> Request<Pieces> {
    Request::post(url).body(Pieces::new(pieces)).unwrap()
}

fn http() -> HttpClient {
    HttpClient::new(&settings::HttpClient::default(), false).unwrap()
}

fn plain(addr: impl std::fmt::Display) -> Channel {
    let settings = settings::GrpcClient { endpoint: format!("http://{addr}"), ..Default::default() };
    Channel::new(&settings).unwrap()
}

fn call(message: &Framed) -> Call<'_> {
    Call { path: "/s/M".parse().unwrap(), metadata: Default::default(), message, timeout: Some(SOON) }
}

async fn grpc_or_http(request: Request<Incoming>, peer: Arc<PeerInfo>) -> Response<Pieces> {
    if !crate::net::grpc::is_grpc(request.headers()) {
        return echo(request, peer).await;
    }
    let (parts, body) = request.into_parts();
    let read = crate::net::grpc::read_request(&parts.headers, body, 1 << 20, None, |_| Ok::<_, ()>(()));
    reply(read.await.unwrap().bytes)
}

#[tokio::test]
async fn one_port_speaks_both_protocols() {
    let server = start(Tuning::default(), None, grpc_or_http).await;
    let answer = http().send(post(&server.url("/x"), [noise(100_000)]), 1 << 20, soon()).await.unwrap();
    assert_eq!((answer.status, answer.body), (StatusCode::OK, noise(100_000)));

    let message = frame(vec![noise(300_000), noise(5)], Encoding::Identity, Level::default()).unwrap();
    let answer = unary(&plain(server.addr), call(&message)).await.unwrap();
    assert_eq!(answer.message, [noise(300_000), noise(5)].concat());
    assert_eq!(server.stop().await.connections, 2);
}

#[tokio::test]
async fn a_listener_for_one_protocol_refuses_the_other() {
    let tuning = Tuning { protocols: crate::net::serve::Protocols::Http2, ..Tuning::default() };
    let server = start(tuning, None, echo).await;
    let refused = http().send(post(&server.url("/"), []), 1 << 20, soon()).await;
    assert!(refused.is_err(), "{refused:?}");
    server.stop().await;

    let tuning = Tuning { protocols: crate::net::serve::Protocols::Http1, ..Tuning::default() };
    let server = start(tuning, None, grpc_or_http).await;
    let message = frame(vec![], Encoding::Identity, Level::default()).unwrap();
    unary(&plain(server.addr), call(&message)).await.unwrap_err();
    server.stop().await;
}

#[tokio::test]
async fn stopping_lets_an_open_request_finish() {
    let (began, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inner_began, inner_release) = (Arc::clone(&began), Arc::clone(&release));
    let service = move |request, peer| {
        let (began, release) = (Arc::clone(&inner_began), Arc::clone(&inner_release));
        async move {
            began.notify_one();
            release.notified().await;
            grpc_or_http(request, peer).await
        }
    };
    let server = start(Tuning::default(), None, service).await;
    let (addr, url) = (server.addr, server.url("/"));
    let over_http = tokio::spawn(async move { http().send(post(&url, [noise(10)]), 1 << 20, soon()).await });
    began.notified().await;
    let over_grpc = tokio::spawn(async move {
        let message = frame(vec![noise(10)], Encoding::Identity, Level::default()).unwrap();
        unary(&plain(addr), call(&message)).await
    });
    began.notified().await;

    let stopping = tokio::spawn(server.stop());
    // The listener is gone as soon as the server is stopping, while both requests are still open.
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    release.notify_one();
    release.notify_one();
    // One permit is stored at most: the second waiter needs its own.
    let (first, second) = tokio::join!(over_http, async {
        release.notify_one();
        over_grpc.await
    });
    assert_eq!(first.unwrap().unwrap().body, noise(10));
    assert_eq!(second.unwrap().unwrap().message, noise(10));
    assert_eq!(stopping.await.unwrap().cut, 0);
}

#[tokio::test]
async fn what_does_not_finish_in_the_grace_time_is_cut() {
    let began = Arc::new(Notify::new());
    let inner = Arc::clone(&began);
    let service = move |_, _| {
        let began = Arc::clone(&inner);
        async move {
            began.notify_one();
            std::future::pending::<Response<Pieces>>().await
        }
    };
    let server = start_at("127.0.0.1:0", Duration::from_millis(1), Tuning::default(), None, service).await;
    let url = server.url("/");
    let request = tokio::spawn(async move { http().send(post(&url, []), 1, soon()).await });
    began.notified().await;
    assert_eq!(server.stop().await.cut, 1);
    request.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn connections_over_the_cap_are_closed_at_once() {
    let server = start(Tuning { max_connections: 1, ..Tuning::default() }, None, echo).await;
    let client = http();
    client.send(post(&server.url("/"), []), 1, soon()).await.unwrap();
    let mut second = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0);
    // The first one still works.
    client.send(post(&server.url("/"), []), 1, soon()).await.unwrap();
    let served = server.stop().await;
    assert_eq!((served.connections, served.over_cap), (1, 1));
}

#[tokio::test]
async fn a_service_that_panics_ends_only_its_connection() {
    let calls = Arc::new(AtomicUsize::new(0));
    let service = move |request, peer| {
        let first = calls.fetch_add(1, SeqCst) == 0;
        async move {
            assert!(!first, "expected in this test");
            echo(request, peer).await
        }
    };
    let server = start(Tuning::default(), None, service).await;
    http().send(post(&server.url("/"), []), 1, soon()).await.unwrap_err();
    http().send(post(&server.url("/"), []), 1, soon()).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn without_keep_alive_a_connection_carries_one_request() {
    let server = start(Tuning { keep_alive: false, ..Tuning::default() }, None, echo).await;
    let client = http();
    for _ in 0..3 {
        client.send(post(&server.url("/"), []), 1, soon()).await.unwrap();
    }
    assert_eq!(server.stop().await.connections, 3);
}

#[tokio::test]
async fn a_request_may_be_limited_in_time() {
    let tuning = Tuning { request_timeout: Some(Duration::from_millis(1)), ..Tuning::default() };
    let server = start(tuning, None, |_, _| std::future::pending()).await;
    let answer = http().send(post(&server.url("/"), []), 100, soon()).await.unwrap();
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    server.stop().await;
}

#[tokio::test]
async fn a_chunked_body_is_read_whole() {
    let server = start(Tuning::default(), None, echo).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
        3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nabcd"), "{answer}");
    server.stop().await;
}
