//! Content encodings, both ways, over whole bodies.
//!
//! Decoding is bounded twice: by a cap, and by a permit that is asked for as the bytes come out, never for what the
//! sender claims they will be. Output is allocated once where the size is known and believable. It is synchronous; a
//! body of many MiB takes milliseconds per MiB and belongs on a thread that may compute.

mod compress;
mod decompress;

pub use compress::{EncodeError, Level, compress};
pub use decompress::{DecodeError, decompress};

use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use serde::{Deserialize, Deserializer};

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all (`none`, `identity`, or no header).
    Identity,
    /// `gzip`.
    Gzip,
    /// `zlib`: what HTTP calls deflate.
    Zlib,
    /// `deflate`: deflate in a zlib envelope (RFC 9110, section 8.4.1.2).
    Deflate,
    /// `zstd`.
    Zstd,
    /// `snappy`: one block.
    Snappy,
    /// `x-snappy-framed`: the framing format, and what gRPC means by `snappy`.
    SnappyFramed,
    /// `lz4`: the frame format.
    Lz4,
}

/// A name that is no encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownEncoding {
    /// Nobody knows it.
    #[error("unknown encoding {0:?}")]
    Unknown(String),
    /// Several, one over the other: a cheap way to hide a bomb, and nothing that a client needs.
    #[error("stacked encodings {0:?} are not accepted")]
    Stacked(String),
}

impl Encoding {
    /// For hints.
    pub const KNOWN: &'static str = "use gzip, zstd, snappy, zlib, deflate, lz4, x-snappy-framed or none";

    /// The name in headers and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "x-snappy-framed",
            Self::Lz4 => "lz4",
        }
    }

    /// What `Content-Encoding` says.
    pub fn of(headers: &HeaderMap) -> Result<Self, UnknownEncoding> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(Self::Identity) };
        let text = String::from_utf8_lossy(value.as_bytes());
        if values.next().is_some() || text.contains(',') {
            return Err(UnknownEncoding::Stacked(text.chars().take(64).collect()));
        }
        text.trim().parse()
    }

    /// Whether gRPC has it (`grpc-encoding`).
    pub fn suits_grpc(self) -> bool {
        matches!(self, Self::Identity | Self::Gzip | Self::Zstd | Self::Snappy)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "" | "none" | "identity" => Self::Identity,
            "gzip" => Self::Gzip,
            "zlib" => Self::Zlib,
            "deflate" => Self::Deflate,
            "zstd" => Self::Zstd,
            "snappy" => Self::Snappy,
            "x-snappy-framed" => Self::SnappyFramed,
            "lz4" => Self::Lz4,
            _ => return Err(UnknownEncoding::Unknown(name.chars().take(64).collect())),
        })
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|error| serde::de::Error::custom(format!("{error}; {}", Self::KNOWN)))
    }
}

#[cfg(test)]
mod tests;
