//! Sampling: a line that is written again and again is written ever less.
//!
//! As in the Collector: per tick the first `initial` events of one place in the code are written, after that every
//! `thereafter`th. What was held back is told on the next line that is written from there (`suppressed`).
//! Places are counted by their identity in the program, so there are as many as the program has log statements.

use std::collections::HashMap;
use std::time::Duration;

use tracing::callsite::Identifier;

use crate::telemetry::settings::Sampling;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Written, with the number of those held back since the last line from there.
    Write {
        suppressed: u64,
    },
    Suppress,
}

#[derive(Default)]
struct Place {
    tick: u64,
    seen: u64,
    suppressed: u64,
}

/// The counts of all places.
#[derive(Default)]
pub(super) struct Sampler {
    places: HashMap<Identifier, Place>,
}

impl Sampler {
    /// What becomes of an event at `now`, a time since any fixed moment.
    pub(super) fn judge(&mut self, settings: &Sampling, place: Identifier, now: Duration) -> Verdict {
        let tick = now.as_nanos().checked_div(settings.tick.as_nanos()).unwrap_or(0);
        let tick = u64::try_from(tick).unwrap_or(u64::MAX);
        let place = self.places.entry(place).or_default();
        if place.tick != tick {
            (place.tick, place.seen) = (tick, 0);
        }
        place.seen = place.seen.saturating_add(1);
        let beyond = place.seen.saturating_sub(settings.initial);
        if !settings.enabled || beyond == 0 || beyond.checked_rem(settings.thereafter) == Some(0) {
            return Verdict::Write { suppressed: std::mem::take(&mut place.suppressed) };
        }
        place.suppressed = place.suppressed.saturating_add(1);
        Verdict::Suppress
    }
}
