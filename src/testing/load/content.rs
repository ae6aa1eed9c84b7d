//! A request as a shop's services would send it, with marks where a fresh value goes each time.
//!
//! A mark is eight bytes of ASCII that stand in no other text, so that it may be an id, half an id, a time, a double or
//! the beginning of a string: all of them have a fixed width on the wire, and [`super::Pool`] finds them there.

use super::shape::{Dice, SPANS_PER_TRACE, Shape};
use crate::otlp::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event};
use prost::Message;
use std::ops::Range;

/// How a mark begins.
pub(super) const MARK: [u8; 3] = *b"\x7f~\x7f";
/// Letters of a sequence number's text, see [`super::numbers`].
pub(super) const NUMBER_LEN: usize = 19;
/// The attribute that holds it.
const NUMBER_KEY: &str = "weft.seq";
const POINTS_PER_METRIC: usize = 32;
const MS: u64 = 1_000_000;

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Trace = b'a',
    Span = b'b',
    Parent = b'c',
    Start = b'd',
    End = b'e',
    Number = b'f',
    NumberValue = b'g',
}

impl Kind {
    pub(super) fn of(letter: u8) -> Option<Self> {
        use Kind::{End, Number, NumberValue, Parent, Span, Start, Trace};
        [Trace, Span, Parent, Start, End, Number, NumberValue].into_iter().find(|kind| *kind as u8 == letter)
    }
}

/// The mark of an item: 28 bits of it, seven to a byte.
fn mark(kind: Kind, item: u32) -> [u8; 8] {
    let seven = |shift: u32| u8::try_from((item >> shift) & 0x7f).unwrap_or(0);
    [MARK[0], MARK[1], MARK[2], kind as u8, seven(21), seven(14), seven(7), seven(0)]
}

fn mark_number(kind: Kind, item: u32) -> u64 {
    u64::from_le_bytes(mark(kind, item))
}

fn trace_mark(item: u32) -> Vec<u8> {
    [mark(Kind::Trace, item), [0; 8]].concat()
}

/// An encoded request and how long each of its items took, in nanoseconds.
pub(super) fn request(shape: &Shape, index: u64) -> (Vec<u8>, Vec<u64>) {
    let mut maker =
        Maker { shape, dice: Dice::new(shape.seed ^ (index << 32)), took: Vec::new(), fate: Fate::default() };
    let resources = (0..shape.resources).map(|n| {
        let cut = |n: u32| {
            u32::try_from(u64::from(shape.items) * u64::from(n) / u64::from(shape.resources)).unwrap_or(0)
        };
        (n, cut(n)..cut(n + 1))
    });
    let encoded = match shape.signal {
        Signal::Traces => {
            let resource_spans = resources.map(|(n, items)| maker.spans(n, items)).collect();
            ExportTraceServiceRequest { resource_spans }.encode_to_vec()
        }
        Signal::Metrics => {
            let resource_metrics = resources.map(|(n, items)| maker.metrics(n, items)).collect();
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
        Signal::Logs => {
            let resource_logs = resources.map(|(n, items)| maker.logs(n, items)).collect();
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
    };
    (encoded, maker.took)
}

/// What becomes of a trace.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    fails: bool,
    slow: bool,
}

struct Maker<'a> {
    shape: &'a Shape,
    dice: Dice,
    took: Vec<u64>,
    fate: Fate,
}

