//! The wire: OTLP requests of all three signals as bytes, and everything that is done with them as bytes.
//!
//! A request is judged once, at the door ([`Data::check`]), and then kept as it came. Batching is concatenation,
//! pass-through is the very same bytes. Who wants to look gets a table of rows ([`Data::records`]), made once; who
//! edits ([`Data::retain`], [`Data::edit`]) changes rows, and the message is laid out once, at [`Data::encode`].
//! prost is nowhere on this path: it is the oracle of the tests. The module is pure: no I/O, no clock, nothing of
//! the rest of weft.

mod check;
mod columns;
mod data;
mod divide;
mod edit;
mod editor;
mod error;
pub mod json;
mod layout;
mod log;
mod metric;
mod points;
mod record;
mod rewrite;
mod rows;
pub mod rpc;
pub mod schema;
mod signal;
mod span;
mod table;
mod text;
mod value;
mod wire;

pub use check::Limits;
pub use data::{Checked, Data};
pub use edit::{HolderMut, PointMut, RecordMut};
pub use editor::{Change, Editor};
pub use error::{Problem, WireError};
pub use log::Log;
pub use metric::{Metric, MetricKind, Number, Point, Temporality};
pub use record::{Record, Resource, Scope};
pub use signal::{Signal, UnknownSignal};
pub use span::Span;
pub use text::Text;
pub use value::{AnyValueView, Array, Attribute, KvList};

#[cfg(test)]
mod tests;
