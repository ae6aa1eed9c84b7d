//! Proto3 JSON in OTLP's flavour, both ways, between JSON text and wire bytes with no structs between.
//!
//! OTLP departs from proto3 JSON in that trace and span ids are hex. What is read is wider than what is written: field
//! names in camel or snake case, 64-bit integers as strings or numbers, enums as numbers or names, base64 of either
//! alphabet. What is written is what the Collector writes, so that its file receiver and `otlphttp` read it.
//!
//! The reader is our own and not serde's: it copies short strings, which a request mostly is, straight from the text to
//! the wire, keeps a request in which one string is not UTF-8 (as the wire reader does), bounds nesting as OTLP
//! nests, and reads every double as the nearest value, which serde_json does not unless a feature makes it slow.

mod decode;
mod encode;
mod error;
mod number;
mod reader;
mod splice;
#[cfg(test)]
mod tests;
mod walk;
mod write;

pub use decode::decode;
pub(crate) use decode::decode_message;
pub use encode::encode;
pub(crate) use encode::encode_message;
pub use error::{JsonError, JsonProblem};
pub(crate) use write::write_string;
