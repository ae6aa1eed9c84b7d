//! `service.telemetry.resource`: the old form is a plain map of attributes (a null removes one of the three that are
//! always there), the new one a list below `attributes`.

use crate::config::{Errors, Node, Section, Typed};
use crate::telemetry::resource::Value;

/// The attributes that replace or extend the default ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSettings {
    /// Name and value.
    pub attributes: Vec<(String, Value)>,
    /// Default attributes that are left out.
    pub removed: Vec<String>,
    /// The schema the names follow.
    pub schema_url: Option<String>,
}

/// The types that an entry of `attributes` may name.
const TYPES: [&str; 8] =
    ["string", "bool", "int", "double", "string_array", "bool_array", "int_array", "double_array"];

pub(super) fn load(section: &Section) -> Result<ResourceSettings, Errors> {
    let mut settings = ResourceSettings::default();
    let mut errors = Errors::new();
    if !section.is_null() && section.node().typed().is_some() || !section.node().elements().is_empty() {
        errors.push(section.error("", "expected a map"));
    }
    let mut plain = None;
    for (key, node) in section.node().entries() {
        match &*key.text {
            "schema_url" => settings.schema_url = node.as_text().map(str::to_owned),
            "attributes" => attributes(section, node, &mut settings, &mut errors),
            "attributes_list" => errors.push(
                section
                    .error("attributes_list", "`attributes_list` is not offered")
                    .hint("write `attributes`, a list"),
            ),
            "detectors" | "detection/development" => {
                let ignored =
                    section.error(&key.text, "weft has no resource detectors; this is without effect");
                section.warn(ignored.hint("name the attributes below `attributes`"));
            }
            name if node.is_null() => settings.removed.push(name.to_owned()),
            name => match text(node) {
                Some(text) => {
                    plain.get_or_insert(name);
                    settings.attributes.push((name.to_owned(), Value::Text(text)));
                }
                None => {
                    errors.push(section.error(name, "the attribute must be a string, or null to remove it"))
                }
            },
        }
    }
    let listed = section.node().get("attributes").is_some_and(|list| !list.elements().is_empty());
    if let (true, Some(plain)) = (listed, plain.or(settings.removed.first().map(String::as_str))) {
        errors
            .push(section.error(plain, "`attributes` cannot stand together with attributes given directly"));
    }
    errors.finish(settings)
}

/// A string, also where a reference was replaced by what looks like a number.
fn text(node: &Node) -> Option<String> {
    let is_text = matches!(node.typed(), Some(Typed::Text)) || node.original.is_some();
    node.as_text().filter(|_| is_text).map(str::to_owned)
}

fn attributes(section: &Section, list: &Node, settings: &mut ResourceSettings, errors: &mut Errors) {
    if !list.is_null() && list.elements().is_empty() && (!list.entries().is_empty() || list.typed().is_some())
    {
        errors.push(section.error("attributes", "expected a list of `name` and `value`"));
    }
    for (index, entry) in list.elements().iter().enumerate() {
        let at = |key: &str| format!("attributes[{index}]{key}");
        match attribute(entry) {
            Ok(attribute) => settings.attributes.push(attribute),
            Err((key, problem)) => errors.push(section.error(&at(&key), problem)),
        }
    }
}

/// The pair, or below which key of the entry what is wrong.
fn attribute(entry: &Node) -> Result<(String, Value), (String, String)> {
    let here = |problem: &str| (String::new(), problem.to_owned());
    let unknown = entry.entries().iter().find(|(key, _)| !["name", "type", "value"].contains(&&*key.text));
    if let Some((key, _)) = unknown {
        return Err((
            format!(".{}", key.text),
            format!("unknown key `{}`, expected `name`, `type`, `value`", key.text),
        ));
    }
    let name = entry.get("name").and_then(Node::as_text).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| here("`name` is missing"))?;
    let given =
        entry.get("value").filter(|value| !value.is_null()).ok_or_else(|| here("`value` is missing"))?;
    let value = value(given)
        .ok_or_else(|| (".value".to_owned(), "expected a scalar or a list of scalars".to_owned()))?;
    let Some(kind) = entry.get("type").filter(|kind| !kind.is_null()) else {
        return Ok((name.to_owned(), value));
    };
    let kind = kind.as_text().unwrap_or_default();
    match typed(kind, given, value) {
        Some(value) => Ok((name.to_owned(), value)),
        None if TYPES.contains(&kind) => Err((".value".to_owned(), format!("the value is no {kind}"))),
        None => {
            Err((".type".to_owned(), format!("unknown type `{kind}`, expected one of {}", TYPES.join(", "))))
        }
    }
}

fn value(node: &Node) -> Option<Value> {
    if node.typed().is_none() {
        let values = node
            .elements()
            .iter()
            .map(|item| scalar(item).filter(|_| !item.is_null()))
            .collect::<Option<_>>();
        return values.filter(|_| node.entries().is_empty()).map(Value::List);
    }
    scalar(node)
}

fn scalar(node: &Node) -> Option<Value> {
    match node.typed()? {
        Typed::Bool(value) => Some(Value::Bool(value)),
        Typed::Int(value) => i64::try_from(value).ok().map(Value::Int),
        Typed::Float(value) => Some(Value::Float(value)),
        _ => node.as_text().map(|text| Value::Text(text.to_owned())),
    }
}

/// The value as the type says, if it is one.
fn typed(kind: &str, node: &Node, value: Value) -> Option<Value> {
    if let Some(item) = kind.strip_suffix("_array").filter(|_| TYPES.contains(&kind)) {
        let Value::List(values) = value else { return None };
        let items = node.elements().iter().zip(values).map(|(node, value)| typed(item, node, value));
        return items.collect::<Option<_>>().map(Value::List);
    }
    match (kind, value) {
        ("string", Value::List(_)) => None,
        ("string", _) => node.as_text().map(|text| Value::Text(text.to_owned())),
        ("bool", value @ Value::Bool(_))
        | ("int", value @ Value::Int(_))
        | ("double", value @ Value::Float(_)) => Some(value),
        ("double", Value::Int(value)) => Some(Value::Float(value as f64)),
        _ => None,
    }
}
