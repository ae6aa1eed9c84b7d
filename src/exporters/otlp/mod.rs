//! `otlp_grpc` (also `otlp`): sends OTLP over gRPC.
//!
//! What nobody changed goes out as the bytes that came in. Compression happens once for a request and
//! is kept over its attempts.

mod config;
mod send;
#[cfg(test)]
mod tests;

use crate::component::{Capability, Component, Env, Facts, Fault, Prepare, Prepared, Sink};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use config::Config;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "otlp_grpc",
    aliases: &["otlp"],
    signals: &Signal::ALL,
    summary: "sends OTLP over gRPC",
    readme: include_str!("README.md"),
    example: "endpoint: backend:4317\ntls:\n  insecure: true\n",
    prepare: Prepare::Exporter(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let config = Arc::new(Config::of(section)?);
    let auth = config.client.auth.as_ref();
    let needs = auth
        .map(|auth| ("auth.authenticator".to_owned(), auth.authenticator.clone(), Capability::Credentials));
    let delivery = Some(config.delivery.clone());
    let reads_headers = config.delivery.partition();
    let facts = Facts { delivery, reads_headers, needs: needs.into_iter().collect(), ..Facts::default() };
    let make = move |env: &Env| -> Result<Sink, Fault> {
        Ok(Sink::Exporter(Arc::new(send::Otlp::new(&config, env)?)))
    };
    Ok(Prepared::new(make).with(facts))
}
