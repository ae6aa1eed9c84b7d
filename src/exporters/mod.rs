//! The exporters: what sends data out, each in a folder of its own.

pub mod debug;
pub mod file;
pub mod nop;
pub mod otlp;
pub mod otlp_http;
