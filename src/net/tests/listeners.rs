//! Opening endpoints, and unix sockets end to end.

use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{Call, frame, reply, unary};
use crate::net::settings::GrpcClient;

fn bind(endpoint: &str, transport: &str) -> Bind {
    Bind::parse(endpoint, transport, None).unwrap()
}

#[tokio::test]
async fn a_port_in_use_is_told_with_the_address() {
    let first = Listener::bind(&bind("127.0.0.1:0", "tcp")).await.unwrap();
    let taken = first.local_addr().unwrap().to_string();
    let error = Listener::bind(&bind(&taken, "tcp")).await.unwrap_err();
    assert!(error.in_use);
    assert_eq!(error.to_string(), format!("cannot listen on {taken}: the address is already in use"));
}

#[tokio::test]
async fn every_form_of_endpoint_can_be_listened_on() {
    for endpoint in [":0", "0.0.0.0:0", "localhost:0", "127.0.0.1:0"] {
        let listener = Listener::bind(&bind(endpoint, "tcp")).await.unwrap();
        assert_ne!(listener.local_addr().unwrap().port(), 0, "{endpoint}");
    }
    assert!(Listener::bind(&bind("localhost:0", "tcp4")).await.unwrap().local_addr().unwrap().is_ipv4());
}

#[tokio::test]
async fn a_port_is_free_again_as_soon_as_its_server_has_stopped() {
    let server = start(Tuning::default(), None, echo).await;
    let at = server.addr.to_string();
    server.stop().await;
    start_at(&at, SOON, Tuning::default(), None, echo).await.stop().await;
}

#[tokio::test]
async fn an_unknown_host_is_told() {
    let error = Listener::bind(&bind("no-such-host.invalid:0", "tcp")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on no-such-host.invalid:0: "), "{error}");
}

#[tokio::test]
async fn a_unix_socket_serves_and_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("otlp.sock");
    let bind = Bind::parse(path.to_str().unwrap(), "unix", Some("0600")).unwrap();
    let listener = Listener::bind(&bind).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or(()) };
    let service = |request: Request<Incoming>, peer: Arc<PeerInfo>| async move {
        assert_eq!(peer.addr.to_string(), "unix");
        if crate::net::grpc::is_grpc(request.headers()) {
            reply(Bytes::from_static(b"ok"))
        } else {
            echo(request, peer).await
        }
    };
    let task = tokio::spawn(serve(listener, None, Tuning::default(), service, stopped, SOON));

    let settings = GrpcClient { endpoint: format!("unix:{}", path.display()), ..Default::default() };
    let settings = GrpcClient {
        tls: crate::net::settings::TlsClient { insecure: true, ..Default::default() },
        ..settings
    };
    let message = frame(vec![], Encoding::Identity, Level::default()).unwrap();
    let call = Call {
        path: "/s/M".parse().unwrap(),
        metadata: Default::default(),
        message: &message,
        timeout: Some(SOON),
    };
    assert_eq!(unary(&Channel::new(&settings).unwrap(), call).await.unwrap().message, "ok");

    let mut plain = UnixStream::connect(&path).await.unwrap();
    plain
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi")
        .await
        .unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhi"), "{answer}");

    stop.send(()).unwrap();
    task.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_stale_socket_is_replaced_a_live_one_and_other_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("otlp.sock");
    let bind = Bind::parse(path.to_str().unwrap(), "unix", None).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the file behind");
    let listener = Listener::bind(&bind).await.unwrap();
    assert!(Listener::bind(&bind).await.unwrap_err().in_use);
    drop(listener);

    std::fs::write(&path, "precious").unwrap();
    let error = Listener::bind(&bind).await.unwrap_err();
    assert!(error.to_string().ends_with("the path exists and is not a socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
