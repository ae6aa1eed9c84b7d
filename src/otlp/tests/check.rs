//! The check accepts what prost accepts, and its own limits hold.

use super::generate::{Dice, requests};
use super::oracle::Request;
use crate::otlp::wire::put_bytes;
use crate::otlp::{Data, Limits, Problem, Signal, WireError};
use bytes::Bytes;
use proptest::prelude::*;

fn check(signal: Signal, bytes: &[u8]) -> Result<Data, WireError> {
    Data::check(signal, Bytes::copy_from_slice(bytes), &Limits::default()).map(|checked| checked.data)
}

fn joined(data: Data) -> Vec<u8> {
    data.encode().concat()
}

/// One way to spoil (or not) a request.
#[derive(Clone, Debug)]
enum Mutation {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Truncate(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn mutations() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<usize>(), 0_u8..0x40).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, b)| Mutation::Insert(at, b)),
        any::<usize>().prop_map(Mutation::Truncate),
        (any::<usize>(), 1_usize..9).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (any::<usize>(), 1_usize..60).prop_map(|(at, len)| Mutation::Repeat(at, len)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let place = |at: usize| at % (bytes.len() + 1);
    match mutation {
        Mutation::Set(at, byte) => {
            let at = place(*at);
            bytes.get_mut(at).into_iter().for_each(|old| *old = *byte);
        }
        Mutation::Insert(at, more) => {
            let at = place(*at);
            bytes.splice(at..at, more.iter().copied());
        }
        Mutation::Truncate(at) => {
            let at = place(*at);
            bytes.truncate(at);
        }
        Mutation::Remove(at, len) => {
            let at = place(*at);
            let end = bytes.len().min(at + len);
            bytes.drain(at..end);
        }
        Mutation::Repeat(at, len) => {
            let at = place(*at);
            let piece = bytes[at..bytes.len().min(at + len)].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Guarantees: what nobody touches leaves as the very bytes that came, and is counted right.
    #[test]
    fn a_good_request_passes_as_it_is((signal, request) in requests()) {
        let bytes = Bytes::from(request.encode());
        let checked = Data::check(signal, bytes.clone(), &Limits::default()).unwrap();
        prop_assert_eq!(checked.repaired, 0);
        prop_assert_eq!(checked.data.items(), request.items());
        prop_assert_eq!(checked.data.wire_len(), bytes.len());
        let pieces = checked.data.encode();
        prop_assert_eq!(pieces.first().map(|piece| piece.as_ptr()), (!bytes.is_empty()).then(|| bytes.as_ptr()));
        prop_assert_eq!(pieces.concat(), bytes);
    }

    /// Guarantees: bytes are accepted exactly when prost accepts them, and mean the same afterwards.
    #[test]
    fn the_verdict_is_that_of_prost(
        (signal, request) in requests(),
        mutations in prop::collection::vec(mutations(), 1..4),
    ) {
        let mut bytes = request.encode();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        match (Request::decode(signal, &bytes), check(signal, &bytes)) {
            (Ok(theirs), Ok(ours)) => {
                prop_assert_eq!(ours.items(), theirs.items());
                prop_assert_eq!(Request::decode(signal, &joined(ours)).unwrap(), theirs);
            }
            (Err(_), Err(_)) => {}
            (Err(theirs), Ok(ours)) => {
                prop_assert!(theirs.to_string().contains("UTF-8"), "accepted, but prost says: {}", theirs);
                Request::decode(signal, &joined(ours)).expect("the repaired request decodes");
            }
            (Ok(_), Err(ours)) => prop_assert!(false, "prost accepts, but: {}", ours),
        }
    }

    #[test]
    fn random_bytes_are_judged_as_prost_does(
        signal in prop::sample::select(Signal::ALL.to_vec()),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..0x20], 0..40),
    ) {
        let theirs = Request::decode(signal, &bytes);
        let spoiled = theirs.as_ref().is_err_and(|error| error.to_string().contains("UTF-8"));
        prop_assert!(spoiled || theirs.is_ok() == check(signal, &bytes).is_ok());
    }
}

