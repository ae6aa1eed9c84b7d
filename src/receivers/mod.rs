//! The receivers: what takes data in, each in a folder of its own.

pub mod file;
pub mod nop;
pub mod otlp;
