//! `weft explain`: the configuration as it is meant, each value with where it came from.

use super::args::Explain;
use super::load;
use crate::config::to_yaml_with_origins;
use crate::engine::Table;
use std::process::ExitCode;

/// Words in a key whose value is masked.
const SECRETS: [&str; 9] =
    ["password", "secret", "token", "key_pem", "private_key", "hmac_key", "headers", "htpasswd", "authorization"];

/// Keys that hold such a word and no secret.
const PLAIN: [&str; 2] = ["token_url", "metadata_keys"];

/// Prints the resolved configuration.
pub(super) fn explain(args: &Explain, table: &Table) -> ExitCode {
    match load::check(&args.source, table) {
        Ok(checked) => {
            print!("{}", to_yaml_with_origins(&checked.settings.root, &is_secret));
            ExitCode::SUCCESS
        }
        Err(errors) => {
            load::complain(&errors);
            ExitCode::FAILURE
        }
    }
}

/// Whether the value at this path must not be shown: by its last key, since weft does not know what
/// an outside component calls its secrets.
fn is_secret(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    !PLAIN.contains(&&*last) && SECRETS.iter().any(|word| last.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_known_by_their_keys() {
        for path in ["exporters.otlp.headers", "extensions.basicauth.client_auth.password", "x.tls.key_pem"] {
            assert!(is_secret(path), "{path}");
        }
        for path in ["exporters.otlp.endpoint", "processors.batch.metadata_keys", "exporters.otlp.tls.key_file"] {
            assert!(!is_secret(path), "{path}");
        }
    }
}
