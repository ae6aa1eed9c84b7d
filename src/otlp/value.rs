//! Attributes and values, read where they stand.

use super::check::plain_pair;
use super::text::Text;
use super::wire::{
    Field, Fields, Value, delimited, framed_len, put_bytes, put_fixed64, put_header, put_uint, varint_len,
};

/// A value of any kind, as it stands on the wire or as it is to be put there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AnyValueView<'a> {
    /// No value.
    #[default]
    Empty,
    /// A string.
    Str(Text<'a>),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating point number.
    Double(f64),
    /// A list of values.
    Array(Array<'a>),
    /// A list of attributes.
    KvList(KvList<'a>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A reference into a table of strings, which only profiles have.
    StrIndex(i32),
}

impl<'a> AnyValueView<'a> {
    /// Reads an `AnyValue`. The check has seen to it that it is one value.
    #[inline(always)]
    pub(crate) fn read(body: &'a [u8]) -> Self {
        if let Some((&0x0a, after)) = body.split_first()
            && let Some((text, [])) = delimited(after)
        {
            return Self::Str(Text::new(text));
        }
        // The loop is there for unknown fields only.
        Fields::new(body).find_map(Self::of_field).unwrap_or_default()
    }

    #[inline]
    fn of_field(field: Field<'a>) -> Option<Self> {
        Some(match (field.number, field.value) {
            (1, Value::Bytes(text)) => Self::Str(Text::new(text)),
            (2, Value::Varint(bits)) => Self::Bool(bits != 0),
            (3, Value::Varint(bits)) => Self::Int(bits.cast_signed()),
            (4, Value::Fixed64(bits)) => Self::Double(f64::from_bits(bits)),
            (5, Value::Bytes(body)) => Self::Array(Array(body)),
            (6, Value::Bytes(body)) => Self::KvList(KvList(body)),
            (7, Value::Bytes(bytes)) => Self::Bytes(bytes),
            (8, Value::Varint(bits)) => Self::StrIndex(bits as i32),
            _ => return None,
        })
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        if let Self::Str(text) = self { Some(text.as_str()) } else { None }
    }

    /// How many bytes [`AnyValueView::put`] appends.
    fn encoded_len(&self) -> usize {
        match *self {
            Self::Empty => 0,
            Self::Str(text) => framed_len(text.as_bytes().len()),
            Self::Bool(_) => 2,
            Self::Int(value) => 1 + varint_len(value.cast_unsigned()),
            Self::Double(_) => 9,
            Self::Array(Array(body)) | Self::KvList(KvList(body)) | Self::Bytes(body) => {
                framed_len(body.len())
            }
            Self::StrIndex(index) => 1 + varint_len(i64::from(index).cast_unsigned()),
        }
    }

    /// Appends the body of an `AnyValue`.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Empty => {}
            Self::Str(text) => put_bytes(out, 1, text.as_bytes()),
            Self::Bool(value) => put_uint(out, 2, u64::from(value)),
            Self::Int(value) => put_uint(out, 3, value.cast_unsigned()),
            Self::Double(value) => put_fixed64(out, 4, value.to_bits()),
            Self::Array(array) => put_bytes(out, 5, array.0),
            Self::KvList(list) => put_bytes(out, 6, list.0),
            Self::Bytes(bytes) => put_bytes(out, 7, bytes),
            Self::StrIndex(index) => put_uint(out, 8, i64::from(index).cast_unsigned()),
        }
    }
}

impl<'a> From<&'a str> for AnyValueView<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text.into())
    }
}

/// A list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array<'a>(&'a [u8]);

impl<'a> Array<'a> {
    /// Its values.
    pub fn iter(self) -> impl Iterator<Item = AnyValueView<'a>> + Clone {
        repeated(Fields::new(self.0), 1).map(AnyValueView::read)
    }
}

/// A list of attributes as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvList<'a>(&'a [u8]);

impl<'a> KvList<'a> {
    /// Its entries.
    pub fn iter(self) -> impl Iterator<Item = Attribute<'a>> + Clone {
        repeated(Fields::new(self.0), 1).map(Attribute::read)
    }
}

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// The key.
    pub key: Text<'a>,
    value: &'a [u8],
    body: &'a [u8],
}

impl<'a> Attribute<'a> {
    #[inline(always)]
    pub(crate) fn read(body: &'a [u8]) -> Self {
        if let Some((key, value)) = plain_pair(body) {
            return Self { key: Text::new(key), value, body };
        }
        let last = |number| Fields::new(body).filter(|it| it.number == number).last().map(|it| it.bytes());
        Self { key: Text::new(last(1).unwrap_or_default()), value: last(2).unwrap_or_default(), body }
    }

    /// The value, read now.
    #[must_use]
    #[inline]
    pub fn value(&self) -> AnyValueView<'a> {
        AnyValueView::read(self.value)
    }

    /// The `KeyValue` message as it stands on the wire: for hashing, not for comparing.
    #[must_use]
    pub fn wire(&self) -> &'a [u8] {
        self.body
    }
}

/// Appends an attribute as a field of this number.
pub(crate) fn put_attribute(out: &mut Vec<u8>, number: u32, key: &[u8], value: &AnyValueView<'_>) {
    let inner = value.encoded_len();
    put_header(out, number, framed_len(key.len()) + framed_len(inner));
    put_bytes(out, 1, key);
    put_header(out, 2, inner);
    value.put(out);
}

/// The bodies of a repeated message.
#[inline]
pub(crate) fn repeated<'a>(
    fields: impl Iterator<Item = Field<'a>> + Clone,
    number: u32,
) -> impl Iterator<Item = &'a [u8]> + Clone {
    fields.filter(move |field| field.number == number).map(|field| field.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_put_and_read_back_in_the_length_foretold() {
        let list = [0x0a, 2, 0x18, 1];
        let values = [
            AnyValueView::Empty,
            "é".into(),
            AnyValueView::Bool(true),
            AnyValueView::Int(-1),
            AnyValueView::Double(1.5),
            AnyValueView::Array(Array(&list)),
            AnyValueView::KvList(KvList(&[])),
            AnyValueView::Bytes(&[0xff; 200]),
            AnyValueView::StrIndex(300),
        ];
        for value in values {
            let mut out = Vec::new();
            put_attribute(&mut out, 9, b"key", &value);
            let field = Fields::new(&out).next().unwrap();
            let attribute = Attribute::read(field.bytes());
            assert_eq!((field.number, field.raw), (9, out.as_slice()));
            assert_eq!((attribute.key, attribute.value()), (Text::from("key"), value));
        }
    }
}
