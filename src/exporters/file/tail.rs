//! The end of a file: whole records are appended, and half a record never stays.
//!
//! If a write fails in the middle, the file is cut back to where the last whole record ended; if even that fails, it
//! is tried again before anything else is written.

use std::fs::File;
use std::io::{self, Write};

/// What can be appended to and cut.
pub(super) trait Medium {
    /// Appends all of it, or fails having appended some.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes it this long.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Medium for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        // A pipe or a terminal has no end to cut.
        if self.metadata()?.is_file() { self.set_len(len) } else { Ok(()) }
    }
}

/// A medium and the length of what is whole in it.
#[derive(Debug)]
pub(super) struct Tail<M> {
    medium: M,
    len: u64,
    torn: bool,
}

impl<M: Medium> Tail<M> {
    /// A medium that holds `len` bytes of whole records.
    pub(super) fn new(medium: M, len: u64) -> Self {
        Self { medium, len, torn: false }
    }

    /// Bytes of whole records.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn medium(&self) -> &M {
        &self.medium
    }

    /// Appends whole records, all of them or none.
    pub(super) fn append(&mut self, records: &[u8]) -> io::Result<()> {
        if self.torn {
            self.medium.cut(self.len)?;
            self.torn = false;
        }
        if let Err(error) = self.medium.append(records) {
            self.torn = self.medium.cut(self.len).is_err();
            return Err(error);
        }
        self.len += records.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A disk with so much room, which at times cannot be cut.
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        stuck: bool,
    }

    impl Medium for Disk {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            let fits = bytes.len().min(self.room - self.bytes.len().min(self.room));
            self.bytes.extend_from_slice(&bytes[..fits]);
            if fits == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        }

        fn cut(&mut self, len: u64) -> io::Result<()> {
            if self.stuck {
                return Err(io::ErrorKind::Other.into());
            }
            self.bytes.truncate(len as usize);
            Ok(())
        }
    }

    proptest! {
        /// A model of the file: the records that were acknowledged, and at most one half after them at the end.
        #[test]
        fn nothing_whole_ever_follows_something_half(
            steps in prop::collection::vec((1_usize..20, 0_usize..200, any::<bool>()), 0..40),
        ) {
            let mut tail = Tail::new(Disk { bytes: Vec::new(), room: 0, stuck: false }, 0);
            let mut whole = Vec::new();
            for (number, (len, room, stuck)) in steps.into_iter().enumerate() {
                (tail.medium.room, tail.medium.stuck) = (room, stuck);
                let record = vec![number as u8; len];
                if tail.append(&record).is_ok() {
                    whole.extend_from_slice(&record);
                    prop_assert_eq!(&tail.medium.bytes, &whole);
                }
                prop_assert!(tail.medium.bytes.starts_with(&whole));
                prop_assert!(stuck || tail.medium.bytes == whole);
                prop_assert_eq!(tail.len(), whole.len() as u64);
            }
        }
    }
}
