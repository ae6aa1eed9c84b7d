//! Decoding under a cap and a growing permit.
//!
//! Where the compressed form announces its size believably (gzip's trailer, zstd's header, snappy's header), one buffer
//! of that size is filled in one call; otherwise the body is pumped in chunks.

use std::cell::RefCell;
use std::io::Read;

use bytes::Bytes;
use libdeflater::Decompressor;
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, get_frame_content_size};

use super::Encoding;

/// Bytes decoded between two questions to `grow`.
const CHUNK: usize = 64 << 10;
/// A size announced inside the body is believed up to this many times the body's own.
const BELIEVED_RATIO: usize = 16;
/// Snappy cannot expand further than this: three bytes copy at most 64.
const SNAPPY_RATIO: usize = 22;
/// zstd windows up to 8 MiB, as RFC 8878 recommends for HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;
/// How a snappy stream in the framing format begins.
const SNAPPY_STREAM: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// How a gzip member begins.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";

/// Why a body was not decoded. `E` is what the caller's `grow` refused with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError<E> {
    /// It is larger than allowed.
    #[error("the body is larger than {limit} bytes after decompression")]
    TooLarge {
        /// The cap.
        limit: usize,
    },
    /// It is not what its encoding says.
    #[error("the body is not valid {encoding}: {why}")]
    Malformed {
        /// The encoding it was announced in.
        encoding: Encoding,
        /// The decoder's reason.
        why: String,
    },
    /// `grow` said no.
    #[error("no memory for the decompressed body")]
    Refused(E),
}

/// Decodes a whole body. `grow(n)` is asked for every `n` bytes of output, before or soon after they exist; with
/// [`Encoding::Identity`] the body is returned as it is and nothing is asked.
pub fn decompress<E>(
    encoding: Encoding,
    wire: &Bytes,
    limit: usize,
    grow: impl FnMut(usize) -> Result<(), E>,
) -> Result<Bytes, DecodeError<E>> {
    let mut out = Output { encoding, limit, charged: 0, grow };
    let decoded = match encoding {
        Encoding::Identity if wire.len() > limit => return Err(DecodeError::TooLarge { limit }),
        Encoding::Identity => return Ok(wire.clone()),
        Encoding::Gzip => out.gzip(wire),
        Encoding::Zlib | Encoding::Deflate => {
            out.pump(flate2::bufread::ZlibDecoder::new(wire.as_ref()), wire.len())
        }
        Encoding::Zstd => out.zstd(wire),
        Encoding::Snappy if !wire.starts_with(SNAPPY_STREAM) => out.snappy(wire),
        Encoding::Snappy | Encoding::SnappyFramed => {
            out.pump(snap::read::FrameDecoder::new(wire.as_ref()), wire.len())
        }
        Encoding::Lz4 => {
            out.pump(Lz4(lz4_flex::frame::FrameDecoder::new(Ending { left: wire, ended: false })), wire.len())
        }
    }?;
    Ok(Bytes::from(fitted(decoded)))
}

/// Slack beyond a quarter would be memory without a permit.
fn fitted(mut decoded: Vec<u8>) -> Vec<u8> {
    if decoded.capacity() - decoded.len() > decoded.len() / 4 {
        decoded.shrink_to_fit();
    }
    decoded
}

struct Output<G> {
    encoding: Encoding,
    limit: usize,
    charged: usize,
    grow: G,
}

impl<E, G: FnMut(usize) -> Result<(), E>> Output<G> {
    fn malformed(&self, why: impl ToString) -> DecodeError<E> {
        DecodeError::Malformed { encoding: self.encoding, why: why.to_string() }
    }

    fn too_large(&self) -> DecodeError<E> {
        DecodeError::TooLarge { limit: self.limit }
    }

    /// Asks for whatever `total` bytes of output need beyond what was asked for already.
    fn charge(&mut self, total: usize) -> Result<(), DecodeError<E>> {
        let more = total.saturating_sub(self.charged);
        if more > 0 {
            (self.grow)(more).map_err(DecodeError::Refused)?;
            self.charged = total;
        }
        Ok(())
    }

    fn start(&self, wire: usize) -> Vec<u8> {
        Vec::with_capacity(wire.saturating_mul(4).min(self.limit).min(1 << 20))
    }

    /// Reads to the end, chunk by chunk.
    fn pump(&mut self, mut from: impl Read, wire: usize) -> Result<Vec<u8>, DecodeError<E>> {
        let mut out = self.start(wire);
        loop {
            let start = out.len();
            // One byte more than allowed tells "full" from "too much".
            let room = CHUNK.min(self.limit - start + 1);
            out.resize(start + room, 0);
            let read =
                from.read(out.get_mut(start..).unwrap_or_default()).map_err(|error| self.malformed(error))?;
            out.truncate(start + read);
            if out.len() > self.limit {
                return Err(self.too_large());
            }
            if read == 0 {
                return Ok(out);
            }
            self.charge(out.len())?;
        }
    }

