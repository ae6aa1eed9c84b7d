//! The gRPC client: statuses, limits, connections that break and come back.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::HeaderMap;
use tokio::sync::Notify;

use super::*;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{Call, Code, Framed, Reply, Status, frame, read_request, refuse, reply, unary};
use crate::net::settings::{GrpcClient, Headers};

fn client(endpoint: impl Into<String>) -> GrpcClient {
    GrpcClient { endpoint: endpoint.into(), ..Default::default() }
}

fn channel(addr: SocketAddr) -> Channel {
    Channel::new(&client(format!("http://{addr}"))).unwrap()
}

fn message(len: usize) -> Framed {
    frame(vec![noise(len)], Encoding::Identity, Level::default()).unwrap()
}

async fn send(channel: &Channel, message: &Framed) -> Result<Reply, Status> {
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export".parse().unwrap();
    unary(channel, Call { path, metadata: HeaderMap::new(), message, timeout: Some(SOON) }).await
}

async fn grpc_echo(request: Request<Incoming>, _: Arc<PeerInfo>) -> Response<Pieces> {
    let (parts, body) = request.into_parts();
    match read_request(&parts.headers, body, 64 << 20, None, |_| Ok::<_, ()>(())).await {
        Ok(message) => reply(message.open(64 << 20, |_| Ok::<_, ()>(())).unwrap()),
        Err(_) => refuse(&Status::internal("unexpected")),
    }
}

#[tokio::test]
async fn every_encoding_reaches_the_server() {
    let server = start(Tuning::default(), None, grpc_echo).await;
    let channel = channel(server.addr);
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Snappy] {
        let message = frame(vec![noise(20_000), noise(3)], encoding, Level::default()).unwrap();
        let answer = send(&channel, &message).await.unwrap();
        assert_eq!(answer.message, [noise(20_000), noise(3)].concat(), "{encoding}");
    }
    assert_eq!(server.stop().await.connections, 1);
}

#[tokio::test]
async fn a_status_arrives_with_message_and_details() {
    let status =
        Status::with_details(Code::ResourceExhausted, "zu viel: 100 % ü\n", Bytes::from_static(&[0, 255, 7]));
    let answered = status.clone();
    let server = start(Tuning::default(), None, move |_, _| {
        let response = refuse(&answered);
        async move { response }
    });
    let server = server.await;
    let got = send(&channel(server.addr), &message(10)).await.unwrap_err();
    assert_eq!(
        (got.code(), got.message(), got.details()),
        (status.code(), status.message(), status.details())
    );
    server.stop().await;
}

/// Scenario: a hostile backend sends details that are no base64. Guarantees: no panic, the status counts.
#[tokio::test]
async fn details_that_are_no_base64_are_left_out() {
    let server = start(Tuning::default(), None, |_, _| async {
        let mut response = refuse(&Status::unavailable("x"));
        response.headers_mut().insert("grpc-status-details-bin", "%%%".parse().unwrap());
        response
    });
    let server = server.await;
    let got = send(&channel(server.addr), &message(10)).await.unwrap_err();
    assert_eq!((got.code(), got.details()), (Code::Unavailable, &[][..]));
    server.stop().await;
}

async fn answered_by(response: fn() -> Response<Pieces>) -> Result<Reply, Status> {
    let server = start(Tuning::default(), None, move |_, _| async move { response() }).await;
    let got = send(&channel(server.addr), &message(10)).await;
    server.stop().await;
    got
}

#[tokio::test]
async fn answers_that_are_no_grpc_become_statuses() {
    let code = |got: Result<Reply, Status>| got.unwrap_err().code();
    assert_eq!(
        code(answered_by(|| Response::builder().status(503).body(Pieces::empty()).unwrap()).await),
        Code::Unavailable
    );
    assert_eq!(
        code(answered_by(|| Response::builder().status(401).body(Pieces::empty()).unwrap()).await),
        Code::Unauthenticated
    );
    assert_eq!(
        code(answered_by(|| Response::builder().status(302).body(Pieces::empty()).unwrap()).await),
        Code::Unknown
    );
    // A 200 that is a web page.
    assert_eq!(code(answered_by(|| Response::new(Pieces::from("<html>hello</html>"))).await), Code::Internal);
}

#[tokio::test]
async fn an_answer_above_4_mib_is_refused() {
    let large = answered_by(|| reply(Bytes::from(vec![0; (4 << 20) + 1]))).await.unwrap_err();
    assert!(large.message().contains("larger than 4194304"), "{large}");
    assert_eq!(answered_by(|| reply(Bytes::from(vec![0; 4 << 20]))).await.unwrap().message.len(), 4 << 20);
}

