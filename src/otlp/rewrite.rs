//! The rare requests that are not taken as they are: strings that are not UTF-8, and singular messages given twice.
//!
//! Invalid UTF-8 spoils only its own string, which gets U+FFFD where it is broken. A message given twice is merged and
//! of alternatives the last one is kept, as every decoder would, so that a view shows exactly what the backend
//! will see (a redactor that looks at one of two bodies would let the other pass). Unknown fields survive.
//!
//! The output is written backwards, so that every length is known when it is due, whatever the depth.

use super::schema::{self, Kind, Label, Message};
use super::signal::Signal;
use super::wire::{Field, Fields, put_header};
use std::borrow::Cow;

pub(crate) fn rewrite(signal: Signal, request: &[u8]) -> Vec<u8> {
    let mut writer = Backwards { out: Vec::with_capacity(request.len() + 64) };
    writer.message(signal.request(), &[request]);
    writer.out.reverse();
    writer.out
}

struct Backwards {
    out: Vec<u8>,
}

impl Backwards {
    /// Writes the message that `parts` give when put after each other.
    fn message(&mut self, message: &Message, parts: &[&[u8]]) {
        let fields: Vec<Field<'_>> = parts.iter().flat_map(|part| Fields::new(part)).collect();
        // Bit 0 is for the `oneof` of the message, of which there is one at most.
        let mut written = 0_u32;
        for (index, field) in fields.iter().enumerate().rev() {
            let Some(spec) = message.field(field.number) else {
                self.put(field.raw);
                continue;
            };
            let bit = if spec.label == Label::Oneof { 1 } else { 1 << spec.number };
            match (spec.label, spec.kind) {
                (Label::Oneof, _) | (Label::Single | Label::Optional, Kind::Message(_)) => {
                    if written & bit == 0 {
                        let since = last_run(message, spec, fields.get(..=index).unwrap_or_default());
                        self.merged(spec, *field, since);
                    }
                    written |= bit;
                }
                _ => self.merged(spec, *field, &[*field]),
            }
        }
    }

    /// Writes a field, merging into it what `all` holds of the same number.
    fn merged(&mut self, spec: &schema::Field, field: Field<'_>, all: &[Field<'_>]) {
        match spec.kind {
            Kind::Message(inner) => {
                let same = all.iter().filter(|other| other.number == field.number);
                let parts: Vec<_> = same.map(Field::bytes).collect();
                self.framed(field.number, |writer| writer.message(inner, &parts));
            }
            Kind::String => match String::from_utf8_lossy(field.bytes()) {
                Cow::Borrowed(_) => self.put(field.raw),
                Cow::Owned(repaired) => self.framed(field.number, |writer| writer.put(repaired.as_bytes())),
            },
            _ => self.put(field.raw),
        }
    }

    fn framed(&mut self, number: u32, body: impl FnOnce(&mut Self)) {
        let before = self.out.len();
        body(self);
        let mut header = Vec::with_capacity(12);
        put_header(&mut header, number, self.out.len() - before);
        self.put(&header);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.extend(bytes.iter().rev());
    }
}

/// What of `fields` is merged into the last of them: all, or for a `oneof` those after its last change.
fn last_run<'f, 'a>(message: &Message, spec: &schema::Field, fields: &'f [Field<'a>]) -> &'f [Field<'a>] {
    if spec.label != Label::Oneof {
        return fields;
    }
    let other = |field: &Field<'_>| {
        field.number != spec.number && message.field(field.number).is_some_and(|it| it.label == Label::Oneof)
    };
    fields.iter().rposition(other).and_then(|at| fields.get(at + 1..)).unwrap_or(fields)
}
