//! One signal's telemetry: a short list of export requests whose concatenation is the request.
//!
//! Encoded export requests have one repeated field at the top, so putting two after each other gives a valid request:
//! batching is moving `Bytes`, and what nobody edits leaves as the very bytes that came. Once something was dropped or
//! edited, the rows are the message and the pieces only what they point into.

use super::check::{Limits, check};
use super::error::WireError;
use super::layout;
use super::record::Record;
use super::rewrite::rewrite;
use super::rows::Rows;
use super::signal::Signal;
use bytes::Bytes;
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock};

/// Telemetry of one signal, checked. A clone shares the bytes, and the rows until one of the two is edited.
#[derive(Clone, Debug)]
pub struct Data {
    pub(crate) signal: Signal,
    pub(crate) items: u64,
    pub(crate) pieces: SmallVec<[Piece; 1]>,
    pub(crate) rows: OnceLock<Arc<Rows>>,
    /// Whether the rows are the message, and not only a view of it.
    pub(crate) changed: bool,
}

/// A whole export request.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) items: u64,
    /// Length of the allocation that `bytes` keeps alive, which may be more than itself.
    pub(crate) pinned: usize,
}

impl Piece {
    pub(crate) fn new(bytes: Bytes, items: u64) -> Self {
        Self { pinned: bytes.len(), bytes, items }
    }
}

/// What [`Data::check`] gives.
#[derive(Debug)]
pub struct Checked {
    /// The telemetry.
    pub data: Data,
    /// How many strings were not UTF-8 and now have U+FFFD where they were not.
    pub repaired: u64,
}

impl Data {
    /// No telemetry.
    #[must_use]
    pub fn empty(signal: Signal) -> Self {
        Self { signal, items: 0, pieces: SmallVec::new(), rows: OnceLock::new(), changed: false }
    }

    /// Takes in an export request.
    ///
    /// # Errors
    /// If it is not what a protobuf decoder would accept, or exceeds `limits`.
    pub fn check(signal: Signal, request: Bytes, limits: &Limits) -> Result<Checked, WireError> {
        let found = check(signal, &request, limits)?;
        if found.spoiled == 0 && !found.irregular {
            return Ok(Checked { data: Self::of(signal, Piece::new(request, found.items)), repaired: 0 });
        }
        let request = rewrite(signal, &request);
        let items = check(signal, &request, limits)?.items;
        let data = Self::of(signal, Piece::new(request.into(), items));
        Ok(Checked { data, repaired: found.spoiled })
    }

    pub(crate) fn of(signal: Signal, piece: Piece) -> Self {
        let mut data = Self::empty(signal);
        data.items = piece.items;
        if !piece.bytes.is_empty() {
            data.pieces.push(piece);
        }
        data
    }

    /// Which signal.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// How many spans, log records or data points.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Whether there is no item (there may still be resources without any).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// How many bytes [`Data::encode`] would give. Costs a pass over the rows if something was changed.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        if self.changed {
            layout::encoded_len(self.rows())
        } else {
            self.pieces.iter().map(|piece| piece.bytes.len()).sum()
        }
    }

    /// The message, in consecutive pieces of which each is a request of its own: the very bytes that came, or one new
    /// piece if something was changed.
    #[must_use]
    pub fn encode(self) -> Vec<Bytes> {
        if self.changed {
            let bytes = self.laid_out();
            return if bytes.is_empty() { Vec::new() } else { vec![bytes] };
        }
        self.pieces.into_iter().map(|piece| piece.bytes).collect()
    }

    fn laid_out(&self) -> Bytes {
        let rows = self.rows();
        layout::encode(rows, rows.bytes(&self.pieces)).into()
    }

    /// Puts `other`, of the same signal, behind what is here. No bytes are copied, except those of a side that was
    /// changed: it is laid out first, so that what it no longer needs is let go.
    pub fn append(&mut self, mut other: Self) {
        debug_assert_eq!(self.signal, other.signal);
        self.settle();
        other.settle();
        self.rows = OnceLock::new();
        self.pieces.append(&mut other.pieces);
        self.items += other.items;
    }

    /// Every record, in the order of the message. The first call walks the message; later ones use its rows.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> + DoubleEndedIterator {
        let rows = self.rows();
        let bytes = rows.bytes(&self.pieces);
        rows.records.iter().map(move |row| Record::new(self.signal, rows, bytes, row))
    }

    /// Keeps the records that `keep` says; gives how many items went. Scopes and resources that lose their last
    /// record go with it.
    pub fn retain(&mut self, mut keep: impl FnMut(&Record<'_>) -> bool) -> u64 {
        let rows = self.rows();
        let bytes = rows.bytes(&self.pieces);
        let stays: Vec<bool> =
            rows.records.iter().map(|row| keep(&Record::new(self.signal, rows, bytes, row))).collect();
        if stays.iter().all(|stays| *stays) {
            return 0;
        }
        let mut stays = stays.into_iter();
        let before = self.items;
        self.change(|rows, _| rows.records.retain(|_| stays.next().unwrap_or(true)));
        before - self.items
    }

    /// How many bytes are kept alive, whether they are still part of the message or not. A request that was cut and
    /// whose two parts came together again counts twice.
    #[must_use]
    pub fn pinned_len(&self) -> usize {
        let side = self.rows.get().map_or(0, |rows| rows.side.capacity());
        side + self.pieces.iter().map(|piece| piece.pinned).sum::<usize>()
    }

    /// How many of the pinned bytes the message needs.
    #[must_use]
    pub fn live_len(&self) -> usize {
        self.wire_len()
    }

    /// How many bytes the rows take, which come on top of [`Data::pinned_len`].
    #[must_use]
    pub fn rows_len(&self) -> usize {
        self.rows.get().map_or(0, |rows| rows.heap_len())
    }

    /// Copies the message together if it is less than half of the bytes it keeps alive; says whether it did.
    pub fn compact(&mut self) -> bool {
        if self.live_len() * 2 >= self.pinned_len() {
            return false;
        }
        self.changed = true;
        self.settle();
        true
    }

    pub(crate) fn rows(&self) -> &Arc<Rows> {
        self.rows.get_or_init(|| Arc::new(Rows::of(self.signal, &self.pieces)))
    }

    /// Changes the rows, which are the message from now on.
    pub(crate) fn change<R>(&mut self, work: impl FnOnce(&mut Rows, &[Piece]) -> R) -> R {
        self.rows();
        let mut rows = self.rows.take().unwrap_or_default();
        let result = work(Arc::make_mut(&mut rows), &self.pieces);
        self.items = rows.records.iter().map(|row| u64::from(row.columns.items)).sum();
        self.rows = rows.into();
        self.changed = true;
        result
    }

    /// Makes the pieces the message again.
    fn settle(&mut self) {
        if self.changed {
            *self = Self::of(self.signal, Piece::new(self.laid_out(), self.items));
        }
    }
}
