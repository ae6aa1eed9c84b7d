//! Names as Prometheus has them, from names as OpenTelemetry has them.

use super::Style;
use crate::telemetry::def::{Def, Kind};

/// The family's name with the suffixes that the style asks for. A suffix that the name already ends in is not
/// repeated.
pub(super) fn family_name(def: &Def, style: &Style) -> String {
    let mut name = sanitized(def.name, true);
    let unit = unit_suffix(def.unit).filter(|_| !style.without_units);
    if let Some(unit) = unit.filter(|unit| !name.ends_with(unit)) {
        name.push('_');
        name.push_str(unit);
    }
    let counted = matches!(def.kind, Kind::Counter | Kind::Seconds);
    if counted && !style.without_type_suffix && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

/// Units in braces are annotations and have no suffix.
fn unit_suffix(unit: &str) -> Option<&str> {
    match unit {
        "" | "1" => None,
        "By" => Some("bytes"),
        "s" => Some("seconds"),
        "ms" => Some("milliseconds"),
        "%" => Some("percent"),
        other => {
            Some(other).filter(|unit| !unit.starts_with('{') && unit.bytes().all(|b| b.is_ascii_alphabetic()))
        }
    }
}

/// The word after `# TYPE`.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter | Kind::Seconds => "counter",
        Kind::UpDown | Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

/// A label's name: letters, digits and underscores, no digit first.
pub(super) fn label_name(key: &str) -> String {
    sanitized(key, false)
}

fn sanitized(text: &str, colon: bool) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    let first = text.starts_with(|c: char| c.is_ascii_digit()) || text.is_empty();
    let prefix = first.then_some('_');
    prefix.into_iter().chain(text.chars().map(|c| if allowed(c) { c } else { '_' })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::names;

    fn with_suffixes() -> Style {
        Style { without_type_suffix: false, without_units: false, ..Style::default() }
    }

    #[test]
    fn suffixes_are_the_readers_choice() {
        let def = &names::PROCESS_CPU_SECONDS.0;
        assert_eq!(family_name(def, &Style::default()), "otelcol_process_cpu_seconds");
        assert_eq!(family_name(def, &with_suffixes()), "otelcol_process_cpu_seconds_total");
        let def = &names::RECEIVER_ACCEPTED.spans.0;
        assert_eq!(family_name(def, &Style::default()), "otelcol_receiver_accepted_spans");
        assert_eq!(family_name(def, &with_suffixes()), "otelcol_receiver_accepted_spans_total");
        let only_type = Style { without_type_suffix: false, ..Style::default() };
        assert_eq!(family_name(&names::PROCESS_UPTIME.0, &only_type), "otelcol_process_uptime_total");
        assert_eq!(
            family_name(&names::PROCESS_UPTIME.0, &with_suffixes()),
            "otelcol_process_uptime_seconds_total"
        );
        assert_eq!(
            family_name(&names::PROCESS_MEMORY_RSS.0, &with_suffixes()),
            "otelcol_process_memory_rss_bytes"
        );
        let twice = &names::PROCESS_HEAP_ALLOC.0;
        assert_eq!(family_name(twice, &with_suffixes()), "otelcol_process_runtime_heap_alloc_bytes");
    }

    #[test]
    fn names_have_no_other_characters() {
        assert_eq!(label_name("service.name"), "service_name");
        assert_eq!(label_name("0 é\n:"), "_0____");
        assert_eq!(label_name(""), "_");
    }
}
