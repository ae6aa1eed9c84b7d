//! The HTTP client: kept connections, caps, proxies.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::net::encoding::{Encoding, Level, compress};
use crate::net::http_client::{HttpClient, HttpError, HttpResponse};
use crate::net::settings;

fn client(change: impl FnOnce(&mut settings::HttpClient)) -> HttpClient {
    let mut settings = settings::HttpClient::default();
    change(&mut settings);
    HttpClient::new(&settings, false).unwrap()
}

async fn post(client: &HttpClient, url: &str, body: Bytes) -> Result<HttpResponse, HttpError> {
    client.send(Request::post(url).body(Pieces::from(body)).unwrap(), 1 << 20, soon()).await
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = start(Tuning::default(), None, echo).await;
    let client = client(|_| {});
    for i in 0..5 {
        let answer = post(&client, &server.url("/"), noise(i * 10_000)).await.unwrap();
        assert_eq!(answer.body, noise(i * 10_000));
    }
    assert_eq!(client.idle(), 1);
    assert_eq!(server.stop().await.connections, 1);
}

#[tokio::test]
async fn disable_keep_alives_keeps_none() {
    let server = start(Tuning::default(), None, echo).await;
    let client = client(|settings| settings.disable_keep_alives = true);
    for _ in 0..2 {
        post(&client, &server.url("/"), noise(1)).await.unwrap();
    }
    assert_eq!(client.idle(), 0);
    assert_eq!(server.stop().await.connections, 2);
}

#[tokio::test]
async fn idle_connections_are_bounded() {
    let server = start(Tuning::default(), None, echo).await;
    for limit in [1, 2] {
        let client = client(|settings| settings.max_idle_conns_per_host = limit);
        let url = server.url("/");
        let requests = (0..4).map(|_| post(&client, &url, noise(1)));
        futures_util::future::join_all(requests).await;
        assert_eq!(client.idle(), limit);
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_per_host_are_bounded() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inner_open, inner_most) = (Arc::clone(&open), Arc::clone(&most));
    let server = start(Tuning::default(), None, move |request, peer| {
        let (open, most) = (Arc::clone(&inner_open), Arc::clone(&inner_most));
        async move {
            most.fetch_max(open.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::task::yield_now().await;
            open.fetch_sub(1, SeqCst);
            echo(request, peer).await
        }
    });
    let server = server.await;
    let client = client(|settings| settings.max_conns_per_host = 2);
    let url = server.url("/");
    let answers = futures_util::future::join_all((0..10).map(|_| post(&client, &url, noise(9)))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(most.load(SeqCst) <= 2);
    assert!(server.stop().await.connections <= 2);
}

#[tokio::test]
async fn a_connection_closed_while_kept_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        }
    });
    let client = client(|_| {});
    for _ in 0..2 {
        assert_eq!(post(&client, &url, Bytes::new()).await.unwrap().body, "ok");
    }
    server.await.unwrap();
}

async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Answers one connection with fixed bytes; gives the head it got.
async fn canned(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let _ = stream.write_all(answer).await;
        head
    });
    (addr, task)
}

#[tokio::test]
async fn a_large_answer_is_refused_by_its_announcement_and_by_its_bytes() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n200000\r\nx";
    let endless: &'static [u8] =
        Box::leak([&chunked[..], &vec![b'x'; 0x20_0000]].concat().into_boxed_slice());
    for answer in [&announced[..], endless] {
        let (addr, _task) = canned(answer).await;
        let large = post(&client(|_| {}), &format!("http://{addr}/"), Bytes::new()).await.unwrap_err();
        assert!(matches!(large, HttpError::TooLarge(_, 1_048_576)), "{large}");
    }
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let endless =
        [&b"HTTP/1.1 200 OK\r\n"[..], &b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(10_000)].concat();
    let (addr, _task) = canned(Box::leak(endless.into_boxed_slice())).await;
    let refused = post(&client(|_| {}), &format!("http://{addr}/"), Bytes::new()).await.unwrap_err();
    assert!(matches!(refused, HttpError::Broken(..)), "{refused}");
}