    /// One member whose trailer gives a believable size goes through libdeflate (four times as fast); anything else is
    /// pumped. libdeflate would silently ignore a second member, so a body that might hold one is never given to it.
    fn gzip(&mut self, wire: &[u8]) -> Result<Vec<u8>, DecodeError<E>> {
        let claimed = wire.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let body = wire.get(GZIP_MAGIC.len()..).unwrap_or_default();
        let single = memchr::memmem::find(body, GZIP_MAGIC).is_none();
        if single && claimed <= self.limit && claimed <= wire.len().saturating_mul(BELIEVED_RATIO) {
            self.charge(claimed)?;
            let mut out = vec![0; claimed];
            let written = INFLATE.with_borrow_mut(|inflate| inflate.gzip_decompress(wire, &mut out));
            if written == Ok(claimed) {
                return Ok(out);
            }
        }
        self.pump(flate2::bufread::MultiGzDecoder::new(wire), wire.len())
    }

    /// A frame that tells a believable size is decoded in one call; others, and several frames in a row, are streamed.
    fn zstd(&mut self, wire: &[u8]) -> Result<Vec<u8>, DecodeError<E>> {
        let claimed = get_frame_content_size(wire).map_err(|_| self.malformed("no zstd frame"))?;
        if claimed.is_some_and(|size| size > self.limit as u64) {
            return Err(self.too_large());
        }
        if let Some(size) = claimed.and_then(|size| usize::try_from(size).ok())
            && size <= wire.len().saturating_mul(BELIEVED_RATIO)
        {
            self.charge(size)?;
            let mut out = Vec::with_capacity(size);
            let written = UNZSTD.with_borrow_mut(|context| context.decompress(&mut out, wire));
            if written == Ok(size) {
                return Ok(out);
            }
        }
        self.zstd_stream(wire)
    }

    /// With a context of its own: a kept one would keep its window of up to 8 MiB.
    fn zstd_stream(&mut self, wire: &[u8]) -> Result<Vec<u8>, DecodeError<E>> {
        let mut context = DCtx::create();
        let set = context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG));
        set.map_err(|code| self.malformed(zstd::zstd_safe::get_error_name(code)))?;
        self.pump(Unzstd { context, input: InBuffer::around(wire), between_frames: false }, wire.len())
    }

    fn snappy(&mut self, wire: &[u8]) -> Result<Vec<u8>, DecodeError<E>> {
        let claimed = snap::raw::decompress_len(wire).map_err(|error| self.malformed(error))?;
        if claimed > self.limit {
            return Err(self.too_large());
        }
        if claimed > wire.len().saturating_mul(SNAPPY_RATIO) {
            return Err(self.malformed("the announced length is impossible"));
        }
        self.charge(claimed)?;
        let mut out = vec![0; claimed];
        let written =
            snap::raw::Decoder::new().decompress(wire, &mut out).map_err(|error| self.malformed(error))?;
        out.truncate(written);
        Ok(out)
    }
}

/// Streams zstd frames; unlike the crate's own reader it says how the input ended.
struct Unzstd<'a> {
    context: DCtx<'static>,
    input: InBuffer<'a>,
    between_frames: bool,
}

impl Read for Unzstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut output = OutBuffer::around(buffer);
        loop {
            let all_in = self.input.pos() == self.input.src.len();
            if self.between_frames {
                if all_in {
                    return Ok(0);
                }
                let reset = self.context.reset(ResetDirective::SessionOnly);
                reset.map_err(zstd_error)?;
                self.between_frames = false;
            }
            let left = self.context.decompress_stream(&mut output, &mut self.input).map_err(zstd_error)?;
            self.between_frames = left == 0;
            if output.pos() > 0 {
                return Ok(output.pos());
            }
            if all_in && left > 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Reads lz4 frames. The decoder takes the end of input for the end of a frame, so what it was told is watched.
struct Lz4<'a>(lz4_flex::frame::FrameDecoder<Ending<'a>>);

impl Read for Lz4<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let Ending { left, ended } = self.0.get_ref();
            match (read, *ended, left.is_empty()) {
                (0, true, _) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                (0, false, false) => {}
                _ => return Ok(read),
            }
        }
    }
}

/// A slice that remembers whether more was asked of it than it had.
struct Ending<'a> {
    left: &'a [u8],
    ended: bool,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.ended |= self.left.is_empty() && !buffer.is_empty();
        self.left.read(buffer)
    }
}

fn zstd_error(code: usize) -> std::io::Error {
    std::io::Error::other(zstd::zstd_safe::get_error_name(code))
}

thread_local! {
    static INFLATE: RefCell<Decompressor> = RefCell::new(Decompressor::new());
    static UNZSTD: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}
