//! The judgement at the door: is this a request, how many items has it, and does it keep to the limits.
//!
//! One pass, no allocation, and the same verdict as prost's decoder gives on wire types, lengths, varints, unknown
//! fields and groups; what is stricter are the [`Limits`], what is milder is UTF-8 (a bad string is counted here and
//! repaired by `rewrite`). It also notices requests that say a singular message twice, which every decoder
//! merges: `rewrite` merges them once, so that nothing after the door needs to know of it.

use super::error::{Problem, WireError};
use super::rewrite::rewrite;
use super::schema::Label;
use super::signal::Signal;
use super::table::{self, Action, Table};
use super::text::{is_ascii, is_utf8};
use super::wire::{Fields, MAX_GROUPS, delimited, key, put_bytes, skip_group, varint};

/// What one request may cost us, whatever its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many values may be nested in each other: a plain string is 1, a list of strings 2. At most
    /// [`Limits::MAX_DEPTH`] counts.
    pub depth: u32,
    /// How many entries all repeated messages may have in total: resources, scopes, records, attributes, events,
    /// points, list values and so on.
    pub elements: u64,
}

impl Limits {
    /// The check is recursive in nested values, so there is a bound that no configuration lifts.
    pub const MAX_DEPTH: u32 = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, elements: 1_000_000 }
    }
}

/// What the check found out about an acceptable request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) items: u64,
    /// Strings that are not UTF-8.
    pub(crate) spoiled: u64,
    /// Whether a singular message is there more than once.
    pub(crate) irregular: bool,
}

pub(crate) fn check(signal: Signal, request: &[u8], limits: &Limits) -> Result<Report, WireError> {
    if u32::try_from(request.len()).is_err() {
        return Err(WireError::new(signal, &[], Problem::Length, 0));
    }
    let mut checker = Checker { whole: request, limits, depth: 0, elements: 0, report: Report::default() };
    match checker.message(root(signal), request) {
        Ok(()) => Ok(checker.report),
        Err(Trouble { problem, offset }) => Err(WireError::new(signal, request, problem, offset)),
    }
}

fn root(signal: Signal) -> &'static Table {
    match signal {
        Signal::Traces => &table::TRACES,
        Signal::Metrics => &table::METRICS,
        Signal::Logs => &table::LOGS,
    }
}

/// The message of one record, as it may be put into a checked request: repaired and merged like a request.
pub(crate) fn check_record(signal: Signal, record: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut request = record.to_vec();
    for number in [2, 2, 1] {
        let mut framed = Vec::with_capacity(request.len() + 8);
        put_bytes(&mut framed, number, &request);
        request = framed;
    }
    check(signal, &request, &Limits::default())?;
    let request = rewrite(signal, &request);
    let inner = |body: &[u8]| Fields::new(body).next().map_or_else(Vec::new, |field| field.bytes().to_vec());
    Ok(inner(&inner(&inner(&request))))
}

/// An error before its path is known.
struct Trouble {
    problem: Problem,
    offset: usize,
}

struct Checker<'a> {
    whole: &'a [u8],
    limits: &'a Limits,
    depth: u32,
    elements: u64,
    report: Report,
}

impl<'a> Checker<'a> {
    fn message(&mut self, table: &'static Table, body: &'a [u8]) -> Result<(), Trouble> {
        self.report.items += table.items;
        let mut seen = 0;
        let mut rest = body;
        while let Some((&first, after)) = rest.split_first() {
            rest = match table.actions[usize::from(first)] {
                Action::Attribute => self.attribute(after)?,
                Action::Slow => self.slow(table, rest, &mut seen)?,
                action => self.field(action, after, &mut seen)?,
            };
        }
        Ok(())
    }

