//! Bodies in every encoding, made by the encoders' own crates.

use std::io::Write;

/// The encodings of HTTP, by the name in the header.
pub(crate) const HTTP: [&str; 8] =
    ["", "gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"];
/// The encodings of gRPC.
pub(crate) const GRPC: [&str; 4] = ["", "gzip", "zstd", "snappy"];

/// `body` as HTTP sends it with this `Content-Encoding`.
pub(crate) fn http(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding {
        "" => body.to_vec(),
        "gzip" => gzip(body),
        "zstd" => zstd::encode_all(body, 3).unwrap(),
        "zlib" | "deflate" => {
            let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            to.write_all(body).unwrap();
            to.finish().unwrap()
        }
        "snappy" => snap::raw::Encoder::new().compress_vec(body).unwrap(),
        "x-snappy-framed" => framed_snappy(body),
        "lz4" => {
            let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
            to.write_all(body).unwrap();
            to.finish().unwrap()
        }
        other => panic!("{other}"),
    }
}

/// `message` as gRPC frames it with this `grpc-encoding`: one length-prefixed message.
pub(crate) fn grpc(encoding: &str, message: &[u8]) -> Vec<u8> {
    let body = if encoding == "snappy" { framed_snappy(message) } else { http(encoding, message) };
    let mut frame = vec![u8::from(!encoding.is_empty())];
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&body);
    frame
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(body).unwrap();
    to.finish().unwrap()
}

fn framed_snappy(body: &[u8]) -> Vec<u8> {
    let mut to = snap::write::FrameEncoder::new(Vec::new());
    to.write_all(body).unwrap();
    to.into_inner().unwrap()
}
