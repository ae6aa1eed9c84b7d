//! Rows to bytes: the message, written once.
//!
//! Lengths are summed up first, so the output is of exact size and lengths are as short as they can be. Neighbours that
//! still stand next to each other in their piece are copied in one go.

use super::rows::{Bytes, Holder, Row, Rows, Source};
use super::wire::{framed_len, put_header, varint_len};

/// How long everything will be.
struct Lengths {
    resources: Vec<usize>,
    scopes: Vec<usize>,
    total: usize,
}

impl Lengths {
    /// Scopes without records and resources without scopes are left out: their length stays 0.
    fn of(rows: &Rows) -> Self {
        let mut scopes = vec![0; rows.scopes.len()];
        for row in &rows.records {
            add(&mut scopes, row.scope, framed_len(row.body.len as usize));
        }
        let mut resources = vec![0; rows.resources.len()];
        for (len, scope) in scopes.iter_mut().zip(&rows.scopes).filter(|(len, _)| **len > 0) {
            *len += scope.len();
            add(&mut resources, scope.parent, framed_len(*len));
        }
        let mut total = rows.others.iter().map(|other| other.len as usize).sum();
        for (len, resource) in resources.iter_mut().zip(&rows.resources).filter(|(len, _)| **len > 0) {
            *len += resource.len();
            total += framed_len(*len);
        }
        Self { resources, scopes, total }
    }
}

fn add(lengths: &mut [usize], index: u32, len: usize) {
    lengths.get_mut(index as usize).into_iter().for_each(|sum| *sum += len);
}

pub(crate) fn encoded_len(rows: &Rows) -> usize {
    Lengths::of(rows).total
}

pub(crate) fn encode(rows: &Rows, bytes: Bytes<'_>) -> Vec<u8> {
    let lengths = Lengths::of(rows);
    let mut writer = Writer { bytes, out: Vec::with_capacity(lengths.total), run: Source::default() };
    let mut records = rows.records.as_slice();
    let mut open: Option<(u32, &Holder)> = None;
    while let Some(first) = records.first() {
        let (group, rest) = records.split_at(records.partition_point(|row| row.scope <= first.scope));
        records = rest;
        let Some(scope) = rows.scopes.get(first.scope as usize) else { break };
        if open.is_none_or(|(index, _)| index != scope.parent) {
            writer.close(open.take());
            let Some(resource) = rows.resources.get(scope.parent as usize) else { break };
            writer.open(1, at(&lengths.resources, scope.parent), resource);
            open = Some((scope.parent, resource));
        }
        writer.open(2, at(&lengths.scopes, first.scope), scope);
        group.iter().for_each(|row| writer.record(row));
        writer.close(Some((first.scope, scope)));
    }
    writer.close(open);
    rows.others.iter().for_each(|other| writer.copy(*other));
    writer.flush();
    writer.out
}

fn at(lengths: &[usize], index: u32) -> usize {
    lengths.get(index as usize).copied().unwrap_or_default()
}

struct Writer<'a> {
    bytes: Bytes<'a>,
    out: Vec<u8>,
    /// What is to be copied next, and may still grow.
    run: Source,
}

impl Writer<'_> {
    fn open(&mut self, number: u32, len: usize, holder: &Holder) {
        self.flush();
        put_header(&mut self.out, number, len);
        self.copy(holder.head);
    }

    fn close(&mut self, holder: Option<(u32, &Holder)>) {
        if let Some((_, holder)) = holder {
            self.copy(holder.tail);
        }
    }

    fn record(&mut self, row: &Row) {
        let body = row.body;
        let header = 1 + varint_len(u64::from(body.len)) as u32;
        // Every record has its header in front of it, so a gap that is as long as this header is this header.
        if self.run.len > 0
            && body.piece == self.run.piece
            && body.start == self.run.end() + u64::from(header)
        {
            self.run.len += header + body.len;
        } else {
            self.flush();
            put_header(&mut self.out, 2, body.len as usize);
            self.run = body;
        }
    }

    fn copy(&mut self, source: Source) {
        self.flush();
        self.out.extend_from_slice(self.bytes.get(source));
    }

    fn flush(&mut self) {
        self.out.extend_from_slice(self.bytes.get(self.run));
        self.run = Source::default();
    }
}
