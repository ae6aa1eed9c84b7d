//! Tunnels through an HTTP proxy (CONNECT, RFC 9110, section 9.3.6).

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::dial::{DialError, open};
use crate::net::endpoint::{Proxy, Target};
use crate::net::io::Io;
use crate::net::tls::Connector;

/// Largest answer to CONNECT.
const MAX_ANSWER: usize = 8 << 10;

/// Connects to the proxy, asks for the target, and speaks TLS through the tunnel.
pub(super) async fn tunnel(proxy: &Proxy, target: &Target, tls: &Connector) -> Result<Io, DialError> {
    let mut io = open(&proxy.target, None, None).await?;
    let failed =
        |error: std::io::Error| DialError::new(target, format!("by proxy {}: {error}", proxy.target));
    io.write_all(&connect_request(proxy, target)).await.map_err(failed)?;
    let head = read_head(&mut io).await.map_err(failed)?;
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if !status.starts_with(b"2") {
        let status = String::from_utf8_lossy(status).into_owned();
        return Err(DialError::new(target, format!("proxy {} answered {status:?} to CONNECT", proxy.target)));
    }
    tls.connect(io, target.host()).await.map_err(failed)
}

fn connect_request(proxy: &Proxy, target: &Target) -> Vec<u8> {
    let authority = target.authority();
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Byte by byte, because what follows the head belongs to TLS.
async fn read_head(io: &mut Io) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_ANSWER {
            return Err(std::io::Error::other("the proxy's answer is too long"));
        }
        head.push(io.read_u8().await?);
    }
    Ok(head)
}
