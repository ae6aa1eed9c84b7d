//! Every metric that weft counts: name, unit, labels, description. One file, so that a dashboard's author and a
//! reviewer see them all.
//!
//! Names beginning with `otelcol_` are the OpenTelemetry Collector's, with its labels and its levels, so that
//! dashboards made for it work; names beginning with `weft_` are ours. Names stand without the suffixes that
//! Prometheus wants (`_total`, `_bytes`): [`super::render`] adds them when the reader's settings ask for it.
//! A component outside this crate declares its own definitions with [`CounterDef::new`] and its kin.

use super::def::{
    BYTE_BOUNDS, BySignal, CounterDef, Def, GaugeDef, HistogramDef, ITEM_BOUNDS, Kind, Level, SECOND_BOUNDS,
};

const WEFT: &str = "weft";
const RECEIVER: &str = "go.opentelemetry.io/collector/receiver/receiverhelper";
const PROCESSOR: &str = "go.opentelemetry.io/collector/processor/processorhelper";
const LIMITER: &str = "go.opentelemetry.io/collector/processor/memorylimiterprocessor";
const BATCH: &str = "go.opentelemetry.io/collector/processor/batchprocessor";
const EXPORTER: &str = "go.opentelemetry.io/collector/exporter/exporterhelper";
const SERVICE: &str = "go.opentelemetry.io/collector/service";

const AT_RECEIVER: &[&str] = &["receiver", "transport"];
const AT_PROCESSOR: &[&str] = &["processor"];
const AT_PROCESSOR_SIGNAL: &[&str] = &["otel.signal", "processor"];
const AT_EXPORTER: &[&str] = &["exporter"];
const AT_QUEUE: &[&str] = &["data_type", "exporter"];

macro_rules! by_signal {
    ($prefix:literal, $scope:expr, $labels:expr, $start:literal, $end:literal) => {
        BySignal {
            spans: CounterDef::new(
                concat!($prefix, "_spans"),
                "{span}",
                $labels,
                concat!($start, "spans", $end),
            )
            .scope($scope),
            metric_points: CounterDef::new(
                concat!($prefix, "_metric_points"),
                "{datapoint}",
                $labels,
                concat!($start, "metric points", $end),
            )
            .scope($scope),
            log_records: CounterDef::new(
                concat!($prefix, "_log_records"),
                "{record}",
                $labels,
                concat!($start, "log records", $end),
            )
            .scope($scope),
        }
    };
}

macro_rules! metrics {
    ($($ty:ident $ident:ident = $name:literal, $unit:literal, $labels:expr, $scope:ident $level:ident
        $(over $bounds:ident)? $(as $kind:ident)? $(open $open:literal)? : $description:literal;)*) => {
        $(
            #[doc = $description]
            pub static $ident: $ty = $ty::new($name, $unit, $labels, $($bounds,)? $description)
                .scope($scope)
                .at(Level::$level)
                $(.kind(Kind::$kind))?
                $(.open($open))?;
        )*

        fn single() -> Vec<&'static Def> {
            vec![$(&$ident.0),*]
        }
    };
}

/// Items a receiver has handed on.
pub static RECEIVER_ACCEPTED: BySignal = by_signal!(
    "otelcol_receiver_accepted",
    RECEIVER,
    AT_RECEIVER,
    "Number of ",
    " that the pipeline has accepted from the receiver."
);

/// Items refused at the receiver, the sender being told so.
pub static RECEIVER_REFUSED: BySignal = by_signal!(
    "otelcol_receiver_refused",
    RECEIVER,
    AT_RECEIVER,
    "Number of ",
    " refused; the sender was told and may repeat them."
);

/// Items that failed in the receiver itself.
pub static RECEIVER_FAILED: BySignal = by_signal!(
    "otelcol_receiver_failed",
    RECEIVER,
    AT_RECEIVER,
    "Number of ",
    " that failed in the receiver by an error of its own."
);

/// Items that the memory limit let in.
pub static MEMORY_LIMITER_ACCEPTED: BySignal = by_signal!(
    "otelcol_processor_memory_limiter_accepted",
    LIMITER,
    AT_PROCESSOR,
    "Number of ",
    " that the memory limit let in."
);

