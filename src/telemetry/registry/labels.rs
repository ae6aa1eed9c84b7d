//! Labels of one series: sorted, and bounded where clients choose their values.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::telemetry::def::{Def, Level};

/// What stands for every value beyond the cap.
pub const OTHER: &str = "__other__";

/// The longest label value kept, in bytes; what is longer is cut.
pub const MAX_VALUE: usize = 128;

/// Key and value pairs, sorted by key, each key once.
pub type Labels = Arc<[(Box<str>, Box<str>)]>;

/// Which values of the open labels have been seen, over all metrics: a tenant is the same in each of them.
#[derive(Debug)]
pub(super) struct OpenValues {
    cap: usize,
    seen: HashMap<&'static str, HashSet<Box<str>>>,
}

impl OpenValues {
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, seen: HashMap::new() }
    }

    fn admit<'v>(&mut self, key: &'static str, value: &'v str) -> &'v str {
        let seen = self.seen.entry(key).or_default();
        if seen.contains(value) {
            return value;
        }
        if seen.len() >= self.cap {
            return OTHER;
        }
        seen.insert(value.into());
        value
    }

    /// The labels of a series of `def`, at `level`: details of errors are labels at the detailed level only (as in
    /// the Collector), long values are cut, and open values beyond the cap are [`OTHER`].
    pub(super) fn labels(&mut self, def: &Def, level: Level, given: &[(&str, &str)]) -> Labels {
        let wanted = given.iter().filter(|(key, _)| level >= Level::Detailed || !key.starts_with("error."));
        let mut labels: Vec<(Box<str>, Box<str>)> = Vec::with_capacity(given.len());
        for (key, value) in wanted {
            let value = cut(value, MAX_VALUE);
            let value = match def.open_label {
                Some(open) if open == *key => self.admit(open, value),
                _ => value,
            };
            labels.push(((*key).into(), value.into()));
        }
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.dedup_by(|a, b| a.0 == b.0);
        labels.into()
    }
}

/// The longest prefix of `text` that is valid UTF-8 and has at most `max` bytes.
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}