impl Maker<'_> {
    fn spans(&mut self, resource: u32, items: Range<u32>) -> ResourceSpans {
        let spans = items.map(|item| self.span(item)).collect();
        let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() }];
        ResourceSpans { resource: Some(self.resource(resource)), scope_spans, ..ResourceSpans::default() }
    }

    fn span(&mut self, item: u32) -> Span {
        let root = item.is_multiple_of(SPANS_PER_TRACE);
        if root {
            let (errors, slow) = (self.shape.error_percent, self.shape.slow_percent);
            self.fate = Fate { fails: self.dice.falls_within(errors), slow: self.dice.falls_within(slow) };
        }
        let longest = if root && self.fate.slow { 600..1500 } else { 1..200 };
        self.took.push((longest.start + self.dice.below(longest.end - longest.start)) * MS);
        let failed = root && self.fate.fails;
        Span {
            trace_id: trace_mark(item),
            span_id: mark(Kind::Span, item).to_vec(),
            parent_span_id: if root { Vec::new() } else { mark(Kind::Parent, item).to_vec() },
            name: self.dice.of(&ROUTES, "GET").into(),
            kind: 2,
            start_time_unix_nano: mark_number(Kind::Start, item),
            end_time_unix_nano: mark_number(Kind::End, item),
            attributes: self.attributes(Some(item)),
            events: failed.then(|| exception(item)).into_iter().collect(),
            status: failed.then(|| Status { message: "upstream timed out".into(), code: 2 }),
            flags: 0x101,
            ..Span::default()
        }
    }

    fn logs(&mut self, resource: u32, items: Range<u32>) -> ResourceLogs {
        let log_records = items.map(|item| self.log(item)).collect();
        let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
        ResourceLogs { resource: Some(self.resource(resource)), scope_logs, ..ResourceLogs::default() }
    }

    fn log(&mut self, item: u32) -> LogRecord {
        let failed = self.dice.falls_within(self.shape.error_percent);
        self.took.push(MS);
        let (verb, route) = (if failed { "request failed:" } else { "request" }, self.dice.of(&ROUTES, "/"));
        let customer = self.dice.below(self.shape.cardinality.into());
        let (ms, bytes) = (self.dice.below(900), self.dice.below(90_000));
        let body =
            format!("{verb} handled GET {route} for customer {customer} in {ms} ms, {bytes} bytes sent");
        LogRecord {
            time_unix_nano: mark_number(Kind::Start, item),
            observed_time_unix_nano: mark_number(Kind::End, item),
            severity_number: if failed { 17 } else { 9 },
            severity_text: if failed { "ERROR" } else { "INFO" }.into(),
            body: text(body),
            attributes: self.attributes(Some(item)),
            trace_id: trace_mark(item),
            span_id: mark(Kind::Span, item).to_vec(),
            ..LogRecord::default()
        }
    }

    fn metrics(&mut self, resource: u32, items: Range<u32>) -> ResourceMetrics {
        let items: Vec<u32> = items.collect();
        let metrics =
            items.chunks(POINTS_PER_METRIC).enumerate().map(|(n, items)| self.metric(n, items)).collect();
        let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
        ResourceMetrics {
            resource: Some(self.resource(resource)),
            scope_metrics,
            ..ResourceMetrics::default()
        }
    }

    fn metric(&mut self, number: usize, items: &[u32]) -> Metric {
        self.took.extend(items.iter().map(|_| 60_000 * MS));
        let (name, unit, data) = match number % 3 {
            0 => {
                let data_points = items.iter().map(|item| self.point(*item)).collect();
                ("process.memory.usage", "By", metric::Data::Gauge(Gauge { data_points }))
            }
            1 => {
                let data_points = items.iter().map(|item| self.point(*item)).collect();
                let sum = Sum { data_points, aggregation_temporality: 2, is_monotonic: true };
                ("http.server.request.count", "{request}", metric::Data::Sum(sum))
            }
            _ => {
                let data_points = items.iter().map(|item| self.buckets(*item)).collect();
                let histogram = Histogram { data_points, aggregation_temporality: 2 };
                ("http.server.request.duration", "s", metric::Data::Histogram(histogram))
            }
        };
        Metric { name: name.into(), unit: unit.into(), data: Some(data), ..Metric::default() }
    }

    fn point(&mut self, item: u32) -> NumberDataPoint {
        let value = f64::from_bits(mark_number(Kind::NumberValue, item));
        NumberDataPoint {
            attributes: self.attributes(None),
            start_time_unix_nano: mark_number(Kind::Start, item),
            time_unix_nano: mark_number(Kind::End, item),
            value: Some(number_data_point::Value::AsDouble(value)),
            ..NumberDataPoint::default()
        }
    }

    fn buckets(&mut self, item: u32) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: self.attributes(None),
            start_time_unix_nano: mark_number(Kind::Start, item),
            time_unix_nano: mark_number(Kind::End, item),
            count: 100,
            sum: Some(f64::from_bits(mark_number(Kind::NumberValue, item))),
            bucket_counts: vec![1, 4, 15, 30, 25, 15, 7, 2, 1],
            explicit_bounds: vec![0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0],
            ..HistogramDataPoint::default()
        }
    }

    /// A metric's number is its value: as an attribute it would make every point a series of its own.
    fn attributes(&mut self, numbered: Option<u32>) -> Vec<KeyValue> {
        let number = numbered.map(|item| {
            let mark = String::from_utf8_lossy(&mark(Kind::Number, item)).into_owned();
            key_value(NUMBER_KEY, text(format!("{mark:.<NUMBER_LEN$}")))
        });
        let rest = (0..self.shape.attributes as usize).map(|n| self.attribute(n));
        number.into_iter().chain(rest).collect()
    }

    fn attribute(&mut self, number: usize) -> KeyValue {
        let cardinality = u64::from(self.shape.cardinality);
        match ATTRIBUTES.get(number) {
            Some((key, Form::Of(choices))) => key_value(key, text(self.dice.of(choices, ""))),
            Some((key, Form::Text(start))) => {
                key_value(key, text(format!("{start}{}", self.dice.below(cardinality))))
            }
            Some((key, Form::Number(start))) => {
                let value = start + i64::try_from(self.dice.below(cardinality.min(64))).unwrap_or(0);
                key_value(key, Some(AnyValue { value: Some(Value::IntValue(value)) }))
            }
            None => key_value(
                &format!("app.attribute.{number}"),
                text(format!("value-{}", self.dice.below(cardinality))),
            ),
        }
    }

    fn resource(&mut self, number: u32) -> Resource {
        let service = SERVICES.get(number as usize % SERVICES.len()).copied().unwrap_or("shop");
        let attributes = vec![
            key_value("service.name", text(service)),
            key_value("service.namespace", text("shop")),
            key_value("service.version", text("4.21.0")),
            key_value("k8s.pod.name", text(format!("{service}-7d9c5b7f4-{}", self.dice.below(8)))),
            key_value("k8s.namespace.name", text("production")),
            key_value("telemetry.sdk.language", text("java")),
        ];
        Resource { attributes, ..Resource::default() }
    }
}

