//! Protobuf's wire format: reading fields out of bytes that were checked, and writing them.
//!
//! Readers here are lenient: whatever is malformed ends the walk. Judging is the business of `check`, which every
//! request passes first. Nothing here knows a message of OTLP.

/// The value of one field, as far as the wire tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
    /// A group, of which nothing is looked at.
    Group,
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
    /// Key and value as they stand on the wire.
    pub(crate) raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// The body of a length-delimited field; empty for the others.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        if let Value::Bytes(bytes) = self.value { bytes } else { &[] }
    }

    /// The number in a varint or fixed field, as its bits; 0 for the others.
    pub(crate) fn bits(&self) -> u64 {
        match self.value {
            Value::Varint(bits) | Value::Fixed64(bits) => bits,
            Value::Fixed32(bits) => u64::from(bits),
            Value::Bytes(_) | Value::Group => 0,
        }
    }
}

/// The fields of a message, in the order of the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Field<'a>> {
        let before = self.rest;
        let (key, after) = varint(before)?;
        let number = u32::try_from(key >> 3).ok()?;
        let (value, rest) = value(number, (key & 7) as u8, after)?;
        self.rest = rest;
        Some(Field { number, value, raw: before.get(..before.len() - rest.len())? })
    }
}

#[inline(always)]
fn value(number: u32, wire_type: u8, at: &[u8]) -> Option<(Value<'_>, &[u8])> {
    match wire_type {
        0 => varint(at).map(|(bits, rest)| (Value::Varint(bits), rest)),
        1 => at.split_first_chunk::<8>().map(|(b, rest)| (Value::Fixed64(u64::from_le_bytes(*b)), rest)),
        2 => delimited(at).map(|(body, rest)| (Value::Bytes(body), rest)),
        3 => skip_group(number, at, MAX_GROUPS).map(|rest| (Value::Group, rest)),
        5 => at.split_first_chunk::<4>().map(|(b, rest)| (Value::Fixed32(u32::from_le_bytes(*b)), rest)),
        _ => None,
    }
}

/// How deep unknown groups may nest. Nobody has sent groups since 2008; decoders skip them all the same.
pub(crate) const MAX_GROUPS: u32 = 64;

/// What follows the group of this number whose start key was just read.
#[cold]
pub(crate) fn skip_group(number: u32, mut at: &[u8], depth: u32) -> Option<&[u8]> {
    let deeper = depth.checked_sub(1)?;
    loop {
        let (inner, wire_type, rest) = key(at)?;
        if wire_type == 4 {
            return (inner == number).then_some(rest);
        }
        at = if wire_type == 3 { skip_group(inner, rest, deeper)? } else { value(inner, wire_type, rest)?.1 };
    }
}

/// A field's number, its wire type and what follows; `None` if it is no valid key.
#[inline]
pub(crate) fn key(at: &[u8]) -> Option<(u32, u8, &[u8])> {
    let (key, rest) = varint(at)?;
    let number = u32::try_from(key).ok()? >> 3;
    (number != 0).then_some((number, (key & 7) as u8, rest))
}

/// A varint of at most ten bytes and 64 bits, and what follows it.
#[inline(always)]
pub(crate) fn varint(at: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = at.split_first()?;
    if first < 0x80 { Some((u64::from(first), rest)) } else { long_varint(at) }
}

fn long_varint(at: &[u8]) -> Option<(u64, &[u8])> {
    let mut bits = 0;
    for (index, &byte) in at.iter().enumerate().take(10) {
        bits |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return if index == 9 && byte > 1 { None } else { Some((bits, at.get(index + 1..)?)) };
        }
    }
    None
}

/// A length, so many bytes, and what follows them.
#[inline(always)]
pub(crate) fn delimited(at: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = varint(at)?;
    rest.split_at_checked(usize::try_from(len).ok()?)
}

/// How many bytes `bits` takes as a varint.
#[inline]
pub(crate) const fn varint_len(bits: u64) -> usize {
    ((bits | 1).ilog2() as usize * 9 + 73) / 64
}

/// How many bytes a length-delimited field of a number below 16 takes.
#[inline]
pub(crate) const fn framed_len(body: usize) -> usize {
    1 + varint_len(body as u64) + body
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut bits: u64) {
    while bits >= 0x80 {
        out.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    out.push(bits as u8);
}

fn put_key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint(out, u64::from(number << 3 | wire_type));
}

/// The key and length of a field whose body follows.
pub(crate) fn put_header(out: &mut Vec<u8>, number: u32, len: usize) {
    put_key(out, number, 2);
    put_varint(out, len as u64);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, body: &[u8]) {
    put_header(out, number, body.len());
    out.extend_from_slice(body);
}

pub(crate) fn put_uint(out: &mut Vec<u8>, number: u32, bits: u64) {
    put_key(out, number, 0);
    put_varint(out, bits);
}

pub(crate) fn put_fixed64(out: &mut Vec<u8>, number: u32, bits: u64) {
    put_key(out, number, 1);
    out.extend_from_slice(&bits.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_are_read_and_measured_as_prost_writes_them(bits: u64, tail: Vec<u8>) {
            let mut ours = Vec::new();
            put_varint(&mut ours, bits);
            let mut theirs = Vec::new();
            prost::encoding::encode_varint(bits, &mut theirs);
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(varint_len(bits), ours.len());
            ours.extend_from_slice(&tail);
            prop_assert_eq!(varint(&ours), Some((bits, tail.as_slice())));
        }

        #[test]
        fn any_bytes_are_a_varint_exactly_when_prost_says_so(bytes in prop::collection::vec(0x70_u8.., 0..12)) {
            let theirs = prost::encoding::decode_varint(&mut bytes.as_slice()).ok();
            prop_assert_eq!(varint(&bytes).map(|found| found.0), theirs);
        }
    }

    #[test]
    fn fields_keep_their_raw_bytes() {
        let mut message = Vec::new();
        put_uint(&mut message, 1, 300);
        put_bytes(&mut message, 2, b"ab");
        put_fixed64(&mut message, 16, 7);
        message.extend_from_slice(&[0x2b, 0x08, 0x01, 0x2c, 0x3d, 1, 0, 0, 0]);
        let fields: Vec<_> = Fields::new(&message).collect();
        let values: Vec<_> = fields.iter().map(|field| (field.number, field.value)).collect();
        let expected = [
            (1, Value::Varint(300)),
            (2, Value::Bytes(b"ab")),
            (16, Value::Fixed64(7)),
            (5, Value::Group),
            (7, Value::Fixed32(1)),
        ];
        assert_eq!(values, expected);
        assert_eq!(fields.iter().flat_map(|field| field.raw).copied().collect::<Vec<_>>(), message);
    }

    #[test]
    fn a_group_must_end_with_its_own_number_and_not_nest_without_end() {
        assert_eq!(skip_group(5, &[0x2c, 9], MAX_GROUPS), Some(&[9][..]));
        assert_eq!(skip_group(5, &[0x34], MAX_GROUPS), None);
        let deep = |n: usize| [vec![0x2b; n], vec![0x2c; n + 1]].concat();
        assert!(skip_group(5, &deep(63), MAX_GROUPS).is_some());
        assert_eq!(skip_group(5, &deep(64), MAX_GROUPS), None);
    }
}
