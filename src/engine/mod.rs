//! The engine: from a checked plan to a running gateway and its report.
//!
//! It knows traits and no component. Async at the edges: workers, fan-out, queues and delivery await;
//! the processors between are plain state machines. Five rules are kept here: a batch keeps its
//! origin, memory is one number, accepted means safe, losing data has one door, and everything
//! adds up in the [`Report`].

mod account;
mod assemble;
mod attempt;
mod backoff;
mod counts;
mod dispatch;
mod fanout;
mod gateway;
mod ledger;
mod memory;
mod outbox;
mod plan;
mod report;
mod status;
mod tasks;
mod worker;
mod writing;

pub use counts::{Counts, Sums};
pub use gateway::{Gateway, Options};
pub use plan::{
    Exit, Plan, Planned, PlannedConnector, PlannedExporter, PlannedExtension, PlannedPipeline,
    PlannedReceiver, Table,
};
pub use report::{Line, Report, Role};

use crate::batch::Time;
use crate::component::{Clock, Stop};
use std::time::Duration;

/// How long a shutdown takes at the most if nobody says otherwise: less than the 30 s after which
/// Kubernetes kills.
pub const SHUTDOWN: Duration = Duration::from_secs(25);

/// Sleeps until `wake`, for ever if there is none.
async fn sleep_until(wake: Option<Time>, clock: &dyn Clock) {
    match wake {
        Some(wake) => tokio::time::sleep(wake.since(clock.now())).await,
        None => std::future::pending().await,
    }
}

/// Resolves at the deadline of the stop, once it was requested.
async fn too_late(stop: &mut Stop) {
    let by = stop.requested().await;
    tokio::time::sleep_until(by).await;
}

#[cfg(test)]
mod tests;
