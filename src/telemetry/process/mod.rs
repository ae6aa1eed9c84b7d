//! This process and the room it has: memory, CPU time, and the limits of its cgroup.
//!
//! Everything is read below a root path (`/` in life), so that tests lay out a tree of files. What cannot be read
//! is absent, never an error: a gateway must start on a kernel that hides something.

mod limits;
mod usage;

use std::path::{Path, PathBuf};

pub use limits::{Limits, limits};
pub use usage::{Usage, usage};

use super::names;
use super::registry::Registry;

/// Has the `otelcol_process_*` metrics read below `root` whenever somebody looks at the metrics.
pub fn observe(registry: &Registry, root: &Path) {
    let root: PathBuf = root.into();
    let uptime = registry.gauge(&names::PROCESS_UPTIME, &[]);
    let cpu = registry.gauge(&names::PROCESS_CPU_SECONDS, &[]);
    let rss = registry.gauge(&names::PROCESS_MEMORY_RSS, &[]);
    let heap = registry.gauge(&names::PROCESS_HEAP_ALLOC, &[]);
    let sys = registry.gauge(&names::PROCESS_SYS_MEMORY, &[]);
    let total = registry.counter(&names::PROCESS_TOTAL_ALLOC, &[]);
    registry.on_snapshot(move || {
        let now = usage(&root);
        uptime.set(now.uptime.as_secs_f64());
        cpu.set(now.cpu.as_secs_f64());
        rss.set(now.rss_bytes as f64);
        heap.set(now.anonymous_bytes as f64);
        sys.set(now.rss_bytes.saturating_add(now.swapped_bytes) as f64);
        total.absolute(now.faulted_bytes);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::registry::Value;

    #[test]
    fn this_process_is_seen() {
        let registry = Registry::default();
        observe(&registry, Path::new("/"));
        let snapshot = registry.snapshot(1);
        let number = |name| match snapshot.find(name, &[]).map(|sample| sample.value.clone()) {
            Some(Value::Number(number)) => number,
            Some(Value::Count(count)) => count as f64,
            other => panic!("{name}: {other:?}"),
        };
        let rss = number("otelcol_process_memory_rss");
        assert!(rss > 100_000.0, "{rss}");
        assert!(number("otelcol_process_runtime_heap_alloc_bytes") <= rss);
        assert!(number("otelcol_process_runtime_total_sys_memory_bytes") >= rss);
        assert!(number("otelcol_process_runtime_total_alloc_bytes") > 0.0);
        assert!(number("otelcol_process_uptime") < 86_400.0);
    }

    #[test]
    fn a_tree_with_nothing_in_it_gives_zeros() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(usage(empty.path()), Usage::default());
        assert_eq!(limits(empty.path()), Limits::default());
    }
}
