//! What the Collector has and weft has not, with what to write instead.
//!
//! A configuration that names one of these is refused with its line: accepting a shell that does
//! nothing would lose data in silence.

use crate::component::Kind;

/// Names of the Collector's components that weft lacks, and the way out.
const ABSENT: &[(Kind, &[&str], &str)] = &[
    (Kind::Exporter, &["logging"], "it was renamed: write `debug`"),
    (Kind::Exporter, &["jaeger"], "Jaeger takes OTLP: write `otlp_grpc` with Jaeger's port 4317"),
    (Kind::Exporter, &["loki"], "Loki takes OTLP: write `otlp_http` with `endpoint: http://loki:3100/otlp`"),
    (Kind::Exporter, &["opencensus", "zipkin"], "write `otlp_grpc` or `otlp_http` where the backend takes OTLP"),
    (
        Kind::Exporter,
        &["prometheusremotewrite", "prometheus_remote_write"],
        "Prometheus takes OTLP: write `otlp_http` with `endpoint: http://prometheus:9090/api/v1/otlp`",
    ),
    (Kind::Exporter, &["prometheus"], "let Prometheus take OTLP: `otlp_http` to `/api/v1/otlp`"),
    (
        Kind::Exporter,
        &["loadbalancing", "load_balancing", "kafka", "awss3", "elasticsearch", "datadog", "splunk_hec"],
        "keep a Collector behind weft for it: send there by `otlp_grpc`",
    ),
    (
        Kind::Receiver,
        &["jaeger", "zipkin", "opencensus", "prometheus", "kafka", "hostmetrics", "host_metrics", "filelog", "file_log"],
        "keep a Collector in front of weft for it: it sends here by OTLP",
    ),
    (
        Kind::Receiver,
        &["k8s_cluster", "kubeletstats", "k8sobjects", "k8s_events", "journald", "syslog", "statsd", "docker_stats"],
        "keep a Collector in front of weft for it: it sends here by OTLP",
    ),
    (Kind::Processor, &["memory_ballast"], "remove it: weft's memory limit needs no ballast"),
    (Kind::Processor, &["groupbytrace", "groupbyattrs"], "remove it: exporters do not need grouped data"),
    (Kind::Processor, &["spanmetrics"], "it became a connector: `span_metrics` under `connectors`"),
    (Kind::Processor, &["routing"], "it became a connector: `routing` under `connectors`"),
    (
        Kind::Processor,
        &[
            "attributes",
            "cumulativetodelta",
            "filter",
            "k8sattributes",
            "metricstransform",
            "metrics_transform",
            "probabilistic_sampler",
            "redaction",
            "resource",
            "resourcedetection",
            "resource_detection",
            "tail_sampling",
            "transform",
        ],
        "keep it in a Collector in front of or behind weft: both speak OTLP",
    ),
    (Kind::Extension, &["memory_ballast"], "remove it: weft's memory limit needs no ballast"),
    (
        Kind::Extension,
        &["file_storage", "headers_setter", "oidc", "oauth2client", "sigv4auth", "opamp", "k8s_observer"],
        "remove it and what names it: there is nothing in weft yet that does the same",
    ),
];

/// What to write instead of a component that weft lacks.
pub(super) fn absent(kind: Kind, name: &str) -> Option<&'static str> {
    let of = |(of, names, _): &&(Kind, &[&str], &str)| *of == kind && names.contains(&name);
    ABSENT.iter().find(of).map(|(.., advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_known_by_kind() {
        assert!(absent(Kind::Exporter, "logging").is_some_and(|advice| advice.contains("debug")));
        assert_eq!(absent(Kind::Receiver, "logging"), None);
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut seen = std::collections::BTreeSet::new();
        let all = ABSENT.iter().flat_map(|(kind, names, _)| names.iter().map(move |name| (*kind, *name)));
        all.for_each(|entry| assert!(seen.insert(entry), "{entry:?} twice"));
    }
}
