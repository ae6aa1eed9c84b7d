//! Log lines: structured, leveled, and never without limit.
//!
//! [`build`] makes a `tracing` layer from the settings. Each event passes the level, then the sampling (per place in
//! the code, as many lines as the settings say per tick, the rest counted and told as `suppressed`), is written
//! to every output in the encoding asked for, and offered to the tap from which a log processor pushes OTLP.
//!
//! What comes from outside (an error's text, a header) is data: cut at [`MAX_VALUE`] bytes, its control characters
//! escaped, so that no client writes lines of its own into the log or moves a terminal's cursor.

mod encode;
mod event;
mod layer;
mod output;
mod sample;
mod tap;
#[cfg(test)]
mod tests;

pub use event::{LogEvent, MAX_VALUE, Severity};
pub use layer::{Handle, LogLayer};
pub use output::{OutputError, Outputs, SharedBuffer};
pub use tap::TAP_CAPACITY;

use std::sync::Arc;

use super::registry::Registry;
use super::resource::Resource;
use super::settings::LogSettings;

/// What [`build`] gives.
#[derive(Debug)]
pub struct Logs {
    /// To be put on a `tracing_subscriber::Registry`, as its only layer: it decides for all what is enabled, and
    /// switches spans off.
    pub layer: LogLayer,
    /// To change level and outputs while running.
    pub handle: Handle,
    /// Log events to be pushed, if the settings have processors.
    pub tap: Option<tokio::sync::mpsc::Receiver<LogEvent>>,
}

/// Makes the layer. Outputs are opened here, so a path that cannot be written is an error at the start.
pub fn build(
    settings: &LogSettings,
    resource: &Resource,
    registry: &Registry,
    outputs: Outputs,
) -> Result<Logs, OutputError> {
    let (sender, receiver) = tap::channel(registry);
    let wanted = !settings.processors.is_empty();
    let handle = Handle::new(settings, resource, registry, outputs, wanted.then_some(sender));
    let layer = LogLayer::new(Arc::clone(handle.shared()));
    Ok(Logs { layer, handle, tap: wanted.then_some(receiver) })
}
