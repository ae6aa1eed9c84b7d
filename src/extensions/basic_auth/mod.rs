//! `basicauth`: user and password, asked of those who send to us or given to those we send to.
//!
//! A section is one side or the other: `htpasswd` judges, `client_auth` provides. What is secret is never shown, and a
//! refusal does not say whether the user or the password was wrong.

mod client;
mod config;
mod hash;
mod htpasswd;
mod md5_crypt;
mod server;
#[cfg(test)]
mod tests;

use crate::component::{
    Authenticator, BoxFuture, Capability, Component, Credentials, Env, Extension, Facts, Fault, Prepare,
    Prepared, Running, Stop,
};
use crate::config::{Errors, Section};
use client::Client;
use config::Config;
use server::Server;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "basicauth",
    aliases: &[],
    signals: &[],
    summary: "judges or provides a user and a password (HTTP Basic)",
    readme: include_str!("README.md"),
    example: "htpasswd:\n  inline: |\n    alice:${env:ALICE_PASSWORD:-secret}\n",
    prepare: Prepare::Extension(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    let (config, warnings) = Config::of(section)?;
    let provides = match &config {
        Config::Server { .. } => vec![Capability::Authenticator],
        Config::Client { .. } => vec![Capability::Credentials],
    };
    let config = Arc::new(config);
    let make = move |env: &Env| -> Result<Arc<dyn Extension>, Fault> {
        Ok(match &*config {
            Config::Server { file, users } => {
                Arc::new(Server::new(&env.id, file.clone(), Arc::clone(users))?)
            }
            Config::Client { username, password } => {
                Arc::new(Client::new(username.clone(), password.clone()))
            }
        })
    };
    Ok(Prepared::new(make).with(Facts { warnings, provides, ..Facts::default() }))
}

impl Extension for Server {
    fn start(self: Arc<Self>, _stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        Box::pin(async move { self.load().map(|()| None) })
    }

    fn authenticator(self: Arc<Self>) -> Option<Arc<dyn Authenticator>> {
        Some(self)
    }
}

impl Extension for Client {
    fn start(self: Arc<Self>, _stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        Box::pin(async move { self.load().map(|()| None) })
    }

    fn credentials(self: Arc<Self>) -> Option<Arc<dyn Credentials>> {
        Some(self)
    }
}
