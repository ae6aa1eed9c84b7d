//! Stacks as a `perftools.profiles.Profile`, gzipped: what `go tool pprof` and flame graph viewers read. Pure.

use super::sampler::{FREQUENCY, Frame, Stack};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Profile {
    #[prost(message, repeated, tag = "1")]
    pub(super) sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    pub(super) sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    pub(super) location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    pub(super) function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    pub(super) string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    pub(super) time_nanos: i64,
    #[prost(int64, tag = "10")]
    pub(super) duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    pub(super) period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    pub(super) period: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValueType {
    #[prost(int64, tag = "1")]
    pub(super) kind: i64,
    #[prost(int64, tag = "2")]
    pub(super) unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    pub(super) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(super) value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    pub(super) label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(int64, tag = "1")]
    pub(super) key: i64,
    #[prost(int64, tag = "2")]
    pub(super) text: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Location {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(message, repeated, tag = "4")]
    pub(super) line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Line {
    #[prost(uint64, tag = "1")]
    pub(super) function_id: u64,
    #[prost(int64, tag = "2")]
    pub(super) line: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Function {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(int64, tag = "2")]
    pub(super) name: i64,
    #[prost(int64, tag = "3")]
    pub(super) system_name: i64,
    #[prost(int64, tag = "4")]
    pub(super) filename: i64,
}

/// Nanoseconds of CPU time for which a sample stands.
const PERIOD: i64 = 1_000_000_000 / FREQUENCY as i64;

/// The profile of these stacks, met from `start` (unix nanoseconds) on.
pub(super) fn profile(stacks: &[Stack], start: u64, duration: Duration) -> Profile {
    let mut building = Building::default();
    building.text("");
    let kinds = [("samples", "count"), ("cpu", "nanoseconds")];
    let [samples, cpu] =
        kinds.map(|(kind, unit)| ValueType { kind: building.text(kind), unit: building.text(unit) });
    let key = building.text("thread");
    for Stack { frames, thread, count } in stacks {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        let location_id = frames.iter().map(|frame| building.location(frame)).collect();
        let label = vec![Label { key, text: building.text(thread) }];
        building.profile.sample.push(Sample {
            location_id,
            value: vec![count, count.saturating_mul(PERIOD)],
            label,
        });
    }
    Profile {
        sample_type: vec![samples, cpu.clone()],
        time_nanos: i64::try_from(start).unwrap_or(i64::MAX),
        duration_nanos: i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX),
        period_type: Some(cpu),
        period: PERIOD,
        ..building.profile
    }
}

/// The file: encoded and gzipped.
pub(super) fn encode(profile: &Profile) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&profile.encode_to_vec())?;
    gzip.finish()
}

/// A profile with what is in its tables already.
#[derive(Default)]
struct Building {
    profile: Profile,
    texts: HashMap<String, i64>,
    functions: HashMap<(String, String), u64>,
    locations: HashMap<Frame, u64>,
}

impl Building {
    fn text(&mut self, text: &str) -> i64 {
        if let Some(at) = self.texts.get(text) {
            return *at;
        }
        let at = i64::try_from(self.profile.string_table.len()).unwrap_or(i64::MAX);
        self.profile.string_table.push(text.to_owned());
        self.texts.insert(text.to_owned(), at);
        at
    }

    fn function(&mut self, frame: &Frame) -> u64 {
        let key = (frame.function.clone(), frame.file.clone());
        if let Some(id) = self.functions.get(&key) {
            return *id;
        }
        let (name, filename) = (self.text(&frame.function), self.text(&frame.file));
        let id = self.profile.function.len() as u64 + 1;
        self.profile.function.push(Function { id, name, system_name: name, filename });
        self.functions.insert(key, id);
        id
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        if let Some(id) = self.locations.get(frame) {
            return *id;
        }
        let line = Line { function_id: self.function(frame), line: frame.line.into() };
        let id = self.profile.location.len() as u64 + 1;
        self.profile.location.push(Location { id, line: vec![line] });
        self.locations.insert(frame.clone(), id);
        id
    }
}
