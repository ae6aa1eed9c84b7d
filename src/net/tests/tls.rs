//! TLS of both sides against each other: who is believed, and who is not.

use std::path::Path;

use http::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{Call, frame, reply, unary};
use crate::net::http_client::{HttpClient, HttpError, HttpResponse};
use crate::net::serve::Protocols;
use crate::net::settings::{self, TlsClient, TlsCommon, TlsServer};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, as PEM.
fn issue(ca: &Ca, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    (params.signed_by(&key, ca).unwrap().pem(), key.serialize_pem())
}

fn common((cert, key): (String, String)) -> TlsCommon {
    TlsCommon { cert_pem: cert.into(), key_pem: key.into(), ..Default::default() }
}

fn trusting(ca: &Ca) -> TlsClient {
    TlsClient { common: TlsCommon { ca_pem: ca.pem().into(), ..Default::default() }, ..Default::default() }
}

fn acceptor(settings: &TlsServer) -> Option<Acceptor> {
    Some(Acceptor::new(settings, Protocols::Both).unwrap())
}

/// Tells who the peer is.
async fn who(_: Request<Incoming>, peer: Arc<PeerInfo>) -> Response<Pieces> {
    Response::new(Pieces::from(format!("{:?}", peer.identity)))
}

async fn server(pair: (String, String)) -> Running {
    start(Tuning::default(), acceptor(&TlsServer { common: common(pair), ..Default::default() }), who).await
}

async fn ask(server: &Running, tls: TlsClient) -> Result<HttpResponse, HttpError> {
    let settings = settings::HttpClient { tls, ..Default::default() };
    let client = HttpClient::new(&settings, true).unwrap();
    let url = format!("https://localhost:{}/", server.addr.port());
    client.send(Request::post(url).body(Pieces::empty()).unwrap(), 1000, soon()).await
}

async fn refused(pair: (String, String), tls: TlsClient) -> String {
    let server = server(pair).await;
    let error = ask(&server, tls).await.unwrap_err().to_string();
    server.stop().await;
    error
}

#[tokio::test]
async fn a_trusted_certificate_is_believed_over_both_protocols() {
    let ca = authority("ca");
    let settings = TlsServer { common: common(issue(&ca, &["localhost"], |_| {})), ..Default::default() };
    let service = |request: Request<Incoming>, peer: Arc<PeerInfo>| async move {
        assert!(peer.tls && peer.identity.is_none());
        if crate::net::grpc::is_grpc(request.headers()) {
            reply(Bytes::from_static(b"ok"))
        } else {
            who(request, peer).await
        }
    };
    let server = start(Tuning::default(), acceptor(&settings), service).await;
    assert_eq!(ask(&server, trusting(&ca)).await.unwrap().status, StatusCode::OK);

    let endpoint = format!("localhost:{}", server.addr.port());
    let settings = settings::GrpcClient { endpoint, tls: trusting(&ca), ..Default::default() };
    let message = frame(vec![noise(100_000)], Encoding::Identity, Level::default()).unwrap();
    let call = Call {
        path: "/s/M".parse().unwrap(),
        metadata: Default::default(),
        message: &message,
        timeout: Some(SOON),
    };
    assert_eq!(unary(&Channel::new(&settings).unwrap(), call).await.unwrap().message, "ok");
    server.stop().await;
}

/// A proxy for one tunnel.
async fn tunnel() -> (String, JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap();
        let mut server =
            tokio::net::TcpStream::connect(target.replace("localhost", "127.0.0.1")).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        head
    });
    (addr, task)
}

