//! Configurations from YAML to what a person reads: wrong ones and their words, those that the Collector's own tests
//! accept and reject, those that weft ships, the commands that print them, and the manual's tables of keys.
//!
//! Nothing is opened here but files: no gateway runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod command;
mod golden;
mod load;
mod manual;
mod samples;
mod shipped;
mod upstream;
