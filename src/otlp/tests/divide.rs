//! Cutting, splitting and joining keep every item, in order, with all that is around it.

use super::generate::requests;
use super::oracle::Request;
use crate::otlp::{Data, Limits, Signal};
use bytes::Bytes;
use proptest::prelude::*;

fn data(signal: Signal, request: &Request) -> Data {
    Data::check(signal, request.encode().into(), &Limits::default()).unwrap().data
}

fn decoded(data: &Data) -> Request {
    let request = Request::decode(data.signal(), &data.clone().encode().concat()).unwrap();
    assert_eq!(request.items(), data.items());
    request
}

fn singles(data: &Data) -> Vec<Vec<u8>> {
    decoded(data).singles()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_cut_keeps_every_item_in_its_order((signal, request) in requests(), at: u64, changed: bool) {
        let mut first = data(signal, &request);
        let pieces = data(signal, &request);
        first.append(pieces);
        if changed {
            first.retain(|record| record.items() != 2);
        }
        let all = singles(&first);
        let at = at % (first.items() + 2);
        let second = first.split_off(at);
        prop_assert_eq!(first.items(), at.min(all.len() as u64));
        let parts: Vec<_> = singles(&first).into_iter().chain(singles(&second)).collect();
        prop_assert_eq!(parts, all);
        first.append(second);
        prop_assert_eq!(decoded(&first).singles().len() as u64, first.items());
    }

    #[test]
    fn parts_fit_or_are_single_items((signal, request) in requests(), max in 1_usize..5000) {
        let whole = data(signal, &request);
        let all = singles(&whole);
        let parts = whole.split_to_len(max);
        for part in &parts {
            prop_assert!(part.wire_len() <= max || part.items() <= 1);
        }
        prop_assert_eq!(parts.iter().flat_map(singles).collect::<Vec<_>>(), all);
    }

    #[test]
    fn a_split_by_key_sorts_every_item((signal, request) in requests(), keys in 1_u64..4) {
        let whole = data(signal, &request);
        let all = singles(&whole);
        let records = whole.records().len();
        let mut index = 0..;
        let parts = whole.split_by(|_| index.next().unwrap() % keys);
        prop_assert!(parts.iter().map(|part| part.0).eq(0..keys.min(records as u64)));
        let mut found: Vec<_> = parts.iter().flat_map(|part| singles(&part.1)).collect();
        let mut expected = all;
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

fn spans(count: usize) -> Vec<u8> {
    let spans = [0x12, 2, 0x30, 1].repeat(count);
    let scope = [vec![0x12, spans.len() as u8], spans].concat();
    [vec![0x0a, scope.len() as u8], scope].concat()
}

fn request_of(counts: &[usize]) -> Data {
    let mut data = Data::empty(Signal::Traces);
    for count in counts {
        data.append(Data::check(Signal::Traces, spans(*count).into(), &Limits::default()).unwrap().data);
    }
    data
}

/// Guarantees: whole requests move from part to part as the very bytes that came.
#[test]
fn only_the_request_at_the_cut_is_copied() {
    let mut first = request_of(&[3, 5, 4]);
    let before: Vec<Bytes> = first.clone().encode();
    let second = first.split_off(4);
    let (first, second) = (first.encode(), second.encode());
    assert_eq!(first.concat(), [spans(3), spans(1)].concat());
    assert_eq!(second.concat(), [spans(4), spans(4)].concat());
    assert_eq!(first[0].as_ptr(), before[0].as_ptr());
    assert_eq!(second[1].as_ptr(), before[2].as_ptr());
}

#[test]
fn a_cut_between_requests_copies_nothing() {
    let mut first = request_of(&[3, 5]);
    let before: Vec<Bytes> = first.clone().encode();
    let second = first.split_off(3);
    assert_eq!(first.encode()[0].as_ptr(), before[0].as_ptr());
    assert_eq!(second.encode()[0].as_ptr(), before[1].as_ptr());
}

#[test]
fn parts_do_not_keep_each_others_bytes() {
    let mut first = request_of(&[30]);
    let second = first.split_off(1);
    assert_eq!(first.pinned_len(), first.live_len());
    assert_eq!(second.pinned_len(), second.live_len());
}

#[test]
fn halves_are_halves() {
    let (first, second) = request_of(&[5]).halves();
    assert_eq!((first.items(), second.items()), (3, 2));
    let (first, second) = request_of(&[1]).halves();
    assert_eq!((first.items(), second.is_empty()), (1, true));
}

#[test]
fn one_key_is_no_split() {
    let data = request_of(&[3]);
    let before = data.clone().encode();
    let mut parts = data.split_by(|_| 'k');
    let (key, part) = parts.pop().unwrap();
    assert_eq!((key, part.encode()[0].as_ptr()), ('k', before[0].as_ptr()));
    assert!(parts.is_empty());
    assert!(Data::empty(Signal::Logs).split_by(|_| 'k').is_empty());
}
