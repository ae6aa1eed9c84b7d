//! Tests of the whole folder: what no single file can show.

mod conformance;
mod expansion;
mod golden;
mod loading;
mod parsing;
mod properties;
mod sections;

use super::*;

/// An environment of these variables only.
fn env<'a>(vars: &'a [(&'a str, &'a str)]) -> impl Environment + 'a {
    |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// One text as a tree.
fn tree(text: &str) -> Node {
    parse(&Source::file("test.yaml", text), text, &Limits::default())
        .unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The first error of a text that is no tree.
fn refused(text: &str) -> ConfigError {
    let errors = parse(&Source::file("test.yaml", text), text, &Limits::default()).expect_err(text);
    errors.into_iter().next().expect("at least one error")
}

/// A text loaded as inline YAML.
fn load(text: &str, vars: &[(&str, &str)]) -> Result<Loaded, Errors> {
    Loader::new(&env(vars)).config(format!("yaml:{text}")).load()
}

/// A section of a text.
fn section(text: &str) -> Section {
    Section::from_yaml("processors.test", "test.yaml", text).unwrap_or_else(|e| panic!("{e}"))
}
