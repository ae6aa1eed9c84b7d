//! The limits of a connection, in simulated time over a pipe in memory.

#![allow(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use hyper::client::conn::http2;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::net::io::PeerAddr;

struct Served {
    client: DuplexStream,
    task: JoinHandle<()>,
    close: watch::Sender<bool>,
    began: Instant,
}

impl Served {
    /// Seconds until the server ended the connection.
    async fn ended(self) -> f64 {
        self.task.await.unwrap();
        (self.began.elapsed().as_secs_f64() * 10.0).round() / 10.0
    }
}

/// Answers after as many seconds as the path says.
fn drive_with(tuning: Tuning) -> Served {
    let (client, server) = duplex(1 << 20);
    let (close, closed) = watch::channel(false);
    let peer = Arc::new(PeerInfo { addr: PeerAddr::Local, identity: None, tls: false });
    let service = |request: Request<Incoming>, _| async move {
        let seconds = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Response::new(Pieces::from("ok"))
    };
    let task = tokio::spawn(async move {
        drive(Io::Other(Box::new(server)), peer, &tuning, service, closed).await;
    });
    Served { client, task, close, began: Instant::now() }
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

async fn read_answer(client: &mut DuplexStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok") {
        answer.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

const GET: &[u8] = b"GET /0 HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_cut() {
    assert_eq!(drive_with(Tuning::default()).ended().await, 10.0);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_is_cut() {
    let mut served = drive_with(Tuning::default());
    for byte in GET {
        if served.client.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert!(served.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_second_head_that_trickles_is_cut_ten_seconds_after_its_first_byte() {
    let mut served = drive_with(Tuning::default());
    served.client.write_all(GET).await.unwrap();
    read_answer(&mut served.client).await;
    tokio::time::advance(Duration::from_secs(100)).await;
    served.client.write_all(b"G").await.unwrap();
    assert_eq!(served.ended().await, 110.0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_the_idle_time() {
    let mut served = drive_with(Tuning { idle: seconds(60), ..Tuning::default() });
    for _ in 0..3 {
        served.client.write_all(GET).await.unwrap();
        read_answer(&mut served.client).await;
        tokio::time::advance(Duration::from_secs(50)).await;
    }
    assert_eq!(served.ended().await, 160.0);
}

#[tokio::test(start_paused = true)]
async fn a_long_request_is_not_idle() {
    let mut served = drive_with(Tuning { idle: seconds(60), ..Tuning::default() });
    served.client.write_all(b"GET /1000 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_answer(&mut served.client).await;
    assert_eq!(served.ended().await, 1060.0);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_finishes_its_request_and_goes() {
    let mut served = drive_with(Tuning { age: seconds(100), ..Tuning::default() });
    served.client.write_all(b"GET /120 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = read_answer(&mut served.client).await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(served.ended().await, 120.0);
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_is_cut_after_the_grace() {
    let tuning = Tuning { age: seconds(100), age_grace: Duration::from_secs(30), ..Tuning::default() };
    let mut served = drive_with(tuning);
    served.client.write_all(b"GET /500 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let ended = served.ended().await;
    assert!((120.0..=140.0).contains(&ended), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn stopping_closes_idle_and_half_said_connections_at_once() {
    let mut idle = drive_with(Tuning::default());
    idle.client.write_all(GET).await.unwrap();
    read_answer(&mut idle.client).await;
    let mut half = drive_with(Tuning::default());
    half.client.write_all(b"GET /0 HT").await.unwrap();
    tokio::task::yield_now().await;
    for served in [idle, half, drive_with(Tuning::default())] {
        served.close.send(true).unwrap();
        assert_eq!(served.ended().await, 0.0);
    }
}

/// A quiet HTTP/2 client, as SDKs are between exports.
#[tokio::test(start_paused = true)]
async fn http2_without_requests_is_idle_and_not_a_head_that_does_not_come() {
    let tuning = Tuning { idle: seconds(60), ping: None, ..Tuning::default() };
    let Served { client, task, began, close: _close } = drive_with(tuning);
    let io = TokioIo::new(client);
    let (_sender, connection) = http2::handshake::<_, _, Pieces>(TokioExecutor::new(), io).await.unwrap();
    let client = tokio::spawn(connection);
    task.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 60);
    client.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn http2_requests_finish_after_goaway() {
    let Served { client, task, close, .. } = drive_with(Tuning::default());
    let (mut sender, connection) =
        http2::handshake::<_, _, Pieces>(TokioExecutor::new(), TokioIo::new(client)).await.unwrap();
    let client = tokio::spawn(connection);
    let request = Request::get("http://x/20").body(Pieces::empty()).unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    tokio::time::advance(Duration::from_secs(1)).await;
    close.send(true).unwrap();
    assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
    task.await.unwrap();
    client.await.unwrap().unwrap();
    assert!(sender.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_dead_http2_peer_is_found_by_ping() {
    let tuning = Tuning { ping: seconds(60), idle: None, ..Tuning::default() };
    let mut served = drive_with(tuning);
    // A preface and empty settings, then silence.
    served.client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_eq!(served.ended().await, 80.0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_http2_connection_drops_its_requests() {
    let dropped = Arc::new(AtomicU64::new(0));
    struct Count(Arc<AtomicU64>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let (client, server) = duplex(1 << 20);
    let (_close, closed) = watch::channel(false);
    let peer = Arc::new(PeerInfo { addr: PeerAddr::Local, identity: None, tls: false });
    let began = Arc::new(tokio::sync::Notify::new());
    let (counted, inner) = (Arc::clone(&dropped), Arc::clone(&began));
    let service = move |_: Request<Incoming>, _| {
        let count = Count(Arc::clone(&counted));
        inner.notify_one();
        async move {
            let _count = count;
            std::future::pending::<Response<Pieces>>().await
        }
    };
    let task = tokio::spawn(async move {
        drive(Io::Other(Box::new(server)), peer, &Tuning::default(), service, closed).await;
    });
    let mut client = client;
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x83\x86\x84\x01\x01x").await.unwrap();
    began.notified().await;
    drop(client);
    task.await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(dropped.load(SeqCst), 1);
}
