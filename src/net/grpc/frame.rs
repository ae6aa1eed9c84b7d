//! One message and its prefix of five bytes.

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Body;
use tokio::time::Instant;

use super::Status;
use crate::net::body::{Gathered, Pieces, ReadError, next_data};
use crate::net::encoding::{DecodeError, EncodeError, Encoding, Level, compress, decompress};

/// Flag and length.
const PREFIX: usize = 5;

/// A message ready to be sent, as often as it takes: cloning counts references.
#[derive(Debug, Clone)]
pub struct Framed {
    pub(super) encoding: Encoding,
    pub(super) pieces: Vec<Bytes>,
}

impl Framed {
    /// How it is encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Bytes on the wire, prefix included.
    pub fn wire_len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }

    pub(crate) fn body(&self) -> Pieces {
        Pieces::new(self.pieces.iter().cloned())
    }
}

/// Frames the message that is the concatenation of `pieces`; without compression nothing is copied. `Snappy` is sent
/// in the framing format, which is what gRPC means by it.
pub fn frame(pieces: Vec<Bytes>, encoding: Encoding, level: Level) -> Result<Framed, EncodeError> {
    let wire = if encoding == Encoding::Snappy { Encoding::SnappyFramed } else { encoding };
    let mut message = compress(wire, level, &pieces)?;
    let length: usize = message.iter().map(Bytes::len).sum();
    message.insert(0, prefix(encoding != Encoding::Identity, length));
    Ok(Framed { encoding, pieces: message })
}

/// The prefix; a message of 4 GiB or more cannot exist under the limits of either side.
pub(super) fn prefix(compressed: bool, length: usize) -> Bytes {
    let mut prefix = BytesMut::with_capacity(PREFIX);
    prefix.put_u8(u8::from(compressed));
    prefix.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    prefix.freeze()
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Its bytes, without the prefix.
    pub bytes: Bytes,
}

impl Message {
    /// Decompresses it; see [`decompress`]. Computes: a large one belongs on a thread that may.
    pub fn open<E>(
        &self,
        limit: usize,
        grow: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Bytes, DecodeError<E>> {
        decompress(self.encoding, &self.bytes, limit, grow)
    }
}

/// Why no message came out of a body.
#[derive(Debug)]
pub(super) enum FrameError<E> {
    /// The body could not be read.
    Read(ReadError<E>),
    /// It was not one message.
    Status(Status),
}

/// Reads exactly one message, in `encoding` if its flag says so. `None` if the body ends before it begins.
pub(super) async fn read_message<B, E>(
    body: &mut B,
    encoding: Option<Encoding>,
    limit: usize,
    deadline: Option<Instant>,
    grow: &mut impl FnMut(usize) -> Result<(), E>,
) -> Result<Option<Message>, FrameError<E>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut gathered = Gathered::new(limit.saturating_add(PREFIX));
    let mut head: Option<(bool, usize)> = None;
    while let Some(data) = next_data(body, deadline).await.map_err(FrameError::Read)? {
        let claimed = head.map_or(0, |(_, length)| length + PREFIX);
        gathered.push(data, claimed, grow).map_err(FrameError::Read)?;
        if head.is_none() {
            head = parse_prefix(gathered.as_slice(), limit)?;
        }
        if let Some((_, length)) = head
            && gathered.len() > length + PREFIX
        {
            return Err(FrameError::Status(Status::unimplemented(
                "one message per call: this is no streaming method",
            )));
        }
    }
    match head {
        None if gathered.len() == 0 => Ok(None),
        Some((compressed, length)) if gathered.len() == length + PREFIX => {
            let encoding = match encoding {
                _ if !compressed => Encoding::Identity,
                Some(encoding) if encoding != Encoding::Identity => encoding,
                _ => {
                    return Err(FrameError::Status(Status::internal(
                        "a compressed message without grpc-encoding",
                    )));
                }
            };
            Ok(Some(Message { encoding, bytes: gathered.finish().slice(PREFIX..) }))
        }
        _ => Err(FrameError::Status(Status::internal("the message broke off"))),
    }
}

fn parse_prefix<E>(bytes: &[u8], limit: usize) -> Result<Option<(bool, usize)>, FrameError<E>> {
    let Some([flag, length @ ..]) = bytes.first_chunk::<PREFIX>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if *flag > 1 {
        let problem = format!("the first byte of the message is {flag}, neither 0 nor 1");
        return Err(FrameError::Status(Status::internal(problem)));
    }
    if length > limit {
        return Err(FrameError::Read(ReadError::TooLarge { limit }));
    }
    Ok(Some((*flag == 1, length)))
}
