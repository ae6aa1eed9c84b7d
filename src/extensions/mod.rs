//! The extensions: what stands beside the pipelines, each in a folder of its own.

pub mod basic_auth;
pub mod bearer_token;
pub mod health_check;
pub mod pprof;
pub mod zpages;
