//! What flows through a gateway: one signal's data, where it came from, and what hangs on it.
//!
//! A [`Batch`] has one signal, one tenant, one set of headers. With it travel three things that end
//! at three moments: the sender's [`Answer`], the [`Claim`] on the data's fate, and the memory
//! [`Permit`]. This module knows the wire (`otlp`) and nothing else of ours.

mod claim;
mod context;
mod gather;
mod outcome;
mod permit;
mod time;

pub use claim::{Answer, Claim, Wants, claim};
pub use context::{Context, Headers, Identity, Origin, Tenant};
pub use gather::{Gather, Gathered, Sizer, Thresholds};
pub use outcome::{Outcome, Reason, Retry};
pub use permit::{Budget, Busy, Permit};
pub use time::Time;

use crate::otlp::Data;

/// One signal's data on its way through a pipeline.
#[derive(Debug)]
pub struct Batch {
    /// The telemetry.
    pub data: Data,
    /// Where it came from.
    pub ctx: Context,
    /// What hangs on its fate.
    pub claim: Claim,
    /// The memory it holds.
    pub permit: Permit,
}

impl Batch {
    /// Data that nobody waits for and that is charged elsewhere: made inside, or in tests.
    pub fn made(data: Data, ctx: Context) -> Self {
        Self { data, ctx, claim: Claim::none(), permit: Permit::none() }
    }

    /// How many spans, data points or log records it holds.
    pub fn items(&self) -> u64 {
        self.data.items()
    }

    /// The same data for another branch: bytes are shared and charged once, both claims have to be
    /// settled.
    #[must_use]
    pub fn share(&mut self) -> Batch {
        let (claim, permit) = (self.claim.share(), self.permit.share());
        Batch { data: self.data.clone(), ctx: self.ctx.clone(), claim, permit }
    }

    /// Appends a batch that is alike in signal and origin.
    pub fn append(&mut self, other: Batch) {
        self.claim.merge(self.data.items(), other.claim);
        self.data.append(other.data);
        self.permit.merge(other.permit);
        self.ctx.received = self.ctx.received.earlier(other.ctx.received);
    }

    /// Keeps the first `items` items and gives the rest, with its part of the memory and of the claim.
    #[must_use]
    pub fn split_off(&mut self, items: u64) -> Batch {
        let before = self.data.wire_len().max(1);
        let data = self.data.split_off(items);
        let share = self.permit.bytes() as u128 * data.wire_len() as u128 / before as u128;
        let permit = self.permit.split(share as usize);
        Batch { data, ctx: self.ctx.clone(), claim: self.claim.split_off(items), permit }
    }
}
