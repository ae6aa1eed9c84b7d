//! `verbosity: normal`: about a line for each record, as the Collector lays it out. Pure.

use super::print::{Decoded, Page};
use super::text::{fixed, id, pair, plain, shortest};
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::fmt::Write;

/// Prints all of it.
pub(super) fn print(decoded: &Decoded, page: &mut Page) {
    match decoded {
        Decoded::Traces(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceTraces", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_spans.iter().enumerate() {
                    scope("ScopeTraces", number, &of.schema_url, of.scope.as_ref(), page);
                    for span in &of.spans {
                        let (trace, own) = (id(&span.trace_id), id(&span.span_id));
                        page.line(format_args!("{} {trace} {own}{}", span.name, spaced(&span.attributes)));
                    }
                }
            }
        }
        Decoded::Metrics(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceMetrics", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_metrics.iter().enumerate() {
                    scope("ScopeMetrics", number, &of.schema_url, of.scope.as_ref(), page);
                    of.metrics.iter().for_each(|metric| points(metric, page));
                }
            }
        }
        Decoded::Logs(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceLog", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_logs.iter().enumerate() {
                    scope("ScopeLog", number, &of.schema_url, of.scope.as_ref(), page);
                    for record in &of.log_records {
                        let body = plain(record.body.as_ref());
                        page.line(format_args!("{body} {}", joined(&record.attributes, " ")));
                    }
                }
            }
        }
    }
}

fn resource(title: &str, number: usize, schema: &str, resource: Option<&Resource>, page: &mut Page) {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let schema = if schema.is_empty() { String::new() } else { format!(" [{schema}]") };
    page.line(format_args!("{title} #{number}{schema}{}", spaced(attributes)));
}

fn scope(title: &str, number: usize, schema: &str, scope: Option<&InstrumentationScope>, page: &mut Page) {
    let (mut words, mut attributes) = (String::new(), &[][..]);
    if let Some(scope) = scope {
        words.push_str(&scope.name);
        if !scope.version.is_empty() {
            words = words + "@" + &scope.version;
        }
        attributes = &scope.attributes;
    }
    if !schema.is_empty() {
        let gap = if words.is_empty() { "" } else { " " };
        words = format!("{words}{gap}[{schema}]");
    }
    let gap = if words.is_empty() { "" } else { " " };
    page.line(format_args!("{title} #{number}{gap}{words}{}", spaced(attributes)));
}

/// Each attribute after a space.
fn spaced(attributes: &[KeyValue]) -> String {
    if attributes.is_empty() { String::new() } else { format!(" {}", joined(attributes, " ")) }
}

fn joined(attributes: &[KeyValue], between: &str) -> String {
    attributes.iter().map(pair).collect::<Vec<_>>().join(between)
}

fn points(metric: &Metric, page: &mut Page) {
    let mut point = |attributes: &[KeyValue], value: String| {
        page.line(format_args!("{}{{{}}} {value}", metric.name, joined(attributes, ",")));
    };
    match &metric.data {
        None => {}
        Some(metric::Data::Gauge(gauge)) => {
            gauge.data_points.iter().for_each(|p| point(&p.attributes, number(p)))
        }
        Some(metric::Data::Sum(sum)) => sum.data_points.iter().for_each(|p| point(&p.attributes, number(p))),
        Some(metric::Data::Histogram(histogram)) => {
            histogram.data_points.iter().for_each(|p| point(&p.attributes, buckets(p)));
        }
        Some(metric::Data::ExponentialHistogram(histogram)) => {
            histogram.data_points.iter().for_each(|p| point(&p.attributes, exponential(p)));
        }
        Some(metric::Data::Summary(summary)) => {
            summary.data_points.iter().for_each(|p| point(&p.attributes, quantiles(p)));
        }
    }
}

fn number(point: &NumberDataPoint) -> String {
    match point.value {
        Some(number_data_point::Value::AsInt(number)) => number.to_string(),
        Some(number_data_point::Value::AsDouble(number)) => shortest(number),
        None => String::new(),
    }
}

fn summed(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) -> String {
    let mut text = format!("count={count}");
    for (name, value) in [("sum", sum), ("min", min), ("max", max)] {
        if let Some(value) = value {
            let _ = write!(text, " {name}={}", shortest(value));
        }
    }
    text
}

fn buckets(point: &HistogramDataPoint) -> String {
    let mut text = summed(point.count, point.sum, point.min, point.max);
    for (number, count) in point.bucket_counts.iter().enumerate() {
        let bound = point.explicit_bounds.get(number).map(|bound| format!("le{}=", shortest(*bound)));
        let _ = write!(text, " {}{count}", bound.unwrap_or_default());
    }
    text
}

fn exponential(point: &ExponentialHistogramDataPoint) -> String {
    let mut text = summed(point.count, point.sum, point.min, point.max);
    let bound =
        |index: f64| (index * std::f64::consts::LN_2 * 2_f64.powi(point.scale.saturating_neg())).exp();
    if let Some(negative) = &point.negative {
        for (number, count) in negative.bucket_counts.iter().enumerate().rev() {
            let upper = -bound(f64::from(negative.offset) + number as f64);
            let _ = write!(text, " le{}={count}", shortest(upper));
        }
    }
    if point.zero_count != 0 {
        let _ = write!(text, " zero={}", point.zero_count);
    }
    if let Some(positive) = &point.positive {
        for (number, count) in positive.bucket_counts.iter().enumerate() {
            let upper = bound(f64::from(positive.offset) + number as f64 + 1.0);
            let _ = write!(text, " le{}={count}", shortest(upper));
        }
    }
    text
}

fn quantiles(point: &SummaryDataPoint) -> String {
    let mut text = format!("count={} sum={}", point.count, fixed(point.sum));
    for quantile in &point.quantile_values {
        let _ = write!(text, " q{}={}", shortest(quantile.quantile), shortest(quantile.value));
    }
    text
}
