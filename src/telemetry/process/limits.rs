//! How much memory and CPU the process may use: the machine's, its cgroup's (v1 and v2), its resource limits'.
//!
//! A cgroup inherits every limit above it, so the path is walked up to the root and the smallest counts. Inside a
//! container the path named in `/proc/self/cgroup` may be the host's and not exist here; the walk then ends at the
//! root of the mount, which is the container's own group.

use std::path::{Component, Path, PathBuf};

use super::usage::read;

/// What the process may use; what is not limited or not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Bytes of memory: the smallest of the machine's, the cgroup's and the process's own limits.
    pub memory: Option<u64>,
    /// CPUs that the cgroup's quota grants, as a fraction.
    pub cpus: Option<f64>,
}

impl Limits {
    /// The memory budget where none is configured: 60 % of what there is; of an unknown machine, 1 GiB.
    pub fn budget(&self) -> u64 {
        self.memory.map_or(1 << 30, |bytes| bytes / 10 * 6)
    }

    /// Threads to run: the quota rounded up, at least one, at most `available`.
    pub fn threads(&self, available: usize) -> usize {
        // A cast from a float saturates, and a quota is never negative.
        let quota = self.cpus.map_or(usize::MAX, |cpus| cpus.ceil() as usize);
        quota.clamp(1, available.max(1))
    }
}

/// Reads the limits below `root`.
pub fn limits(root: &Path) -> Limits {
    let groups = groups(root);
    let cgroup = groups.iter().filter_map(|group| group.memory(root)).min();
    let all = [
        machine_memory(root),
        cgroup,
        resource_limit(root, "Max address space"),
        resource_limit(root, "Max data size"),
    ];
    let quotas = groups.iter().filter_map(|group| group.cpus(root));
    Limits { memory: all.into_iter().flatten().min(), cpus: quotas.reduce(f64::min) }
}

fn machine_memory(root: &Path) -> Option<u64> {
    let text = read(root, "proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// A soft limit from `/proc/self/limits`.
fn resource_limit(root: &Path, name: &str) -> Option<u64> {
    let text = read(root, "proc/self/limits");
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// One line of `/proc/self/cgroup`.
enum Group {
    V2(PathBuf),
    V1 { controllers: String, path: PathBuf },
}

fn groups(root: &Path) -> Vec<Group> {
    read(root, "proc/self/cgroup").lines().filter_map(group).collect()
}

/// `hierarchy:controllers:path`; the second version names no controllers.
fn group(line: &str) -> Option<Group> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let inside = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let path = Path::new(path).components().filter(inside).collect();
    Some(match controllers {
        "" => Group::V2(path),
        _ => Group::V1 { controllers: controllers.to_owned(), path },
    })
}

impl Group {
    fn memory(&self, root: &Path) -> Option<u64> {
        let limit = |text: String| text.trim().parse::<u64>().ok();
        match self {
            Self::V2(_) => self.walk(root, "", |dir| limit(read(dir, "memory.max"))).into_iter().min(),
            // Without a limit the first version shows the largest number of whole pages.
            Self::V1 { .. } => self
                .walk(root, "memory", |dir| limit(read(dir, "memory.limit_in_bytes")))
                .into_iter()
                .filter(|bytes| *bytes < 1 << 60)
                .min(),
        }
    }

    fn cpus(&self, root: &Path) -> Option<f64> {
        let all = match self {
            Self::V2(_) => self.walk(root, "", |dir| {
                let text = read(dir, "cpu.max");
                let (quota, period) = text.trim().split_once(' ')?;
                share(quota, period)
            }),
            Self::V1 { .. } => self.walk(root, "cpu", |dir| {
                share(&read(dir, "cpu.cfs_quota_us"), &read(dir, "cpu.cfs_period_us"))
            }),
        };
        all.into_iter().reduce(f64::min)
    }

    /// What `ask` finds in each directory from the group up to the root of its mount.
    fn walk<T>(&self, root: &Path, controller: &str, ask: impl Fn(&Path) -> Option<T>) -> Vec<T> {
        let (mounts, path) = match self {
            Self::V2(path) => (vec!["sys/fs/cgroup".to_owned(), "sys/fs/cgroup/unified".to_owned()], path),
            Self::V1 { controllers, path } if controllers.split(',').any(|name| name == controller) => {
                (vec![format!("sys/fs/cgroup/{controllers}"), format!("sys/fs/cgroup/{controller}")], path)
            }
            Self::V1 { .. } => return Vec::new(),
        };
        let mount = mounts.iter().map(|mount| root.join(mount)).find(|mount| mount.is_dir());
        let Some(mount) = mount else { return Vec::new() };
        path.ancestors().filter_map(|part| ask(&mount.join(part))).collect()
    }
}

/// Quota through period, both in microseconds; `max` and -1 are no quota.
fn share(quota: &str, period: &str) -> Option<f64> {
    let quota: u32 = quota.trim().parse().ok().filter(|quota| *quota > 0)?;
    let period: u32 = period.trim().parse().ok().filter(|period| *period > 0)?;
    Some(f64::from(quota) / f64::from(period))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn of(files: &[(&str, &str)]) -> Limits {
        limits(tree(files).path())
    }

    #[test]
    fn the_second_versions_smallest_limit_on_the_way_up_counts() {
        let found = of(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\n"),
            ("sys/fs/cgroup/a/memory.max", "500000\n"),
            ("sys/fs/cgroup/a/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"),
        ]);
        assert_eq!(found, Limits { memory: Some(500_000), cpus: Some(1.5) });
        assert_eq!(found.budget(), 300_000);
        assert_eq!((found.threads(8), found.threads(1)), (2, 1));
    }

    #[test]
    fn the_first_version_has_a_tree_per_controller() {
        let found = of(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/d\n4:memory:/d\n3:pids:/d\n"),
            ("sys/fs/cgroup/memory/d/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n"),
            ("sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(found, Limits { memory: Some(1 << 20), cpus: Some(0.5) });
        assert_eq!(found.threads(4), 1);
    }

    #[test]
    fn in_a_container_the_hosts_path_is_not_there_and_the_mounts_root_counts() {
        let found = of(&[
            ("proc/self/cgroup", "0::/../../docker/0123\n"),
            ("sys/fs/cgroup/memory.max", "134217728\n"),
            ("sys/fs/cgroup/cpu.max", "200000 100000\n"),
        ]);
        assert_eq!(found, Limits { memory: Some(128 << 20), cpus: Some(2.0) });
    }

    #[test]
    fn without_a_group_the_machine_or_a_resource_limit_counts() {
        let machine = ("proc/meminfo", "MemTotal:       8000 kB\n");
        assert_eq!(of(&[machine]).memory, Some(8_192_000));
        let limits = "Limit   Soft Limit  Hard Limit Units\nMax data size   unlimited unlimited bytes\nMax address space   4096000   unlimited bytes\n";
        assert_eq!(of(&[machine, ("proc/self/limits", limits)]).memory, Some(4_096_000));
        assert_eq!(Limits::default().budget(), 1 << 30);
        assert_eq!(Limits::default().threads(0), 1);
    }

    #[test]
    fn nonsense_is_no_limit() {
        let found = of(&[
            ("proc/self/cgroup", "garbage\n0::\n7:memory\n"),
            ("proc/meminfo", "MemTotal: many kB\n"),
            ("sys/fs/cgroup/memory.max", "-5\n"),
            ("sys/fs/cgroup/cpu.max", "0 0\n"),
        ]);
        assert_eq!(found, Limits::default());
    }
}
