//! The numbers of a request's items, found without the gateway's own wire code.
//!
//! A span's or log record's number is text: `sq-` and sixteen letters from a to p, a nibble each, which survives any
//! redaction of digits. A data point's number is its value, or the sum of a histogram.

use super::content::NUMBER_LEN;
use crate::otlp::Signal;
use memchr::memmem;

const START: &[u8; 3] = b"sq-";

/// The fields that lead from a request to its items.
const RECORDS: &[&[u32]] = &[&[1], &[2], &[2]];
const POINTS: &[&[u32]] = &[&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]];

/// Something that is no export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed export request")]
pub struct Malformed;

/// Calls `each` with every item's number, in order; `None` for an item that has none.
pub fn numbers(signal: Signal, request: &[u8], mut each: impl FnMut(Option<u64>)) -> Result<(), Malformed> {
    match signal {
        Signal::Metrics => walk(request, POINTS, &mut |point| each(value(point))),
        Signal::Traces | Signal::Logs => walk(request, RECORDS, &mut |record| each(read_number(record))),
    }
}

/// The text of a number.
pub(super) fn write_number(number: u64) -> [u8; NUMBER_LEN] {
    let mut text = [0; NUMBER_LEN];
    let (start, letters) = text.split_at_mut(START.len());
    start.copy_from_slice(START);
    for (place, letter) in (0_u32..).zip(letters) {
        *letter = b'a' + u8::try_from((number >> (60 - 4 * place)) & 0xf).unwrap_or(0);
    }
    text
}

fn read_number(record: &[u8]) -> Option<u64> {
    let at = memmem::find(record, START)? + START.len();
    record.get(at..at + NUMBER_LEN - START.len())?.iter().try_fold(0, |number, letter| match letter {
        b'a'..=b'p' => Some(number << 4 | u64::from(letter - b'a')),
        _ => None,
    })
}

/// Field 4 is a number's double; of a histogram it is the count, and field 5 the sum.
fn value(point: &[u8]) -> Option<u64> {
    let (mut rest, mut double, mut sum) = (point, None, None);
    while !rest.is_empty() {
        match field(&mut rest).ok()? {
            (4, Value::Fixed(bits)) => double = Some(bits),
            (5, Value::Fixed(bits)) => sum = Some(bits),
            _ => {}
        }
    }
    let number = f64::from_bits(sum.or(double)?);
    (number >= 0.0 && number < 2_f64.powi(53)).then_some(number as u64)
}

enum Value<'a> {
    Bytes(&'a [u8]),
    Fixed(u64),
    Other,
}

fn walk<'a>(message: &'a [u8], path: &[&[u32]], each: &mut impl FnMut(&'a [u8])) -> Result<(), Malformed> {
    let Some((wanted, below)) = path.split_first() else {
        each(message);
        return Ok(());
    };
    let mut rest = message;
    while !rest.is_empty() {
        if let (number, Value::Bytes(inner)) = field(&mut rest)?
            && wanted.contains(&number)
        {
            walk(inner, below, each)?;
        }
    }
    Ok(())
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Value<'a>), Malformed> {
    let key = varint(rest)?;
    let value = match key & 7 {
        0 => varint(rest).map(|_| Value::Other)?,
        1 => Value::Fixed(u64::from_le_bytes(take(rest, 8)?.try_into().map_err(|_| Malformed)?)),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => take(rest, 4).map(|_| Value::Other)?,
        _ => return Err(Malformed),
    };
    Ok((u32::try_from(key >> 3).map_err(|_| Malformed)?, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = after;
    Ok(taken)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first().ok_or(Malformed)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed)
}
