//! The connectors: processors whose ports are other pipelines.

pub mod forward;
