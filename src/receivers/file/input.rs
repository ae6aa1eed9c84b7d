//! The bytes of a file, decompressed if it is compressed, and where in the file each of them stands.
//!
//! Reading stops at the end of what is written by now and can go on later. A place in a compressed file is that of its
//! frame and how far into it, since reading can only begin at a frame.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Where to go on reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// In the file.
    pub(super) offset: u64,
    /// Decompressed bytes after that.
    pub(super) skip: u64,
}

/// How a zstd frame begins.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Frames with a larger window (8 MiB, in bits) are refused: a decoder holds as much. `zstd -19` needs no more.
const WINDOW: u32 = 23;
const CHUNK: usize = 64 << 10;

/// A file from some position on.
pub(super) enum Input {
    Plain { file: File, start: u64 },
    Zstd(Box<Inflate>),
}

impl Input {
    /// Opens it there; `zstd` none is found out from the first bytes of the file.
    pub(super) fn open(mut file: File, zstd: Option<bool>, from: Position) -> io::Result<Self> {
        let zstd = match zstd {
            Some(zstd) => zstd,
            None => is_zstd(&mut file)?,
        };
        file.seek(SeekFrom::Start(from.offset))?;
        if !zstd {
            return Ok(Self::Plain { file, start: from.offset });
        }
        let mut inflate = Inflate::new(file, from.offset)?;
        let skipped = io::copy(&mut (&mut inflate).take(from.skip), &mut io::sink())?;
        if skipped < from.skip {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is shorter than it was"));
        }
        inflate.origin = from.skip;
        Ok(Self::Zstd(Box::new(inflate)))
    }

    /// The position of a byte, counted from where reading began. Earlier ones can no longer be asked for.
    pub(super) fn position(&mut self, read: u64) -> Position {
        match self {
            Self::Plain { start, .. } => Position { offset: *start + read, skip: 0 },
            Self::Zstd(inflate) => inflate.position(read + inflate.origin),
        }
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain { file, .. } => file.read(out),
            Self::Zstd(inflate) => inflate.read(out),
        }
    }
}

fn is_zstd(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::with_capacity(MAGIC.len());
    file.seek(SeekFrom::Start(0))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head == MAGIC)
}

/// A zstd stream of any number of frames, the last of which may be under way.
pub(super) struct Inflate {
    file: File,
    decoder: Decoder<'static>,
    input: Box<[u8]>,
    /// What of `input` is not used yet.
    unused: std::ops::Range<usize>,
    /// The decoder may have more to give without more input.
    full: bool,
    /// Bytes of the file that were used, and bytes that came out.
    packed: u64,
    plain: u64,
    /// Decompressed bytes before where reading began.
    origin: u64,
    /// Where frames begin: in the file, and in what comes out.
    frames: VecDeque<(u64, u64)>,
}

impl Inflate {
    fn new(file: File, offset: u64) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW))?;
        let input = vec![0; CHUNK].into_boxed_slice();
        let frames = VecDeque::from([(offset, 0)]);
        Ok(Self {
            file,
            decoder,
            input,
            unused: 0..0,
            full: false,
            packed: offset,
            plain: 0,
            origin: 0,
            frames,
        })
    }

    fn position(&mut self, plain: u64) -> Position {
        while self.frames.get(1).is_some_and(|(_, start)| *start <= plain) {
            self.frames.pop_front();
        }
        let (offset, start) = self.frames.front().copied().unwrap_or_default();
        Position { offset, skip: plain - start }
    }
}

impl Read for Inflate {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.unused.is_empty() && !self.full {
                self.unused = 0..self.file.read(&mut self.input)?;
                if self.unused.is_empty() {
                    return Ok(0);
                }
            }
            let mut from = InBuffer::around(self.input.get(self.unused.clone()).unwrap_or_default());
            let mut to = OutBuffer::around(out);
            let left = self.decoder.run(&mut from, &mut to)?;
            let (used, came) = (from.pos(), to.pos());
            self.unused.start += used;
            (self.packed, self.plain) = (self.packed + used as u64, self.plain + came as u64);
            self.full = came == out.len();
            if left == 0 {
                self.full = false;
                self.decoder.reinit()?;
                self.frames.push_back((self.packed, self.plain));
            }
            if came > 0 {
                return Ok(came);
            }
        }
    }
}
