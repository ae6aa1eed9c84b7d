//! What the door repairs means what every decoder would make of it.

use super::generate::Dice;
use super::oracle::Request;
use crate::otlp::wire::{put_bytes, put_uint};
use crate::otlp::{Checked, Data, Limits, Signal};
use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use proptest::prelude::*;

fn check(signal: Signal, bytes: Vec<u8>) -> Checked {
    Data::check(signal, bytes.into(), &Limits::default()).unwrap()
}

proptest! {
    /// Guarantees: a repaired request is the same request with U+FFFD for every byte that was wrong.
    #[test]
    fn strings_that_are_not_utf8_are_replaced_and_counted(
        signal in prop::sample::select(Signal::ALL.to_vec()), seed: u64, size in 1_u64..5,
    ) {
        let mut bytes = Dice::new(seed, size, "QQQQQQ").request(signal).encode();
        let mut from = 0;
        while let Some(at) = bytes[from..].windows(6).position(|it| it == b"QQQQQQ") {
            bytes[from + at..from + at + 6].fill(0xff);
            from += at + 6;
        }
        let checked = check(signal, bytes);
        let expected = Dice::new(seed, size, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}").request(signal);
        prop_assert_eq!(checked.repaired > 0, from > 0);
        prop_assert_eq!(checked.data.items(), expected.items());
        let decoded = Request::decode(signal, &checked.data.encode().concat()).unwrap();
        prop_assert_eq!(decoded.encode(), expected.encode());
    }
}

fn framed(number: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, body);
    out
}

fn log(fields: &[Vec<u8>]) -> Vec<u8> {
    framed(1, &framed(2, &framed(2, &fields.concat())))
}

#[test]
fn only_the_spoiled_strings_are_counted() {
    let request = log(&[framed(3, b"\xff\xfe"), framed(12, "é".as_bytes()), framed(3, b"a\xc3")]);
    let checked = check(Signal::Logs, request);
    assert_eq!(checked.repaired, 2);
    let expected = log(&[
        framed(3, "\u{fffd}\u{fffd}".as_bytes()),
        framed(12, "é".as_bytes()),
        framed(3, "a\u{fffd}".as_bytes()),
    ]);
    assert_eq!(checked.data.encode(), [Bytes::from(expected)]);
}

#[test]
fn a_body_given_twice_is_merged_at_the_door() {
    let list = |text: &[u8]| framed(5, &framed(5, &framed(1, &framed(1, text))));
    let request = log(&[list(b"one"), framed(3, b"INFO"), list(b"two")]);
    let both =
        framed(5, &framed(5, &[framed(1, &framed(1, b"one")), framed(1, &framed(1, b"two"))].concat()));
    assert_eq!(check(Signal::Logs, request).data.encode().concat(), log(&[framed(3, b"INFO"), both]));
}

#[test]
fn of_alternatives_the_last_one_is_kept() {
    let mut number = framed(1, b"text");
    put_uint(&mut number, 3, 7);
    let data = check(Signal::Logs, log(&[framed(5, &number)])).data;
    let Request::Logs(request) = Request::decode(Signal::Logs, &data.encode().concat()).unwrap() else {
        panic!()
    };
    let body = request.resource_logs[0].scope_logs[0].log_records[0].body.clone().unwrap();
    assert_eq!(body.value, Some(Value::IntValue(7)));
}

#[test]
fn points_of_a_metric_that_changes_its_mind_are_counted_as_decoders_do() {
    let points = |n: usize| [0x0a, 0].repeat(n);
    let metric = [framed(5, &points(3)), framed(7, &points(1)), framed(7, &points(2))].concat();
    let data = check(Signal::Metrics, framed(1, &framed(2, &framed(2, &metric)))).data;
    assert_eq!(data.items(), 3);
    let kept = framed(1, &framed(2, &framed(2, &framed(7, &points(3)))));
    assert_eq!(data.encode().concat(), kept);
}

#[test]
fn unknown_fields_survive_a_repair() {
    let unknown = framed(99, b"new");
    let request = log(&[unknown.clone(), framed(3, b"\xff"), unknown.clone()]);
    let expected = log(&[unknown.clone(), framed(3, "\u{fffd}".as_bytes()), unknown]);
    assert_eq!(check(Signal::Logs, request).data.encode().concat(), expected);
}
