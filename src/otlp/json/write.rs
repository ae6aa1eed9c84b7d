//! The leaves of JSON text: names, numbers, strings.

use super::reader::plain_len;
use crate::otlp::schema::{Field, Kind};
use crate::otlp::text::is_utf8;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;

/// A member's name and colon, after a comma unless it is the first.
#[inline]
pub(super) fn put_name(out: &mut Vec<u8>, field: &Field, first: bool) {
    out.extend_from_slice(if first { b"\"" } else { b",\"" });
    out.extend_from_slice(field.json.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A number from the bits its kind has on the wire.
#[expect(
    clippy::cast_possible_truncation,
    reason = "protobuf says that 32-bit kinds take the low bits of a varint"
)]
pub(super) fn put_number(out: &mut Vec<u8>, kind: Kind, bits: u64) {
    match kind {
        Kind::Bool => out.extend_from_slice(if bits == 0 { b"false" } else { b"true" }),
        Kind::Int32 | Kind::Enum(_) => put_signed(out, i64::from((bits as u32).cast_signed())),
        Kind::Sint32 => put_signed(out, i64::from(unzigzag(bits as u32))),
        Kind::Uint32 | Kind::Fixed32 => put_decimal(out, u64::from(bits as u32)),
        Kind::Int64 | Kind::Sfixed64 => {
            out.push(b'"');
            put_signed(out, bits.cast_signed());
            out.push(b'"');
        }
        Kind::Double => put_double(out, f64::from_bits(bits)),
        _ => {
            out.push(b'"');
            put_decimal(out, bits);
            out.push(b'"');
        }
    }
}

fn unzigzag(bits: u32) -> i32 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    put_decimal(out, value.unsigned_abs());
}

fn put_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

fn put_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    } else if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{value}");
    } else {
        put_scientific(out, value);
    }
}

/// The exponent with its sign and at least two digits, so that texts compare as bytes with the Collector's.
fn put_scientific(out: &mut Vec<u8>, value: f64) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    let _ = write!(out, "{mantissa}e{sign}{digits:0>2}");
}

/// A string, an id or bytes.
pub(super) fn put_body(out: &mut Vec<u8>, kind: Kind, body: &[u8]) {
    match kind {
        Kind::Id(_) => put_hex(out, body),
        Kind::Bytes => {
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(body).as_bytes());
            out.push(b'"');
        }
        _ if is_utf8(body) => write_string(body, out),
        _ => write_string(String::from_utf8_lossy(body).as_bytes(), out),
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn put_hex(out: &mut Vec<u8>, id: &[u8]) {
    out.push(b'"');
    for byte in id {
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    out.push(b'"');
}

/// Appends UTF-8 in quotes.
pub(crate) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, from) = rest.split_at(plain_len(rest));
        out.extend_from_slice(plain);
        let Some((special, after)) = from.split_first() else { break };
        put_escape(out, *special);
        rest = after;
    }
    out.push(b'"');
}

fn put_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
    }
}
