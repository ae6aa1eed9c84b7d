//! Load: telemetry that never repeats, sent closed or open loop, and a sink that says what became of it.
//!
//! [`Pool`] makes requests once and gives each a fresh face (ids, times, sequence numbers) in a copy, so that the
//! generator costs a fraction of what it measures. [`Sender`] sends them through the gateway's own clients, [`Sink`]
//! counts what comes out at the other end; [`Seen`] tells what was lost and what came twice. What is counted is read
//! by a walk of its own ([`numbers`]), so that no mistake of the gateway's wire code can hide itself here.

mod content;
mod pool;
mod seen;
mod send;
mod shape;
mod sink;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

pub use pool::Pool;
pub use seen::Seen;
pub use send::{Sender, Tally, percentile};
pub use shape::Shape;
pub use sink::{Received, Sink};
pub use walk::{Malformed, numbers};
pub use wire::{Load, Protocol};
