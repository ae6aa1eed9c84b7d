//! The processors: synchronous state machines, each in a folder of its own.

pub mod batch;
pub mod memory_limiter;
