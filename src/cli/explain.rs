//! `weft explain`: the configuration as it is meant, each value with where it came from.

use super::args::Explain;
use super::load;
use crate::config::{Node, path, to_yaml_with_origins};
use crate::engine::Table;
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Words in a key whose value is masked.
const SECRETS: [&str; 8] =
    ["password", "secret", "token", "key_pem", "private_key", "hmac_key", "htpasswd", "authorization"];

/// Keys whose value is masked with all below.
const WHOLE: [&str; 4] = ["headers", "response_headers", "headers_list", "owner_auth"];

/// Keys that hold such a word and no secret.
const PLAIN: [&str; 2] = ["token_url", "token_file"];

/// How to read what follows.
const LEGEND: &str = "\
# The configuration as weft understands it: all files merged, every ${…} replaced.
# Behind each value stands where it was written, as file:line:column; (env:NAME): its text came from
# that variable. What is not listed has its default. Secrets are shown as [REDACTED].
";

/// Prints the resolved configuration.
pub(super) fn explain(args: &Explain, table: &Table) -> ExitCode {
    match load::check(&args.source, table) {
        Ok(checked) => {
            let root = &checked.settings.root;
            let mut credentials = BTreeSet::new();
            with_credentials(root, "", &mut credentials);
            let is_masked = |path: &str| is_secret(path) || credentials.contains(path);
            print!("{LEGEND}{}", to_yaml_with_origins(root, &is_masked));
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
    let named = WHOLE.contains(&&*last) || SECRETS.iter().any(|word| last.contains(word));
    named && !PLAIN.contains(&&*last) || path.ends_with("tpm.auth")
}

/// The paths of URLs with a user or password in them.
fn with_credentials(node: &Node, path: &str, found: &mut BTreeSet<String>) {
    let authority = node.as_text().and_then(|text| text.split_once("://"));
    if authority
        .is_some_and(|(_, rest)| rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')))
    {
        found.insert(path.to_owned());
    }
    for (key, value) in node.entries() {
        with_credentials(value, &path::concat(path, &key.text), found);
    }
    for (at, value) in node.elements().iter().enumerate() {
        with_credentials(value, &path::concat(path, &format!("[{at}]")), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Section;

    #[test]
    fn secrets_are_known_by_their_keys() {
        for path in [
            "exporters.otlp.headers",
            "extensions.basicauth.client_auth.password",
            "x.tls.key_pem",
            "x.tls.tpm.auth",
            "x.Client_Secret",
        ] {
            assert!(is_secret(path), "{path}");
        }
        for path in [
            "exporters.otlp.endpoint",
            "exporters.otlp.auth",
            "processors.batch.metadata_keys",
            "exporters.otlp.tls.key_file",
            "receivers.otlp.protocols.http.cors.allowed_headers",
        ] {
            assert!(!is_secret(path), "{path}");
        }
    }

    #[test]
    fn a_url_with_a_password_is_secret_whatever_its_key() {
        let text = "a: http://user:pass@host:1\nb: [https://host/x@y, 'http://u@h/']\nc: a@b\n";
        let section = Section::from_yaml("x", "x.yaml", text).unwrap();
        let mut found = BTreeSet::new();
        with_credentials(section.node(), "", &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b[1]"]);
    }
}
