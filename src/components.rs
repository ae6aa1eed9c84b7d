//! The table of components: the only file that names them all. Its order is the order of
//! `weft components` and of the manual.
//!
//! An outside crate adds its own: `weft::components::all().chain([&MINE])`, given to [`crate::cli::main`].

use crate::component::Component;
use crate::{connectors, exporters, extensions, processors, receivers};

/// Every component that weft has.
pub fn all() -> impl Iterator<Item = &'static Component> {
    COMPONENTS.iter().copied()
}

static COMPONENTS: &[&Component] = &[
    &receivers::otlp::COMPONENT,
    &receivers::file::COMPONENT,
    &receivers::nop::COMPONENT,
    &processors::memory_limiter::COMPONENT,
    &processors::batch::COMPONENT,
    &connectors::forward::COMPONENT,
    &exporters::otlp::COMPONENT,
    &exporters::otlp_http::COMPONENT,
    &exporters::debug::COMPONENT,
    &exporters::file::COMPONENT,
    &exporters::nop::COMPONENT,
    &extensions::health_check::COMPONENT,
    &extensions::zpages::COMPONENT,
    &extensions::pprof::COMPONENT,
    &extensions::basic_auth::COMPONENT,
    &extensions::bearer_token::COMPONENT,
];
