//! JSON text to wire bytes.
//!
//! Rules where the specifications leave a choice: unknown fields are stepped over; `null` is the field's default; a
//! field given twice, or two members of a oneof, is an error (protobuf's own readers refuse it, and readers that
//! do not disagree on which one counts); a value named by a string must be a known name, by number any number.
//! Zeros of fields without presence are not written. The wire bytes are at most four times as long as the text
//! (a packed double takes two characters), which bounds what a request can cost.
//!
//! Strings are copied as they are, UTF-8 or not: what comes out has to pass [`Data::check`](crate::otlp::Data::check),
//! as every request has.

use super::error::{JsonError, JsonProblem, Trouble};
use super::number::{double, integer, quoted_double};
use super::reader::{Next, Quoted, Read, Reader};
use super::splice::Splice;
use crate::otlp::schema::{self, Field, Kind, Label, Message, WireType};
use crate::otlp::wire::put_varint;
use crate::otlp::{Limits, Signal};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Reads an export request in JSON into its wire bytes.
///
/// # Errors
/// If the text is no JSON, a field has a value it cannot hold, or `limits` are exceeded.
pub fn decode(signal: Signal, text: &[u8], limits: &Limits) -> Result<Vec<u8>, JsonError> {
    decode_message(schema::request(signal), text, limits)
}

/// Reads one message in JSON into its wire bytes.
pub(crate) fn decode_message(
    message: &'static Message,
    text: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, JsonError> {
    let mut decoder = Decoder {
        reader: Reader::new(text),
        wire: Splice::with_capacity(text.len() / 3),
        scratch: Vec::new(),
        limits,
        depth: 0,
        elements: 0,
    };
    match decoder.document(message) {
        Ok(()) => Ok(decoder.wire.finish()),
        Err(trouble) => Err(trouble.locate(text)),
    }
}

struct Decoder<'a> {
    reader: Reader<'a>,
    wire: Splice,
    /// For strings that are looked at rather than copied, when they have escapes.
    scratch: Vec<u8>,
    limits: &'a Limits,
    /// How many values are open.
    depth: u32,
    elements: u64,
}

impl<'a> Decoder<'a> {
    fn document(&mut self, message: &'static Message) -> Read<()> {
        match self.reader.next()? {
            Next::Object => self.object(message)?,
            other => return Err(self.reader.mismatch(other, "an object")),
        }
        self.reader.end()
    }

    /// The members of the object whose bracket comes next.
    fn object(&mut self, message: &'static Message) -> Read<()> {
        let nests = message.nests();
        if nests {
            self.descend()?;
        }
        self.reader.open();
        let mut seen = 0_u32;
        let mut first = true;
        while self.reader.more(b'}', first)? {
            first = false;
            self.member(message, &mut seen)?;
        }
        self.depth -= u32::from(nests);
        Ok(())
    }

    fn descend(&mut self) -> Read<()> {
        let limit = self.limits.depth.min(Limits::MAX_DEPTH);
        if self.depth >= limit {
            return Err(self.reader.trouble(JsonProblem::Depth(limit)));
        }
        self.depth += 1;
        Ok(())
    }

    fn member(&mut self, message: &'static Message, seen: &mut u32) -> Read<()> {
        let at = self.reader.offset();
        let name = self.reader.name()?;
        let position = message.position_named(plain(name, &mut self.scratch));
        let Some((position, field)) = position.and_then(|at| Some((at, message.fields.get(at)?))) else {
            return self.reader.skip();
        };
        let next = self.reader.next()?;
        if *seen & 1 << position != 0 {
            return Err(Trouble::new(JsonProblem::Twice, at).within(field.json, None));
        }
        *seen |= 1 << position;
        if next == Next::Null {
            return self.reader.null();
        }
        if field.label == Label::Oneof {
            if *seen & ONEOF_SEEN != 0 {
                return Err(Trouble::new(JsonProblem::Twice, at).within(field.json, None));
            }
            *seen |= ONEOF_SEEN;
        }
        if field.repeated() {
            self.list(field, next)
        } else {
            self.single(field, next).map_err(|trouble| trouble.within(field.json, None))
        }
    }

