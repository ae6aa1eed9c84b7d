//! The keys of `zpages`.

use crate::config::{Errors, Section};
use crate::net::settings::HttpServer;
use serde::Deserialize;

/// The section, checked.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) server: HttpServer,
    /// Whether `/debug/expvarz` is served.
    pub(super) expvar: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    expvar: Expvar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expvar {
    enabled: bool,
}

impl Config {
    pub(super) fn of(section: &Section) -> Result<Self, Errors> {
        let (own, rest) = section.take(&["expvar"]);
        let mut errors = Errors::new();
        let own = errors.keep(own.parse::<Own>());
        let server = errors.keep(rest.parse::<HttpServer>());
        let (Some(own), Some(mut server)) = (own, server) else { return Err(errors) };
        if !section.has("endpoint") {
            "localhost:55679".clone_into(&mut server.endpoint);
        }
        if server.endpoint.is_empty() {
            let error =
                section.error("endpoint", "\"endpoint\" is required when using the \"zpages\" extension");
            errors.push(error.hint("write `endpoint: localhost:55679`"));
        } else {
            let problems = server.check().into_iter();
            problems.for_each(|found| errors.push(section.error(&found.at, found.problem).hint(found.hint)));
        }
        if server.auth.is_some() {
            let error = section.error("auth", "an extension cannot ask another one to judge its requests");
            errors.push(error.hint("listen on localhost, or ask for certificates with `tls.client_ca_file`"));
        }
        errors.finish(Self { server, expvar: own.expvar.enabled })
    }
}
