//! The keys of `basicauth`.

use super::htpasswd::Users;
use crate::config::{Errors, Secret, Section};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::PathBuf;
use std::sync::Arc;

/// Words about keys: where, and what.
type Warnings = Vec<(String, String)>;

/// The section, checked.
pub(super) enum Config {
    /// Judges requests.
    Server {
        /// More users, read at the start.
        file: Option<PathBuf>,
        /// The users that stand in the configuration; they count before those of the file.
        users: Arc<Users>,
    },
    /// Provides credentials.
    Client {
        /// Who.
        username: Given,
        /// And what proves it.
        password: Given,
    },
}

/// A text that stands in the configuration or in a file.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// In the configuration.
    Here(Secret),
    /// In this file, which may change.
    In(PathBuf),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Top {
    htpasswd: Option<Htpasswd>,
    client_auth: Option<ClientAuth>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Htpasswd {
    file: String,
    inline: Secret,
    secret_provider: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClientAuth {
    username: String,
    username_file: String,
    password: Secret,
    password_file: String,
    aws_secrets_manager: Option<IgnoredAny>,
    secret_provider: Option<IgnoredAny>,
}

const NO_SOURCE: &str = "no credential source provided";

impl Config {
    pub(super) fn of(section: &Section) -> Result<(Self, Warnings), Errors> {
        let Top { htpasswd, client_auth } = section.parse()?;
        match (htpasswd, client_auth) {
            (Some(_), Some(_)) => {
                let problem = "only one of `htpasswd` or `client_auth` can be specified";
                Err(section.error("client_auth", problem).hint("make two extensions of it").into())
            }
            (None, None) => Err(section
                .error("", NO_SOURCE)
                .hint("write `htpasswd` to judge requests, or `client_auth` to provide credentials")
                .into()),
            (Some(htpasswd), None) => server(section, htpasswd).map(|server| (server, Warnings::new())),
            (None, Some(client_auth)) => client(section, client_auth),
        }
    }
}

fn server(section: &Section, given: Htpasswd) -> Result<Config, Errors> {
    let Htpasswd { file, inline, secret_provider } = given;
    if secret_provider.is_some() {
        let hint = "let it write a file and name that as `htpasswd.file`: it is read again when it changes";
        return Err(no_provider(section, "htpasswd.secret_provider", hint));
    }
    if file.is_empty() && inline.is_empty() {
        return Err(section.error("htpasswd", NO_SOURCE).hint("give `file` or `inline`").into());
    }
    let users = Users::parse(inline.reveal(), None).map_err(|problem| {
        section.error("htpasswd.inline", problem).hint("write one `user:password` a line")
    })?;
    if file.is_empty() && users.is_empty() {
        return Err(section
            .error("htpasswd.inline", "it names no user")
            .hint("write `user:password`")
            .into());
    }
    let file = (!file.is_empty()).then(|| PathBuf::from(file));
    Ok(Config::Server { file, users: Arc::new(users) })
}

fn client(section: &Section, given: ClientAuth) -> Result<(Config, Warnings), Errors> {
    let ClientAuth { username, username_file, password, password_file, aws_secrets_manager, secret_provider } =
        given;
    for (key, given) in [("aws_secrets_manager", aws_secrets_manager), ("secret_provider", secret_provider)] {
        if given.is_some() {
            let hint = "let it write files and name those as `username_file` and `password_file`: they are read again \
                        when they change";
            return Err(no_provider(section, &format!("client_auth.{key}"), hint));
        }
    }
    if username.is_empty() && username_file.is_empty() && password.is_empty() && password_file.is_empty() {
        return Err(section.error("client_auth", NO_SOURCE).hint("give `username` and `password`").into());
    }
    if username.contains(':') {
        let problem = "invalid authorization format: a user name cannot hold a colon";
        return Err(section.error("client_auth.username", problem).into());
    }
    let mut warnings = Warnings::new();
    let mut either = |key: &str, here: Secret, file: String| {
        if file.is_empty() {
            return Given::Here(here);
        }
        if !here.is_empty() {
            warnings.push((format!("client_auth.{key}"), format!("has no effect beside `{key}_file`")));
        }
        Given::In(PathBuf::from(file))
    };
    let username = either("username", Secret::from(username), username_file);
    let password = either("password", password, password_file);
    Ok((Config::Client { username, password }, warnings))
}

fn no_provider(section: &Section, at: &str, hint: &str) -> Errors {
    section.error(at, "weft has no providers of secrets").hint(hint).into()
}
