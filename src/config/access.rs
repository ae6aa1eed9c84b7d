//! Lists, maps and enums on their way into values: what is cut is skipped, and every error gets a step of its path.

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::de::{Reader, Result};
use super::fault::{Fault, Kind, identity};
use super::keys::{KeyReader, MadeUp};
use super::node::{Key, Node};

/// An empty list.
pub(super) const NOTHING: Nothing = Nothing;
pub(super) struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<Option<T::Value>> {
        Ok(None)
    }
}

pub(super) struct Elements<'a> {
    of: Reader<'a>,
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(of: Reader<'a>, items: &'a [Node]) -> Self {
        Self { of, items: items.iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let pass = self.of.pass;
        let Some((at, node)) = self.items.find(|(_, node)| !pass.has_cut(node)) else { return Ok(None) };
        let value = seed.deserialize(Reader { node, pass, field: false });
        value.map(Some).map_err(|fault| fault.at_node(node).inside(format!("[{at}]"), self.of.node))
    }
}

pub(super) struct Entries<'a> {
    of: Reader<'a>,
    entries: std::slice::Iter<'a, (Key, Node)>,
    supplied: std::slice::Iter<'a, &'static str>,
    value: Option<&'a (Key, Node)>,
    fields: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn new(of: Reader<'a>, entries: &'a [(Key, Node)], fields: bool) -> Self {
        let supplied = of.pass.supplied.get(&identity(of.node)).map(Vec::as_slice).unwrap_or_default();
        Self { of, entries: entries.iter(), supplied: supplied.iter(), value: None, fields }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let pass = self.of.pass;
        self.value = self.entries.find(|(_, node)| !pass.has_cut(node));
        let Some((key, node)) = self.value else {
            return self.supplied.next().map(|text| seed.deserialize(KeyReader { text })).transpose();
        };
        let read = seed.deserialize(KeyReader { text: &key.text });
        read.map(Some).map_err(|fault| fault.at_key(key, node).around(self.of.node))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let Some((key, node)) = self.value.take() else {
            return seed.deserialize(MadeUp).map_err(|_| Fault::new(Kind::MadeUp));
        };
        let value = seed.deserialize(Reader { node, pass: self.of.pass, field: self.fields });
        value.map_err(|fault| fault.at_node(node).inside(key.text.to_string(), self.of.node))
    }
}

pub(super) struct Variant<'a> {
    of: Reader<'a>,
    key: &'a Key,
    value: &'a Node,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = seed.deserialize(KeyReader { text: &self.key.text });
        let name = name.map_err(|fault| fault.at_key(self.key, self.value).around(self.of.node))?;
        Ok((name, self))
    }
}

impl<'de> Variant<'de> {
    pub(super) fn new(of: Reader<'de>, key: &'de Key, value: &'de Node) -> Self {
        Self { of, key, value }
    }

    fn read<T>(self, read: impl FnOnce(Reader<'de>) -> Result<T>) -> Result<T> {
        let inner = Reader { node: self.value, pass: self.of.pass, field: false };
        read(inner).map_err(|fault| fault.at_node(self.value).inside(self.key.text.to_string(), self.of.node))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<()> {
        self.read(serde::Deserialize::deserialize)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        self.read(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.read(|reader| reader.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        self.read(|reader| reader.located(reader.map(visitor, true)))
    }
}
