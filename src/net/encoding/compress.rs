//! Encoding whole bodies, given as pieces.
//!
//! The fastest level is the default: between gateways CPU is dearer than the last tenth of size.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;

use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor};

use super::Encoding;

/// zstd's tables are below 10 MiB up to here.
const LARGEST_KEPT_LEVEL: i32 = 6;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(i32);

impl Default for Level {
    fn default() -> Self {
        Self(1)
    }
}

impl Level {
    /// Checks `compression_params.level` against the encoding it is for.
    pub fn checked(encoding: Encoding, level: Option<i32>) -> Result<Self, String> {
        let Some(level) = level.filter(|level| *level != 0) else { return Ok(Self::default()) };
        let level = match (encoding, level) {
            (Encoding::Gzip | Encoding::Zlib | Encoding::Deflate, 1..=9) => level,
            (Encoding::Gzip | Encoding::Zlib | Encoding::Deflate, -1) => 6,
            // Go's "Huffman only": its fastest. Ours is 1.
            (Encoding::Gzip | Encoding::Zlib | Encoding::Deflate, -2) => 1,
            (Encoding::Zstd, 1..=22) => level,
            _ => return Err(format!("level {level} does not exist for {encoding}")),
        };
        Ok(Self(level))
    }

    /// The levels of an encoding, in words.
    pub fn hint(encoding: Encoding) -> &'static str {
        match encoding {
            Encoding::Gzip | Encoding::Zlib | Encoding::Deflate => {
                "use 1 (fastest) to 9 (smallest), or -1 for 6"
            }
            Encoding::Zstd => "use 1 (fastest) to 22 (smallest)",
            _ => "remove it: this encoding has no levels",
        }
    }
}

/// A compressor that failed; none of them can, short of a bug or of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot compress as {encoding}: {why}")]
pub struct EncodeError {
    encoding: Encoding,
    why: String,
}

/// Encodes the concatenation of `pieces`. [`Encoding::Identity`] gives the pieces back.
pub fn compress(encoding: Encoding, level: Level, pieces: &[Bytes]) -> Result<Vec<Bytes>, EncodeError> {
    if encoding == Encoding::Identity {
        return Ok(pieces.to_vec());
    }
    let plain = contiguous(pieces);
    let encoded = match encoding {
        Encoding::Identity => Ok(plain.into_owned()),
        Encoding::Gzip => {
            deflate(level, |c| c.gzip_compress_bound(plain.len()), |c, out| c.gzip_compress(&plain, out))
        }
        Encoding::Zlib | Encoding::Deflate => {
            deflate(level, |c| c.zlib_compress_bound(plain.len()), |c, out| c.zlib_compress(&plain, out))
        }
        Encoding::Zstd => zstd(level, &plain),
        Encoding::Snappy => snap::raw::Encoder::new().compress_vec(&plain).map_err(|error| error.to_string()),
        Encoding::SnappyFramed => snappy_framed(&plain),
        Encoding::Lz4 => lz4(&plain),
    };
    let mut encoded = encoded.map_err(|why| EncodeError { encoding, why })?;
    encoded.shrink_to_fit();
    Ok(vec![Bytes::from(encoded)])
}

fn contiguous(pieces: &[Bytes]) -> Cow<'_, [u8]> {
    match pieces {
        [one] => Cow::Borrowed(one),
        several => Cow::Owned(several.concat()),
    }
}

/// A compressor of the level is kept per thread: it is a few hundred KiB of tables.
fn deflate(
    Level(level): Level,
    bound: impl FnOnce(&mut Compressor) -> usize,
    run: impl FnOnce(&mut Compressor, &mut [u8]) -> Result<usize, libdeflater::CompressionError>,
) -> Result<Vec<u8>, String> {
    DEFLATE.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(of, _)| *of != level) {
            let known = CompressionLvl::new(level).map_err(|error| format!("{error:?}"))?;
            *kept = Some((level, Compressor::new(known)));
        }
        let Some((_, compressor)) = kept else { return Err("no compressor".to_owned()) };
        let mut out = vec![0; bound(compressor)];
        let written = run(compressor, &mut out).map_err(|error| format!("{error:?}"))?;
        out.truncate(written);
        Ok(out)
    })
}

/// A context is kept per thread, except for levels whose tables are tens of MiB.
fn zstd(Level(level): Level, plain: &[u8]) -> Result<Vec<u8>, String> {
    if level > LARGEST_KEPT_LEVEL {
        return ::zstd::bulk::compress(plain, level).map_err(|error| error.to_string());
    }
    ZSTD.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some((of, compressor)) if *of == level => compressor,
            _ => {
                let made = ::zstd::bulk::Compressor::new(level).map_err(|error| error.to_string())?;
                &mut kept.insert((level, made)).1
            }
        };
        compressor.compress(plain).map_err(|error| error.to_string())
    })
}

fn snappy_framed(plain: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::with_capacity(plain.len() / 2 + 64));
    encoder.write_all(plain).map_err(|error| error.to_string())?;
    encoder.into_inner().map_err(|error| error.to_string())
}

fn lz4(plain: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::with_capacity(plain.len() / 2 + 64));
    encoder.write_all(plain).map_err(|error| error.to_string())?;
    encoder.finish().map_err(|error| error.to_string())
}

thread_local! {
    static DEFLATE: RefCell<Option<(i32, Compressor)>> = const { RefCell::new(None) };
    static ZSTD: RefCell<Option<(i32, ::zstd::bulk::Compressor<'static>)>> = const { RefCell::new(None) };
}
