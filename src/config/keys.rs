//! The two small readers beside [`Reader`](super::de::Reader): keys of maps, and values made up for missing fields.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::fault::{Fault, clip};

type Result<T> = std::result::Result<T, Fault>;

/// A key: text, or what its text says if the map's keys are numbers, booleans or variants.
pub(super) struct KeyReader<'a> {
    pub(super) text: &'a str,
}

macro_rules! parse_key {
    ($($method:ident => $visit:ident, $words:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            let wrong = || Fault::other(format!("expected {} as key, found `{}`", $words, clip(self.text)));
            self.text.parse().map_err(|_| wrong()).and_then(|value| visitor.$visit(value))
        })*
    };
}

impl<'de> Deserializer<'de> for KeyReader<'de> {
    type Error = Fault;

    parse_key! {
        deserialize_bool => visit_bool, "`true` or `false`";
        deserialize_i8 => visit_i8, "a whole number"; deserialize_i16 => visit_i16, "a whole number";
        deserialize_i32 => visit_i32, "a whole number"; deserialize_i64 => visit_i64, "a whole number";
        deserialize_u8 => visit_u8, "a whole number"; deserialize_u16 => visit_u16, "a whole number";
        deserialize_u32 => visit_u32, "a whole number"; deserialize_u64 => visit_u64, "a whole number";
        deserialize_f64 => visit_f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(self.text))
    }

    serde::forward_to_deserialize_any! {
        f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Gives whatever is asked for, so that one missing field does not hide what else is wrong. Its values are never
/// used: a section with a missing field has failed.
pub(super) struct MadeUp;

macro_rules! make_up {
    ($($method:ident => $visit:ident($($value:expr)?);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> { visitor.$visit($($value)?) })*
    };
}

impl<'de> Deserializer<'de> for MadeUp {
    type Error = Fault;

    make_up! {
        deserialize_any => visit_unit();
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i8(1); deserialize_i16 => visit_i16(1);
        deserialize_i32 => visit_i32(1); deserialize_i64 => visit_i64(1);
        deserialize_u8 => visit_u8(1); deserialize_u16 => visit_u16(1);
        deserialize_u32 => visit_u32(1); deserialize_u64 => visit_u64(1);
        deserialize_f32 => visit_f32(1.0); deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('a');
        deserialize_str => visit_borrowed_str(""); deserialize_string => visit_borrowed_str("");
        deserialize_identifier => visit_borrowed_str("");
        deserialize_option => visit_none();
        deserialize_unit => visit_unit();
        deserialize_seq => visit_seq(SeqDeserializer::<_, Fault>::new(std::iter::empty::<&str>()));
        deserialize_map => visit_map(MapDeserializer::<_, Fault>::new(std::iter::empty::<(&str, &str)>()));
        deserialize_ignored_any => visit_unit();
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == super::de::DURATION { visitor.visit_i64(1) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let first = variants.first().copied().unwrap_or_default();
        visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(first))
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit_struct tuple tuple_struct }
}
