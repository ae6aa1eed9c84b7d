//! Wire bytes under construction, whose message lengths are known only at the end of each message.
//!
//! A length below 128 is patched into the one byte that was left for it. Longer ones are noted, and at the end all are
//! put in at once, from the back, so that every byte moves at most once however deep messages nest. (Inserting at the
//! end of each message would move the innermost bytes once per level.)

use crate::otlp::wire::{put_varint, varint_len};

#[derive(Debug, Default)]
pub(super) struct Splice {
    pub(super) out: Vec<u8>,
    holes: Vec<Hole>,
    /// By how much the noted lengths will grow the output.
    growth: usize,
}

#[derive(Clone, Copy, Debug)]
struct Hole {
    at: usize,
    len: usize,
}

/// A message that is not finished.
#[derive(Debug)]
#[must_use]
pub(super) struct Open {
    at: usize,
    growth: usize,
}

impl Splice {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), holes: Vec::new(), growth: 0 }
    }

    #[inline]
    pub(super) fn open(&mut self) -> Open {
        let open = Open { at: self.out.len(), growth: self.growth };
        self.out.push(0);
        open
    }

    #[inline]
    pub(super) fn close(&mut self, open: Open) {
        let len = self.out.len() - open.at - 1 + (self.growth - open.growth);
        match u8::try_from(len) {
            Ok(short) if short < 0x80 => {
                if let Some(byte) = self.out.get_mut(open.at) {
                    *byte = short;
                }
            }
            _ => {
                self.growth += varint_len(len as u64) - 1;
                self.holes.push(Hole { at: open.at, len });
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut from = self.out.len();
        let mut to = from + self.growth;
        self.out.resize(to, 0);
        self.holes.sort_unstable_by_key(|hole| hole.at);
        let mut length = Vec::with_capacity(10);
        for hole in self.holes.iter().rev() {
            let after = hole.at + 1;
            to -= from - after;
            self.out.copy_within(after..from, to);
            length.clear();
            put_varint(&mut length, hole.len as u64);
            to -= length.len();
            if let Some(place) = self.out.get_mut(to..to + length.len()) {
                place.copy_from_slice(&length);
            }
            from = hole.at;
        }
        self.out
    }
}
