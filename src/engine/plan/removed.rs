//! Keys that the Collector had once, or has where weft has not, with what to write instead.
//!
//! The sections refuse them as unknown fields, with their place; here such an error only gets its way out.

use crate::config::{ConfigError, Errors};

/// A key: what its path begins with, what it ends with before the key, the key, and the way out.
type Removed = (&'static str, &'static str, &'static str, &'static str);

const NO_PROFILES: &str = "remove it: weft carries no profiles yet";
const IN_SERVER_PARAMETERS: &str = "it belongs one level deeper, under `server_parameters`";

const REMOVED: &[Removed] = &[
    ("exporters", "", "insecure", "it moved into `tls`: write `tls: {insecure: true}`"),
    (
        "exporters",
        "",
        "insecure_skip_verify",
        "it moved into `tls`: write `tls: {insecure_skip_verify: true}`",
    ),
    ("exporters", "", "ca_file", "it moved into `tls`: write `tls: {ca_file: …}`"),
    ("exporters", "", "cert_file", "it moved into `tls`: write `tls: {cert_file: …}`"),
    ("exporters", "", "key_file", "it moved into `tls`: write `tls: {key_file: …}`"),
    ("exporters", "", "server_name_override", "it moved into `tls`: write `tls: {server_name_override: …}`"),
    ("exporters", "", "per_rpc_auth", "write `headers: {authorization: \"Bearer ${env:TOKEN}\"}`"),
    ("exporters", "", "loglevel", "it became `verbosity`: basic, normal or detailed (as `debug` was)"),
    ("exporters", "", "profiles_endpoint", NO_PROFILES),
    ("exporters", ".retry_on_failure", "max_retries", "retries end by time: write `max_elapsed_time`"),
    ("exporters", ".retry_on_failure", "max_attempts", "retries end by time: write `max_elapsed_time`"),
    ("exporters", ".sending_queue", "persistent_storage_enabled", super::absent::INSTEAD_OF_STORAGE),
    (
        "exporters",
        ".batch",
        "enabled",
        "a batch block is on when it is given: leave `batch` out to turn it off",
    ),
    ("receivers", "", "endpoint", "it belongs to a protocol: write `protocols: {grpc: {endpoint: …}}`"),
    ("receivers", "", "grpc", "it belongs under `protocols`"),
    ("receivers", "", "http", "it belongs under `protocols`"),
    ("receivers", "", "storage", "remove it: weft keeps no positions on disk yet"),
    ("receivers", ".grpc", "cors", "browsers speak HTTP: it belongs under `http`"),
    ("receivers", ".http", "cors_allowed_origins", "it moved: write `cors: {allowed_origins: […]}`"),
    ("receivers", ".http", "cors_allowed_headers", "it moved: write `cors: {allowed_headers: […]}`"),
    ("receivers", ".http", "profiles_url_path", NO_PROFILES),
    ("receivers", ".tls", "insecure", "remove `tls`: a listener without it takes plain text"),
    ("receivers", ".keepalive", "max_connection_idle", IN_SERVER_PARAMETERS),
    ("receivers", ".keepalive", "max_connection_age", IN_SERVER_PARAMETERS),
    ("receivers", ".keepalive", "max_connection_age_grace", IN_SERVER_PARAMETERS),
    ("receivers", ".keepalive", "time", IN_SERVER_PARAMETERS),
    ("receivers", ".keepalive", "timeout", IN_SERVER_PARAMETERS),
    ("receivers", ".keepalive", "min_time", "it belongs one level deeper, under `enforcement_policy`"),
    ("", "", "tls_settings", "it is called `tls`"),
    ("", "", "tls_setting", "it is called `tls`"),
    ("processors", "", "ballast_size_mib", "remove it: weft's memory limit needs no ballast"),
];

/// Says the way out at errors about such keys.
pub(super) fn explain(errors: &mut Errors) {
    for error in &mut errors.0 {
        if let Some(advice) = advice(error) {
            error.hint = Some(advice.to_owned());
        }
    }
}

/// What to write instead of the key that an error does not know.
fn advice(error: &ConfigError) -> Option<&'static str> {
    let key = error.problem.strip_prefix("unknown field `")?.strip_suffix('`')?;
    let component = error.path.matches('.').count() == 1;
    let stands = |(begin, end, of, _): &&Removed| {
        // A key without an end before it stands at the top of a component or, if it may begin anywhere, anywhere.
        let ends = if end.is_empty() { component || begin.is_empty() } else { error.path.ends_with(end) };
        *of == key && error.path.starts_with(begin) && ends
    };
    REMOVED.iter().find(stands).map(|(.., advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(path: &str, key: &str) -> Option<String> {
        let mut errors = Errors::from(ConfigError::new(None, path, format!("unknown field `{key}`")));
        explain(&mut errors);
        errors.0.remove(0).hint
    }

    #[test]
    fn a_key_is_explained_where_it_stood_and_nowhere_else() {
        let moved = |path, key| hint(path, key).is_some_and(|hint| hint.contains("tls"));
        assert!(moved("exporters.otlp_grpc/sink", "insecure"));
        assert!(moved("receivers.otlp.protocols.grpc.tls", "insecure"));
        assert!(moved("receivers.otlp.protocols.http", "tls_settings"));
        assert_eq!(hint("exporters.otlp_grpc.sending_queue", "insecure"), None);
        assert_eq!(hint("processors.batch", "insecure"), None);
        assert_eq!(hint("receivers.otlp.protocols.grpc", "grpc"), None);
    }

    #[test]
    fn other_errors_are_left_alone() {
        let mut errors = Errors::from(ConfigError::new(None, "exporters.debug", "unknown value `insecure`"));
        explain(&mut errors);
        assert_eq!(errors.0[0].hint, None);
    }
}
