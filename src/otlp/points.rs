//! Data points: the level below a metric.
//!
//! All five kinds of metric hold their points as field 1 of the message that is the metric's data, so finding, counting,
//! cutting and rewriting them is written once.

use super::wire::{Field, Fields, Value, put_bytes};

/// Field numbers of a metric's alternatives.
pub(crate) const GAUGE: u32 = 5;
pub(crate) const SUM: u32 = 7;
pub(crate) const HISTOGRAM: u32 = 9;
pub(crate) const EXPONENTIAL_HISTOGRAM: u32 = 10;
pub(crate) const SUMMARY: u32 = 11;

const fn is_data(number: u32) -> bool {
    matches!(number, GAUGE | SUM | HISTOGRAM | EXPONENTIAL_HISTOGRAM | SUMMARY)
}

/// The field of a metric that holds its points; the check has seen to it that there is one at most.
pub(crate) fn data_field(metric: &[u8]) -> Option<Field<'_>> {
    Fields::new(metric).find(|field| is_data(field.number) && matches!(field.value, Value::Bytes(_)))
}

/// The points in a metric's data.
pub(crate) fn bodies(data: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    Fields::new(data).filter(|field| field.number == 1).map(|field| field.bytes())
}

/// The number of the field that holds a point's attributes, by its kind of metric.
pub(crate) const fn attributes_number(kind: u32) -> u32 {
    match kind {
        HISTOGRAM => 9,
        EXPONENTIAL_HISTOGRAM => 1,
        _ => 7,
    }
}

/// The metric with each point as `change` leaves it: appended to its second argument, or dropped on `false`.
pub(crate) fn rewritten(metric: &[u8], mut change: impl FnMut(&[u8], &mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(metric.len());
    let mut data = Vec::new();
    let mut point = Vec::new();
    for field in Fields::new(metric) {
        if !is_data(field.number) {
            out.extend_from_slice(field.raw);
            continue;
        }
        data.clear();
        for inner in Fields::new(field.bytes()) {
            point.clear();
            if inner.number != 1 {
                data.extend_from_slice(inner.raw);
            } else if change(inner.bytes(), &mut point) {
                put_bytes(&mut data, 1, &point);
            }
        }
        put_bytes(&mut out, field.number, &data);
    }
    out
}

/// The metric with some of its points, name and all else repeated.
pub(crate) fn slice(metric: &[u8], mut keep: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut index = 0;
    rewritten(metric, |point, out| {
        out.extend_from_slice(point);
        index += 1;
        keep(index - 1)
    })
}
