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
        let names: Vec<_> = table.iter().map(|component| component.name).collect();
        let near = crate::config::nearest(name, names.iter().copied())
            .map(|near| format!(", did you mean `{near}`?"));
        eprintln!("error: no component is called `{name}`{}", near.unwrap_or_default());
        return ExitCode::FAILURE;
    }
    found.iter().for_each(|component| print!("{}", manual(component)));
    ExitCode::SUCCESS
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
