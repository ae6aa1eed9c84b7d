//! The door and everything that is done with data behind it, on any bytes.
//!
//! The first byte chooses the signal, the second where to cut, the rest is the request. The verdict must be prost's,
//! with three exceptions that are meant: a string that is not UTF-8 is repaired, weft's limits are its own, and prost's
//! limit of nesting is prost's. Whatever is done with accepted data, every item stays, in order, with what is around it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weft::otlp::json::{self, JsonProblem};
use weft::otlp::{AnyValueView, Data, Limits, Problem, Signal};
use weft_fuzz::{Request, encoded, items, signal};

/// An attribute that no input has.
const MARK: &str = "weft.fuzz";

fuzz_target!(|input: &[u8]| {
    let [choice, at, request @ ..] = input else { return };
    let signal = signal(*choice);
    let Some(data) = judged(signal, request) else { return };
    let all = items(&data);
    divided(&data, u64::from(*at), &all);
    joined(&data, &all);
    dropped(&data, *at, &all);
    if !request.windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes()) {
        edited(&data, &all);
    }
    as_json(&data);
});

fn judged(signal: Signal, request: &[u8]) -> Option<Data> {
    let theirs = Request::decode(signal, request);
    let ours = Data::check(signal, request.to_vec().into(), &Limits::default());
    match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => {
            assert_eq!(ours.repaired, 0, "a request that prost takes was repaired");
            let back = Request::decode(signal, &encoded(&ours.data)).expect("prost reads what weft lets in");
            assert!(back.encode() == theirs.encode(), "the request means something else now");
            Some(ours.data)
        }
        (Err(theirs), Ok(ours)) => {
            let why = theirs.to_string();
            if why.contains("recursion limit") {
                return None;
            }
            assert!(why.contains("UTF-8"), "accepted, but prost says: {why}");
            // Where both are beyond prost, it tells only the one that comes first.
            Request::decode(signal, &encoded(&ours.data)).ok()?;
            Some(ours.data)
        }
        (Ok(_), Err(ours)) => {
            let groups = request.iter().filter(|byte| *byte & 7 == 3).count();
            let deep = ours.problem() == Problem::Group && groups > 64;
            assert!(ours.is_limit() || deep, "prost accepts, but: {ours}");
            None
        }
        (Err(_), Err(_)) => None,
    }
}

fn divided(data: &Data, at: u64, all: &[Vec<u8>]) {
    let mut first = data.clone();
    let mut second = first.split_off(at);
    assert_eq!(first.items(), at.min(data.items()));
    assert!([items(&first), items(&second)].concat() == all, "a cut changed the items");
    first.append(std::mem::replace(&mut second, Data::empty(data.signal())));
    assert!(items(&first) == all, "cut and joined, the items are others");
    let parts = data.clone().split_to_len(64);
    assert!(parts.iter().flat_map(items).eq(all.iter().cloned()), "a division by size changed the items");
    let mut index = 0;
    let key = |_: &weft::otlp::Record<'_>| {
        index += 1;
        index % 3
    };
    let mut found: Vec<_> = data.clone().split_by(key).iter().flat_map(|(_, part)| items(part)).collect();
    let mut expected = all.to_vec();
    found.sort();
    expected.sort();
    assert!(found == expected, "a division by key changed the items");
}

fn joined(data: &Data, all: &[Vec<u8>]) {
    let mut twice = data.clone();
    twice.append(data.clone());
    assert!(items(&twice) == [all, all].concat(), "joining changed the items");
}

/// Drops records by the bits of `bits`.
fn dropped(data: &Data, bits: u8, all: &[Vec<u8>]) {
    let (mut index, mut rest, mut expected) = (0_u32, all, Vec::new());
    let mut less = data.clone();
    let gone = less.retain(|record| {
        let keep = bits & (1 << (index % 8)) != 0;
        index += 1;
        let (own, others) = rest.split_at(usize::try_from(record.items()).expect("fits"));
        rest = others;
        expected.extend(own.iter().filter(|_| keep).cloned());
        keep
    });
    assert_eq!(gone + less.items(), data.items());
    assert!(items(&less) == expected, "others were dropped than was asked for");
    less.compact();
    assert!(items(&less) == expected, "compacting changed the items");
    assert!(less.live_len() <= less.pinned_len());
}

/// Sets an attribute everywhere and takes it away again.
fn edited(data: &Data, all: &[Vec<u8>]) {
    let mut changed = data.clone();
    changed.edit(|record| {
        record.set_attribute(MARK, AnyValueView::Int(7));
        record.change_points(|point| {
            point.set_attribute(MARK, AnyValueView::Str("x".into()));
            true
        });
    });
    changed.edit_resources(|resource| resource.set_attribute(MARK, AnyValueView::Bool(true)));
    changed.edit_scopes(|scope| scope.set_attribute(MARK, AnyValueView::Double(0.5)));
    assert_eq!(items(&changed).len(), all.len());
    assert!(changed.records().all(|record| record.attribute(MARK).is_some()));
    changed.edit(|record| {
        record.remove_attribute(MARK);
        record.change_points(|point| {
            point.remove_attribute(MARK);
            true
        });
    });
    changed.edit_resources(|resource| {
        resource.remove_attribute(MARK);
    });
    changed.edit_scopes(|scope| {
        scope.remove_attribute(MARK);
    });
    assert!(items(&changed) == all, "an attribute that came and went left something else changed");
}

fn as_json(data: &Data) {
    let mut text = Vec::new();
    json::encode(data.signal(), &data.clone().encode(), &mut text).expect("what was let in can be written");
    let wire = match json::decode(data.signal(), &text, &Limits::default()) {
        // An id of another length can be sent in protobuf; JSON refuses it, as the Collector does.
        Err(error) if matches!(error.problem(), JsonProblem::Value(wanted) if wanted.contains("hex digits")) =>
        {
            return;
        }
        read => read.expect("what was written can be read"),
    };
    let back =
        Data::check(data.signal(), wire.into(), &Limits::default()).expect("what was read can be let in");
    assert_eq!(back.data.items(), data.items());
}