    fn list(&mut self, field: &'static Field, next: Next) -> Read<()> {
        if next != Next::List {
            return Err(self.reader.mismatch(next, "a list").within(field.json, None));
        }
        self.reader.open();
        if field.packed() { self.packed(field) } else { self.entries(field) }
    }

    fn entries(&mut self, field: &'static Field) -> Read<()> {
        let mut index = 0;
        while self.reader.more(b']', index == 0)? {
            self.entry(field).map_err(|trouble| trouble.within(field.json, Some(index)))?;
            index += 1;
        }
        Ok(())
    }

    fn entry(&mut self, field: &'static Field) -> Read<()> {
        let next = self.reader.next()?;
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(self.reader.trouble(JsonProblem::Elements(self.limits.elements)));
        }
        self.single(field, next)
    }

    fn packed(&mut self, field: &'static Field) -> Read<()> {
        let start = self.wire.out.len();
        self.tag(field);
        let open = self.wire.open();
        let mut index = 0;
        while self.reader.more(b']', index == 0)? {
            let bits = self.reader.next().and_then(|next| self.number(field, next));
            let bits = bits.map_err(|trouble| trouble.within(field.json, Some(index)))?;
            self.put(field, bits);
            index += 1;
        }
        if index == 0 {
            self.wire.out.truncate(start);
        } else {
            self.wire.close(open);
        }
        Ok(())
    }

    /// One value, with its tag.
    fn single(&mut self, field: &'static Field, next: Next) -> Read<()> {
        match field.kind {
            Kind::Message(message) if next == Next::Object => {
                self.tag(field);
                let open = self.wire.open();
                self.object(message)?;
                self.wire.close(open);
                Ok(())
            }
            Kind::Message(_) => Err(self.reader.mismatch(next, "an object")),
            Kind::String | Kind::Bytes | Kind::Id(_) if next == Next::String => self.quoted(field),
            Kind::String => Err(self.reader.mismatch(next, "a string")),
            Kind::Bytes => Err(self.reader.mismatch(next, "a string in base64")),
            Kind::Id(_) => Err(self.reader.mismatch(next, "a string of hex digits")),
            _ => {
                let bits = self.number(field, next)?;
                if bits != 0 || field.label != Label::Single {
                    self.tag(field);
                    self.put(field, bits);
                }
                Ok(())
            }
        }
    }

    fn quoted(&mut self, field: &'static Field) -> Read<()> {
        let at = self.reader.offset();
        let quoted = self.reader.string()?;
        if quoted.raw.is_empty() && field.label == Label::Single {
            return Ok(());
        }
        self.tag(field);
        let fits = match field.kind {
            Kind::Id(len) => self.id(quoted, len).ok_or(ID_WANTED[usize::from(len > schema::SPAN_ID_LEN)]),
            Kind::Bytes => self.base64(quoted).ok_or("base64"),
            _ => {
                self.text(quoted);
                Ok(())
            }
        };
        fits.map_err(|wanted| Trouble::new(JsonProblem::Value(wanted), at))
    }

    fn text(&mut self, quoted: Quoted<'a>) {
        if quoted.escaped {
            let open = self.wire.open();
            quoted.append_to(&mut self.wire.out);
            self.wire.close(open);
        } else {
            put_varint(&mut self.wire.out, quoted.raw.len() as u64);
            self.wire.out.extend_from_slice(quoted.raw);
        }
    }

    fn id(&mut self, quoted: Quoted<'a>, len: usize) -> Option<()> {
        let (pairs, []) = plain(quoted, &mut self.scratch).as_chunks::<2>() else { return None };
        if pairs.len() != len {
            return None;
        }
        put_varint(&mut self.wire.out, len as u64);
        for [high, low] in pairs {
            self.wire.out.push(hex(*high)? << 4 | hex(*low)?);
        }
        Some(())
    }

    fn base64(&mut self, quoted: Quoted<'a>) -> Option<()> {
        let text = plain(quoted, &mut self.scratch);
        let engine = if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { &BASE64_URL } else { &BASE64 };
        let open = self.wire.open();
        engine.decode_vec(text, &mut self.wire.out).ok()?;
        self.wire.close(open);
        Some(())
    }

    /// The number that comes next, as the bits its kind has on the wire.
    fn number(&mut self, field: &'static Field, next: Next) -> Read<u64> {
        let at = self.reader.offset();
        let bits = match (field.kind, next) {
            (Kind::Bool, Next::Bool) => return self.reader.bool().map(u64::from),
            (Kind::Double, Next::Number) => double(self.reader.number()?).map(f64::to_bits),
            (Kind::Double, Next::String) => {
                let quoted = self.reader.string()?;
                quoted_double(plain(quoted, &mut self.scratch)).map(f64::to_bits)
            }
            (Kind::Enum(names), Next::String) => {
                let quoted = self.reader.string()?;
                names.number(plain(quoted, &mut self.scratch)).map(signed_bits)
            }
            (Kind::Bool, _) => return Err(self.reader.mismatch(next, "true or false")),
            (_, Next::Number) => integer(self.reader.number()?).and_then(|value| fit(field.kind, value)),
            (_, Next::String) => {
                let quoted = self.reader.string()?;
                integer(plain(quoted, &mut self.scratch)).and_then(|value| fit(field.kind, value))
            }
            _ => return Err(self.reader.mismatch(next, wanted(field.kind))),
        };
        bits.ok_or_else(|| Trouble::new(JsonProblem::Value(wanted(field.kind)), at))
    }

    #[inline]
    fn tag(&mut self, field: &Field) {
        put_varint(&mut self.wire.out, u64::from(field.number << 3 | field.wire_type() as u32));
    }

    #[inline]
    fn put(&mut self, field: &Field, bits: u64) {
        let out = &mut self.wire.out;
        match field.kind.wire_type() {
            WireType::Fixed64 => out.extend_from_slice(&bits.to_le_bytes()),
            WireType::Fixed32 => out.extend(bits.to_le_bytes().first_chunk::<4>().into_iter().flatten()),
            WireType::Varint | WireType::Len => put_varint(out, bits),
        }
    }
}

