//! What the process has used so far, from `/proc/self`.

use std::path::Path;
use std::time::Duration;

/// Clock ticks per second in `/proc`: part of the kernel's interface on every architecture weft is built for.
const TICKS: u64 = 100;

/// The process at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory.
    pub rss_bytes: u64,
    /// Resident memory that no file backs: heap and stacks.
    pub anonymous_bytes: u64,
    /// Swapped out.
    pub swapped_bytes: u64,
    /// Mapped in by page faults since the start, never less than before.
    pub faulted_bytes: u64,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// Since the process began.
    pub uptime: Duration,
}

/// Reads the process's usage below `root`.
pub fn usage(root: &Path) -> Usage {
    let status = read(root, "proc/self/status");
    let stat = read(root, "proc/self/stat");
    // The command's name stands in parentheses and may hold anything, spaces and parentheses too.
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_ascii_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
        .unwrap_or_default();
    // Numbered as in proc(5), where the state behind the name is field 3.
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or(0);
    let faults = field(10).saturating_add(field(12));
    Usage {
        rss_bytes: kilobytes(&status, "VmRSS:"),
        anonymous_bytes: kilobytes(&status, "RssAnon:"),
        swapped_bytes: kilobytes(&status, "VmSwap:"),
        faulted_bytes: faults.saturating_mul(page_size(root)),
        cpu: ticks(field(14).saturating_add(field(15))),
        uptime: boot_age(root).saturating_sub(ticks(field(22))),
    }
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count.saturating_mul(1000 / TICKS))
}

fn boot_age(root: &Path) -> Duration {
    let text = read(root, "proc/uptime");
    let seconds = text.split_ascii_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default()
}

fn kilobytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
}

/// From the auxiliary vector (`AT_PAGESZ`), as the C library does it.
fn page_size(root: &Path) -> u64 {
    const AT_PAGESZ: u64 = 6;
    let vector = std::fs::read(root.join("proc/self/auxv")).unwrap_or_default();
    let (words, _) = vector.as_chunks::<8>();
    let (pairs, _) = words.as_chunks::<2>();
    let found = pairs.iter().find(|[key, _]| u64::from_ne_bytes(*key) == AT_PAGESZ);
    found.map_or(4096, |[_, value]| u64::from_ne_bytes(*value))
}

pub(super) fn read(root: &Path, path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root.join(path)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_proc_are_read_even_behind_a_hostile_name() {
        let root = tempfile::tempdir().unwrap();
        let of_self = root.path().join("proc/self");
        std::fs::create_dir_all(&of_self).unwrap();
        let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        write(&of_self.join("status"), "Name:\tweft\nVmRSS:\t   20 kB\nRssAnon:\t 8 kB\nVmSwap:\t1 kB\n");
        // 10 = minor faults, 12 = major, 14 + 15 = user and system ticks, 22 = start.
        write(&of_self.join("stat"), "7 (a) S 1 (x) S 1 2 3 4 5 6 70 0 30 0 150 50 0 0 20 0 4 0 1000 99\n");
        write(&root.path().join("proc/uptime"), "15.50 3.00\n");
        let expected = Usage {
            rss_bytes: 20 << 10,
            anonymous_bytes: 8 << 10,
            swapped_bytes: 1 << 10,
            faulted_bytes: 100 * 4096,
            cpu: Duration::from_secs(2),
            uptime: Duration::from_millis(5500),
        };
        assert_eq!(usage(root.path()), expected);
    }

    #[test]
    fn the_page_size_is_the_kernels() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
        assert_eq!(page_size(root.path()), 4096);
        let words = [33_u64, 1, 6, 65536, 0, 0];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        std::fs::write(root.path().join("proc/self/auxv"), bytes).unwrap();
        assert_eq!(page_size(root.path()), 65536);
    }
}
