//! Requests made from the tables, so that every field of every message takes part.

use super::*;
use crate::otlp::schema::{Field, Kind, Label, Message};
use proptest::prelude::*;

/// Bytes that decide what is made; when they are used up, nothing more is.
pub(super) struct Choices<'a> {
    pub(super) bytes: std::slice::Iter<'a, u8>,
    /// Whether doubles may be what JSON has no number for.
    pub(super) special: bool,
    /// Whether every field is there that has no presence, which opentelemetry-proto's reader of JSON insists on.
    pub(super) full: bool,
}

impl Choices<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or_default()) % bound
    }

    fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | self.below(256) as u64) >> (self.below(8) * 8)
    }
}

const TEXTS: [&str; 6] =
    ["a", "http.request.method", "é😀", "\"\\/\n\t\u{1}\u{7f}", "{\"a\":[1]}", "\u{fffd}\u{2028}"];

/// A message whose bytes are as the reader of JSON writes them: in the order of the table, no zeros, packed.
pub(super) fn message(message: &Message, choices: &mut Choices<'_>) -> Vec<u8> {
    // opentelemetry-proto writes `stringValueStrindex` but does not read it.
    let known = |field: &&Field| !(choices.full && field.name == "string_value_strindex");
    let members: Vec<_> =
        message.fields.iter().filter(|field| field.label == Label::Oneof).filter(known).collect();
    let chosen = choices.below(members.len() + 1).checked_sub(1).map(|at| members[at].number);
    let mut out = Vec::new();
    for field in message.fields {
        let times = match field.label {
            Label::Repeated if choices.full => 1 + choices.below(2),
            Label::Repeated => choices.below(4),
            Label::Oneof => usize::from(chosen == Some(field.number)),
            Label::Single if choices.full || matches!(field.kind, Kind::Message(_)) => 1,
            Label::Single | Label::Optional => choices.below(2),
        };
        if field.packed() && times > 0 {
            let body: Vec<_> = (0..times).flat_map(|_| value(field, choices)).collect();
            crate::otlp::wire::put_bytes(&mut out, field.number, &body);
        } else {
            for _ in 0..times {
                put_varint(&mut out, u64::from(field.number << 3 | field.wire_type() as u32));
                out.extend(value(field, choices));
            }
        }
    }
    out
}

fn value(field: &Field, choices: &mut Choices<'_>) -> Vec<u8> {
    let text = |choices: &mut Choices<'_>| TEXTS[choices.below(6)].repeat([1, 1, 1, 40][choices.below(4)]);
    let body = match field.kind {
        Kind::String => text(choices).into_bytes(),
        Kind::Bytes => choices.word().to_le_bytes()[..choices.below(8) + 1].to_vec(),
        Kind::Id(len) => [vec![1], vec![choices.below(256) as u8; len - 1]].concat(),
        Kind::Message(inner) => message(inner, choices),
        _ => return number(field.kind, choices),
    };
    let mut out = Vec::new();
    put_varint(&mut out, body.len() as u64);
    out.extend(body);
    out
}

fn number(kind: Kind, choices: &mut Choices<'_>) -> Vec<u8> {
    let word = choices.word().max(1);
    let low = (word as u32).max(1);
    let mut out = Vec::new();
    match kind {
        Kind::Fixed32 => return low.to_le_bytes().to_vec(),
        Kind::Fixed64 | Kind::Sfixed64 => return word.to_le_bytes().to_vec(),
        Kind::Double => return double(word, choices).to_le_bytes().to_vec(),
        Kind::Bool => out.push(1),
        Kind::Enum(names) => put_varint(&mut out, (word % names.values.len() as u64).max(1)),
        Kind::Int32 => put_varint(&mut out, i64::from(low.cast_signed()).cast_unsigned()),
        Kind::Uint32 | Kind::Sint32 => put_varint(&mut out, u64::from(low)),
        _ => put_varint(&mut out, word),
    }
    out
}

