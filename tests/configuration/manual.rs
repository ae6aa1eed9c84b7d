//! The manual against the code: names are unique, examples work, and the tables of keys in the READMEs list exactly the
//! keys that are accepted, as the errors about unknown ones tell.

use super::{load, upstream};
use std::collections::{BTreeMap, BTreeSet};
use weft::component::Component;
use weft::config::{Errors, Section};

/// Blocks that components share: a table may name one key of them, and need not name all.
const SHARED: [&str; 4] = ["auth", "compression_params", "tls", "keepalive"];

#[test]
fn names_and_aliases_are_unique_within_their_kind() {
    let mut seen = BTreeSet::new();
    for component in load::table().iter() {
        for name in component.aliases.iter().chain([&component.name]) {
            assert!(seen.insert((component.kind(), *name)), "two {} `{name}`", component.kind().key());
            assert!(name.parse::<weft::config::ComponentId>().is_ok(), "`{name}` cannot be written");
        }
        assert!(!component.summary.is_empty() && !component.summary.ends_with('.'), "{}", component.name);
    }
}

#[test]
fn nothing_is_called_absent_that_is_there() {
    let table = load::table();
    for component in table.iter() {
        for name in component.aliases.iter().chain([&component.name]) {
            let absent = table.instead_of(name).filter(|(kind, _)| *kind == component.kind());
            assert_eq!(absent, None, "`{name}` is in the table");
        }
    }
}

#[test]
fn every_example_is_read_and_so_is_every_example_of_a_readme() {
    for component in load::table().iter() {
        let Component { name, example, readme, .. } = component;
        let section =
            Section::from_yaml(name, "example", example).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        upstream::prepare(component.prepare, &section).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let examples: Vec<_> =
            readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!examples.is_empty(), "the README of {name} has no example");
        for example in examples {
            let whole = Section::from_yaml("", "README.md", example)
                .unwrap_or_else(|errors| panic!("{name}: {errors}"));
            let kind = component.kind();
            for (key, _) in whole.child(kind.key()).node().entries() {
                let id: weft::config::ComponentId =
                    key.text.parse().unwrap_or_else(|bad| panic!("{name}: {bad}"));
                let found = load::table().find(kind, id.kind()).unwrap_or_else(|| panic!("{name}: `{id}`"));
                let section = whole.child(&format!("{}.{}", kind.key(), key.text));
                upstream::prepare(found.prepare, &section)
                    .unwrap_or_else(|errors| panic!("{name}: {errors}"));
            }
        }
    }
}

#[test]
fn every_readme_lists_exactly_the_keys_that_are_accepted() {
    let mut wrong = Vec::new();
    for component in load::table().iter() {
        let (listed, mentioned) = (listed(component.readme), mentioned(component.readme));
        let accepted = accepted(component, &listed);
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let missing: Vec<_> =
            accepted.difference(&listed).filter(|path| !mentioned.contains(&last(path))).collect();
        let invented: Vec<_> = listed.difference(&accepted).collect();
        if !missing.is_empty() || !invented.is_empty() {
            let (kind, name) = (component.kind().key(), component.name);
            wrong.push(format!("{kind}/{name}: not in the manual: {missing:?}; not accepted: {invented:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The part of a manual about keys.
fn configuration(readme: &str) -> &str {
    let part = readme.split("\n## Configuration\n").nth(1).unwrap_or_default();
    part.split("\n## ").next().unwrap_or_default()
}

/// Words in backticks outside of the tables: keys that a sentence tells of.
fn mentioned(readme: &str) -> BTreeSet<String> {
    let text: String =
        configuration(readme).lines().filter(|line| !line.starts_with('|')).collect::<Vec<_>>().join(" ");
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The keys in the first columns of the tables. Those behind the first in one cell stand in the same block; `both:`
/// begins a cell of keys that both protocols have.
fn listed(readme: &str) -> BTreeSet<String> {
    let cells = configuration(readme).lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(cell).collect()
}

fn cell(cell: &str) -> Vec<String> {
    let keys: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    if cell.starts_with("both: ") {
        let of =
            |protocol: &str| keys.iter().map(|key| format!("protocols.{protocol}.{key}")).collect::<Vec<_>>();
        return [of("grpc"), of("http")].concat();
    }
    let block = keys.first().and_then(|first| first.rsplit_once('.')).map_or("", |(block, _)| block);
    let whole = |key: &&str| {
        if key.contains('.') { (*key).to_owned() } else { weft::config::path::concat(block, key) }
    };
    keys.iter().map(whole).collect()
}

/// All paths of keys that are accepted, down to where the table goes.
fn accepted(component: &Component, listed: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut blocks = vec![String::new()];
    while let Some(block) = blocks.pop() {
        let shared = SHARED.contains(&block.rsplit('.').next().unwrap_or_default());
        for key in known(component, &block) {
            let path = weft::config::path::concat(&block, &key);
            let deeper = listed.iter().any(|listed| listed.starts_with(&format!("{path}.")));
            // A block may be listed by its keys alone, and a shared one by some of them.
            if listed.contains(&path) || !deeper && !shared {
                found.insert(path.clone());
            }
            blocks.extend(deeper.then_some(path));
        }
    }
    found
}

/// The keys of a block, as the error about a key that is none of them tells.
fn known(component: &Component, block: &str) -> Vec<String> {
    let probe = "not_a_key_of_this_block";
    let steps = block.split('.').filter(|step| !step.is_empty()).chain([probe]);
    let lines = steps.enumerate().map(|(depth, step)| format!("{}{step}:\n", "  ".repeat(depth)));
    // The newer form of the health check has keys of its own, which the older one refuses as a whole.
    let newer = if component.name == "health_check" && !block.is_empty() { "use_v2: true\n" } else { "" };
    let yaml = format!("{newer}{}", lines.collect::<String>());
    let section = Section::from_yaml("x", "probe", &yaml).expect("YAML");
    let errors = upstream::prepare(component.prepare, &section).err().unwrap_or_default();
    let about = |errors: &Errors| {
        let error = errors.iter().find(|error| error.problem == format!("unknown field `{probe}`"));
        error.map(|error| error.more.known.clone())
    };
    about(&errors)
        .unwrap_or_else(|| panic!("{}: an unknown key in `{block}` is accepted: {errors}", component.name))
}

/// The same table for the blocks that all share, where every component that has one has the same keys in it.
#[test]
fn shared_blocks_have_the_same_keys_everywhere() {
    let mut blocks: BTreeMap<&str, BTreeSet<Vec<String>>> = BTreeMap::new();
    for component in load::table().iter().filter(|one| matches!(one.name, "otlp_grpc" | "otlp_http")) {
        for block in [
            "sending_queue",
            "sending_queue.batch",
            "sending_queue.batch.partition",
            "retry_on_failure",
            "tls",
        ] {
            blocks.entry(block).or_default().insert(known(component, block));
        }
    }
    assert_eq!(blocks.len(), 5);
    blocks.into_iter().for_each(|(block, keys)| assert_eq!(keys.len(), 1, "{block}: {keys:?}"));
}
