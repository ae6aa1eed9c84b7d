//! The shape of every OTLP message as tables: field numbers, names, kinds.
//!
//! What would otherwise be one hand-written reader and writer per message (thirty of them, times wire and JSON) is one
//! loop over these tables. They are transcribed from the `.proto` files and a test compares them, field by
//! field, with the messages that `prost` generates, so a missing or misnumbered field cannot stay.
//!
//! Order matters: fields stand in the order in which the Collector writes them as JSON (that of the `.proto` files,
//! `Exemplar` excepted). Profiles are not here.

mod common;
mod metrics;
mod records;
#[cfg(test)]
mod tests;

pub use common::*;
pub use metrics::*;
pub use records::*;

use super::Signal;

/// The export request of a signal.
#[must_use]
pub fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &TRACES_REQUEST,
        Signal::Metrics => &METRICS_REQUEST,
        Signal::Logs => &LOGS_REQUEST,
    }
}

/// The answer to an export request of a signal.
#[must_use]
pub fn response(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &TRACES_RESPONSE,
        Signal::Metrics => &METRICS_RESPONSE,
        Signal::Logs => &LOGS_RESPONSE,
    }
}

/// What a field holds, and thereby how it lies on the wire and how it is written as JSON.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Varint 0 or 1; JSON `true`, `false`.
    Bool,
    /// Varint, sign-extended to 64 bits; JSON number.
    Int32,
    /// Varint; JSON string of decimal digits.
    Int64,
    /// Varint; JSON number.
    Uint32,
    /// Varint; JSON string of decimal digits.
    Uint64,
    /// Zigzag varint; JSON number.
    Sint32,
    /// Varint; JSON number when written, number or name when read.
    Enum(&'static Enum),
    /// Four bytes; JSON number.
    Fixed32,
    /// Eight bytes; JSON string of decimal digits.
    Fixed64,
    /// Eight bytes, two's complement; JSON string of decimal digits.
    Sfixed64,
    /// Eight bytes; JSON number, or `"NaN"`, `"Infinity"`, `"-Infinity"`.
    Double,
    /// Length-delimited UTF-8; JSON string.
    String,
    /// Length-delimited; JSON string in base64.
    Bytes,
    /// Length-delimited, a trace or span id; JSON string in hex (the OTLP departure from proto3 JSON). Holds the
    /// number of bytes a valid id has; an empty one is valid too and means "none".
    Id(usize),
    /// Length-delimited message; JSON object.
    Message(&'static Message),
}

/// How the three low bits of a tag say how long a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WireType {
    /// One to ten bytes, seven bits each.
    Varint = 0,
    /// Eight bytes, little endian.
    Fixed64 = 1,
    /// A varint of the length, then so many bytes.
    Len = 2,
    /// Four bytes, little endian.
    Fixed32 = 5,
}

impl Kind {
    /// The wire type of one value of this kind (a packed field is [`WireType::Len`] instead).
    #[must_use]
    pub const fn wire_type(&self) -> WireType {
        match self {
            Self::Fixed32 => WireType::Fixed32,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Fixed64,
            Self::String | Self::Bytes | Self::Id(_) | Self::Message(_) => WireType::Len,
            Self::Bool
            | Self::Int32
            | Self::Int64
            | Self::Uint32
            | Self::Uint64
            | Self::Sint32
            | Self::Enum(_) => WireType::Varint,
        }
    }
}

/// How often a field may stand, and whether its absence differs from its zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Once; absent and zero are the same, and zero is not written.
    Single,
    /// Once, with presence (`optional`): a zero that is there is written.
    Optional,
    /// Once, with presence, and the message holds one of its `Oneof` fields at most (no OTLP message has two oneofs).
    Oneof,
    /// Any number of times; numbers are packed, readers take both forms.
    Repeated,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The number in its tag.
    pub number: u32,
    /// The name in the `.proto` file, `trace_id`.
    pub name: &'static str,
    /// The name in JSON, `traceId`.
    pub json: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// How often it may stand.
    pub label: Label,
}

impl Field {
    /// Whether it may stand any number of times.
    #[must_use]
    pub fn repeated(&self) -> bool {
        self.label == Label::Repeated
    }

    /// Whether its values are written packed: repeated numbers are.
    #[must_use]
    pub fn packed(&self) -> bool {
        self.repeated() && self.kind.wire_type() != WireType::Len
    }