#[tokio::test]
async fn headers_of_settings_and_call_are_sent() {
    let server = start(Tuning::default(), None, |request: Request<Incoming>, _| async move {
        let header = |name: &str| request.headers().get(name).map_or("-", |v| v.to_str().unwrap()).to_owned();
        let seen =
            ["x-a", "x-b", "user-agent", "grpc-timeout", "te", "content-type", "grpc-encoding"].map(header);
        let authority = request.uri().authority().unwrap();
        reply(Bytes::from(format!("{authority} {}", seen.join(" "))))
    });
    let server = server.await;
    let settings = GrpcClient {
        headers: Headers(vec![
            ("x-a".to_owned(), "from settings".to_owned().into()),
            ("x-b".to_owned(), "overwritten".to_owned().into()),
        ]),
        user_agent: "test/1".to_owned(),
        authority: "other.example:1".to_owned(),
        ..client(format!("http://{}", server.addr))
    };
    let metadata =
        HeaderMap::from_iter([(http::HeaderName::from_static("x-b"), "from call".parse().unwrap())]);
    let message = frame(vec![], Encoding::Gzip, Level::default()).unwrap();
    let path = "/s/M".parse().unwrap();
    let call = Call { path, metadata, message: &message, timeout: Some(SOON) };
    let got = unary(&Channel::new(&settings).unwrap(), call).await.unwrap();
    let expected = "other.example:1 from settings from call test/1 20000000u trailers application/grpc gzip";
    assert_eq!(String::from_utf8_lossy(&got.message), expected);
    server.stop().await;
}

#[tokio::test]
async fn a_late_answer_is_deadline_exceeded() {
    let server = start(Tuning::default(), None, |_, _| std::future::pending()).await;
    let message = message(10);
    let call = Call {
        path: "/s/M".parse().unwrap(),
        metadata: HeaderMap::new(),
        message: &message,
        timeout: Some(Duration::from_millis(5)),
    };
    let late = unary(&channel(server.addr), call).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_connection_fails_at_once_and_names_the_target() {
    let gone = start(Tuning::default(), None, echo).await;
    let addr = gone.addr;
    gone.stop().await;
    let refused = send(&channel(addr), &message(10)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().starts_with(&format!("cannot connect to {addr}: ")), "{refused}");
}

#[tokio::test]
async fn after_a_restart_the_channel_connects_again() {
    let first = start(Tuning::default(), None, grpc_echo).await;
    let channel = channel(first.addr);
    send(&channel, &message(10)).await.unwrap();
    let addr = first.addr.to_string();
    first.stop().await;
    let second = start_at(&addr, SOON, Tuning::default(), None, grpc_echo).await;
    // The old connection may or may not have been seen to be closed: a request that was not sent is repeated inside.
    send(&channel, &message(10)).await.unwrap();
    assert_eq!(second.stop().await.connections, 1);
}

#[tokio::test]
async fn wait_for_ready_waits_for_the_server() {
    let gone = start(Tuning::default(), None, echo).await;
    let addr = gone.addr.to_string();
    gone.stop().await;
    let settings = GrpcClient { wait_for_ready: true, ..client(format!("http://{addr}")) };
    let channel = Channel::new(&settings).unwrap();
    let waiting = tokio::spawn(async move { send(&channel, &message(10)).await });
    tokio::task::yield_now().await;
    let server = start_at(&addr, SOON, Tuning::default(), None, grpc_echo).await;
    waiting.await.unwrap().unwrap();
    server.stop().await;
}

#[tokio::test]
async fn several_requests_share_one_connection() {
    let (inside, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (inner, release) = (Arc::clone(&inside), Arc::clone(&all));
    // Nobody is answered before all four are there.
    let server = start(Tuning::default(), None, move |request, peer| {
        let (inside, all) = (Arc::clone(&inner), Arc::clone(&release));
        async move {
            let there = all.notified();
            if inside.fetch_add(1, SeqCst) == 3 {
                all.notify_waiters();
            } else {
                there.await;
            }
            grpc_echo(request, peer).await
        }
    });
    let server = server.await;
    let channel = channel(server.addr);
    let message = message(400_000);
    let requests = std::iter::repeat_with(|| send(&channel, &message)).take(4);
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!(answer.unwrap().message.len(), 400_000);
    }
    assert_eq!(server.stop().await.connections, 1);
}
