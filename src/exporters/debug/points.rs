//! A metric's data points at `verbosity: detailed`, as the Collector lays them out. Pure.

use super::detailed::{attributes, named};
use super::print::Page;
use super::text::{fixed, id, moment};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
    exemplar, metric, number_data_point,
};

/// Prints one metric.
pub(super) fn metric(number: usize, metric: &Metric, page: &mut Page) {
    page.line(format_args!("Metric #{number}"));
    page.line(format_args!("Descriptor:"));
    page.line(format_args!("     -> Name: {}", metric.name));
    page.line(format_args!("     -> Description: {}", metric.description));
    page.line(format_args!("     -> Unit: {}", metric.unit));
    page.line(format_args!("     -> DataType: {}", type_name(metric.data.as_ref())));
    attributes("     ", "Metadata", &metric.metadata, page);
    match &metric.data {
        None => {}
        Some(metric::Data::Gauge(gauge)) => numbers(&gauge.data_points, page),
        Some(metric::Data::Sum(sum)) => {
            page.line(format_args!("     -> IsMonotonic: {}", sum.is_monotonic));
            temporality(sum.aggregation_temporality, page);
            numbers(&sum.data_points, page);
        }
        Some(metric::Data::Histogram(histogram)) => {
            temporality(histogram.aggregation_temporality, page);
            each("HistogramDataPoints", &histogram.data_points, page, explicit);
        }
        Some(metric::Data::ExponentialHistogram(histogram)) => {
            temporality(histogram.aggregation_temporality, page);
            each("ExponentialHistogramDataPoints", &histogram.data_points, page, exponential);
        }
        Some(metric::Data::Summary(of)) => each("SummaryDataPoints", &of.data_points, page, summary),
    }
}

fn type_name(data: Option<&metric::Data>) -> &'static str {
    match data {
        None => "Empty",
        Some(metric::Data::Gauge(_)) => "Gauge",
        Some(metric::Data::Sum(_)) => "Sum",
        Some(metric::Data::Histogram(_)) => "Histogram",
        Some(metric::Data::ExponentialHistogram(_)) => "ExponentialHistogram",
        Some(metric::Data::Summary(_)) => "Summary",
    }
}

fn temporality(value: i32, page: &mut Page) {
    let name = named(value, &["Unspecified", "Delta", "Cumulative"]);
    page.line(format_args!("     -> AggregationTemporality: {name}"));
}

fn each<P>(title: &str, points: &[P], page: &mut Page, print: impl Fn(&P, &mut Page)) {
    for (number, point) in points.iter().enumerate() {
        page.line(format_args!("{title} #{number}"));
        print(point, page);
    }
}

fn numbers(points: &[NumberDataPoint], page: &mut Page) {
    each("NumberDataPoints", points, page, |point, page| {
        head(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, page);
        match point.value {
            Some(number_data_point::Value::AsInt(number)) => page.line(format_args!("Value: {number}")),
            Some(number_data_point::Value::AsDouble(number)) => {
                page.line(format_args!("Value: {}", fixed(number)))
            }
            None => {}
        }
        exemplars(&point.exemplars, page);
    });
}

fn head(all: &[KeyValue], start: u64, time: u64, page: &mut Page) {
    attributes("", "Data point attributes", all, page);
    page.line(format_args!("StartTimestamp: {}", moment(start)));
    page.line(format_args!("Timestamp: {}", moment(time)));
}

fn summed(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>, page: &mut Page) {
    page.line(format_args!("Count: {count}"));
    for (name, value) in [("Sum", sum), ("Min", min), ("Max", max)] {
        if let Some(value) = value {
            page.line(format_args!("{name}: {}", fixed(value)));
        }
    }
}

fn explicit(point: &HistogramDataPoint, page: &mut Page) {
    head(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, page);
    summed(point.count, point.sum, point.min, point.max, page);
    for (number, bound) in point.explicit_bounds.iter().enumerate() {
        page.line(format_args!("ExplicitBounds #{number}: {}", fixed(*bound)));
    }
    for (number, count) in point.bucket_counts.iter().enumerate() {
        page.line(format_args!("Buckets #{number}, Count: {count}"));
    }
    exemplars(&point.exemplars, page);
}

fn exponential(point: &ExponentialHistogramDataPoint, page: &mut Page) {
    head(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, page);
    summed(point.count, point.sum, point.min, point.max, page);
    let bound =
        |index: f64| (index * (std::f64::consts::LN_2 * 2_f64.powi(point.scale.saturating_neg()))).exp();
    if let Some(negative) = &point.negative {
        for (number, count) in negative.bucket_counts.iter().enumerate().rev() {
            let index = f64::from(negative.offset) + number as f64;
            let (lower, upper) = (fixed(-bound(index + 1.0)), fixed(-bound(index)));
            page.line(format_args!("Bucket [{lower}, {upper}), Count: {count}"));
        }
    }
    if point.zero_count != 0 {
        page.line(format_args!("Bucket [0, 0], Count: {}", point.zero_count));
    }
    if let Some(positive) = &point.positive {
        for (number, count) in positive.bucket_counts.iter().enumerate() {
            let index = f64::from(positive.offset) + number as f64;
            let (lower, upper) = (fixed(bound(index)), fixed(bound(index + 1.0)));
            page.line(format_args!("Bucket ({lower}, {upper}], Count: {count}"));
        }
    }
    exemplars(&point.exemplars, page);
}

fn summary(point: &SummaryDataPoint, page: &mut Page) {
    head(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, page);
    page.line(format_args!("Count: {}", point.count));
    page.line(format_args!("Sum: {}", fixed(point.sum)));
    for (number, quantile) in point.quantile_values.iter().enumerate() {
        let (at, value) = (fixed(quantile.quantile), fixed(quantile.value));
        page.line(format_args!("QuantileValue #{number}: Quantile {at}, Value {value}"));
    }
}

fn exemplars(exemplars: &[Exemplar], page: &mut Page) {
    if !exemplars.is_empty() {
        page.line(format_args!("Exemplars:"));
    }
    for (number, exemplar) in exemplars.iter().enumerate() {
        page.line(format_args!("Exemplar #{number}"));
        page.line(format_args!("     -> Trace ID: {}", id(&exemplar.trace_id)));
        page.line(format_args!("     -> Span ID: {}", id(&exemplar.span_id)));
        page.line(format_args!("     -> Timestamp: {}", moment(exemplar.time_unix_nano)));
        match exemplar.value {
            Some(exemplar::Value::AsInt(number)) => page.line(format_args!("     -> Value: {number}")),
            Some(exemplar::Value::AsDouble(number)) => {
                page.line(format_args!("     -> Value: {}", fixed(number)));
            }
            None => {}
        }
        attributes("     ", "FilteredAttributes", &exemplar.filtered_attributes, page);
    }
}
