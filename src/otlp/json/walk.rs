//! The fields of a message on the wire, read strictly: a malformed one is an error with its place.

use crate::otlp::Problem;
use crate::otlp::schema::{Kind, WireType};
use crate::otlp::wire::{MAX_GROUPS, delimited, key, skip_group, varint};

/// A problem and the address of the bytes it was met at.
pub(super) struct Trouble {
    pub(super) problem: Problem,
    pub(super) address: usize,
}

/// A field on the wire.
pub(super) struct Found<'a> {
    pub(super) number: u32,
    pub(super) value: Raw<'a>,
    pub(super) rest: &'a [u8],
}

/// What it holds.
pub(super) enum Raw<'a> {
    Bits(WireType, u64),
    Body(&'a [u8]),
    Group,
}

/// The field that comes next; `at` is not empty.
#[inline]
pub(super) fn next(at: &[u8]) -> Result<Found<'_>, Trouble> {
    let Some((number, wire_type, after)) = key(at) else { return Err(trouble(Problem::Key, at)) };
    let (value, rest) = match wire_type {
        0 => bits(WireType::Varint, varint(after), Problem::Varint, at)?,
        1 => bits(WireType::Fixed64, fixed64(after), Problem::Truncated, at)?,
        2 => match delimited(after) {
            Some((body, rest)) => (Raw::Body(body), rest),
            None => return Err(trouble(Problem::Truncated, at)),
        },
        3 => match skip_group(number, after, MAX_GROUPS) {
            Some(rest) => (Raw::Group, rest),
            None => return Err(trouble(Problem::Group, at)),
        },
        5 => bits(WireType::Fixed32, fixed32(after), Problem::Truncated, at)?,
        other => return Err(trouble(Problem::NoWireType(other), at)),
    };
    Ok(Found { number, value, rest })
}

fn bits<'a>(
    wire_type: WireType,
    read: Option<(u64, &'a [u8])>,
    problem: Problem,
    at: &[u8],
) -> Result<(Raw<'a>, &'a [u8]), Trouble> {
    let Some((bits, rest)) = read else { return Err(trouble(problem, at)) };
    Ok((Raw::Bits(wire_type, bits), rest))
}

fn fixed64(at: &[u8]) -> Option<(u64, &[u8])> {
    at.split_first_chunk::<8>().map(|(bytes, rest)| (u64::from_le_bytes(*bytes), rest))
}

fn fixed32(at: &[u8]) -> Option<(u64, &[u8])> {
    at.split_first_chunk::<4>().map(|(bytes, rest)| (u64::from(u32::from_le_bytes(*bytes)), rest))
}

/// One number of a packed field.
pub(super) fn packed_number(kind: Kind, at: &[u8]) -> Result<(u64, &[u8]), Trouble> {
    let read = match kind.wire_type() {
        WireType::Fixed64 => fixed64(at),
        WireType::Fixed32 => fixed32(at),
        WireType::Varint | WireType::Len => varint(at),
    };
    read.ok_or_else(|| trouble(Problem::Truncated, at))
}

#[cold]
pub(super) fn trouble(problem: Problem, at: &[u8]) -> Trouble {
    Trouble { problem, address: at.as_ptr().addr() }
}
