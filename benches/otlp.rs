//! What the wire layer costs per item, next to prost's decode and encode of the same requests.
//!
//! `cargo bench --bench otlp [-- NAME]` prints nanoseconds per item: the best of 15 rounds over 16 different
//! requests in rotation, so that neither the request nor the branches are warm in the nearest caches.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as TraceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event};
use prost::Message;
use std::hint::black_box;
use std::time::Instant;
use weft::otlp::{AnyValueView, Change, Data, Limits, Signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REQUESTS: usize = 16;
const SPANS: usize = 512;

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let requests: Vec<Bytes> = (0..REQUESTS).map(|seed| traces(seed as u64 + 1)).collect();
    let bytes: usize = requests.iter().map(Bytes::len).sum();
    println!("{} spans of {} bytes in each of {REQUESTS} requests", SPANS, bytes / REQUESTS / SPANS);
    let bench = Bench { only, requests };
    bench.run("prost decode and drop", |request| {
        black_box(TraceRequest::decode(request).unwrap());
    });
    bench.run("prost decode, encode and drop", |request| {
        black_box(TraceRequest::decode(request).unwrap().encode_to_vec());
    });
    bench.run("check", |request| {
        black_box(checked(request));
    });
    bench.over_data("rows", |data| {
        black_box(data.records().len());
    });
    bench.over_data("rows, then every attribute's key and value", |data| {
        let strings = data.records().flat_map(|it| it.attributes()).map(|it| match it.value() {
            AnyValueView::Str(text) => it.key.as_bytes().len() + text.as_bytes().len(),
            _ => 0,
        });
        black_box(strings.sum::<usize>());
    });
    bench.over_data("rows, keep a tenth, encode", |mut data| {
        data.retain(|record| record.trace_id()[0] < 26);
        black_box(data.encode());
    });
    bench.over_data("rows, keep nine tenths, encode", |mut data| {
        data.retain(|record| record.trace_id()[0] >= 26);
        black_box(data.encode());
    });
    bench.over_data("rows, set one attribute of every span, encode", |mut data| {
        data.edit(|span| span.set_attribute("enduser.id", "****".into()));
        black_box(data.encode());
    });
    bench.over_data("rows, look at every attribute, change none", |mut data| {
        data.edit(|span| {
            span.change_attributes(|it| if it.key == "no.such" { Change::Remove } else { Change::Keep });
        });
        black_box(data.encode());
    });
    bench.over_data("split in the middle, encode both", |mut data| {
        let second = data.split_off(SPANS as u64 / 2);
        black_box((data.encode(), second.encode()));
    });
    bench.run("prost decode, set one attribute, encode", |request| {
        let mut request = TraceRequest::decode(request).unwrap();
        let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
        for attribute in scopes.flat_map(|it| &mut it.spans).flat_map(|it| &mut it.attributes) {
            if attribute.key == "enduser.id" {
                attribute.value =
                    Some(AnyValue { value: Some(any_value::Value::StringValue("****".into())) });
            }
        }
        black_box(request.encode_to_vec());
    });
    bench.run("prost decode, keep a tenth, encode", |request| {
        let mut request = TraceRequest::decode(request).unwrap();
        for scope in request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans) {
            scope.spans.retain(|span| span.trace_id[0] < 26);
        }
        black_box(request.encode_to_vec());
    });
}

fn checked(request: Bytes) -> Data {
    Data::check(Signal::Traces, request, &Limits::default()).unwrap().data
}

struct Bench {
    only: Option<String>,
    requests: Vec<Bytes>,
}

impl Bench {
    /// Without the check.
    fn over_data(&self, name: &str, mut work: impl FnMut(Data)) {
        let requests: Vec<Data> = self.requests.iter().cloned().map(checked).collect();
        let mut next = requests.iter().cycle();
        self.run(name, |_| work(next.next().unwrap().clone()));
    }

    fn run(&self, name: &str, mut work: impl FnMut(Bytes)) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let best = (0..15).map(|_| self.round(&mut work)).fold(f64::INFINITY, f64::min);
        println!("{name:<44} {best:8.1} ns/span");
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn round(&self, work: &mut impl FnMut(Bytes)) -> f64 {
        let repeats = 8;
        let start = Instant::now();
        for _ in 0..repeats {
            self.requests.iter().for_each(|request| work(request.clone()));
        }
        start.elapsed().as_nanos() as f64 / (repeats * REQUESTS * SPANS) as f64
    }
}

/// A request as a web service's SDK sends it: three resources, two scopes each, 13 attributes a span.
fn traces(seed: u64) -> Bytes {
    let mut random = seed;
    let resource_spans = (0..3)
        .map(|index| ResourceSpans {
            resource: Some(Resource { attributes: attributes(&mut random, 12), ..Resource::default() }),
            scope_spans: (0..2).map(|scope| scope_spans(&mut random, index * 2 + scope)).collect(),
            schema_url: "https://opentelemetry.io/schemas/1.37.0".into(),
        })
        .collect();
    TraceRequest { resource_spans }.encode_to_vec().into()
}

fn scope_spans(random: &mut u64, index: usize) -> ScopeSpans {
    ScopeSpans {
        scope: Some(InstrumentationScope { name: "io.opentelemetry.http".into(), ..Default::default() }),
        spans: (0..SPANS / 6 + usize::from(index < SPANS % 6)).map(|_| span(random)).collect(),
        schema_url: String::new(),
    }
}

fn span(random: &mut u64) -> Span {
    let start = 1_760_000_000_000_000_000 + next(random) % 1_000_000_000;
    Span {
        trace_id: [next(random).to_le_bytes(), next(random).to_le_bytes()].concat(),
        span_id: next(random).to_le_bytes().to_vec(),
        parent_span_id: next(random).to_le_bytes().to_vec(),
        name: "GET /api/v1/orders/{id}".into(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + next(random) % 100_000_000,
        attributes: attributes(random, 13),
        events: (0..u64::from(next(random).is_multiple_of(10))).map(|_| event(start)).collect(),
        status: Some(Status { code: (next(random) % 3) as i32, message: String::new() }),
        flags: 0x101,
        ..Span::default()
    }
}

fn event(time_unix_nano: u64) -> Event {
    Event { time_unix_nano, name: "exception".into(), ..Event::default() }
}

const KEYS: [(&str, &str); 13] = [
    ("http.request.method", "GET"),
    ("url.path", "/api/v1/orders/"),
    ("url.scheme", "https"),
    ("server.address", "orders.internal"),
    ("server.port", ""),
    ("http.route", "/api/v1/orders/{id}"),
    ("http.response.status_code", ""),
    ("user_agent.original", "Mozilla/5.0 "),
    ("client.address", "10.0.0."),
    ("enduser.id", "user-"),
    ("tenant.id", "tenant-"),
    ("thread.id", ""),
    ("region", "eu-"),
];

fn attributes(random: &mut u64, count: usize) -> Vec<KeyValue> {
    KEYS.iter()
        .take(count)
        .map(|(key, start)| {
            let number = next(random) % 10_000;
            let value = if start.is_empty() {
                any_value::Value::IntValue(number as i64)
            } else {
                any_value::Value::StringValue(format!("{start}{number}"))
            };
            KeyValue { key: (*key).into(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
        })
        .collect()
}

/// Xorshift: benchmarks want the same requests each time.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}
