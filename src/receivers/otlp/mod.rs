//! `otlp`: takes OTLP over gRPC and HTTP, as the specification and the Collector have it.
//!
//! A request is let in before its body is read, charged as its bytes arrive, checked once, and handed
//! over as the bytes it came in. Both protocols end in `intake`; what differs is framing and words.

mod config;
mod grpc;
mod http;
mod intake;
mod serve;
#[cfg(test)]
mod tests;
mod verdict;

use crate::component::{Capability, Component, Env, Facts, Fault, Prepare, Prepared, Receiver};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use config::Config;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "otlp",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "takes OTLP over gRPC and HTTP",
    readme: include_str!("README.md"),
    example: "protocols:\n  grpc:\n    endpoint: localhost:4317\n  http:\n    endpoint: localhost:4318\n",
    prepare: Prepare::Receiver(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Receiver>>, Errors> {
    let config = Arc::new(Config::of(section)?);
    let facts = Facts {
        answer: config.answer,
        keeps_headers: config.keeps_headers(),
        needs: needs(&config),
        ..Facts::default()
    };
    let make = move |env: &Env| -> Result<Box<dyn Receiver>, Fault> {
        Ok(Box::new(serve::Otlp { config: Arc::clone(&config), env: env.clone() }))
    };
    Ok(Prepared::new(make).with(facts))
}

fn needs(config: &Config) -> Vec<(String, String, Capability)> {
    let grpc = config.grpc.as_ref().and_then(|server| server.auth.as_ref()).map(|auth| ("grpc", auth));
    let http = config.http.as_ref().and_then(|http| http.server.auth.as_ref()).map(|auth| ("http", auth));
    let need = |(protocol, auth): (&str, &crate::net::settings::Auth)| {
        (
            format!("protocols.{protocol}.auth.authenticator"),
            auth.authenticator.clone(),
            Capability::Authenticator,
        )
    };
    grpc.into_iter().chain(http).map(need).collect()
}
