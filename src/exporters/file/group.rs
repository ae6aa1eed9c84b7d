//! A batch divided by a resource attribute, and the part of a path that its value becomes. Pure.
//!
//! The value comes from whoever sends telemetry, so it may name no directory and no other file: all but letters,
//! digits, `-`, `_` and inner dots is written as `%XX`. Different values give different names.

use crate::otlp::{Data, Limits, Signal};
use bytes::Bytes;
use hashbrown::HashMap;
use prost::Message;
use std::fmt::Write;

/// Longest part of a file name that a value becomes; file systems allow 255 bytes for the whole name.
const MAX_SEGMENT: usize = 200;

/// An export request, its resources as bytes.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    entries: Vec<Bytes>,
}

/// Of an entry only the resource; scopes are skipped unread.
#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Text>,
}

/// A value, of which only text is read.
#[derive(Clone, PartialEq, Message)]
struct Text {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
}

/// The parts of a batch, by the path segment of their resources, in the order of their first appearance. What has no
/// usable value is under `None`.
pub(super) fn split(data: Data, attribute: &str) -> Vec<(Option<String>, Data)> {
    let signal = data.signal();
    let mut groups: Vec<(Option<String>, Request)> = Vec::new();
    let mut places = HashMap::new();
    for piece in data.encode() {
        // The door has checked it: it decodes.
        for entry in Request::decode(piece).unwrap_or_default().entries {
            let segment = value(&entry, attribute).and_then(|value| segment(&value));
            let place = *places.entry(segment.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, request)) => request.entries.push(entry),
                None => groups.push((segment, Request { entries: vec![entry] })),
            }
        }
    }
    groups.into_iter().filter_map(|(segment, request)| Some((segment, checked(signal, &request)?))).collect()
}

fn checked(signal: Signal, request: &Request) -> Option<Data> {
    let limits = Limits { depth: Limits::MAX_DEPTH, elements: u64::MAX };
    Data::check(signal, request.encode_to_vec().into(), &limits).ok().map(|checked| checked.data)
}

fn value(entry: &Bytes, attribute: &str) -> Option<String> {
    let attributes = Entry::decode(entry.clone()).ok()?.resource?.attributes;
    attributes.into_iter().find(|found| found.key == attribute)?.value?.text
}

/// A value as part of a file name; none if it is too long.
fn segment(value: &str) -> Option<String> {
    if value.is_empty() {
        // No other value becomes this.
        return Some("%".to_owned());
    }
    let mut name = String::with_capacity(value.len());
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            b'.' if at > 0 => name.push('.'),
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    (name.len() <= MAX_SEGMENT).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_name_things_stays_readable() {
        let cases = [
            ("shop", "shop"),
            ("team-a_1.eu", "team-a_1.eu"),
            ("..", "%2E."),
            (".hidden", "%2Ehidden"),
            ("../etc/passwd", "%2E.%2Fetc%2Fpasswd"),
            ("%2e", "%252e"),
            ("a\0b\r\n", "a%00b%0D%0A"),
            ("…", "%E2%80%A6"),
            ("", "%"),
        ];
        for (value, name) in cases {
            assert_eq!(segment(value).as_deref(), Some(name));
        }
        assert!(segment(&"a".repeat(MAX_SEGMENT)).is_some());
        assert_eq!(segment(&"a".repeat(MAX_SEGMENT + 1)), None);
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_directory_and_no_two_share_a_file(one: String, other: String) {
            if let (Some(first), Some(second)) = (segment(&one), segment(&other)) {
                prop_assert_eq!(one == other, first == second);
                prop_assert!(!first.is_empty() && !first.starts_with('.'));
                prop_assert!(first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.%".contains(&byte)));
            }
        }
    }
}
