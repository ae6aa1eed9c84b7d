//! What rows know of a record without looking at it again.

use super::points;
use super::signal::Signal;
use super::wire::{Field, Fields};

/// The columns of a record. What a signal does not have is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// 1, or a metric's number of data points.
    pub(crate) items: u32,
    /// A span's status code, a log record's severity number, the field number of a metric's kind.
    pub(crate) code: i32,
    /// All zero if there is none, or one of another length than 16.
    pub(crate) trace_id: [u8; 16],
    /// A span's start, a log record's time; nanoseconds since 1970.
    pub(crate) start: u64,
    /// A span's end, a log record's observed time.
    pub(crate) end: u64,
}

impl Columns {
    pub(crate) fn of(signal: Signal, body: &[u8]) -> Self {
        match signal {
            Signal::Traces => Self::of_span(body),
            Signal::Metrics => Self::of_metric(body),
            Signal::Logs => Self::of_log(body),
        }
    }

    pub(crate) fn counted(signal: Signal, body: &[u8]) -> Self {
        if signal == Signal::Metrics { Self::of_metric(body) } else { Self { items: 1, ..Self::default() } }
    }

    fn of_span(body: &[u8]) -> Self {
        let mut columns = Self { items: 1, ..Self::default() };
        for field in Fields::new(body) {
            match field.number {
                1 => columns.trace_id = trace_id(&field),
                7 => columns.start = field.bits(),
                8 => columns.end = field.bits(),
                15 => {
                    columns.code =
                        Fields::new(field.bytes()).filter(|it| it.number == 3).last().map_or(0, code)
                }
                _ => {}
            }
        }
        columns
    }

    fn of_log(body: &[u8]) -> Self {
        let mut columns = Self { items: 1, ..Self::default() };
        for field in Fields::new(body) {
            match field.number {
                1 => columns.start = field.bits(),
                2 => columns.code = code(field),
                9 => columns.trace_id = trace_id(&field),
                11 => columns.end = field.bits(),
                _ => {}
            }
        }
        columns
    }

    fn of_metric(body: &[u8]) -> Self {
        let Some(data) = points::data_field(body) else { return Self::default() };
        Self {
            items: points::bodies(data.bytes()).count() as u32,
            code: data.number as i32,
            ..Self::default()
        }
    }
}

fn trace_id(field: &Field<'_>) -> [u8; 16] {
    field.bytes().try_into().unwrap_or_default()
}

/// An enum's number: protobuf writes 32-bit numbers as 64-bit varints and reads their low half.
fn code(field: Field<'_>) -> i32 {
    field.bits() as i32
}
