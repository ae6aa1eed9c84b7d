//! From the flags to a plan, with everything that is wrong on the way.

use super::args::Source;
use crate::config::render::Style;
use crate::config::{ConfigError, Errors, Loader, Settings, Severity, process_environment};
use crate::engine::{Plan, Table};
use std::io::IsTerminal;
use std::path::Path;

/// Where a container's configuration lies, in the order in which it is looked for.
const PLACES: [&str; 2] = ["/etc/otelcol-contrib/config.yaml", "/etc/otelcol/config.yaml"];

/// A checked configuration and what deserves a word.
pub(super) struct Checked {
    /// The settings.
    pub(super) settings: Settings,
    /// The graph.
    pub(super) plan: Plan,
    /// What works but is likely not meant.
    pub(super) warnings: Vec<ConfigError>,
}

/// The sources to read: those that were given, else the container's, else none.
pub(super) fn sources(source: &Source) -> Vec<String> {
    if !source.config.is_empty() {
        return source.config.clone();
    }
    let found = PLACES.iter().find(|place| Path::new(place).exists());
    found.map(|place| (*place).to_owned()).into_iter().collect()
}

/// Loads and checks.
pub(super) fn check(source: &Source, table: &Table) -> Result<Checked, Errors> {
    check_locations(sources(source), source, table)
}

/// Loads and checks these locations with the other flags of `source`.
pub(super) fn check_locations(
    locations: Vec<String>,
    source: &Source,
    table: &Table,
) -> Result<Checked, Errors> {
    let loader = locations.into_iter().fold(Loader::new(&process_environment), Loader::config);
    let loader = source.set.iter().fold(loader, |loader, set| loader.set(set.clone()));
    let loaded = loader.load()?;
    let mut warnings: Vec<_> = source.feature_gates.iter().map(|gates| gate_warning(gates)).collect();
    let (settings, mut plan) = Plan::read(loaded, table)?;
    warnings.append(&mut plan.warnings);
    if source.strict && !warnings.is_empty() {
        return Err(Errors(warnings));
    }
    Ok(Checked { settings, plan, warnings })
}

fn gate_warning(gates: &str) -> ConfigError {
    let problem = format!("`--feature-gates {gates}` has no effect: weft has no gates");
    ConfigError::new(None, "", problem).hint("remove the flag").warning()
}

/// How errors look on standard error.
pub(super) fn style() -> Style {
    if std::io::stderr().is_terminal() && process_environment("NO_COLOR").is_none() {
        Style::Ansi
    } else {
        Style::Plain
    }
}

/// Prints errors for people.
pub(super) fn complain(errors: &Errors) {
    eprint!("{}", errors.render(style()));
    eprintln!("\n{}", verdict(errors));
}

/// How many there are; warnings alone are only refused where that was asked for.
fn verdict(errors: &Errors) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match errors.iter().filter(|error| error.severity == Severity::Error).count() {
        0 => format!("{} in the configuration, and --strict refuses them", plural(errors.len(), "warning")),
        count => format!("{} in the configuration", plural(count, "error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts() {
        let error = ConfigError::new(None, "", "wrong");
        let warning = error.clone().warning();
        let verdict = |list: &[&ConfigError]| verdict(&Errors(list.iter().map(|&one| one.clone()).collect()));
        assert_eq!(verdict(&[&error]), "1 error in the configuration");
        assert_eq!(verdict(&[&error, &warning, &error]), "2 errors in the configuration");
        assert_eq!(verdict(&[&warning]), "1 warning in the configuration, and --strict refuses them");
    }
}
