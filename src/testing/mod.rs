//! What tests, benches and `weft bench` share: numbered telemetry, backends that misbehave by script, and whole
//! gateways with probes at both ends.
//!
//! Time is the runtime's, so a test that pauses it decides every moment.

mod backend;
mod door;
mod gatherer;
mod generate;
pub mod load;
mod rig;

pub use backend::{Attempt, Backend, Letter, Verdict};
pub use door::{Door, Pending, Probe};
pub use gatherer::{Gatherer, Ledger};
pub use generate::{Generator, SEQ, seqs, seqs_of};
pub use rig::{Rig, Started, env, options, table};