fn exception(item: u32) -> Event {
    let attributes = vec![
        key_value("exception.type", text("java.net.SocketTimeoutException")),
        key_value("exception.message", text("Read timed out after 3000 ms")),
    ];
    Event {
        time_unix_nano: mark_number(Kind::End, item),
        name: "exception".into(),
        attributes,
        ..Event::default()
    }
}

fn scope() -> InstrumentationScope {
    let (name, version) = ("io.opentelemetry.http".into(), "1.42.0".into());
    InstrumentationScope { name, version, ..InstrumentationScope::default() }
}

fn text(value: impl Into<String>) -> Option<AnyValue> {
    Some(AnyValue { value: Some(Value::StringValue(value.into())) })
}

fn key_value(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

/// How an attribute's value comes about.
enum Form {
    Of(&'static [&'static str]),
    Text(&'static str),
    Number(i64),
}

const SERVICES: [&str; 8] =
    ["checkout", "cart", "frontend", "payments", "inventory", "shipping", "accounts", "search"];
const ROUTES: [&str; 5] = [
    "/api/v1/orders/{id}",
    "/api/v1/cart/items",
    "/api/v1/products/{sku}/reviews",
    "/api/v2/checkout/confirm",
    "/api/v1/users/{id}/addresses",
];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
];
const ATTRIBUTES: [(&str, Form); 12] = [
    ("http.request.method", Form::Of(&["GET", "GET", "GET", "POST", "PUT"])),
    ("http.route", Form::Of(&ROUTES)),
    ("http.response.status_code", Form::Number(200)),
    ("url.path", Form::Text("/api/v1/orders/10")),
    ("url.scheme", Form::Of(&["https"])),
    ("server.address", Form::Of(&["shop.example.com", "orders-db-primary.internal"])),
    ("network.protocol.version", Form::Of(&["1.1", "2"])),
    ("client.address", Form::Text("2001:db8::")),
    ("enduser.id", Form::Text("u-00")),
    ("thread.id", Form::Number(1)),
    ("user_agent.original", Form::Of(&AGENTS)),
    ("deployment.environment.name", Form::Of(&["production"])),
];
