//! Views of records: a place in the table, and accessors that read the bytes when asked.
//!
//! Views are `Copy` and cheap to make. Columns (trace id, times, status) come from the row; everything else is looked up
//! in the record's bytes at each call, so a caller that needs a name twice keeps it.

use super::log::Log;
use super::metric::Metric;
use super::rows::{Bytes, Holder, Row, Rows};
use super::signal::Signal;
use super::span::Span;
use super::text::Text;
use super::value::{AnyValueView, Attribute, repeated};
use super::wire::{Field, Fields};

/// A span, log record or metric.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    signal: Signal,
    rows: &'a Rows,
    bytes: Bytes<'a>,
    pub(crate) row: &'a Row,
}

impl<'a> Record<'a> {
    pub(crate) fn new(signal: Signal, rows: &'a Rows, bytes: Bytes<'a>, row: &'a Row) -> Self {
        Self { signal, rows, bytes, row }
    }

    /// Which signal it is of.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Its message as it stands on the wire.
    #[must_use]
    pub fn wire(&self) -> &'a [u8] {
        self.bytes.get(self.row.body)
    }

    /// How many items it is: 1, or a metric's number of points.
    #[must_use]
    pub fn items(&self) -> u64 {
        u64::from(self.row.columns.items)
    }

    /// The trace it belongs to; all zero if none (metrics have none).
    #[must_use]
    pub fn trace_id(&self) -> [u8; 16] {
        self.row.columns.trace_id
    }

    /// Its attributes; a metric's are its metadata, for those of points see [`Metric::points`].
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        repeated(Fields::new(self.wire()), attributes_number(self.signal)).map(Attribute::read)
    }

    /// The first attribute of this key.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<AnyValueView<'a>> {
        find(self.attributes(), key)
    }

    /// As a span, if it is one.
    #[must_use]
    pub fn span(&self) -> Option<Span<'a>> {
        (self.signal == Signal::Traces).then_some(Span::new(self.wire(), self.row))
    }

    /// As a log record, if it is one.
    #[must_use]
    pub fn log(&self) -> Option<Log<'a>> {
        (self.signal == Signal::Logs).then_some(Log::new(self.wire(), self.row))
    }

    /// As a metric, if it is one.
    #[must_use]
    pub fn metric(&self) -> Option<Metric<'a>> {
        (self.signal == Signal::Metrics).then_some(Metric::new(self.wire()))
    }

    /// The resource it came from.
    #[must_use]
    pub fn resource(&self) -> Resource<'a> {
        let scope = self.rows.scopes.get(self.row.scope as usize);
        let index = scope.map_or(0, |scope| scope.parent);
        let holder = self.rows.resources.get(index as usize).copied().unwrap_or_default();
        Resource { holder, bytes: self.bytes, index }
    }

    /// The scope it came from.
    #[must_use]
    pub fn scope(&self) -> Scope<'a> {
        let index = self.row.scope;
        let holder = self.rows.scopes.get(index as usize).copied().unwrap_or_default();
        Scope { holder, bytes: self.bytes, index }
    }
}

pub(crate) const fn attributes_number(signal: Signal) -> u32 {
    match signal {
        Signal::Traces => 9,
        Signal::Metrics => 12,
        Signal::Logs => 6,
    }
}

pub(crate) fn find<'a>(mut all: impl Iterator<Item = Attribute<'a>>, key: &str) -> Option<AnyValueView<'a>> {
    all.find(|attribute| attribute.key == key).map(|attribute| attribute.value())
}

/// The last field of this number: protobuf's rule for fields that are there once.
pub(crate) fn last(body: &[u8], number: u32) -> Option<Field<'_>> {
    Fields::new(body).filter(|field| field.number == number).last()
}

pub(crate) fn text(body: &[u8], number: u32) -> Text<'_> {
    Text::new(bytes(body, number))
}

pub(crate) fn bytes(body: &[u8], number: u32) -> &[u8] {
    last(body, number).map_or(&[], |field| field.bytes())
}

pub(crate) fn bits(body: &[u8], number: u32) -> u64 {
    last(body, number).map_or(0, |field| field.bits())
}

/// Where telemetry comes from: a resource and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    holder: Holder,
    bytes: Bytes<'a>,
    index: u32,
}

/// An instrumentation scope and what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    holder: Holder,
    bytes: Bytes<'a>,
    index: u32,
}

macro_rules! holder_views {
    ($view:ident, $attributes:literal, $of:literal) => {
        impl<'a> $view<'a> {
            #[doc = concat!("The place of the ", $of, " in the message: what was found out for it holds for all its records.")]
            #[must_use]
            pub fn index(&self) -> usize {
                self.index as usize
            }

            #[doc = concat!("The ", $of, "'s own message as it stands on the wire.")]
            #[must_use]
            pub fn wire(&self) -> &'a [u8] {
                self.holder.fields(self.bytes).find(|field| field.number == 1).map_or(&[], |field| field.bytes())
            }

            #[doc = concat!("The attributes of the ", $of, ".")]
            pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
                repeated(Fields::new(self.wire()), $attributes).map(Attribute::read)
            }

            /// The first attribute of this key.
            #[must_use]
            pub fn attribute(&self, key: &str) -> Option<AnyValueView<'a>> {
                find(self.attributes(), key)
            }

            /// The schema that attribute names follow.
            #[must_use]
            pub fn schema_url(&self) -> Text<'a> {
                let last = self.holder.fields(self.bytes).filter(|field| field.number == 3).last();
                Text::new(last.map_or(&[], |field| field.bytes()))
            }
        }
    };
}

holder_views!(Resource, 1, "resource");
holder_views!(Scope, 3, "scope");

impl<'a> Scope<'a> {
    /// The name of the scope.
    #[must_use]
    pub fn name(&self) -> Text<'a> {
        text(self.wire(), 1)
    }

    /// The version of the scope.
    #[must_use]
    pub fn version(&self) -> Text<'a> {
        text(self.wire(), 2)
    }
}
