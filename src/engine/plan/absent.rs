//! What the Collector has and weft has not, with what to write instead.
//!
//! A configuration that names one of these is refused with its line: accepting a shell that does
//! nothing would lose data in silence.

use crate::component::Kind;

/// What a queue on disk is wanted for can be had otherwise.
pub(super) const INSTEAD_OF_STORAGE: &str =
    "remove it; with `answer: delivered` on the receivers, senders keep the data until the backend has it";

const IN_FRONT: &str = "keep a Collector in front of weft for it: it sends here by OTLP";
const BEHIND: &str = "keep a Collector behind weft for it: send there by `otlp_grpc`";
const BESIDE: &str = "keep it in a Collector in front of or behind weft: both speak OTLP";
const BALLAST: &str = "remove it: weft's memory limit needs no ballast";
const JUDGE: &str = "write `bearertokenauth` or `basicauth`; or, on a listener, use mutual TLS: \
    `tls: {client_ca_file: …}`";

/// Names of the Collector's components that weft lacks, and the way out.
const ABSENT: &[(Kind, &[&str], &str)] = &[
    (Kind::Exporter, &["logging"], "it was renamed: write `debug`"),
    (Kind::Exporter, &["jaeger"], "Jaeger takes OTLP: write `otlp_grpc` with Jaeger's port 4317"),
    (Kind::Exporter, &["loki"], "Loki takes OTLP: write `otlp_http` with `endpoint: http://loki:3100/otlp`"),
    (
        Kind::Exporter,
        &["opencensus", "zipkin", "skywalking", "sapm"],
        "write `otlp_grpc` or `otlp_http` where the backend takes OTLP, else keep a Collector behind weft",
    ),
    (
        Kind::Exporter,
        &["prometheusremotewrite", "prometheus_remote_write"],
        "Prometheus takes OTLP: write `otlp_http` with `endpoint: http://prometheus:9090/api/v1/otlp`",
    ),
    (
        Kind::Exporter,
        &["prometheus"],
        "let Prometheus take OTLP: `otlp_http` with `endpoint: http://prometheus:9090/api/v1/otlp`",
    ),
    (
        Kind::Exporter,
        &[
            "awsemf",
            "awss3",
            "awsxray",
            "azuremonitor",
            "carbon",
            "cassandra",
            "clickhouse",
            "coralogix",
            "datadog",
            "elasticsearch",
            "googlecloud",
            "influxdb",
            "kafka",
            "load_balancing",
            "loadbalancing",
            "opensearch",
            "otelarrow",
            "pulsar",
            "rabbitmq",
            "signalfx",
            "splunk_hec",
            "syslog",
        ],
        BEHIND,
    ),
    (
        Kind::Receiver,
        &[
            "awss3",
            "carbon",
            "collectd",
            "datadog",
            "docker_stats",
            "file_log",
            "filelog",
            "fluent_forward",
            "fluentforward",
            "host_metrics",
            "hostmetrics",
            "http_check",
            "httpcheck",
            "influxdb",
            "jaeger",
            "journald",
            "k8s_cluster",
            "k8s_events",
            "k8sobjects",
            "kafka",
            "kubeletstats",
            "loki",
            "mongodb",
            "mysql",
            "nginx",
            "opencensus",
            "otelarrow",
            "postgresql",
            "prometheus",
            "receiver_creator",
            "redis",
            "signalfx",
            "skywalking",
            "splunk_hec",
            "sqlquery",
            "statsd",
            "syslog",
            "tcplog",
            "udplog",
            "webhookevent",
            "windowseventlog",
            "zipkin",
        ],
        IN_FRONT,
    ),
    (Kind::Processor, &["memory_ballast"], BALLAST),
    (Kind::Processor, &["groupbytrace"], "remove it: exporters do not need grouped data"),
    (
        Kind::Processor,
        &["queued_retry"],
        "remove it: every exporter has `sending_queue` and `retry_on_failure`",
    ),
    (
        Kind::Processor,
        &["spanmetrics", "servicegraph", "routing"],
        "it became a connector, which weft has not yet: keep it in a Collector in front of or behind weft",
    ),
    (
        Kind::Processor,
        &[
            "attributes",
            "cumulativetodelta",
            "deltatocumulative",
            "deltatorate",
            "filter",
            "geoip",
            "groupbyattrs",
            "interval",
            "k8s_attributes",
            "k8sattributes",
            "log_dedup",
            "logdedup",
            "metrics_transform",
            "metricsgeneration",
            "metricstransform",
            "probabilistic_sampler",
            "redaction",
            "remotetap",
            "resource",
            "resource_detection",
            "resourcedetection",
            "schema",
            "span",
            "tail_sampling",
            "transform",
        ],
        BESIDE,
    ),
    (
        Kind::Connector,
        &[
            "count",
            "exceptions",
            "failover",
            "grafanacloud",
            "roundrobin",
            "round_robin",
            "routing",
            "service_graph",
            "servicegraph",
            "signal_to_metrics",
            "signaltometrics",
            "span_metrics",
            "spanmetrics",
            "sum",
        ],
        BESIDE,
    ),
    (Kind::Extension, &["memory_ballast"], BALLAST),
    (Kind::Extension, &["file_storage", "db_storage", "redis_storage"], INSTEAD_OF_STORAGE),
    (Kind::Extension, &["oidc", "oauth2client", "sigv4auth"], JUDGE),
    (
        Kind::Extension,
        &["headers_setter", "k8s_observer", "opamp"],
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