/// A span with one attribute that is `depth` values deep.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = vec![0x0a, 1, b'x'];
    for _ in 1..depth {
        value = framed(5, &framed(1, &value));
    }
    let attribute = [framed(1, b"k"), framed(2, &value)].concat();
    framed(1, &framed(2, &framed(2, &framed(9, &attribute))))
}

fn framed(number: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, body);
    out
}

#[test]
fn an_empty_request_is_fine() {
    for signal in Signal::ALL {
        let data = check(signal, b"").unwrap();
        assert!(data.is_empty());
        assert_eq!(data.encode(), Vec::<Bytes>::new());
    }
}

#[test]
fn values_nest_as_deep_as_the_limit_and_no_deeper() {
    assert_eq!(check(Signal::Traces, &nested(64)).unwrap().items(), 1);
    let error = check(Signal::Traces, &nested(65)).unwrap_err();
    assert_eq!(error.problem(), Problem::Depth(64));
    assert!(error.is_limit());
}

#[test]
fn no_limit_on_depth_can_overflow_the_stack() {
    let limits = Limits { depth: u32::MAX, ..Limits::default() };
    let error = Data::check(Signal::Traces, nested(5_000).into(), &limits).unwrap_err();
    assert_eq!(error.problem(), Problem::Depth(Limits::MAX_DEPTH));
}

#[test]
fn empty_messages_count_as_elements_too() {
    let limits = Limits { elements: 1000, ..Limits::default() };
    let resources = |n| Bytes::from([0x0a, 0].repeat(n));
    for signal in Signal::ALL {
        assert!(Data::check(signal, resources(1000), &limits).is_ok());
        let error = Data::check(signal, resources(1001), &limits).unwrap_err();
        assert_eq!((error.problem(), error.offset()), (Problem::Elements(1000), 2001));
    }
    let texts = framed(1, &framed(1, &framed(3, &[0x1a, 0].repeat(2000))));
    assert!(Data::check(Signal::Logs, texts.into(), &limits).unwrap_err().is_limit());
}

#[test]
fn an_error_says_what_and_where_and_nothing_of_the_payload() {
    let attribute = [framed(1, b"secret"), vec![0x12, 9, 0x0a, 1, b'x']].concat();
    let request = framed(1, &framed(2, &framed(2, &framed(9, &attribute))));
    let error = check(Signal::Traces, &request).unwrap_err();
    let told = "resource_spans.scope_spans.spans.attributes.value: \
                truncated: a field is longer than what is left of its message (at byte 17)";
    assert_eq!(error.to_string(), told);
    let cases: [(&[u8], &str); 6] = [
        (&[0x08, 1], "resource_logs: wire type 0, expected 2 (at byte 0)"),
        (&[0x00, 1], "malformed field key, expected a field number from 1 to 536870911 (at byte 0)"),
        (&[0x0c], "resource_logs: wire type 4, expected 2 (at byte 0)"),
        (&[0x7c], "wire type 4, expected 0, 1, 2, 3 or 5 (at byte 1)"),
        (
            &[0x7b, 0x08],
            "malformed group, expected an end of the same number and at most 64 levels (at byte 1)",
        ),
        (&[0x0a, 0x80], "resource_logs: malformed varint, expected at most 10 bytes and 64 bits (at byte 1)"),
    ];
    for (request, told) in cases {
        assert_eq!(check(Signal::Logs, request).unwrap_err().to_string(), told);
    }
}

#[test]
fn requests_of_all_sizes_are_generated() {
    let items =
        |size| (0..50).map(|seed| Dice::new(seed, size, "").request(Signal::Metrics).items()).sum::<u64>();
    assert!(items(0) == 0 && items(2) > 0 && items(5) > 500);
}