fn double(word: u64, choices: &mut Choices<'_>) -> f64 {
    let special =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, f64::MAX, 5e-324, 1e21, 1e-7];
    let any = f64::from_bits(word);
    if !choices.special {
        // serde_json, without its feature `float_roundtrip`, is off by one unit in the last place for longer ones.
        return (word % 1_000_000 + 1) as f64 / 8.0;
    }
    match choices.below(4) {
        0 => special[choices.below(8)],
        1 if any.is_finite() && any != 0.0 => any,
        2 => word as f64,
        _ => word as f64 / 1000.0,
    }
}

fn signals() -> impl Strategy<Value = Signal> {
    prop::sample::select(Signal::ALL.as_slice())
}

fn made(special: bool, full: bool) -> impl Strategy<Value = (Signal, Vec<u8>)> {
    (signals(), prop::collection::vec(any::<u8>(), 0..1500)).prop_map(move |(signal, bytes)| {
        let wire = message(schema::request(signal), &mut Choices { bytes: bytes.iter(), special, full });
        (signal, wire)
    })
}

pub(super) fn requests() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    made(true, false)
}

/// What opentelemetry-proto can read and write: it needs every field, and has no JSON for special doubles.
fn plain_requests() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    made(false, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn wire_to_json_to_wire_is_the_same_bytes((signal, wire) in requests()) {
        prop_assert_eq!(to_wire(signal, &to_json(signal, &wire)), wire);
    }

    /// Spelt out with white space and snake case, a request is still the same.
    #[test]
    fn spelling_does_not_matter((signal, wire) in requests()) {
        let text = respelt(&to_json(signal, &wire));
        prop_assert_eq!(prost_normal(signal, &to_wire(signal, &text)), prost_normal(signal, &wire));
    }

    #[test]
    fn opentelemetry_proto_reads_what_we_write((signal, wire) in plain_requests()) {
        let text = to_json(signal, &wire);
        let read = their_wire(signal, &text);
        prop_assert_eq!(theirs(signal, &read), theirs(signal, &wire));
        prop_assert_eq!(read, prost_normal(signal, &wire));
    }

    #[test]
    fn we_read_what_opentelemetry_proto_writes((signal, wire) in plain_requests()) {
        let text = theirs(signal, &wire).to_string();
        prop_assert_eq!(prost_normal(signal, &to_wire(signal, &text)), prost_normal(signal, &wire));
    }

    /// In any order of the fields, and cut into any pieces, a request has the same JSON.
    #[test]
    fn the_order_on_the_wire_does_not_matter((signal, wire) in requests(), turn: usize) {
        let fields: Vec<_> = crate::otlp::wire::Fields::new(&wire).map(|field| field.raw).collect();
        let pieces: Vec<_> = fields.iter().map(|raw| Bytes::copy_from_slice(raw)).collect();
        let mut out = Vec::new();
        encode(signal, &pieces, &mut out).unwrap();
        prop_assert_eq!(String::from_utf8(out).unwrap(), to_json(signal, &wire));
        for inner in fields.iter().map(|raw| crate::otlp::wire::Fields::new(raw).next().unwrap().bytes()) {
            let mut parts: Vec<_> = crate::otlp::wire::Fields::new(inner).map(|field| (field.number, field.raw)).collect();
            parts.sort_by_key(|(number, _)| (*number as usize).wrapping_mul(turn | 1) % 17);
            let turned: Vec<u8> = parts.iter().flat_map(|(_, raw)| raw.iter().copied()).collect();
            prop_assert_eq!(to_json(signal, &field(1, &turned)), to_json(signal, &field(1, inner)));
        }
    }
}

/// With white space wherever it may be, and names in snake case.
fn respelt(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let mut escaped = false;
        let is_end = |letter: char| {
            let end = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            end
        };
        let len = if first == '"' { rest[1..].find(is_end).unwrap() + 2 } else { 1 };
        let (token, after) = rest.split_at(len);
        let name = after.starts_with(':') && first == '"';
        out.push_str(if "{}[],:".contains(first) { "\n\t " } else { "" });
        out.push_str(&if name { snake_name(token) } else { token.to_owned() });
        out.push_str(if "{}[],:".contains(first) { " \r" } else { "" });
        rest = after;
    }
    out
}

fn snake_name(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, letter| {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        out
    })
}
