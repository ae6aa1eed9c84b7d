//! The processor around the gathering: holding, the limit of origins, and letting go.

use super::config::Config;
use crate::batch::{Batch, Gather, Gathered, Reason, Time};
use crate::component::{Drain, Env, Loss, Out, Processor};
use crate::telemetry::names;
use metrics::{Counter, Gauge, Histogram};

/// Gathers one pipeline's batches.
pub(super) struct Batcher {
    gather: Gather,
    most_origins: usize,
    /// Some sender waits for the backends: nothing may wait for the timer in vain.
    awaited: bool,
    meters: Meters,
}

struct Meters {
    size: Histogram,
    by_size: Counter,
    by_timeout: Counter,
    origins: Gauge,
}

/// Why a batch is refused when too many kinds wait already.
const TOO_MANY: Reason = Reason::new("metadata_cardinality", "too many batcher metadata-value combinations");

impl Batcher {
    pub(super) fn new(config: &Config, env: &Env) -> Self {
        let (registry, labels) = (&env.registry, [("processor", &*env.id)]);
        let meters = Meters {
            size: registry.histogram(&names::BATCH_SEND_SIZE, &labels),
            by_size: registry.counter(&names::BATCH_SIZE_TRIGGER, &labels),
            by_timeout: registry.counter(&names::BATCH_TIMEOUT_TRIGGER, &labels),
            origins: registry.gauge(&names::BATCH_METADATA_CARDINALITY, &labels),
        };
        let most_origins = match config.metadata_cardinality_limit {
            0 => usize::MAX,
            limit => limit as usize,
        };
        Self { gather: Gather::new(config.thresholds()), most_origins, awaited: false, meters }
    }

    fn let_go(&mut self, out: &mut Out<'_>, work: impl FnOnce(&mut Gather, &mut dyn FnMut(Batch, Gathered))) {
        let meters = &self.meters;
        work(&mut self.gather, &mut |batch, why| {
            meters.size.record(batch.items() as f64);
            match why {
                Gathered::Size => meters.by_size.increment(1),
                Gathered::Timeout => meters.by_timeout.increment(1),
            }
            out.emit(batch);
        });
        self.awaited &= self.gather.origins() > 0;
        meters.origins.set(self.gather.origins() as f64);
    }
}

impl Processor for Batcher {
    fn process(&mut self, mut batch: Batch, out: &mut Out<'_>) {
        if self.gather.origins() >= self.most_origins && !self.gather.knows(&batch) {
            return out.discard(batch, Loss::Limit, TOO_MANY);
        }
        if !batch.claim.hold() {
            return out.expired(batch);
        }
        self.awaited |= batch.claim.wants_delivery();
        let now = out.now();
        self.let_go(out, |gather, ready| gather.add(batch, now, ready));
    }

    fn tick(&mut self, out: &mut Out<'_>) -> Option<Time> {
        let now = out.now();
        if self.gather.next().is_some_and(|next| now.reached(next)) {
            self.let_go(out, |gather, ready| gather.due(now, ready));
        }
        self.gather.next()
    }

    fn idle(&mut self, out: &mut Out<'_>) {
        if self.awaited {
            self.let_go(out, |gather, ready| gather.flush(ready));
        }
    }

    fn drain(&mut self, _why: Drain, out: &mut Out<'_>) {
        self.let_go(out, |gather, ready| gather.flush(ready));
    }

    fn held(&self) -> u64 {
        self.gather.items()
    }
}