/// In the set of fields seen: a member of the oneof was there. Fields are at most 16.
const ONEOF_SEEN: u32 = 1 << 31;

const ID_WANTED: [&str; 2] = ["16 hex digits", "32 hex digits"];

const BASE64_CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, BASE64_CONFIG);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, BASE64_CONFIG);

/// The string that is meant, copied only if it has escapes.
#[inline]
fn plain<'b>(quoted: Quoted<'b>, scratch: &'b mut Vec<u8>) -> &'b [u8] {
    if !quoted.escaped {
        return quoted.raw;
    }
    scratch.clear();
    quoted.append_to(scratch);
    scratch
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// An integer's bits on the wire, if the kind can hold it.
fn fit(kind: Kind, value: i128) -> Option<u64> {
    match kind {
        Kind::Int32 | Kind::Enum(_) => i32::try_from(value).ok().map(signed_bits),
        Kind::Sint32 => i32::try_from(value).ok().map(zigzag),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(value).ok().map(u64::from),
        Kind::Int64 | Kind::Sfixed64 => i64::try_from(value).ok().map(i64::cast_unsigned),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(value).ok(),
        Kind::Bool | Kind::Double | Kind::String | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => None,
    }
}

fn signed_bits(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

fn zigzag(value: i32) -> u64 {
    u64::from((value << 1 ^ value >> 31).cast_unsigned())
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int32 | Kind::Sint32 => "an integer from -2147483648 to 2147483647",
        Kind::Uint32 | Kind::Fixed32 => "an integer from 0 to 4294967295",
        Kind::Int64 | Kind::Sfixed64 => "an integer from -9223372036854775808 to 9223372036854775807",
        Kind::Uint64 | Kind::Fixed64 => "an integer from 0 to 18446744073709551615",
        Kind::Enum(_) => "a number or a name of the enum",
        Kind::Double => "a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
        Kind::String | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => "another type",
    }
}
