//! What was measured, for people and for programs.

use crate::testing::load::{Tally, percentile};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// One measurement.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    pub(super) signal: String,
    pub(super) bytes_per_item: f64,
    pub(super) tally: Tally,
    pub(super) process: Option<Process>,
    pub(super) delivery: Option<Delivery>,
}

/// What the gateway's process used, from the load's start until all was delivered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Process {
    pub(super) cpu: Duration,
    pub(super) peak_bytes: u64,
    pub(super) resident_bytes: u64,
    pub(super) anonymous_bytes: u64,
}

/// What the sink saw, warm-up included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delivery {
    pub(super) items: u64,
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) malformed_requests: u64,
}

impl Report {
    fn items_per_second(&self) -> f64 {
        self.tally.accepted as f64 / self.tally.took.as_secs_f64().max(1e-9)
    }

    fn cpu_micros_per_thousand(&self, process: &Process) -> f64 {
        process.cpu.as_secs_f64() * 1e9 / (self.tally.accepted as f64).max(1.0)
    }

    fn latencies(&self) -> [(&'static str, f64); 4] {
        [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)]
            .map(|(name, share)| (name, percentile(&self.tally.micros, share)))
    }

    /// Whether something that the gateway took did not arrive.
    pub(super) fn lost_something(&self) -> bool {
        self.delivery.is_some_and(|delivery| delivery.lost > 0)
    }

    pub(super) fn table(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(out, "{name:<24} {value}");
        };
        line("signal", format!("{}, {:.0} bytes an item", self.signal, self.bytes_per_item));
        line("accepted", format!("{} items in {:.1} s", self.tally.accepted, self.tally.took.as_secs_f64()));
        line("items/s", format!("{:.0}", self.items_per_second()));
        if let Some(process) = &self.process {
            line("CPU-µs per 1000 items", format!("{:.0}", self.cpu_micros_per_thousand(process)));
            line("peak memory", format!("{:.1} MiB", mib(process.peak_bytes)));
        }
        let latencies = self.latencies().map(|(name, ms)| format!("{name} {ms:.1}"));
        line("latency, ms", latencies.join("  "));
        match &self.delivery {
            Some(it) => {
                line("delivered", format!("{} items, warm-up included", it.items));
                line("lost", it.lost.to_string());
                line("duplicated", it.duplicated.to_string());
            }
            None => line("delivered", "not measured: no --sink".into()),
        }
        if self.tally.failed + self.tally.rejected > 0 {
            line("not accepted", format!("{} items", self.tally.failed + self.tally.rejected));
        }
        for (why, times) in &self.tally.reasons {
            line("", format!("{times} × {why}"));
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let latencies = self.latencies().map(|(name, ms)| (name.to_owned(), json!(ms)));
        json!({
            "signal": self.signal,
            "bytes_per_item": rounded(self.bytes_per_item),
            "seconds": rounded(self.tally.took.as_secs_f64()),
            "requests": self.tally.requests,
            "accepted": self.tally.accepted,
            "rejected": self.tally.rejected,
            "failed": self.tally.failed,
            "reasons": self.tally.reasons,
            "items_per_s": self.items_per_second().round(),
            "latency_ms": serde_json::Map::from_iter(latencies),
            "cpu_us_per_1000_items": self.process.map(|it| rounded(self.cpu_micros_per_thousand(&it))),
            "process": self.process.map(|it| json!({
                "cpu_s": rounded(it.cpu.as_secs_f64()),
                "peak_mib": rounded(mib(it.peak_bytes)),
                "resident_mib": rounded(mib(it.resident_bytes)),
                "anonymous_mib": rounded(mib(it.anonymous_bytes)),
            })),
            "delivery": self.delivery.map(|it| json!({
                "items": it.items,
                "lost": it.lost,
                "duplicated": it.duplicated,
                "malformed_requests": it.malformed_requests,
            })),
        })
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let tally = Tally {
            requests: 4,
            accepted: 2000,
            failed: 512,
            reasons: [("Unavailable: down".to_owned(), 1)].into(),
            micros: vec![1000, 2000, 3000, 9000],
            took: Duration::from_secs(2),
            ..Tally::default()
        };
        let process = Process { cpu: Duration::from_millis(10), peak_bytes: 30 << 20, ..Process::default() };
        let delivery = Delivery { items: 1990, lost: 10, duplicated: 3, malformed_requests: 0 };
        let (process, delivery) = (Some(process), Some(delivery));
        Report { signal: "traces".into(), bytes_per_item: 519.4, tally, process, delivery }
    }

    #[test]
    fn the_table_and_the_json_say_the_same() {
        let (table, json) = (report().table(), report().json());
        for line in [
            "items/s                  1000\n",
            "CPU-µs per 1000 items    5000\n",
            "peak memory              30.0 MiB\n",
            "latency, ms              p50 2.0  p95 9.0  p99 9.0  max 9.0\n",
            "lost                     10\n",
            "duplicated               3\n",
            "not accepted             512 items\n",
            "1 × Unavailable: down\n",
        ] {
            assert!(table.contains(line), "{line:?} is not in\n{table}");
        }
        assert_eq!((&json["items_per_s"], &json["cpu_us_per_1000_items"]), (&json!(1000.0), &json!(5000.0)));
        assert_eq!((&json["delivery"]["lost"], &json["latency_ms"]["p99"]), (&json!(10), &json!(9.0)));
        assert!(report().lost_something());
    }

    #[test]
    fn what_was_not_measured_is_not_told_as_zero() {
        let report = Report { process: None, delivery: None, ..report() };
        assert!(report.table().contains("not measured") && !report.table().contains("CPU"));
        assert!(report.json()["delivery"].is_null() && report.json()["cpu_us_per_1000_items"].is_null());
        assert!(!report.lost_something());
    }
}
