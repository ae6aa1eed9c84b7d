//! `bearertokenauth`: a token in a header, asked of those who send to us and given to those we send to.
//!
//! One section is both sides: any of its tokens opens the door, the first one is what exporters show. Tokens are compared
//! in constant time, all of them each time, and never shown.

mod bearer;
mod config;
#[cfg(test)]
mod tests;
mod tokens;
mod waiting;

use crate::component::{Capability, Component, Env, Extension, Facts, Fault, Prepare, Prepared};
use crate::config::{Errors, Section};
use bearer::Bearer;
use config::Config;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "bearertokenauth",
    aliases: &[],
    signals: &[],
    summary: "judges or provides a bearer token",
    readme: include_str!("README.md"),
    example: "token: ${env:GATEWAY_TOKEN:-secret}\n",
    prepare: Prepare::Extension(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    let (config, warnings) = Config::of(section)?;
    let config = Arc::new(config);
    let make = move |env: &Env| -> Result<Arc<dyn Extension>, Fault> {
        Ok(Arc::new(Bearer::new(&env.id, &config)?))
    };
    let provides = vec![Capability::Authenticator, Capability::Credentials];
    Ok(Prepared::new(make).with(Facts { warnings, provides, ..Facts::default() }))
}
