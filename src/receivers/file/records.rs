//! Bytes as records: lines, or what stands after its length. No I/O of its own.
//!
//! A record grows as its bytes arrive, each of them with leave of the budget, never by the length it claims. One that
//! is longer than allowed is passed over.

use super::config::Format;
use crate::batch::{Busy, Permit};
use std::io::{self, BufRead, Read};

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A whole record.
    Record(Vec<u8>),
    /// A record that is too long, passed over.
    TooLong,
    /// The end, in the midst of a record of which this is there.
    Partial(Vec<u8>),
    /// The end.
    End,
}

/// Why there is nothing.
#[derive(Debug)]
pub(super) enum Stuck {
    Io(io::Error),
    /// The budget has no room now.
    Busy(Busy),
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Busy> for Stuck {
    fn from(busy: Busy) -> Self {
        Self::Busy(busy)
    }
}

/// The format of what begins with this byte: a length below 150 MB begins with a byte that no text begins with.
pub(super) fn format_of(first: u8) -> Format {
    if first < b'\t' { Format::Proto } else { Format::Json }
}

/// The next record and the bytes it takes in the stream.
pub(super) fn next(
    format: Format,
    reader: &mut impl BufRead,
    most: usize,
    permit: &mut Permit,
) -> Result<(Next, u64), Stuck> {
    match format {
        Format::Json => line(reader, most, permit),
        Format::Proto => prefixed(reader, most, permit),
    }
}

fn line(reader: &mut impl BufRead, most: usize, permit: &mut Permit) -> Result<(Next, u64), Stuck> {
    let (mut record, mut len) = (Vec::new(), 0);
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            let end = if record.is_empty() || len > most as u64 { Next::End } else { Next::Partial(record) };
            return Ok((end, len));
        }
        let end = memchr::memchr(b'\n', chunk);
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        len += part.len() as u64;
        if len <= most as u64 {
            permit.grow(part.len())?;
            record.extend_from_slice(part);
        } else {
            record = Vec::new();
            permit.shrink_to(0);
        }
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            let next = if len <= most as u64 { Next::Record(record) } else { Next::TooLong };
            return Ok((next, len + 1));
        }
    }
}

fn prefixed(reader: &mut impl BufRead, most: usize, permit: &mut Permit) -> Result<(Next, u64), Stuck> {
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let Ok(prefix) = <[u8; 4]>::try_from(head.as_slice()) else {
        let end = if head.is_empty() { Next::End } else { Next::Partial(head) };
        return Ok((end, 0));
    };
    let len = u64::from(u32::from_be_bytes(prefix));
    if len > most as u64 {
        let passed = io::copy(&mut reader.by_ref().take(len), &mut io::sink())?;
        return Ok((if passed < len { Next::End } else { Next::TooLong }, 4 + len));
    }
    let mut record = Vec::new();
    while (record.len() as u64) < len {
        let chunk = reader.fill_buf()?;
        let room = usize::try_from(len - record.len() as u64).unwrap_or(usize::MAX);
        let part = chunk.get(..room).unwrap_or(chunk);
        if part.is_empty() {
            return Ok((Next::Partial(record), 0));
        }
        permit.grow(part.len())?;
        record.extend_from_slice(part);
        let used = part.len();
        reader.consume(used);
    }
    Ok((Next::Record(record), 4 + len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Budget;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn all(format: Format, bytes: &[u8], chunk: usize, most: usize) -> Vec<Next> {
        let mut reader = BufReader::with_capacity(chunk, bytes);
        let mut found = Vec::new();
        loop {
            let (found_next, _) = next(format, &mut reader, most, &mut Permit::none()).unwrap();
            let end = matches!(found_next, Next::Partial(_) | Next::End);
            found.push(found_next);
            if end {
                return found;
            }
        }
    }

    proptest! {
        #[test]
        fn records_come_as_they_were_written(
            records in prop::collection::vec(prop::collection::vec(0x20_u8.., 0..40), 0..20),
            chunk in 1_usize..50,
            most in 1_usize..50,
            cut in 0_usize..20,
        ) {
            for format in [Format::Json, Format::Proto] {
                let mut bytes = Vec::new();
                for record in &records {
                    match format {
                        Format::Json => bytes.extend([record.as_slice(), b"\n"].concat()),
                        Format::Proto => bytes.extend([&(record.len() as u32).to_be_bytes(), record.as_slice()].concat()),
                    }
                }
                let expected = records.iter().map(|record| match record.len() <= most {
                    true => Next::Record(record.clone()),
                    false => Next::TooLong,
                });
                let expected: Vec<_> = expected.chain([Next::End]).collect();
                prop_assert_eq!(all(format, &bytes, chunk, most), &expected[..]);
                let part = &bytes[..bytes.len() - cut.min(bytes.len())];
                let found = all(format, part, chunk, most);
                prop_assert!(expected.starts_with(&found[..found.len() - 1]));
            }
        }
    }

    #[test]
    fn a_length_that_is_only_claimed_takes_no_memory() {
        let budget = Budget::new(1000);
        let mut permit = budget.permit();
        let claimed = [&60_000_000_u32.to_be_bytes()[..], b"abc"].concat();
        let (next, _) = next(Format::Proto, &mut &*claimed, 64 << 20, &mut permit).unwrap();
        assert_eq!((next, budget.used()), (Next::Partial(b"abc".to_vec()), 3));
    }

    #[test]
    fn a_record_without_leave_of_the_budget_is_not_read() {
        let budget = Budget::new(10);
        let mut permit = budget.permit();
        let found = next(Format::Json, &mut &b"more than ten bytes\n"[..], 100, &mut permit);
        assert!(matches!(found, Err(Stuck::Busy(_))));
    }
}
