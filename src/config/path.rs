//! Paths as people read them: `processors.tail_sampling.policies[0].name`.
//!
//! Keys may hold dots themselves (`service.name`), so a path is resolved against a tree: at each map the longest key
//! that the rest of the path begins with is taken.

use super::node::{Key, Node, Value};

/// Joins steps; a list position comes as `[0]`.
pub fn join<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    steps.into_iter().fold(String::new(), |path, step| concat(&path, step))
}

/// `path` and one more step (or a whole path).
pub fn concat(path: &str, step: &str) -> String {
    if path.is_empty() || step.is_empty() || step.starts_with('[') {
        format!("{path}{step}")
    } else {
        format!("{path}.{step}")
    }
}

/// What a path leads to: the value and, in a map, its key.
pub struct Found<'a> {
    /// The value.
    pub node: &'a Node,
    /// The key it stands under.
    pub key: Option<&'a Key>,
    /// What is left of the path below the last value that exists; empty if all of it does.
    pub missing: &'a str,
}

/// Follows a path as far as it goes. List positions may be written `[0]` or `.0`.
pub fn follow<'a>(root: &'a Node, path: &'a str) -> Found<'a> {
    let mut found = Found { node: root, key: None, missing: path };
    while !found.missing.is_empty() {
        let Some((key, node, rest)) = step(found.node, found.missing) else { break };
        found = Found { node, key: key.or(found.key), missing: rest };
    }
    found
}

type Step<'a> = (Option<&'a Key>, &'a Node, &'a str);

fn step<'a>(node: &'a Node, path: &'a str) -> Option<Step<'a>> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .filter_map(|(key, value)| Some((Some(key), value, rest(path.strip_prefix(&*key.text)?)?)))
            .min_by_key(|(_, _, rest)| rest.len()),
        Value::List(items) => {
            let digits = path.trim_start_matches('[');
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let item = items.get(digits.get(..end)?.parse::<usize>().ok()?)?;
            let after = digits.get(end..)?;
            Some((None, item, rest(after.strip_prefix(']').unwrap_or(after))?))
        }
        _ => None,
    }
}

/// The rest of a path after a whole step.
fn rest(after: &str) -> Option<&str> {
    match after.chars().next() {
        None => Some(after),
        Some('.') => after.get(1..),
        Some('[') => Some(after),
        Some(_) => None,
    }
}