/// Items that the memory limit refused.
pub static MEMORY_LIMITER_REFUSED: BySignal = by_signal!(
    "otelcol_processor_memory_limiter_refused",
    LIMITER,
    AT_PROCESSOR,
    "Number of ",
    " that the memory limit refused."
);

/// Items delivered.
pub static EXPORTER_SENT: BySignal = by_signal!(
    "otelcol_exporter_sent",
    EXPORTER,
    AT_EXPORTER,
    "Number of ",
    " delivered to the destination."
);

/// Items given up.
pub static EXPORTER_SEND_FAILED: BySignal = by_signal!(
    "otelcol_exporter_send_failed",
    EXPORTER,
    &["error.permanent", "error.type", "exporter"],
    "Number of ",
    " that could not be delivered; at the detailed level with the kind of error."
);

/// Items that found no place in the queue.
pub static EXPORTER_ENQUEUE_FAILED: BySignal = by_signal!(
    "otelcol_exporter_enqueue_failed",
    EXPORTER,
    AT_EXPORTER,
    "Number of ",
    " that found no place in the sending queue."
);

metrics! {
    CounterDef RECEIVER_REQUESTS = "otelcol_receiver_requests", "{request}", &["outcome", "receiver", "transport"], RECEIVER Basic
        : "Number of requests by outcome.";
    CounterDef PROCESSOR_INCOMING_ITEMS = "otelcol_processor_incoming_items", "{item}", AT_PROCESSOR_SIGNAL, PROCESSOR Basic
        : "Number of items that entered the processor.";
    CounterDef PROCESSOR_OUTGOING_ITEMS = "otelcol_processor_outgoing_items", "{item}", AT_PROCESSOR_SIGNAL, PROCESSOR Basic
        : "Number of items that left the processor.";
    HistogramDef PROCESSOR_INTERNAL_DURATION = "otelcol_processor_internal_duration", "s", AT_PROCESSOR_SIGNAL, PROCESSOR Detailed over SECOND_BOUNDS
        : "Time the processor worked on one batch.";
    HistogramDef BATCH_SEND_SIZE = "otelcol_processor_batch_batch_send_size", "{unit}", AT_PROCESSOR, BATCH Normal over ITEM_BOUNDS
        : "Number of items in a batch that was sent.";
    HistogramDef BATCH_SEND_SIZE_BYTES = "otelcol_processor_batch_batch_send_size_bytes", "By", AT_PROCESSOR, BATCH Detailed over BYTE_BOUNDS
        : "Number of bytes in a batch that was sent.";
    CounterDef BATCH_SIZE_TRIGGER = "otelcol_processor_batch_batch_size_trigger_send", "{time}", AT_PROCESSOR, BATCH Normal
        : "Number of batches sent because they were full.";
    CounterDef BATCH_TIMEOUT_TRIGGER = "otelcol_processor_batch_timeout_trigger_send", "{time}", AT_PROCESSOR, BATCH Normal
        : "Number of batches sent because their time was up.";
    GaugeDef BATCH_METADATA_CARDINALITY = "otelcol_processor_batch_metadata_cardinality", "{combination}", AT_PROCESSOR, BATCH Normal as UpDown
        : "Number of metadata combinations being batched apart.";
    GaugeDef EXPORTER_QUEUE_SIZE = "otelcol_exporter_queue_size", "{batch}", AT_QUEUE, EXPORTER Basic
        : "Present size of the sending queue, in units of its sizer.";
    GaugeDef EXPORTER_QUEUE_CAPACITY = "otelcol_exporter_queue_capacity", "{batch}", AT_QUEUE, EXPORTER Basic
        : "Capacity of the sending queue, in units of its sizer.";
    GaugeDef EXPORTER_IN_FLIGHT = "otelcol_exporter_in_flight_requests", "{request}", AT_QUEUE, EXPORTER Basic as UpDown
        : "Number of requests on their way, including those waiting to be repeated.";
    HistogramDef EXPORTER_ENQUEUE_SIZE = "otelcol_exporter_enqueue_size", "{unit}", AT_EXPORTER, EXPORTER Detailed over ITEM_BOUNDS
        : "Number of items in a request that entered the sending queue.";
    HistogramDef EXPORTER_ENQUEUE_SIZE_BYTES = "otelcol_exporter_enqueue_size_bytes", "By", AT_EXPORTER, EXPORTER Detailed over BYTE_BOUNDS
        : "Number of bytes in a request that entered the sending queue.";
    HistogramDef EXPORTER_QUEUE_BATCH_SIZE = "otelcol_exporter_queue_batch_send_size", "{unit}", AT_EXPORTER, EXPORTER Detailed over ITEM_BOUNDS
        : "Number of items in a batch made in the sending queue.";
    HistogramDef EXPORTER_QUEUE_BATCH_SIZE_BYTES = "otelcol_exporter_queue_batch_send_size_bytes", "By", AT_EXPORTER, EXPORTER Detailed over BYTE_BOUNDS
        : "Number of bytes in a batch made in the sending queue.";
    GaugeDef PROCESS_UPTIME = "otelcol_process_uptime", "s", &[], SERVICE Basic as Seconds
        : "Seconds since the process began.";
    GaugeDef PROCESS_CPU_SECONDS = "otelcol_process_cpu_seconds", "s", &[], SERVICE Basic as Seconds
        : "CPU time of the process, user and system, in seconds.";
    GaugeDef PROCESS_MEMORY_RSS = "otelcol_process_memory_rss", "By", &[], SERVICE Basic
        : "Resident memory of the process.";
    GaugeDef PROCESS_HEAP_ALLOC = "otelcol_process_runtime_heap_alloc_bytes", "By", &[], SERVICE Basic
        : "Anonymous resident memory: heap and stacks.";
    CounterDef PROCESS_TOTAL_ALLOC = "otelcol_process_runtime_total_alloc_bytes", "By", &[], SERVICE Basic
        : "Bytes of memory ever mapped in for the process (page faults).";
    GaugeDef PROCESS_SYS_MEMORY = "otelcol_process_runtime_total_sys_memory_bytes", "By", &[], SERVICE Basic
        : "Memory held from the operating system: resident and swapped.";
    CounterDef DISCARDED_ITEMS = "weft_discarded_items", "{item}", &["component", "reason", "signal", "tenant"], WEFT Basic open "tenant"
        : "Number of items discarded, by tenant and reason.";
    CounterDef TENANT_ITEMS = "weft_tenant_items", "{item}", &["signal", "tenant"], WEFT Basic open "tenant"
        : "Number of items accepted, by tenant.";
    CounterDef TENANT_BYTES = "weft_tenant_bytes", "By", &["signal", "tenant"], WEFT Basic open "tenant"
        : "Number of bytes accepted, by tenant, uncompressed.";
    GaugeDef BUDGET_USED = "weft_budget_used", "By", &[], WEFT Basic
        : "Bytes of the memory budget that are in use.";
    GaugeDef BUDGET_LIMIT = "weft_budget_limit", "By", &[], WEFT Basic
        : "Bytes of the memory budget.";
    GaugeDef BUDGET_DEBT = "weft_budget_debt", "By", &[], WEFT Basic
        : "Bytes drawn beyond the memory budget by work that must finish; admission is closed until they are back.";
    CounterDef BUDGET_REFUSED = "weft_budget_refused", "{request}", &["receiver"], WEFT Basic
        : "Number of requests refused because the memory budget was spent.";
    CounterDef REPAIRED_STRINGS = "weft_repaired_strings", "{string}", &["receiver"], WEFT Basic
        : "Number of strings that were no UTF-8 and were repaired with U+FFFD.";
    GaugeDef CONNECTIONS = "weft_connections", "{connection}", &["receiver", "transport"], WEFT Basic as UpDown
        : "Number of open connections.";
    HistogramDef REQUEST_DURATION = "weft_request_duration", "s", &["receiver", "transport"], WEFT Normal over SECOND_BOUNDS
        : "Time from a request's first byte to its answer.";
    HistogramDef SEND_DURATION = "weft_send_duration", "s", AT_EXPORTER, WEFT Normal over SECOND_BOUNDS
        : "Time of one attempt to send, until its answer.";
    CounterDef SEND_RETRIES = "weft_send_retries", "{attempt}", AT_EXPORTER, WEFT Basic
        : "Number of sends that were repeated.";
    CounterDef NODE_ITEMS = "weft_node_items", "{item}", &["component", "flow", "pipeline", "signal"], WEFT Detailed
        : "Number of items by node and flow: in, created, out, absorbed, discarded, refused.";
    GaugeDef NODE_HELD = "weft_node_held", "{item}", &["component", "pipeline", "signal"], WEFT Basic
        : "Number of items that the node holds.";
    CounterDef RELOADS = "weft_reloads", "{reload}", &["outcome"], WEFT Basic
        : "Number of configuration reloads by outcome: success, failure.";
    CounterDef LOG_LINES_SUPPRESSED = "weft_log_lines_suppressed", "{line}", &[], WEFT Basic
        : "Number of log lines held back because their like was written often.";
    CounterDef LOG_EVENTS_LOST = "weft_log_events_lost", "{event}", &[], WEFT Basic
        : "Number of log events not pushed because the channel to the exporter was full.";
}

