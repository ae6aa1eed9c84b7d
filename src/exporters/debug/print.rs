//! What is printed of a batch: its counts, and, if asked for, its text. Pure.

use super::config::Verbosity;
use super::{detailed, normal};
use crate::otlp::{Data, Signal};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, metric};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::{DecodeError, Message};
use std::fmt;

/// A batch as structs.
pub(super) enum Decoded {
    Traces(Vec<ResourceSpans>),
    Metrics(Vec<ResourceMetrics>),
    Logs(Vec<ResourceLogs>),
}

/// What there is to print.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Printed {
    /// `Traces`, `Metrics` or `Logs`.
    pub(super) title: &'static str,
    /// Names and counts, in the order of the Collector.
    pub(super) counts: Vec<(&'static str, u64)>,
    /// The text, if more than the counts are wanted.
    pub(super) body: Option<String>,
}

/// Lines that gather.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, words: fmt::Arguments<'_>) {
        // Writing into memory does not fail.
        let _ = fmt::write(&mut self.0, words);
        self.0.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// The batch in words. What cannot be decoded (values nested deeper than prost reads) is said in its place.
pub(super) fn print(verbosity: Verbosity, data: Data) -> Printed {
    let (signal, items) = (data.signal(), data.items());
    match Decoded::of(data) {
        Ok(decoded) => decoded.print(verbosity),
        Err(error) => Printed {
            title: title(signal),
            counts: vec![(items_name(signal), items)],
            body: (verbosity != Verbosity::Basic).then(|| format!("(cannot be shown: {error})\n")),
        },
    }
}

const fn title(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "Traces",
        Signal::Metrics => "Metrics",
        Signal::Logs => "Logs",
    }
}

const fn items_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "spans",
        Signal::Metrics => "data points",
        Signal::Logs => "log records",
    }
}

impl Decoded {
    /// Decodes a whole batch.
    pub(super) fn of(data: Data) -> Result<Self, DecodeError> {
        let signal = data.signal();
        let pieces = data.encode();
        let mut decoded = match signal {
            Signal::Traces => Self::Traces(Vec::new()),
            Signal::Metrics => Self::Metrics(Vec::new()),
            Signal::Logs => Self::Logs(Vec::new()),
        };
        for piece in pieces {
            match &mut decoded {
                Self::Traces(all) => {
                    all.append(&mut ExportTraceServiceRequest::decode(piece)?.resource_spans)
                }
                Self::Metrics(all) => {
                    all.append(&mut ExportMetricsServiceRequest::decode(piece)?.resource_metrics)
                }
                Self::Logs(all) => all.append(&mut ExportLogsServiceRequest::decode(piece)?.resource_logs),
            }
        }
        Ok(decoded)
    }

    fn print(&self, verbosity: Verbosity) -> Printed {
        let mut page = Page::default();
        match verbosity {
            Verbosity::Basic => {}
            Verbosity::Normal => normal::print(self, &mut page),
            Verbosity::Detailed => detailed::print(self, &mut page),
        }
        let (title, counts) = self.counts();
        let counts = counts.into_iter().map(|(name, count)| (name, count as u64)).collect();
        Printed { title, counts, body: (verbosity != Verbosity::Basic).then(|| page.finish()) }
    }

    fn counts(&self) -> (&'static str, Vec<(&'static str, usize)>) {
        match self {
            Self::Traces(all) => {
                let spans = all.iter().flat_map(|one| &one.scope_spans).map(|scope| scope.spans.len()).sum();
                (title(Signal::Traces), vec![("resource spans", all.len()), ("spans", spans)])
            }
            Self::Metrics(all) => {
                let metrics =
                    || all.iter().flat_map(|one| &one.scope_metrics).flat_map(|scope| &scope.metrics);
                let points = metrics().map(|metric| metric.data.as_ref().map_or(0, data_points)).sum();
                let counts = vec![
                    ("resource metrics", all.len()),
                    ("metrics", metrics().count()),
                    ("data points", points),
                ];
                (title(Signal::Metrics), counts)
            }
            Self::Logs(all) => {
                let records =
                    all.iter().flat_map(|one| &one.scope_logs).map(|scope| scope.log_records.len()).sum();
                (title(Signal::Logs), vec![("resource logs", all.len()), ("log records", records)])
            }
        }
    }
}

fn data_points(data: &metric::Data) -> usize {
    match data {
        metric::Data::Gauge(gauge) => gauge.data_points.len(),
        metric::Data::Sum(sum) => sum.data_points.len(),
        metric::Data::Histogram(histogram) => histogram.data_points.len(),
        metric::Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
        metric::Data::Summary(summary) => summary.data_points.len(),
    }
}
