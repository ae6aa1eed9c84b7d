//! `line_socket`: log records as lines of text at a unix socket.

mod record;
mod serve;

use serde::Deserialize;
use std::path::PathBuf;
use weft::batch::Wants;
use weft::component::{Component, Env, Facts, Prepare, Prepared, Receiver};
use weft::config::{Errors, Section};
use weft::otlp::Signal;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "line_socket",
    aliases: &[],
    signals: &[Signal::Logs],
    summary: "takes lines of text at a unix socket",
    readme: include_str!("README.md"),
    example: "endpoint: /run/lines.sock\n",
    prepare: Prepare::Receiver(prepare),
};

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    endpoint: PathBuf,
    max_line_bytes: usize,
    answer: Wants,
}

impl Default for Config {
    fn default() -> Self {
        Self { endpoint: PathBuf::new(), max_line_bytes: 65536, answer: Wants::Held }
    }
}

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Receiver>>, Errors> {
    let Config { endpoint, max_line_bytes, answer } = section.parse()?;
    let mut errors = Errors::new();
    if endpoint.as_os_str().is_empty() {
        errors.push(section.error("endpoint", "`endpoint` is required").hint("write a path for the socket"));
    }
    if max_line_bytes == 0 {
        errors.push(
            section.error("max_line_bytes", "`max_line_bytes` must be positive").hint("the default is 65536"),
        );
    }
    errors.finish(())?;
    let make = move |env: &Env| {
        let (path, clock) = (endpoint.clone(), env.clock.clone());
        Ok(Box::new(serve::LineSocket { path, max_line_bytes, clock }) as Box<dyn Receiver>)
    };
    Ok(Prepared::new(make).with(Facts { answer, ..Facts::default() }))
}