#[tokio::test]
async fn a_proxy_tunnels_tls_to_the_target_itself() {
    let ca = authority("ca");
    let server = server(issue(&ca, &["localhost"], |_| {})).await;
    let (proxy, head) = tunnel().await;
    let proxy_url = format!("http://user:pass@{proxy}");
    let settings = settings::HttpClient { tls: trusting(&ca), proxy_url, ..Default::default() };
    let client = HttpClient::new(&settings, true).unwrap();
    let url = format!("https://localhost:{}/", server.addr.port());
    client.send(Request::post(url).body(Pieces::from("x")).unwrap(), 1000, soon()).await.unwrap();
    drop(client);
    assert!(head.await.unwrap().contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"));
    server.stop().await;
}

#[tokio::test]
async fn another_authority_is_not_believed() {
    let (ca, other) = (authority("ca"), authority("other"));
    let error = refused(issue(&ca, &["localhost"], |_| {}), trusting(&other)).await;
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn another_name_is_not_believed_unless_it_is_expected() {
    let ca = authority("ca");
    let pair = issue(&ca, &["other.example"], |_| {});
    let error = refused(pair.clone(), trusting(&ca)).await;
    assert!(error.contains("not valid for name"), "{error}");

    let server = server(pair).await;
    let expecting = TlsClient { server_name_override: "other.example".to_owned(), ..trusting(&ca) };
    ask(&server, expecting).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn expired_and_not_yet_valid_are_not_believed() {
    let ca = authority("ca");
    let years = |from, to| {
        move |params: &mut CertificateParams| {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
        }
    };
    let expired = refused(issue(&ca, &["localhost"], years(2000, 2001)), trusting(&ca)).await;
    assert!(expired.contains("expired"), "{expired}");
    let early = refused(issue(&ca, &["localhost"], years(3000, 3001)), trusting(&ca)).await;
    assert!(early.contains("not valid yet"), "{early}");
}

#[tokio::test]
async fn a_client_certificate_is_no_server_certificate() {
    let ca = authority("ca");
    let pair = issue(&ca, &["localhost"], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let error = refused(pair, trusting(&ca)).await;
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn skip_verify_believes_anything() {
    let server = server(issue(&authority("ca"), &["other.example"], |_| {})).await;
    let tls = TlsClient { insecure_skip_verify: true, ..Default::default() };
    ask(&server, tls).await.unwrap();
    server.stop().await;
}

fn written(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn with_client_ca_file_the_client_must_show_who_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, clients, strangers) = (authority("ca"), authority("clients"), authority("strangers"));
    let settings = TlsServer {
        common: common(issue(&ca, &["localhost"], |_| {})),
        client_ca_file: written(dir.path(), "clients.pem", &clients.pem()),
        ..Default::default()
    };
    let server = start(Tuning::default(), acceptor(&settings), who).await;

    let with = |pair: (String, String)| {
        let (cert, key) = pair;
        let common = TlsCommon { cert_pem: cert.into(), key_pem: key.into(), ..trusting(&ca).common };
        TlsClient { common, ..Default::default() }
    };
    let named = issue(&clients, &["checkout.example"], |params| {
        params.distinguished_name.push(DnType::CommonName, "checkout");
        params.subject_alt_names.push(SanType::URI("spiffe://example/checkout".try_into().unwrap()));
    });
    let answer = ask(&server, with(named)).await.unwrap();
    let identity = String::from_utf8_lossy(&answer.body).into_owned();
    for part in
        [r#"common_name: Some("checkout")"#, r#"["checkout.example"]"#, r#"["spiffe://example/checkout"]"#]
    {
        assert!(identity.contains(part), "{part} is missing in {identity}");
    }
    ask(&server, trusting(&ca)).await.unwrap_err();
    ask(&server, with(issue(&strangers, &["checkout.example"], |_| {}))).await.unwrap_err();
    server.stop().await;
}

#[tokio::test]
async fn versions_that_do_not_meet_fail() {
    let ca = authority("ca");
    let settings = TlsServer {
        common: TlsCommon { min_version: "1.3".to_owned(), ..common(issue(&ca, &["localhost"], |_| {})) },
        ..Default::default()
    };
    let server = start(Tuning::default(), acceptor(&settings), who).await;
    let up_to = |max: &str| {
        let common = TlsCommon { max_version: max.to_owned(), ..trusting(&ca).common };
        TlsClient { common, ..Default::default() }
    };
    ask(&server, up_to("1.3")).await.unwrap();
    ask(&server, up_to("1.2")).await.unwrap_err();
    server.stop().await;
}

#[tokio::test]
async fn plain_text_on_a_tls_port_is_refused_and_harms_nobody() {
    let ca = authority("ca");
    let server = server(issue(&ca, &["localhost"], |_| {})).await;
    let plain = HttpClient::new(&settings::HttpClient::default(), false).unwrap();
    plain.send(Request::post(server.url("/")).body(Pieces::empty()).unwrap(), 10, soon()).await.unwrap_err();
    ask(&server, trusting(&ca)).await.unwrap();
    server.stop().await;
}

/// Scenario: a certificate is renewed in place, then spoiled. Guarantees: the new one is served, then goes on being.
#[tokio::test]
async fn files_are_read_again_and_bad_ones_are_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (authority("old"), authority("new"));
    let put = |(cert, key): (String, String)| {
        (written(dir.path(), "cert.pem", &cert), written(dir.path(), "key.pem", &key))
    };
    let (cert_file, key_file) = put(issue(&old, &["localhost"], |_| {}));
    let reload_interval = crate::config::units::GoDuration::from_nanos(1);
    let common = TlsCommon { cert_file, key_file, reload_interval, ..Default::default() };
    let server = start(Tuning::default(), acceptor(&TlsServer { common, ..Default::default() }), who).await;
    ask(&server, trusting(&old)).await.unwrap();
    put(issue(&new, &["localhost"], |_| {}));
    ask(&server, trusting(&new)).await.unwrap();
    put(("spoiled".to_owned(), "spoiled".to_owned()));
    ask(&server, trusting(&new)).await.unwrap();
    server.stop().await;
}

#[test]
fn wrong_files_name_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let ca = authority("ca");
    let (cert, key) = issue(&ca, &["localhost"], |_| {});
    let (_, other_key) = issue(&ca, &["localhost"], |_| {});
    let (cert, key) = (written(dir.path(), "cert", &cert), written(dir.path(), "key", &key));
    let other_key = written(dir.path(), "other", &other_key);
    let empty = written(dir.path(), "empty", "");
    let missing = dir.path().join("missing").to_str().unwrap().to_owned();
    let problem = |cert: &str, key: &str, client_ca: &str| {
        let common = TlsCommon { cert_file: cert.to_owned(), key_file: key.to_owned(), ..Default::default() };
        let settings = TlsServer { common, client_ca_file: client_ca.to_owned(), ..Default::default() };
        let problem = Acceptor::new(&settings, Protocols::Both).unwrap_err();
        (problem.at, problem.problem)
    };
    let at = |at: &str, problem: &str| (at.to_owned(), problem.to_owned());
    assert_eq!(problem(&cert, &other_key, ""), at("key_file", "the key does not belong to the certificate"));
    assert_eq!(problem(&cert, &empty, ""), at("key_file", "no private key in it"));
    assert_eq!(problem(&empty, &key, ""), at("cert_file", "no certificate in it"));
    assert_eq!(problem(&cert, &key, &empty), at("client_ca_file", "no certificate in it"));
    let (at, problem) = problem(&missing, &key, "");
    assert_eq!(at, "cert_file");
    assert!(problem.starts_with("cannot read") && problem.contains("missing"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn half_a_handshake_ends_after_five_seconds() {
    let ca = authority("ca");
    let settings = TlsServer { common: common(issue(&ca, &["localhost"], |_| {})), ..Default::default() };
    let (_client, server) = tokio::io::duplex(100);
    let began = Instant::now();
    let late =
        acceptor(&settings).unwrap().accept(crate::net::io::Io::Other(Box::new(server))).await.unwrap_err();
    assert_eq!((began.elapsed().as_secs(), late.to_string().as_str()), (5, "no handshake within 5s"));
}
