//! A record as telemetry: which signal it is, and its checked data. Pure.
//!
//! JSON names its signal. Protobuf does not, and requests of the three signals nest alike, so the first record inside
//! is looked at: a log record begins with a fixed number or has no field 1, a span has times where a metric has a
//! message. With the key `signal` nothing has to be guessed.

use super::config::{Format, Settings};
use super::input::MAGIC;
use super::records::Stuck;
use crate::batch::Permit;
use crate::otlp::{Data, Limits, Signal, json};
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use std::io::Read;

/// Why a record gives no data.
#[derive(Debug)]
pub(super) enum Bad {
    /// It is no telemetry: why.
    Malformed(String),
    /// It cannot be read now.
    Stuck(Stuck),
}

/// Reads a record. A record without items gives none.
pub(super) fn read(
    record: Vec<u8>,
    format: Format,
    settings: &Settings,
    permit: &mut Permit,
) -> Result<Option<Data>, Bad> {
    let data = match format {
        Format::Json => from_json(&record, permit)?,
        Format::Proto => {
            // The Collector puts a length before whatever it has compressed, JSON too.
            let packed = record.starts_with(&MAGIC);
            let record = if packed { inflate(&record, settings.most, permit)? } else { record };
            if record.starts_with(b"{") {
                from_json(&record, permit)?
            } else {
                from_proto(record, settings.signal)?
            }
        }
    };
    permit.charge(data.wire_len());
    permit.shrink_to(data.wire_len());
    Ok(Some(data).filter(|data| !data.is_empty()))
}

fn malformed(problem: impl ToString) -> Bad {
    Bad::Malformed(problem.to_string())
}

/// The Collector compresses each record on its own.
fn inflate(record: &[u8], most: usize, permit: &mut Permit) -> Result<Vec<u8>, Bad> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(record).map_err(malformed)?;
    let (mut text, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let came = decoder.read(&mut chunk).map_err(malformed)?;
        let part = chunk.get(..came).unwrap_or_default();
        if part.is_empty() {
            return Ok(text);
        }
        if text.len() + part.len() > most {
            return Err(malformed(format!("longer than {most} bytes when decompressed")));
        }
        permit.grow(part.len()).map_err(|busy| Bad::Stuck(busy.into()))?;
        text.extend_from_slice(part);
    }
}

fn from_json(text: &[u8], permit: &mut Permit) -> Result<Data, Bad> {
    let limits = Limits::default();
    let mut last = Data::empty(Signal::Logs);
    // What is no field of a signal's request is stepped over, so the wrong signal gives nothing.
    for signal in named(text).map_or(Signal::ALL.to_vec(), |signal| vec![signal]) {
        let wire = json::decode(signal, text, &limits).map_err(malformed)?;
        permit.charge(wire.len());
        last = Data::check(signal, wire.into(), &limits).map_err(malformed)?.data;
        if !last.is_empty() {
            break;
        }
    }
    Ok(last)
}

/// The signal that the first key of an object names.
fn named(text: &[u8]) -> Option<Signal> {
    let rest = text.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    let key = rest.get(..memchr::memchr(b'"', rest)?)?;
    match key {
        b"resourceSpans" | b"resource_spans" => Some(Signal::Traces),
        b"resourceMetrics" | b"resource_metrics" => Some(Signal::Metrics),
        b"resourceLogs" | b"resource_logs" => Some(Signal::Logs),
        _ => None,
    }
}

fn from_proto(request: Vec<u8>, signal: Option<Signal>) -> Result<Data, Bad> {
    let signal = signal.or_else(|| guessed(&request)).unwrap_or(Signal::Logs);
    Data::check(signal, request.into(), &Limits::default()).map(|checked| checked.data).map_err(malformed)
}

/// The signal of the first span, metric or log record in a request; none if there is none.
fn guessed(request: &[u8]) -> Option<Signal> {
    let record = first(request, 1).find_map(|resource| {
        let scope = first(resource, 2);
        scope.into_iter().find_map(|scope| first(scope, 2).next())
    })?;
    let has = |number, wire_type| fields(record).any(|field| field.0 == number && field.1 == wire_type);
    Some(match () {
        () if !has(1, WireType::LengthDelimited) => Signal::Logs,
        // A span's kind, start and end.
        () if has(6, WireType::Varint)
            || has(7, WireType::SixtyFourBit)
            || has(8, WireType::SixtyFourBit) =>
        {
            Signal::Traces
        }
        // A metric's five kinds; a span's name, attributes and events stand at three of these numbers.
        () if is_metric(request) => Signal::Metrics,
        () => Signal::Traces,
    })
}

fn is_metric(request: &[u8]) -> bool {
    let checked = Data::check(Signal::Metrics, request.to_vec().into(), &Limits::default());
    checked.is_ok_and(|checked| !checked.data.is_empty())
}

/// The bodies of the length-delimited fields with this number.
fn first(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(message)
        .filter(move |field| field.0 == number && field.1 == WireType::LengthDelimited)
        .map(|field| field.2)
}

/// Number, wire type and, if it has one, body of each field; what is malformed ends them.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u32, WireType, &[u8])> {
    std::iter::from_fn(move || {
        let (number, wire_type) = decode_key(&mut message).ok()?;
        if wire_type != WireType::LengthDelimited {
            skip_field(wire_type, number, &mut message, DecodeContext::default()).ok()?;
            return Some((number, wire_type, &[][..]));
        }
        let len = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
        let body = message.get(..len)?;
        message.advance(len);
        Some((number, wire_type, body))
    })
}
