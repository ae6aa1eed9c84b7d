//! What nobody sends who means well.

use super::random::requests;
use super::*;
use crate::otlp::Problem;
use crate::otlp::check::check;
use proptest::prelude::*;

const MAX_DEPTH: usize = Limits::MAX_DEPTH as usize;

fn nested_json(depth: usize) -> String {
    let open = r#"{"arrayValue":{"values":["#.repeat(depth - 1);
    format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{open}{{}}{}}}]}}]}}]}}"#,
        "]}}".repeat(depth - 1)
    )
}

fn nested_wire(depth: usize) -> Vec<u8> {
    // Lengths are made from the inside, so that a million levels take no recursion and no quadratic copying.
    let mut headers = Vec::new();
    let mut len = 0;
    for _ in 1..depth {
        for tag in [0x0a, 0x2a] {
            let mut header = vec![tag];
            put_varint(&mut header, len as u64);
            len += header.len();
            headers.push(header);
        }
    }
    let value: Vec<u8> = headers.into_iter().rev().flatten().collect();
    field(1, &field(2, &field(2, &field(5, &value))))
}

#[test]
fn values_may_nest_as_deep_as_the_limit_and_no_deeper() {
    let read = |depth: usize, limits: &Limits| decode(Signal::Logs, nested_json(depth).as_bytes(), limits);
    let default = Limits::default();
    assert_eq!(read(64, &default).unwrap(), nested_wire(64));
    check(Signal::Logs, &read(64, &default).unwrap(), &default).unwrap();
    for depth in [65, 1000, 1_000_000] {
        let error = read(depth, &default).unwrap_err();
        assert_eq!(error.problem(), JsonProblem::Depth(64));
        assert!(error.is_limit());
        assert!(error.path().ends_with('…') && error.path().len() < 300, "{error}");
    }
    let lax = Limits { depth: u32::MAX, ..default };
    assert!(read(MAX_DEPTH, &lax).is_ok());
    assert_eq!(read(MAX_DEPTH + 1, &lax).unwrap_err().problem(), JsonProblem::Depth(Limits::MAX_DEPTH));
}

#[test]
fn writing_stops_at_the_deepest_level_there_is() {
    let write = |depth| encode(Signal::Logs, &[Bytes::from(nested_wire(depth))], &mut Vec::new());
    assert!(write(MAX_DEPTH).is_ok());
    for depth in [MAX_DEPTH + 1, 1_000_000] {
        assert_eq!(write(depth).unwrap_err().problem(), Problem::Depth(Limits::MAX_DEPTH));
    }
}

#[test]
fn the_deepest_request_fits_a_small_stack() {
    let deepest = || {
        let wire = nested_wire(MAX_DEPTH);
        let text = to_json(Signal::Logs, &wire);
        let limits = Limits { depth: Limits::MAX_DEPTH, ..Limits::default() };
        let back = decode(Signal::Logs, text.as_bytes(), &limits).unwrap();
        assert_eq!(to_json(Signal::Logs, &back), text);
    };
    // A debug build's frames are some times larger than those of a release build.
    std::thread::Builder::new().stack_size(1 << 20).spawn(deepest).unwrap().join().unwrap();
}

#[test]
fn ignored_fields_nest_within_bounds_too() {
    let text =
        |open: &str, close: &str, depth| format!("{{\"x\":{}{}}}", open.repeat(depth), close.repeat(depth));
    assert_eq!(to_wire(Signal::Logs, &text("[", "]", 128)), b"");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [129, 1_000_000] {
            let error =
                decode(Signal::Logs, text(open, close, depth).as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(error.problem(), JsonProblem::Nesting(128));
        }
    }
}

