//! Keys that the Collector had once, or has where weft has not, with what to write instead.
//!
//! The sections refuse them as unknown fields, with their place; here such an error only gets its way out.

use crate::config::{ConfigError, Errors};

const NO_PROFILES: &str = "remove it: weft carries no profiles yet";

/// A key that is refused.
struct Removed {
    /// What the path of its map begins with.
    begin: &'static str,
    /// What it ends with; empty for the top of a component's section.
    end: &'static str,
    /// A key that is known beside it, so that the words fit; empty for any.
    beside: &'static str,
    keys: &'static [&'static str],
    /// What to write instead; `KEY` stands for the key.
    advice: &'static str,
}

const fn removed(
    [begin, end, beside]: [&'static str; 3],
    keys: &'static [&'static str],
    advice: &'static str,
) -> Removed {
    Removed { begin, end, beside, keys, advice }
}

const REMOVED: &[Removed] = &[
    removed(
        ["exporters", "", "tls"],
        &["insecure", "insecure_skip_verify", "ca_file", "cert_file", "key_file", "server_name_override"],
        "it moved into `tls`: write `tls: {KEY: …}`",
    ),
    removed(
        ["exporters", "", "headers"],
        &["per_rpc_auth"],
        "write `headers: {authorization: \"${env:TOKEN}\"}`",
    ),
    removed(
        ["exporters", "", "verbosity"],
        &["loglevel"],
        "it became `verbosity`: basic, normal, or detailed (what `debug` was)",
    ),
    removed(["exporters", "", ""], &["profiles_endpoint"], NO_PROFILES),
    removed(
        ["exporters", ".retry_on_failure", ""],
        &["max_retries", "max_attempts"],
        "retries end by time: write `max_elapsed_time`",
    ),
    removed(
        ["exporters", ".sending_queue", ""],
        &["persistent_storage_enabled"],
        super::absent::INSTEAD_OF_STORAGE,
    ),
    removed(
        ["exporters", ".sending_queue.batch", ""],
        &["enabled"],
        "the block is on when it is given: leave `batch` out to turn it off",
    ),
    removed(
        ["receivers", "", "protocols"],
        &["endpoint"],
        "it belongs to a protocol: write `protocols: {grpc: {endpoint: …}}`",
    ),
    removed(["receivers", "", "protocols"], &["grpc", "http"], "it belongs under `protocols`"),
    removed(["receivers", "", ""], &["storage"], "remove it: weft keeps no positions on disk yet"),
    removed(["receivers", ".grpc", ""], &["cors"], "browsers speak HTTP: it belongs under `http`"),
    removed(
        ["receivers", ".http", "cors"],
        &["cors_allowed_origins"],
        "it moved into `cors`: write `cors: {allowed_origins: […]}`",
    ),
    removed(
        ["receivers", ".http", "cors"],
        &["cors_allowed_headers"],
        "it moved into `cors`: write `cors: {allowed_headers: […]}`",
    ),
    removed(["receivers", ".http", ""], &["profiles_url_path"], NO_PROFILES),
    removed(["receivers", ".tls", ""], &["insecure"], "remove `tls`: a listener without it takes plain text"),
    removed(
        ["receivers", ".keepalive", "server_parameters"],
        &["max_connection_idle", "max_connection_age", "max_connection_age_grace", "time", "timeout"],
        "it belongs one level deeper, under `server_parameters`",
    ),
    removed(
        ["receivers", ".keepalive", "enforcement_policy"],
        &["min_time", "permit_without_stream"],
        "it belongs one level deeper, under `enforcement_policy`",
    ),
    removed(["processors", "", ""], &["ballast_size_mib"], "remove it: weft's memory limit needs no ballast"),
    removed(["", "", "tls"], &["tls_settings", "tls_setting"], "it is called `tls`"),
];

/// Says the way out at errors about such keys.
pub(super) fn explain(errors: &mut Errors) {
    for error in &mut errors.0 {
        error.hint = advice(error).or(error.hint.take());
    }
}

/// What to write instead of the key that an error does not know.
fn advice(error: &ConfigError) -> Option<String> {
    let key = error.problem.strip_prefix("unknown field `")?.strip_suffix('`')?;
    let top = error.path.matches('.').count() == 1;
    let stands = |one: &&Removed| {
        let ends =
            if one.end.is_empty() { top || one.begin.is_empty() } else { error.path.ends_with(one.end) };
        let beside = one.beside.is_empty() || error.more.known.iter().any(|known| known == one.beside);
        one.keys.contains(&key) && error.path.starts_with(one.begin) && ends && beside
    };
    REMOVED.iter().find(stands).map(|one| one.advice.replace("KEY", key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(path: &str, key: &str, beside: &str) -> Option<String> {
        let error = ConfigError::new(None, path, format!("unknown field `{key}`")).known([beside]);
        let mut errors = Errors::from(error);
        explain(&mut errors);
        errors.0.remove(0).hint
    }

    #[test]
    fn a_key_is_explained_where_it_stood_and_nowhere_else() {
        let moved = |path, key| hint(path, key, "tls").is_some_and(|hint| hint.contains("tls"));
        assert!(moved("exporters.otlp_grpc/sink", "insecure"));
        assert!(moved("receivers.otlp.protocols.grpc.tls", "insecure"));
        assert!(moved("receivers.otlp.protocols.http", "tls_settings"));
        assert_eq!(hint("exporters.otlp_grpc.sending_queue", "insecure", "tls"), None);
        assert_eq!(hint("exporters.file", "insecure", "path"), None);
        assert_eq!(hint("processors.batch", "insecure", "tls"), None);
        assert_eq!(hint("receivers.nop", "endpoint", ""), None);
    }

    #[test]
    fn other_errors_are_left_alone() {
        let mut errors = Errors::from(ConfigError::new(None, "exporters.debug", "unknown value `insecure`"));
        explain(&mut errors);
        assert_eq!(errors.0[0].hint, None);
    }
}
