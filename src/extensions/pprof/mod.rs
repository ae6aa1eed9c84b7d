//! `pprof`: CPU profiles on request, in the format of `go tool pprof`.
//!
//! Nothing is sampled until somebody asks, and only by a build with the feature `pprof`. What Go's runtime has and weft lacks (goroutines, blocking, heap sites) is
//! answered 501 with the way out, never an empty profile.

mod config;
mod profile;
mod sampler;
mod serve;
#[cfg(test)]
mod tests;

use crate::component::{Component, Env, Extension, Fault, Prepare, Prepared};
use crate::config::{Errors, Section};
use config::Config;
use serve::Pprof;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "pprof",
    aliases: &[],
    signals: &[],
    summary: "takes CPU profiles on request (with the feature `pprof`)",
    readme: include_str!("README.md"),
    example: "endpoint: localhost:1777\n",
    prepare: Prepare::Extension(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    let config = Arc::new(Config::of(section)?);
    let make = move |env: &Env| -> Result<Arc<dyn Extension>, Fault> {
        let (clock, compute) = (Arc::clone(&env.clock), Arc::clone(&env.compute));
        Ok(Arc::new(Pprof::new(Arc::clone(&env.id), Arc::clone(&config), clock, compute)))
    };
    Ok(Prepared::new(make))
}
