//! One `Data` into several: by number of items, by size, by a key.
//!
//! Each part is a message of its own: resources and scopes are repeated where a cut goes through them, and a metric with
//! many points is cut between points with its name and unit repeated. Whole pieces are moved, not copied; what
//! has to be copied is laid out at once, so that no part keeps the bytes of another alive.

use super::columns::Columns;
use super::data::{Data, Piece};
use super::layout;
use super::points;
use super::record::Record;
use super::rows::{Bytes, Row, Rows};
use std::collections::HashMap;
use std::hash::Hash;

impl Data {
    /// Keeps the first `items` items and gives the others.
    #[must_use]
    pub fn split_off(&mut self, items: u64) -> Self {
        let mut rest = Self::empty(self.signal);
        if items >= self.items {
            return rest;
        }
        let whole = std::mem::replace(self, Self::empty(self.signal));
        if whole.changed {
            let (first, second) = cut(Rows::clone(whole.rows()), &whole.pieces, items);
            self.push(first);
            rest.push(second);
            return rest;
        }
        for piece in whole.pieces {
            let room = items - self.items;
            if piece.items <= room {
                self.push(piece);
            } else if room == 0 {
                rest.push(piece);
            } else {
                let pieces = [piece];
                let (first, second) = cut(Rows::counted(self.signal, &pieces), &pieces, room);
                self.push(first);
                rest.push(second);
            }
        }
        rest
    }

    /// Two parts with about as many items each; the second is empty if there is but one item.
    #[must_use]
    pub fn halves(mut self) -> (Self, Self) {
        let second = self.split_off(self.items.div_ceil(2));
        (self, second)
    }

    /// Parts that encode to at most `max_bytes` each, as far as single items allow it.
    #[must_use]
    pub fn split_to_len(self, max_bytes: usize) -> Vec<Self> {
        let mut fitting = Vec::new();
        let mut waiting = vec![self];
        while let Some(data) = waiting.pop() {
            if data.items <= 1 || data.wire_len() <= max_bytes {
                fitting.push(data);
            } else {
                let (first, second) = data.halves();
                waiting.extend([second, first]);
            }
        }
        fitting
    }

    /// One part per key, in the order in which the keys first occur. With a single key it is the same data,
    /// untouched; without any record there is no part.
    #[must_use]
    pub fn split_by<K: Eq + Hash + Clone>(self, mut key: impl FnMut(&Record<'_>) -> K) -> Vec<(K, Self)> {
        let mut places = HashMap::new();
        let mut keys = Vec::new();
        let of_row: Vec<usize> = self
            .records()
            .map(|record| {
                *places.entry(key(&record)).or_insert_with_key(|key| {
                    keys.push(key.clone());
                    keys.len() - 1
                })
            })
            .collect();
        if let [_] = keys.as_slice() {
            return keys.into_iter().map(|key| (key, self.clone())).collect();
        }
        let rows = self.rows();
        let mut parts: Vec<Part> = keys.iter().map(|_| Part::default()).collect();
        if let Some(first) = parts.first_mut() {
            first.rows.others.clone_from(&rows.others);
        }
        for (row, place) in rows.records.iter().zip(of_row) {
            parts.get_mut(place).into_iter().for_each(|part| part.adopt(rows, row));
        }
        let bytes = rows.bytes(&self.pieces);
        let lay_out = |part: Part| Self::of(self.signal, part.laid_out(bytes));
        keys.into_iter().zip(parts.into_iter().map(lay_out)).collect()
    }

    fn push(&mut self, piece: Piece) {
        if !piece.bytes.is_empty() {
            self.items += piece.items;
            self.pieces.push(piece);
        }
    }
}

/// Rows taken over from others, in their order.
#[derive(Default)]
struct Part {
    rows: Rows,
    last: Option<(u32, u32)>,
}

impl Part {
    fn adopt(&mut self, from: &Rows, row: &Row) {
        self.rows.adopt(from, row, &mut self.last);
    }

    fn laid_out(&self, bytes: Bytes<'_>) -> Piece {
        let items = self.rows.records.iter().map(|row| u64::from(row.columns.items)).sum();
        Piece::new(layout::encode(&self.rows, bytes).into(), items)
    }
}

/// The first `items` items, and the others.
fn cut(mut rows: Rows, pieces: &[Piece], items: u64) -> (Piece, Piece) {
    let at = boundary(&mut rows, pieces, items);
    let (mut first, mut second) = (Part::default(), Part::default());
    first.rows.others.clone_from(&rows.others);
    for (row, index) in rows.records.iter().zip(0..) {
        let part = if index < at { &mut first } else { &mut second };
        part.adopt(&rows, row);
    }
    let bytes = rows.bytes(pieces);
    (first.laid_out(bytes), second.laid_out(bytes))
}

/// The first record after so many items; a metric that has both earlier and later points becomes two.
fn boundary(rows: &mut Rows, pieces: &[Piece], items: u64) -> usize {
    let mut room = items;
    let beyond = rows.records.iter().position(|row| {
        let count = u64::from(row.columns.items);
        let beyond = count > room;
        room -= if beyond { 0 } else { count };
        beyond
    });
    let Some(at) = beyond else { return rows.records.len() };
    let (Some(row), true) = (rows.records.get(at).copied(), room > 0) else { return at };
    let metric = rows.bytes(pieces).get(row.body);
    let early = points::slice(metric, |index| (index as u64) < room);
    let late = points::slice(metric, |index| index as u64 >= room);
    let count = room as u32;
    let early =
        Row { body: rows.side.put_record(&early), columns: Columns { items: count, ..row.columns }, ..row };
    let items = row.columns.items - count;
    let late = Row { body: rows.side.put_record(&late), columns: Columns { items, ..row.columns }, ..row };
    rows.records.splice(at..=at, [early, late]);
    at + 1
}
