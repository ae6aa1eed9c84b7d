//! gRPC framing: what comes out of bodies, and what is refused.

use http::HeaderMap;
use http_body_util::BodyExt;

use super::*;
use crate::net::encoding::{DecodeError, Encoding, Level};
use crate::net::grpc::{Code, Message, RequestError, Status, frame, read_request, reply};

fn headers(encoding: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(encoding) = encoding {
        headers.insert("grpc-encoding", encoding.parse().unwrap());
    }
    headers
}

async fn read(encoding: Option<&str>, frames: &[&[u8]], limit: usize) -> Result<Message, Status> {
    let body = Pieces::new(frames.iter().map(|frame| Bytes::copy_from_slice(frame)));
    let grow = |_| Ok::<_, ()>(());
    read_request(&headers(encoding), body, limit, None, grow).await.map_err(|error| match error {
        RequestError::Status(status) => status,
        RequestError::Refused(()) => panic!("nothing refuses"),
    })
}

async fn code(encoding: Option<&str>, frames: &[&[u8]], limit: usize) -> Code {
    read(encoding, frames, limit).await.unwrap_err().code()
}

#[tokio::test]
async fn a_message_may_be_cut_into_frames_anywhere() {
    let wire = b"\0\0\0\0\x05hello";
    for cut in 0..wire.len() {
        let (head, tail) = wire.split_at(cut);
        let message = read(None, &[head, tail], 5).await.unwrap();
        assert_eq!(
            (message.encoding, &message.bytes[..]),
            (Encoding::Identity, &b"hello"[..]),
            "cut at {cut}"
        );
    }
    let single: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(read(None, &single, 5).await.unwrap().bytes, &b"hello"[..]);
}

#[tokio::test]
async fn an_empty_message_is_a_message() {
    assert_eq!(read(None, &[b"\0\0\0\0\0"], 0).await.unwrap().bytes, Bytes::new());
}

#[tokio::test]
async fn what_is_not_one_message_is_refused() {
    assert_eq!(code(None, &[], 9).await, Code::Internal);
    assert_eq!(code(None, &[b"\0\0\0\0"], 9).await, Code::Internal);
    assert_eq!(code(None, &[b"\0\0\0\0\x05hell"], 9).await, Code::Internal);
    assert_eq!(code(None, &[b"\x02\0\0\0\x01x"], 9).await, Code::Internal);
    assert_eq!(code(None, &[b"\0\0\0\0\x01x\0\0\0\0\x01y"], 99).await, Code::Unimplemented);
}

#[tokio::test]
async fn too_large_is_resource_exhausted_before_it_arrives() {
    assert_eq!(code(None, &[b"\0\0\0\0\x05hello"], 4).await, Code::ResourceExhausted);
    assert_eq!(code(None, &[b"\0\xff\xff\xff\xff"], 1 << 20).await, Code::ResourceExhausted);
    let status = read(None, &[b"\0\0\0\0\x05hello"], 4).await.unwrap_err();
    assert!(status.details().is_empty(), "a RetryInfo would make clients resend it for ever");
}

#[tokio::test]
async fn unknown_encodings_are_unimplemented_and_name_the_known() {
    let status = read(Some("br"), &[b"\x01\0\0\0\x01x"], 9).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.metadata().get("grpc-accept-encoding").unwrap(), "identity,gzip,zstd,snappy");
    assert_eq!(code(None, &[b"\x01\0\0\0\x01x"], 9).await, Code::Internal);
}

#[tokio::test]
async fn every_encoding_comes_back_from_a_frame() {
    let plain = Bytes::from("telemetry ".repeat(1000));
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Snappy] {
        let framed = frame(vec![plain.slice(..7), plain.slice(7..)], encoding, Level::default()).unwrap();
        let wire = framed_bytes(&framed).await;
        let message = read(Some(encoding.name()), &[&wire], 1 << 20).await.unwrap();
        let opened = message.open(plain.len(), |_| Ok::<_, ()>(())).unwrap();
        assert_eq!(opened, plain, "{encoding}");
        assert_eq!(framed.wire_len(), wire.len() as u64);
        let too_large = message.open(plain.len() - 1, |_| Ok::<_, ()>(()));
        assert_eq!(too_large, Err(DecodeError::TooLarge { limit: plain.len() - 1 }), "{encoding}");
    }
}

async fn framed_bytes(framed: &crate::net::grpc::Framed) -> Bytes {
    framed.body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn memory_is_asked_for_as_bytes_arrive_and_not_by_the_claim() {
    let mut asked = Vec::new();
    let body = Pieces::new([
        Bytes::from_static(b"\0\0\0\0\x05"),
        Bytes::from_static(b"hel"),
        Bytes::from_static(b"lo"),
    ]);
    let headers = headers(None);
    let read = read_request(&headers, body, 9, None, |n| {
        asked.push(n);
        if asked.len() == 3 { Err("no") } else { Ok(()) }
    });
    assert!(matches!(read.await, Err(RequestError::Refused("no"))));
    assert_eq!(asked, [5, 3, 2]);
}

#[tokio::test]
async fn a_large_message_in_one_frame_is_not_copied() {
    let mut wire = vec![0, 0, 0, 0x80, 0];
    wire.resize(5 + 0x8000, 7);
    let wire = Bytes::from(wire);
    let headers = headers(None);
    let message = read_request(&headers, Pieces::from(wire.clone()), 1 << 20, None, |_| Ok::<_, ()>(()));
    assert_eq!(message.await.unwrap().bytes.as_ptr(), wire.slice(5..).as_ptr());
}

#[tokio::test]
async fn a_reply_has_its_status_in_trailers() {
    let collected = reply(Bytes::from_static(b"ok")).into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap().get("grpc-status").unwrap(), "0");
    assert_eq!(collected.to_bytes(), &b"\0\0\0\0\x02ok"[..]);
}
