//! CPU time and memory of another process, from `/proc`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Clock ticks per second in `/proc`: part of the kernel's interface on every architecture weft is built for.
const TICKS: u64 = 100;

/// The process that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    folder: PathBuf,
}

impl Meter {
    /// Looks at `/proc/<pid>` below `root` (`/` in life).
    pub(super) fn new(root: &Path, pid: u32) -> Result<Self, String> {
        let meter = Self { folder: root.join(format!("proc/{pid}")) };
        meter.cpu().map_err(|error| format!("cannot read the CPU time of process {pid}: {error}"))?;
        Ok(meter)
    }

    /// CPU time so far, user and system, all threads.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(self.folder.join("stat"))?;
        // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th behind it.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks =
            after.split_ascii_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
        Ok(Duration::from_millis(ticks.sum::<u64>().saturating_mul(1000 / TICKS)))
    }

    /// Forgets the peak of memory so far; where the kernel refuses, the peak is that of the whole life.
    pub(super) fn forget_peak(&self) {
        let _ = fs::write(self.folder.join("clear_refs"), "5");
    }

    /// Resident memory now, its peak, and what of it no file backs, in bytes.
    pub(super) fn memory(&self) -> Memory {
        let status = fs::read_to_string(self.folder.join("status")).unwrap_or_default();
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kilobytes = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
            kilobytes.unwrap_or(0).saturating_mul(1024)
        };
        Memory { resident: bytes("VmRSS:"), peak: bytes("VmHWM:"), anonymous: bytes("RssAnon:") }
    }
}

/// Resident memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) resident: u64,
    pub(super) peak: u64,
    pub(super) anonymous: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_and_memory_are_read_whatever_the_name_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("proc/77");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("stat"), "77 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0\n").unwrap();
        fs::write(folder.join("status"), "VmHWM:\t  300 kB\nVmRSS:\t  200 kB\nRssAnon:\t 50 kB\n").unwrap();
        let meter = Meter::new(root.path(), 77).unwrap();
        assert_eq!(meter.cpu().unwrap(), Duration::from_millis(1750));
        let memory = Memory { resident: 200 << 10, peak: 300 << 10, anonymous: 50 << 10 };
        assert_eq!(meter.memory(), memory);
        let wrong = Meter::new(root.path(), 78).unwrap_err();
        assert!(wrong.contains("process 78"), "{wrong}");
    }
}
