//! What hostile peers do to a server, and what they get.

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::net::body::ReadError;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An HTTP/2 frame.
fn h2(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
/// `:method: POST`, `:scheme: http`, `:path: /`, `:authority: x`, by HPACK's static table.
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 0x01, b'x'];

/// Sends bytes again and again until the server hangs up; gives how often it was sent.
async fn until_closed(opening: Vec<u8>, mut next: impl FnMut(u32) -> Vec<u8>) -> u32 {
    let server = start(Tuning::default(), None, |_, _| std::future::pending()).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let drained = tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        while read.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
    });
    let mut rounds = 0;
    if write.write_all(&opening).await.is_ok() {
        while rounds < 1_000_000 && !drained.is_finished() && write.write_all(&next(rounds)).await.is_ok() {
            rounds += 1;
        }
    }
    tokio::time::timeout(SOON, drained).await.expect("the server does not hang up").unwrap();
    server.stop().await;
    rounds
}

fn hello() -> Vec<u8> {
    [PREFACE, &h2(SETTINGS, 0, 0, &[])].concat()
}

#[tokio::test]
async fn rapid_reset_ends_the_connection() {
    let rounds = until_closed(hello(), |i| {
        let stream = 2 * i + 1;
        [h2(HEADERS, 4, stream, POST), h2(RST, 0, stream, &8u32.to_be_bytes())].concat()
    });
    assert!(rounds.await < 1_000_000);
}

#[tokio::test]
async fn endless_continuation_ends_the_connection() {
    let opening = [hello(), h2(HEADERS, 0, 1, POST)].concat();
    let rounds = until_closed(opening, |_| h2(CONTINUATION, 0, 1, &[0x00, 0x01, b'a', 0x01, b'b']));
    assert!(rounds.await < 1_000_000);
}

#[tokio::test]
async fn empty_data_without_end_ends_the_connection() {
    let opening = [hello(), h2(HEADERS, 4, 1, POST)].concat();
    assert!(until_closed(opening, |_| h2(DATA, 0, 1, &[])).await < 1_000_000);
}

#[tokio::test]
async fn a_frame_above_the_announced_size_ends_the_connection() {
    let opening = [hello(), h2(HEADERS, 4, 1, POST)].concat();
    let rounds = until_closed(opening, |_| h2(DATA, 0, 1, &vec![0; (1 << 20) + 1]));
    assert!(rounds.await < 1000);
}

#[tokio::test]
async fn pings_without_end_cost_no_memory() {
    // Answered or not: the server must neither hang nor stop serving others.
    let server = start(Tuning::default(), None, echo).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(&hello()).await.unwrap();
    let pings = h2(PING, 0, 0, &[0; 8]).repeat(1000);
    let _ = tokio::time::timeout(Duration::from_millis(200), async {
        while stream.write_all(&pings).await.is_ok() {}
    })
    .await;
    let client = crate::net::http_client::HttpClient::new(&Default::default(), false).unwrap();
    let answer =
        client.send(Request::post(server.url("/")).body(Pieces::from("x")).unwrap(), 10, soon()).await;
    assert_eq!(answer.unwrap().body, "x");
    drop(stream);
    server.stop().await;
}

async fn raw(request: &[u8]) -> String {
    let server = start(Tuning::default(), None, echo).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("no answer and no end");
    server.stop().await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn smuggling_is_refused() {
    for request in [
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\na",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\na",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nhost: x\r\n bad: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost : x\r\n\r\n",
    ] {
        let answer = raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?} got {answer:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_431() {
    let long = format!("POST / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    assert!(raw(long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = format!("POST / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    assert!(raw(many.as_bytes()).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_broken_and_one_that_stalls_is_late() {
    let answer = raw_then_close(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
    assert!(matches!(answer, ReadError::Broken(_)), "{answer:?}");
    let answer = raw_then_close(
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    )
    .await;
    assert!(matches!(answer, ReadError::Broken(_)), "{answer:?}");
}

/// What reading the body ended with.
async fn raw_then_close(request: &[u8]) -> ReadError<()> {
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let server = start(Tuning::default(), None, move |request: Request<Incoming>, _| {
        let tell = tell.clone();
        async move {
            let read = body::read(request.into_body(), 100, Some(soon()), |_| Ok::<_, ()>(())).await;
            let _ = tell.send(read.unwrap_err()).await;
            Response::new(Pieces::empty())
        }
    });
    let server = server.await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let error = told.recv().await.unwrap();
    server.stop().await;
    error
}

/// Scenario: a client sends far more than is allowed and reads only afterwards. Guarantees: it sees the 413.
#[tokio::test]
async fn a_client_that_is_still_sending_sees_why_it_was_refused() {
    let server = start(Tuning::default(), None, |request: Request<Incoming>, _| async move {
        let mut incoming = request.into_body();
        let read = body::read(&mut incoming, 1 << 20, Some(soon()), |_| Ok::<_, ()>(())).await;
        assert!(matches!(read, Err(ReadError::TooLarge { limit: 1_048_576 })));
        body::discard(incoming, 64 << 20, soon()).await;
        Response::builder().status(StatusCode::PAYLOAD_TOO_LARGE).body(Pieces::empty()).unwrap()
    });
    let server = server.await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let head =
        format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 8 << 20);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![0; 8 << 20]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.stop().await;
}
