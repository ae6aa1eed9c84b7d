//! The keys of `batch`.

use crate::batch::{Sizer, Thresholds};
use crate::config::units::GoDuration;
use crate::config::{Errors, Section};
use serde::Deserialize;

/// The section, key by key.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Items at which a batch is sent whatever the time.
    pub(super) send_batch_size: u32,
    /// Time after which a batch is sent whatever its size; 0 sends at once.
    pub(super) timeout: GoDuration,
    /// Items that a batch never exceeds; 0 is no limit.
    pub(super) send_batch_max_size: u32,
    /// Request headers by whose values batches are kept apart.
    pub(super) metadata_keys: Vec<String>,
    /// Combinations of such values that may wait at the same time.
    pub(super) metadata_cardinality_limit: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            send_batch_size: 8192,
            timeout: GoDuration::from_millis(200),
            send_batch_max_size: 0,
            metadata_keys: Vec::new(),
            metadata_cardinality_limit: 1000,
        }
    }
}

impl Config {
    pub(super) fn check(&self, section: &Section) -> Result<(), Errors> {
        let mut errors = Errors::new();
        if self.send_batch_max_size > 0 && self.send_batch_max_size < self.send_batch_size {
            let problem = "send_batch_max_size must be greater or equal to send_batch_size";
            let hint = format!("send_batch_size is {}", self.send_batch_size);
            errors.push(section.error("send_batch_max_size", problem).hint(hint));
        }
        if self.timeout.is_negative() {
            let problem = "timeout must be greater or equal to 0";
            errors.push(section.error("timeout", problem).hint("0 sends at once; the default is 200ms"));
        }
        let headers = self.headers();
        for (at, header) in headers.iter().enumerate() {
            if headers[..at].contains(header) {
                let problem = format!("duplicate entry in metadata_keys: \"{header}\" (case-insensitive)");
                let error = section.error(&format!("metadata_keys[{at}]"), problem);
                errors.push(error.hint("names of headers are compared in lower case: remove one"));
            }
        }
        errors.finish(())
    }

    /// The headers it reads, in lower case.
    pub(super) fn headers(&self) -> Vec<String> {
        self.metadata_keys.iter().map(|key| key.to_ascii_lowercase()).collect()
    }

    /// When a batch is let go. Without a size only the timeout counts, as in the Collector.
    pub(super) fn thresholds(&self) -> Thresholds {
        let size = u64::from(self.send_batch_size);
        let max = u64::from(self.send_batch_max_size);
        let min = if size == 0 && max == 0 { u64::MAX } else { size.max(u64::from(size == 0) * max) };
        Thresholds { min, max, sizer: Sizer::Items, timeout: self.timeout.get() }
    }
}