#[test]
fn elements_are_charged_as_the_doors_check_charges_them() {
    let text = r#"{"resourceLogs":[{"resource":{"attributes":[{},{}],"entityRefs":[{"idKeys":["a","b"]}]},"scopeLogs":[{},{}]}]}"#;
    let wire = to_wire(Signal::Logs, text);
    for elements in 0..10 {
        let limits = Limits { elements, ..Limits::default() };
        let ours = decode(Signal::Logs, text.as_bytes(), &limits);
        assert_eq!(ours.is_ok(), elements >= 8, "{elements}");
        assert_eq!(check(Signal::Logs, &wire, &limits).is_ok(), elements >= 8, "{elements}");
        if let Err(error) = ours {
            assert_eq!(error.problem(), JsonProblem::Elements(elements));
        }
    }
}

/// The costliest text there is: a packed double of one digit.
#[test]
fn the_wire_is_at_most_four_times_the_text() {
    let bounds = "1,".repeat(10_000) + "1";
    let text = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{"explicitBounds":[{bounds}]}}]}}}}]}}]}}]}}"#
    );
    let wire = to_wire(Signal::Metrics, &text);
    assert!(wire.len() > 3 * text.len() && wire.len() <= 4 * text.len());
}

#[test]
fn giant_numbers_are_errors() {
    for digits in [20, 40, 100_000] {
        for text in
            ["9".repeat(digits), format!("1e{}", "9".repeat(digits)), format!("0.{}1", "0".repeat(digits))]
        {
            let found =
                decode(Signal::Traces, span(&format!(r#""kind":{text}"#)).as_bytes(), &Limits::default());
            let path = found.unwrap_err().path().to_owned();
            assert_eq!(path, "resourceSpans[0].scopeSpans[0].spans[0].kind");
        }
    }
}

#[test]
fn what_is_no_json_is_an_error_with_a_place() {
    let cases = [
        ("", "unexpected end of the text (line 1, column 1)"),
        ("{", "unexpected end of the text (line 1, column 2)"),
        ("{} x", "trailing characters, expected the end of the text (line 1, column 4)"),
        ("[]", "found a list, expected an object (line 1, column 1)"),
        ("null", "found null, expected an object (line 1, column 1)"),
        ("{\"a\" 1}", "unexpected character, expected a colon (line 1, column 6)"),
        ("{\"a\":1,}", "unexpected character, expected a name in quotes (line 1, column 8)"),
        ("{a:1}", "unexpected character, expected a name in quotes (line 1, column 2)"),
        ("{\"a\":[1 2]}", "unexpected character, expected a comma or the closing bracket (line 1, column 9)"),
        ("{\"a\":[,]}", "unexpected character, expected a value (line 1, column 7)"),
        ("{\"a\":01}", "unexpected character, expected a comma or the closing bracket (line 1, column 7)"),
        ("{\"a\":-}", "unexpected character, expected a digit (line 1, column 7)"),
        ("{\"a\":1.}", "unexpected character, expected a digit (line 1, column 8)"),
        ("{\"a\":tru}", "unexpected character, expected true, false or null (line 1, column 6)"),
        ("{\"resourceLogs\":{}}", "resourceLogs: found an object, expected a list (line 1, column 17)"),
        ("{\"resourceLogs\":[7]}", "resourceLogs[0]: found a number, expected an object (line 1, column 18)"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(Signal::Logs, text), expected, "{text}");
    }
}

#[test]
fn malformed_wire_is_an_error_with_a_place() {
    let cases: [(&[u8], Problem); 6] = [
        (&[0x0a, 5, 0], Problem::Truncated),
        (&[0x08, 0], Problem::WireType { got: 0, want: 2 }),
        (&[0xff], Problem::Key),
        (&[0x0c], Problem::NoWireType(4)),
        (&[0x13], Problem::Group),
        (&[0x0a, 2, 0x1d, 0], Problem::Truncated),
    ];
    for (wire, problem) in cases {
        for pieces in [vec![Bytes::copy_from_slice(wire)], vec![Bytes::new(), Bytes::copy_from_slice(wire)]] {
            let error = encode(Signal::Logs, &pieces, &mut Vec::new()).unwrap_err();
            assert_eq!(error.problem(), problem, "{wire:?}");
            assert!(error.offset() <= wire.len());
        }
    }
}

/// Two million parts of a oneof, its members in turn: a walk for each would take hours.
#[test]
fn parts_of_messages_cost_no_more_than_their_length() {
    let value = [0x2a, 0, 0x2a, 0, 0x32, 0, 0x32, 0].repeat(500_000);
    let mut out = Vec::new();
    encode_message(&schema::ANY_VALUE, &value, &mut out).unwrap();
    assert_eq!(out, br#"{"kvlistValue":{}}"#);
}

const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"\"",
    "\"\\n\\u0041\"",
    "\"\\x\"",
    "1",
    "-0.5e3",
    "01",
    "-",
    ".5",
    "1e",
    "true",
    "false",
    "null",
    "nul",
    " ",
    "\n",
    "\"",
    "\u{b}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// serde_json is the judge of what is JSON.
    #[test]
    fn the_reader_takes_what_serde_takes(tokens in prop::collection::vec(0..TOKENS.len(), 0..12)) {
        let inner: String = tokens.into_iter().map(|at| TOKENS[at]).collect();
        for text in [format!("{{\"x\":{inner}}}"), format!("{{\"x\":[{inner}]}}"), format!("{{{inner}}}"), inner] {
            // Ignored, since serde also refuses numbers beyond a double, which are fine where nobody reads them.
            let syntax = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let theirs = syntax && text.trim_start().starts_with('{');
            prop_assert_eq!(decode(Signal::Logs, text.as_bytes(), &Limits::default()).is_ok(), theirs, "{}", text);
        }
    }

    #[test]
    fn strings_are_read_as_serde_reads_them(text: String) {
        let quoted = serde_json::to_string(&text).unwrap();
        let wire = to_wire(Signal::Traces, &format!("{{\"resourceSpans\":[{{\"schemaUrl\":{quoted}}}]}}"));
        let expected = if text.is_empty() { vec![] } else { field(3, text.as_bytes()) };
        prop_assert_eq!(&wire, &field(1, &expected));
        let written = to_json(Signal::Traces, &wire);
        let back: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(back["resourceSpans"][0]["schemaUrl"].as_str().unwrap_or_default(), text);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = decode(Signal::Traces, &bytes, &Limits::default());
        let _ = encode(Signal::Traces, &[bytes.into()], &mut Vec::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_spoilt_text_gives_wire_that_prost_takes_or_an_error(
        (signal, wire) in requests(), spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut text = to_json(signal, &wire).into_bytes();
        for (at, byte) in spoils {
            let at = at.index(text.len());
            text[at] = byte;
        }
        if let Ok(wire) = decode(signal, &text, &Limits::default()) {
            prop_assert!(wire.len() <= 4 * text.len());
            check(signal, &wire, &Limits::default()).unwrap();
        }
    }

    #[test]
    fn spoilt_wire_gives_json_that_means_what_prost_reads_or_an_error(
        (signal, mut wire) in requests(), spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        prop_assume!(!wire.is_empty());
        for (at, byte) in spoils {
            let at = at.index(wire.len());
            wire[at] = byte;
        }
        let mut out = Vec::new();
        let wrote = encode(signal, &[Bytes::from(wire.clone())], &mut out);
        match check(signal, &wire, &Limits::default()) {
            Ok(_) => {
                wrote.unwrap();
                let text = String::from_utf8(out).unwrap();
                serde_json::from_str::<Value>(&text).unwrap();
            }
            // The door refuses more than the writer, which passes over what it does not write; but what the writer
            // gives is JSON.
            Err(_) if wrote.is_ok() => prop_assert!(serde_json::from_slice::<Value>(&out).is_ok()),
            Err(_) => {}
        }
    }
}