#[tokio::test]
async fn an_answer_that_is_a_bomb_is_refused() {
    let server = start(Tuning::default(), None, |_, _| async {
        let bomb = compress(Encoding::Gzip, Level::default(), &[Bytes::from(vec![0; 8 << 20])]).unwrap();
        Response::builder().header("content-encoding", "gzip").body(Pieces::new(bomb)).unwrap()
    });
    let server = server.await;
    let refused = post(&client(|_| {}), &server.url("/"), Bytes::new()).await.unwrap_err();
    assert!(refused.to_string().contains("larger than 1048576"), "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn redirects_are_answers_like_any_other() {
    let server = start(Tuning::default(), None, |_, _| async {
        let to = "http://169.254.169.254/latest/meta-data";
        Response::builder().status(307).header("location", to).body(Pieces::empty()).unwrap()
    });
    let server = server.await;
    let answer = post(&client(|_| {}), &server.url("/"), Bytes::new()).await.unwrap();
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    server.stop().await;
}

#[tokio::test]
async fn headers_of_the_settings_are_added_where_the_request_has_none() {
    let (addr, head) = canned(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let headers = [("x-a", "settings"), ("x-b", "settings"), ("host", "other.example")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned().into()));
    let client = client(|settings| settings.headers = settings::Headers(headers.into()));
    let mut request =
        Request::post(format!("http://{addr}/v1/traces?x=1")).body(Pieces::from("abc")).unwrap();
    request.headers_mut().insert("x-b", HeaderValue::from_static("request"));
    client.send(request, 10, soon()).await.unwrap();
    let head = head.await.unwrap();
    assert!(head.starts_with("POST /v1/traces?x=1 HTTP/1.1\r\n"), "{head}");
    for line in ["x-a: settings\r\n", "x-b: request\r\n", "host: other.example\r\n", "content-length: 3\r\n"]
    {
        assert!(head.contains(line), "{line} is missing in {head}");
    }
}

#[tokio::test]
async fn a_proxy_gets_whole_urls_and_its_password() {
    let (addr, head) = canned(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = client(|settings| settings.proxy_url = format!("http://user:p%40ss@{addr}"));
    post(&client, "http://backend.invalid:4318/v1/logs", Bytes::new()).await.unwrap();
    let head = head.await.unwrap();
    assert!(head.starts_with("POST http://backend.invalid:4318/v1/logs HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: backend.invalid:4318\r\n"), "{head}");
    // user:p@ss
    assert!(head.contains("proxy-authorization: Basic dXNlcjpwQHNz\r\n"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_named() {
    let (addr, head) = canned(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let tls = settings::TlsClient { insecure_skip_verify: true, ..Default::default() };
    let settings = settings::HttpClient { proxy_url: format!("http://{addr}"), tls, ..Default::default() };
    let client = HttpClient::new(&settings, true).unwrap();
    let refused = post(&client, "https://backend.invalid/", Bytes::new()).await.unwrap_err();
    assert!(refused.to_string().contains(&format!("proxy {addr} answered \"407\" to CONNECT")), "{refused}");
    assert!(head.await.unwrap().starts_with("CONNECT backend.invalid:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_late_answer_is_late() {
    let server = start(Tuning::default(), None, |_, _| std::future::pending()).await;
    let request = Request::post(server.url("/")).body(Pieces::empty()).unwrap();
    let late = client(|_| {}).send(request, 1, Instant::now() + Duration::from_millis(5)).await.unwrap_err();
    assert!(matches!(late, HttpError::Late(_)), "{late}");
    server.stop().await;
}

#[tokio::test]
async fn relative_and_foreign_urls_are_invalid() {
    for url in ["/v1/traces", "ftp://host/"] {
        let invalid = post(&client(|_| {}), url, Bytes::new()).await.unwrap_err();
        assert_eq!(invalid.to_string(), format!("{url} is no http:// or https:// URL"));
    }
}