    /// The wire type this field is written with.
    #[must_use]
    pub fn wire_type(&self) -> WireType {
        if self.packed() { WireType::Len } else { self.kind.wire_type() }
    }
}

/// The values of an enum; OTLP's count from 0 without a gap, so a value is an index.
#[derive(Debug)]
pub struct Enum {
    /// Its name, `SpanKind`.
    pub name: &'static str,
    /// The name of each value, by number.
    pub values: &'static [&'static str],
}

impl Enum {
    /// The number of the value called `name`.
    #[must_use]
    pub fn number(&self, name: &[u8]) -> Option<i32> {
        self.values.iter().position(|value| value.as_bytes() == name).and_then(|at| i32::try_from(at).ok())
    }
}

/// Field numbers above this are nowhere in OTLP (the highest is `Span.flags`).
const MAX_NUMBER: usize = 16;
/// Slots of the name table: at least double the names of the largest message (16 fields, most with two names).
const SLOTS: usize = 64;
/// Marks an empty slot.
const NONE: u8 = u8::MAX;

/// One message: its fields, and the two tables that find one by number and by name.
#[derive(Debug)]
pub struct Message {
    /// Its name without the package, `Span`.
    pub name: &'static str,
    /// Its fields in the order in which they are written as JSON.
    pub fields: &'static [Field],
    numbers: [u8; MAX_NUMBER + 1],
    names: [u8; SLOTS],
}

impl Message {
    /// The place in `fields` of the field with this number.
    #[must_use]
    pub fn position(&self, number: u32) -> Option<usize> {
        let at = *self.numbers.get(usize::try_from(number).ok()?)?;
        (at != NONE).then_some(usize::from(at))
    }

    /// The field with this number.
    #[must_use]
    pub fn field(&self, number: u32) -> Option<&'static Field> {
        self.fields.get(self.position(number)?)
    }

    /// The place in `fields` of the field called so in JSON; the `.proto` name counts as well, as proto3 JSON demands.
    #[must_use]
    pub fn position_named(&self, name: &[u8]) -> Option<usize> {
        let mut slot = slot_of(name);
        for _ in 0..SLOTS {
            let at = usize::from(*self.names.get(slot)?);
            let field = self.fields.get(at)?;
            if field.json.as_bytes() == name || field.name.as_bytes() == name {
                return Some(at);
            }
            slot = (slot + 1) % SLOTS;
        }
        None
    }

    /// Whether it is the message that counts as one level of `Limits::depth`: `AnyValue`, the only one through which
    /// OTLP nests without end.
    #[must_use]
    pub fn nests(&self) -> bool {
        std::ptr::eq(self, &ANY_VALUE)
    }
}

/// The first slot to look into for a name.
const fn slot_of(name: &[u8]) -> usize {
    match name {
        [] => 0,
        [first, .., last] => (name.len() * 7 + *first as usize * 3 + *last as usize * 5) % SLOTS,
        [only] => *only as usize % SLOTS,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "runs at compile time only")]
const fn message(name: &'static str, fields: &'static [Field]) -> Message {
    let (mut numbers, mut names, mut at) = ([NONE; MAX_NUMBER + 1], [NONE; SLOTS], 0);
    while at < fields.len() {
        numbers[fields[at].number as usize] = at as u8;
        names[free_slot(&names, fields[at].json)] = at as u8;
        // Harmless where both names are one: the second entry is never reached.
        names[free_slot(&names, fields[at].name)] = at as u8;
        at += 1;
    }
    Message { name, fields, numbers, names }
}

#[expect(clippy::indexing_slicing, reason = "runs at compile time only")]
const fn free_slot(names: &[u8; SLOTS], name: &str) -> usize {
    let mut slot = slot_of(name.as_bytes());
    while names[slot] != NONE {
        slot = (slot + 1) % SLOTS;
    }
    slot
}

const fn one(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field { number, name, json, kind, label: Label::Single }
}

const fn optional(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field { number, name, json, kind, label: Label::Optional }
}

const fn oneof(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field { number, name, json, kind, label: Label::Oneof }
}

const fn many(number: u32, name: &'static str, json: &'static str, kind: Kind) -> Field {
    Field { number, name, json, kind, label: Label::Repeated }
}
