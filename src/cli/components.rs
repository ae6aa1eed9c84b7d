//! `weft components`: what can be configured, and the manual of each.

use super::args::Components;
use crate::component::{Component, Kind};
use crate::engine::Table;
use std::process::ExitCode;

/// Lists all, or tells about one.
pub(super) fn components(args: &Components, table: &Table) -> ExitCode {
    let Some(name) = &args.name else {
        print!("{}", list(table));
        return ExitCode::SUCCESS;
    };
    let found: Vec<_> = table.iter().filter(|component| component.is_called(name)).collect();
    if found.is_empty() {
        eprintln!("error: {}", missing(name, table));
        return ExitCode::FAILURE;
    }
    found.iter().for_each(|component| print!("{}", manual(component)));
    ExitCode::SUCCESS
}

/// What to say of a name that no component has.
fn missing(name: &str, table: &Table) -> String {
    if let Some((kind, advice)) = table.instead_of(name) {
        return format!("weft has no {} `{name}`: {advice}", kind.name());
    }
    let names = table.iter().flat_map(|component| component.aliases.iter().chain([&component.name]));
    let near = crate::config::nearest(name, names.copied());
    let hint =
        near.map_or("; `weft components` lists them".to_owned(), |near| format!(", did you mean `{near}`?"));
    format!("no component is called `{name}`{hint}")
}

fn list(table: &Table) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        if table.of(kind).next().is_none() {
            continue;
        }
        text.push_str(&format!("{}:\n", kind.key()));
        for component in table.of(kind) {
            let also = if component.aliases.is_empty() {
                String::new()
            } else {
                format!(" (also: {})", component.aliases.join(", "))
            };
            text.push_str(&format!("  {:<18} {}{also}\n", component.name, component.summary));
        }
    }
    text
}

fn manual(component: &Component) -> String {
    let Component { name, readme, example, .. } = component;
    let key = component.kind().key();
    let indented: String = example.lines().map(|line| format!("    {line}\n")).collect();
    format!("{}\n\n## Minimal section\n\n```yaml\n{key}:\n  {name}:\n{indented}```\n\n", readme.trim_end())
}
