//! `otlp_http` (also `otlphttp`): sends OTLP over HTTP, as protobuf or JSON.
//!
//! HTTP/1.1 with a pool of connections: the cheapest way from gateway to gateway. What nobody changed
//! goes out as the bytes that came in; encoding and compression happen once for a request and are
//! kept over its attempts.

mod config;
mod reply;
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
    name: "otlp_http",
    aliases: &["otlphttp"],
    signals: &Signal::ALL,
    summary: "sends OTLP over HTTP",
    readme: include_str!("README.md"),
    example: "endpoint: http://backend:4318\n",
    prepare: Prepare::Exporter(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let config = Arc::new(Config::of(section)?);
    let auth = config.client.auth.as_ref();
    let needs = auth
        .map(|auth| ("auth.authenticator".to_owned(), auth.authenticator.clone(), Capability::Credentials));
    let facts = Facts {
        delivery: Some(config.delivery.clone()),
        reads_headers: config.delivery.partition(),
        needs: needs.into_iter().collect(),
        ..Facts::default()
    };
    let make = move |env: &Env| -> Result<Sink, Fault> {
        Ok(Sink::Exporter(Arc::new(send::OtlpHttp::new(&config, env)?)))
    };
    Ok(Prepared::new(make).with(facts))
}
