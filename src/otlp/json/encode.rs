//! Wire bytes to JSON text, as the Collector writes it.
//!
//! Names in camel case, ids in lower-case hex, 64-bit integers in quotes, enums as numbers, fields in the order of the
//! tables. Zeros, empty strings and lists are left out, an id of zeros too; a singular message is always written, `{}`
//! if absent, as the Collector does; oneofs and optional fields whenever they are there.
//!
//! What stands twice on the wire means what protobuf says: of a singular number or string the last counts, singular
//! messages merge, of a oneof the last member counts. Unknown fields are left out. Strings that are not UTF-8 get
//! U+FFFD where they are not.

use super::walk::{Raw, Trouble, next, packed_number, trouble};
use super::write::{put_body, put_name, put_number};
use crate::otlp::schema::{self, Field, Kind, Label, Message, WireType};
use crate::otlp::{Limits, Problem, Signal, WireError};
use bytes::Bytes;

/// Appends the JSON of the request that `pieces` make when put one after the other.
///
/// # Errors
/// If the pieces are not what the door's check lets in; `out` then ends in an unfinished text.
pub fn encode(signal: Signal, pieces: &[Bytes], out: &mut Vec<u8>) -> Result<(), WireError> {
    let message = schema::request(signal);
    match pieces {
        [piece] => encode_message(message, piece, out)
            .map_err(|(problem, offset)| WireError::new(signal, piece, problem, offset)),
        _ => encode_pieces(signal, message, pieces, out),
    }
}

/// A request's one field is its list of resources, so the pieces' lists are put after each other in one.
fn encode_pieces(
    signal: Signal,
    message: &'static Message,
    pieces: &[Bytes],
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    out.push(b'{');
    if let Some(field) = message.fields.first() {
        let mut list = List::start(field, true);
        for piece in pieces {
            let mut encoder = Encoder::new(piece, out);
            let done = encoder.entries(field, piece, &mut list);
            done.map_err(|problem| encoder.locate(problem))
                .map_err(|(problem, offset)| WireError::new(signal, piece, problem, offset))?;
        }
        list.finish(out);
    }
    out.push(b'}');
    Ok(())
}

/// Appends the JSON of one message; the error has the place in `body`.
pub(crate) fn encode_message(
    message: &'static Message,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), (Problem, usize)> {
    let mut encoder = Encoder::new(body, out);
    let done = encoder.object(message, body);
    done.map_err(|trouble| encoder.locate(trouble))
}

/// What a field was found to hold when its message was walked.
#[derive(Clone, Copy)]
enum Slot<'a> {
    Absent,
    /// The number's bits.
    Bits(u64),
    /// A body, and the fields from its own key on.
    Body(&'a [u8], &'a [u8]),
    /// In the fields that begin here are several to be gathered: a list, or a message in parts.
    Several(&'a [u8]),
}

/// A JSON list being written; its name and bracket come with the first entry, and never if there is none.
struct List {
    field: &'static Field,
    first_member: bool,
    entries: usize,
}

struct Encoder<'a, 'o> {
    whole: &'a [u8],
    out: &'o mut Vec<u8>,
    /// The slots of all messages that are open, innermost last; one stack, so that the recursion's frames are small.
    slots: Vec<Slot<'a>>,
    depth: u32,
}

type Wrote = Result<(), Trouble>;

impl<'a, 'o> Encoder<'a, 'o> {
    fn new(whole: &'a [u8], out: &'o mut Vec<u8>) -> Self {
        Self { whole, out, slots: Vec::new(), depth: 0 }
    }

    /// Where in the whole a problem is; 0 if it is in a part that was merged.
    fn locate(&self, trouble: Trouble) -> (Problem, usize) {
        let offset = trouble.address.checked_sub(self.whole.as_ptr().addr());
        (trouble.problem, offset.filter(|offset| *offset <= self.whole.len()).unwrap_or_default())
    }

    fn object(&mut self, message: &'static Message, body: &'a [u8]) -> Wrote {
        let nests = u32::from(message.nests());
        if self.depth + nests > Limits::MAX_DEPTH {
            return Err(trouble(Problem::Depth(Limits::MAX_DEPTH), body));
        }
        self.depth += nests;
        let base = self.slots.len();
        self.slots.resize(base + message.fields.len(), Slot::Absent);
        self.gather(message, body, base)?;
        self.members(message, base)?;
        self.slots.truncate(base);
        self.depth -= nests;
        Ok(())
    }

    /// Notes for each field of the message what the wire holds.
    fn gather(&mut self, message: &'static Message, body: &'a [u8], base: usize) -> Wrote {
        let mut rest = body;
        while !rest.is_empty() {
            let at = rest;
            let found = next(at)?;
            rest = found.rest;
            let Some((position, field)) = known(message, found.number) else { continue };
            let slot = slot_of(field, &found.value, at)?;
            if field.label == Label::Oneof && at.len() < body.len() {
                self.clear_rivals(message, base, position);
            }
            let Some(old) = self.slots.get_mut(base + position) else { continue };
            *old = match (*old, field.kind) {
                (Slot::Several(from), _) | (Slot::Body(_, from), Kind::Message(_)) => Slot::Several(from),
                _ => slot,
            };
        }
        Ok(())
    }

    /// Forgets the members of the oneof other than the one at `position`.
    fn clear_rivals(&mut self, message: &'static Message, base: usize, position: usize) {
        let slots = self.slots.get_mut(base..).unwrap_or_default();
        for (at, (slot, field)) in slots.iter_mut().zip(message.fields).enumerate() {
            if at != position && field.label == Label::Oneof {
                *slot = Slot::Absent;
            }
        }
    }