    #[inline(always)]
    fn attribute(&mut self, at: &'a [u8]) -> Result<&'a [u8], Trouble> {
        let (body, rest) = self.delimited(at)?;
        self.charge(at)?;
        self.key_value(body)?;
        Ok(rest)
    }

    /// Judges the field whose key was read before `at`; gives what follows it.
    #[inline(always)]
    fn field(&mut self, action: Action, at: &'a [u8], seen: &mut u32) -> Result<&'a [u8], Trouble> {
        match action {
            Action::Slow | Action::Varint => return self.varint(at),
            Action::Fixed64 => return self.fixed(at, 8),
            Action::Fixed32 => return self.fixed(at, 4),
            _ => {}
        }
        let (body, rest) = self.delimited(at)?;
        match action {
            Action::Text => self.text(body),
            Action::Attribute => return self.attribute(at),
            Action::Many(place) => {
                self.charge(at)?;
                self.message(Table::of(place), body)?;
            }
            Action::One(place, bit) => {
                self.once(bit, seen);
                self.message(Table::of(place), body)?;
            }
            Action::Value(bit) => {
                self.once(bit, seen);
                self.any_value(body)?;
            }
            Action::Values => {
                self.charge(at)?;
                self.any_value(body)?;
            }
            Action::Texts => {
                self.charge(at)?;
                self.text(body);
            }
            Action::Varints => self.packed_varints(body)?,
            Action::Fixed64s => self.packed_fixed64s(body)?,
            _ => {}
        }
        Ok(rest)
    }

    #[inline(always)]
    fn key_value(&mut self, body: &'a [u8]) -> Result<(), Trouble> {
        if is_plain(body) && self.depth < self.limits.depth.min(Limits::MAX_DEPTH) {
            return Ok(());
        }
        if let Some((key, value)) = plain_pair(body) {
            self.text(key);
            self.any_value(value)
        } else {
            self.message(&table::KEY_VALUE, body)
        }
    }

    #[inline(always)]
    fn any_value(&mut self, body: &'a [u8]) -> Result<(), Trouble> {
        if self.depth >= self.limits.depth.min(Limits::MAX_DEPTH) {
            return Err(self.trouble(Problem::Depth(self.depth), body));
        }
        self.other_value(body)
    }

    fn other_value(&mut self, body: &'a [u8]) -> Result<(), Trouble> {
        self.depth += 1;
        let mut fields = 0;
        let mut rest = body;
        while let Some((&first, after)) = rest.split_first() {
            fields += 1;
            rest = match table::ANY_VALUE.actions[usize::from(first)] {
                Action::Slow => self.slow(&table::ANY_VALUE, rest, &mut 0)?,
                action => self.field(action, after, &mut 0)?,
            };
        }
        self.report.irregular |= fields > 1;
        self.depth -= 1;
        Ok(())
    }

    /// Fields that the table does not answer from one byte.
    #[inline(never)]
    fn slow(&mut self, table: &Table, at: &'a [u8], seen: &mut u32) -> Result<&'a [u8], Trouble> {
        let Some((number, got, rest)) = key(at) else { return Err(self.trouble(Problem::Key, at)) };
        let Some(field) = table.message.field(number) else { return self.unknown(number, got, rest) };
        if got == field.wire_type() as u8 {
            self.field(table::action(field), rest, seen)
        } else if field.label == Label::Repeated && got == field.kind.wire_type() as u8 {
            self.field(table::scalar(&field.kind), rest, seen)
        } else {
            Err(self.trouble(Problem::WireType { got, want: field.wire_type() as u8 }, at))
        }
    }

    fn unknown(&self, number: u32, wire_type: u8, at: &'a [u8]) -> Result<&'a [u8], Trouble> {
        match wire_type {
            0 => self.varint(at),
            1 => self.fixed(at, 8),
            2 => self.delimited(at).map(|found| found.1),
            3 => skip_group(number, at, MAX_GROUPS).ok_or_else(|| self.trouble(Problem::Group, at)),
            5 => self.fixed(at, 4),
            other => Err(self.trouble(Problem::NoWireType(other), at)),
        }
    }

    fn packed_varints(&self, mut body: &'a [u8]) -> Result<(), Trouble> {
        while !body.is_empty() {
            body = self.varint(body)?;
        }
        Ok(())
    }

    fn packed_fixed64s(&self, body: &'a [u8]) -> Result<(), Trouble> {
        if body.len().is_multiple_of(8) { Ok(()) } else { Err(self.trouble(Problem::Truncated, body)) }
    }

    #[inline(always)]
    fn text(&mut self, body: &[u8]) {
        self.report.spoiled += u64::from(!is_utf8(body));
    }

    #[inline(always)]
    fn charge(&mut self, at: &'a [u8]) -> Result<(), Trouble> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(self.trouble(Problem::Elements(self.limits.elements), at));
        }
        Ok(())
    }

    #[inline(always)]
    fn once(&mut self, bit: u8, seen: &mut u32) {
        let mask = 1 << bit;
        self.report.irregular |= *seen & mask != 0;
        *seen |= mask;
    }

    #[inline(always)]
    fn varint(&self, at: &'a [u8]) -> Result<&'a [u8], Trouble> {
        varint(at).map(|found| found.1).ok_or_else(|| self.trouble(Problem::Varint, at))
    }

    #[inline(always)]
    fn fixed(&self, at: &'a [u8], len: usize) -> Result<&'a [u8], Trouble> {
        at.get(len..).ok_or_else(|| self.trouble(Problem::Truncated, at))
    }

    #[inline(always)]
    fn delimited(&self, at: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Trouble> {
        delimited(at).ok_or_else(|| self.undelimited(at))
    }

    #[cold]
    fn undelimited(&self, at: &[u8]) -> Trouble {
        let problem = if varint(at).is_some() { Problem::Truncated } else { Problem::Varint };
        self.trouble(problem, at)
    }

    #[cold]
    fn trouble(&self, problem: Problem, at: &[u8]) -> Trouble {
        Trouble { problem, offset: at.as_ptr().addr() - self.whole.as_ptr().addr() }
    }
}

/// Whether this is what most attributes are: a short key, then a short string, all of it ASCII, and nothing else.
/// Keys and lengths of the format are below 128 then too, so one look at every byte tells it for all of them.
#[inline(always)]
fn is_plain(body: &[u8]) -> bool {
    let [0x0a, key_len, rest @ ..] = body else { return false };
    let Some((_, [0x12, value_len, value @ ..])) = rest.split_at_checked(usize::from(*key_len)) else {
        return false;
    };
    let [0x0a, text_len, text @ ..] = value else { return false };
    usize::from(*value_len) == value.len() && usize::from(*text_len) == text.len() && is_ascii(body)
}

/// The bodies of key and value, if that is all there is, in this order.
#[inline]
pub(crate) fn plain_pair(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, rest) = delimited(body.strip_prefix(&[0x0a])?)?;
    let (value, rest) = delimited(rest.strip_prefix(&[0x12])?)?;
    rest.is_empty().then_some((key, value))
}
