//! Who is speaking: the attributes that stand on everything this process says about itself.

use super::settings::ResourceSettings;

/// An attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// Several.
    List(Vec<Value>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::List(values) => {
                let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", texts.join(","))
            }
        }
    }
}

/// The attributes, each key once, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// Key and value.
    pub attributes: Vec<(String, Value)>,
    /// The schema the keys follow.
    pub schema_url: Option<String>,
}

impl Resource {
    /// `service.name`, `service.version` and `service.instance.id` as given, unless the settings replace or (with a
    /// null) remove them, and what the settings add.
    pub fn new(settings: &ResourceSettings, name: &str, version: &str, instance_id: &str) -> Self {
        let defaults =
            [("service.name", name), ("service.version", version), ("service.instance.id", instance_id)];
        let mut resource = Self { attributes: Vec::new(), schema_url: settings.schema_url.clone() };
        for (key, value) in
            defaults.into_iter().filter(|(key, _)| !settings.removed.iter().any(|gone| gone == key))
        {
            resource.set(key, Value::Text(value.to_owned()));
        }
        for (key, value) in &settings.attributes {
            resource.set(key, value.clone());
        }
        resource.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        resource
    }

    /// The value of `key` as text.
    pub fn get(&self, key: &str) -> Option<String> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.to_string())
    }

    fn set(&mut self, key: &str, value: Value) {
        self.attributes.retain(|(name, _)| name != key);
        self.attributes.push((key.to_owned(), value));
    }
}

/// A version 4 UUID made of 16 random bytes, for `service.instance.id`.
pub fn instance_id(random: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(random) & !(0xf000_u128 << 64) & !(0xc000_u128 << 48);
    let hex = format!("{:032x}", bits | (0x4000_u128 << 64) | (0x8000_u128 << 48));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(resource: &Resource) -> Vec<&str> {
        resource.attributes.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn the_three_service_attributes_are_there_unless_removed() {
        let plain = Resource::new(&ResourceSettings::default(), "weft", "0.1.0", "id");
        assert_eq!(keys(&plain), ["service.instance.id", "service.name", "service.version"]);
        let settings =
            ResourceSettings { removed: vec!["service.instance.id".into()], ..ResourceSettings::default() };
        assert_eq!(
            keys(&Resource::new(&settings, "weft", "0.1.0", "id")),
            ["service.name", "service.version"]
        );
    }

    #[test]
    fn settings_replace_and_add() {
        let attributes = vec![
            ("service.name".to_owned(), Value::Text("edge".into())),
            ("zone".to_owned(), Value::List(vec![Value::Int(1), Value::Bool(true)])),
        ];
        let settings = ResourceSettings { attributes, ..ResourceSettings::default() };
        let resource = Resource::new(&settings, "weft", "0.1.0", "id");
        assert_eq!(resource.get("service.name").as_deref(), Some("edge"));
        assert_eq!(resource.get("zone").as_deref(), Some("[1,true]"));
        assert_eq!(resource.get("nothing"), None);
    }

    #[test]
    fn an_instance_id_is_a_version_4_uuid() {
        assert_eq!(instance_id([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(instance_id([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