    fn members(&mut self, message: &'static Message, base: usize) -> Wrote {
        self.out.push(b'{');
        let mut first = true;
        for (position, field) in message.fields.iter().enumerate() {
            let slot = self.slots.get(base + position).copied().unwrap_or(Slot::Absent);
            first &= !self.member(field, slot, first)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Writes a field unless it is to be left out; whether it did.
    fn member(&mut self, field: &'static Field, slot: Slot<'a>, first: bool) -> Result<bool, Trouble> {
        if field.repeated() {
            let mut list = List::start(field, first);
            if let Slot::Several(from) = slot {
                self.entries(field, from, &mut list)?;
            }
            return Ok(list.finish(self.out));
        }
        if left_out(field, slot) {
            return Ok(false);
        }
        put_name(self.out, field, first);
        match (field.kind, slot) {
            (_, Slot::Bits(bits)) => put_number(self.out, field.kind, bits),
            (Kind::Message(message), Slot::Body(body, _)) => self.object(message, body)?,
            (Kind::Message(message), Slot::Several(from)) => self.merged(message, field, from)?,
            (Kind::Message(message), Slot::Absent) => self.object(message, &[])?,
            (_, Slot::Body(body, _)) => put_body(self.out, field.kind, body),
            (_, Slot::Absent | Slot::Several(_)) => self.out.extend_from_slice(b"null"),
        }
        Ok(true)
    }

    /// A singular message in parts: their concatenation is the message.
    #[cold]
    fn merged(&mut self, message: &'static Message, field: &'static Field, from: &'a [u8]) -> Wrote {
        let mut body = Vec::new();
        let mut rest = from;
        while !rest.is_empty() {
            let found = next(rest)?;
            rest = found.rest;
            if let (true, Raw::Body(part)) = (found.number == field.number, found.value) {
                body.extend_from_slice(part);
            }
        }
        let mut inner = Encoder { whole: &body, out: self.out, slots: Vec::new(), depth: self.depth };
        inner.object(message, &body)
    }

    /// Writes the entries of a repeated field that stand in `from`.
    fn entries(&mut self, field: &'static Field, from: &'a [u8], list: &mut List) -> Wrote {
        let mut rest = from;
        while !rest.is_empty() {
            let at = rest;
            let found = next(at)?;
            rest = found.rest;
            if found.number == field.number {
                slot_of(field, &found.value, at)?;
                self.entry(field, &found.value, list)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, field: &'static Field, value: &Raw<'a>, list: &mut List) -> Wrote {
        match (field.kind, value) {
            (kind, Raw::Bits(_, bits)) => {
                list.next(self.out);
                put_number(self.out, kind, *bits);
            }
            (Kind::Message(message), Raw::Body(body)) => {
                list.next(self.out);
                self.object(message, body)?;
            }
            (kind, Raw::Body(body)) if field.packed() => {
                let mut rest = *body;
                while !rest.is_empty() {
                    let (bits, after) = packed_number(kind, rest)?;
                    list.next(self.out);
                    put_number(self.out, kind, bits);
                    rest = after;
                }
            }
            (kind, Raw::Body(body)) => {
                list.next(self.out);
                put_body(self.out, kind, body);
            }
            (_, Raw::Group) => {}
        }
        Ok(())
    }
}

impl List {
    fn start(field: &'static Field, first_member: bool) -> Self {
        Self { field, first_member, entries: 0 }
    }

    #[inline]
    fn next(&mut self, out: &mut Vec<u8>) {
        if self.entries == 0 {
            put_name(out, self.field, self.first_member);
            out.push(b'[');
        } else {
            out.push(b',');
        }
        self.entries += 1;
    }

    /// Whether there was an entry.
    fn finish(self, out: &mut Vec<u8>) -> bool {
        if self.entries > 0 {
            out.push(b']');
        }
        self.entries > 0
    }
}

fn known(message: &'static Message, number: u32) -> Option<(usize, &'static Field)> {
    let position = message.position(number)?;
    Some((position, message.fields.get(position)?))
}

/// Checks a value against its field's wire type and makes it a slot; `at` are the bytes from its key on.
fn slot_of<'a>(field: &Field, value: &Raw<'a>, at: &'a [u8]) -> Result<Slot<'a>, Trouble> {
    let (got, single) = match value {
        Raw::Bits(wire_type, bits) => (*wire_type as u8, Slot::Bits(*bits)),
        Raw::Body(body) => (WireType::Len as u8, Slot::Body(body, at)),
        Raw::Group => (3, Slot::Absent),
    };
    let want = field.wire_type() as u8;
    if got != want && !(field.packed() && got == field.kind.wire_type() as u8) {
        return Err(trouble(Problem::WireType { got, want }, at));
    }
    Ok(if field.repeated() { Slot::Several(at) } else { single })
}

fn left_out(field: &Field, slot: Slot<'_>) -> bool {
    match (field.label, slot) {
        (Label::Single, Slot::Absent) => !matches!(field.kind, Kind::Message(_)),
        (_, Slot::Absent) => true,
        (Label::Single, Slot::Bits(bits)) => is_zero(field.kind, bits),
        (Label::Single, Slot::Body(body, _)) => match field.kind {
            Kind::Message(_) => false,
            Kind::Id(_) => body.iter().all(|&byte| byte == 0),
            _ => body.is_empty(),
        },
        _ => false,
    }
}

/// Whether a number is its kind's zero; minus zero is the same to the Collector.
fn is_zero(kind: Kind, bits: u64) -> bool {
    match kind {
        Kind::Double => f64::from_bits(bits) == 0.0,
        Kind::Int64 | Kind::Uint64 | Kind::Fixed64 | Kind::Sfixed64 | Kind::Bool => bits == 0,
        _ => bits & u64::from(u32::MAX) == 0,
    }
}