/// Every definition above, for documentation and for the tests of their well-formedness.
pub fn all() -> Vec<&'static Def> {
    let by_signal = [
        &RECEIVER_ACCEPTED,
        &RECEIVER_REFUSED,
        &RECEIVER_FAILED,
        &MEMORY_LIMITER_ACCEPTED,
        &MEMORY_LIMITER_REFUSED,
        &EXPORTER_SENT,
        &EXPORTER_SEND_FAILED,
        &EXPORTER_ENQUEUE_FAILED,
    ];
    by_signal.iter().flat_map(|set| set.all()).chain(single()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for def in all() {
            assert!(seen.insert(def.name), "{} stands twice", def.name);
            assert!(def.name.starts_with("otelcol_") || def.name.starts_with("weft_"), "{}", def.name);
            assert!(def.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", def.name);
            assert!(!def.name.ends_with("_total"), "{}: the suffix is the reader's choice", def.name);
            assert!(!def.unit.is_empty() && !def.description.is_empty(), "{}", def.name);
        }
    }

    #[test]
    fn labels_are_sorted_and_open_labels_are_declared() {
        for def in all() {
            assert!(def.labels.is_sorted(), "{}", def.name);
            assert!(def.open_label.is_none_or(|open| def.labels.contains(&open)), "{}", def.name);
            let tenant = def.labels.contains(&"tenant");
            assert_eq!(tenant, def.open_label == Some("tenant"), "{}: clients choose tenants", def.name);
        }
    }

    #[test]
    fn only_histograms_have_bounds_and_they_ascend() {
        for def in all() {
            assert_eq!(def.kind == Kind::Histogram, !def.bounds.is_empty(), "{}", def.name);
            assert!(def.bounds.windows(2).all(|pair| pair[0] < pair[1]), "{}", def.name);
        }
    }

    /// The names and labels that dashboards made for the Collector query.
    #[test]
    fn the_collectors_names_and_labels_are_all_there() {
        let golden = include_str!("golden/collector_names.txt");
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let (name, labels) = line.split_once(' ').unwrap_or((line, ""));
            let def =
                all().into_iter().find(|def| def.name == name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(def.labels, labels.split(',').filter(|l| !l.is_empty()).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn a_signals_counter_is_found_by_what_its_items_are_called() {
        let name = |items| RECEIVER_ACCEPTED.of(items).map(|def| def.0.name);
        assert_eq!(name("spans"), Some("otelcol_receiver_accepted_spans"));
        assert_eq!(name("metric_points"), Some("otelcol_receiver_accepted_metric_points"));
        assert_eq!(name("log_records"), Some("otelcol_receiver_accepted_log_records"));
        assert_eq!(name("profile_samples"), None);
    }
}
