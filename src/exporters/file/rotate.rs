//! Setting a full file aside under a name with the time in it, and removing the oldest of those.
//!
//! Names are the Collector's: `data.json` becomes `data-2022-09-14T05-02-14.173.json`. They sort by time.

use super::config::Rotation;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tz::{TimeZone, UtcDateTime};

/// The time in a name.
const STAMP: &str = "0000-00-00T00-00-00.000";
/// Files set aside within one millisecond; more is an error.
const MOST_AT_ONCE: u64 = 1000;

/// Renames the file to where it is kept. `now` is in unix nanoseconds.
pub(super) fn set_aside(path: &Path, now: u64, local: bool) -> io::Result<()> {
    for later in 0..MOST_AT_ONCE {
        let name = backup(path, &stamp(now.saturating_add(later * 1_000_000), local));
        if !name.try_exists()? {
            return fs::rename(path, name);
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name for the full file"))
}

/// Removes what is more, or older, than may be kept. What cannot be removed is told and left.
pub(super) fn prune(path: &Path, now: u64, rotation: &Rotation) {
    let mut kept = backups(path).unwrap_or_default();
    kept.sort_by(|a, b| b.0.cmp(&a.0));
    let oldest = rotation.age.map(|age| stamp(now.saturating_sub(nanos(age)), rotation.local));
    for (number, (stamp, path)) in kept.into_iter().enumerate() {
        let many = rotation.backups.is_some_and(|most| number >= most);
        let old = oldest.as_ref().is_some_and(|oldest| stamp < *oldest);
        if (many || old)
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove an old file");
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Every file set aside from `path`, with the time in its name.
fn backups(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let (stem, extension) = parts(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let inner = name
            .to_str()
            .and_then(|name| name.strip_prefix(&stem)?.strip_prefix('-')?.strip_suffix(&extension));
        if let Some(stamp) = inner.filter(|inner| is_stamp(inner)) {
            found.push((stamp.to_owned(), entry.path()));
        }
    }
    Ok(found)
}

fn is_stamp(text: &str) -> bool {
    let fits = |(have, want): (u8, u8)| if want == b'0' { have.is_ascii_digit() } else { have == want };
    text.len() == STAMP.len() && text.bytes().zip(STAMP.bytes()).all(fits)
}

/// The name without its last extension, and the extension with its dot.
fn parts(path: &Path) -> (String, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.rfind('.') {
        Some(dot) => {
            let (stem, extension) = name.split_at(dot);
            (stem.to_owned(), extension.to_owned())
        }
        None => (name.into_owned(), String::new()),
    }
}

fn backup(path: &Path, stamp: &str) -> PathBuf {
    let (stem, extension) = parts(path);
    path.with_file_name(format!("{stem}-{stamp}{extension}"))
}

fn stamp(now: u64, local: bool) -> String {
    let seconds = (now / 1_000_000_000).cast_signed();
    let seconds = if local { seconds + local_offset(seconds) } else { seconds };
    let Ok(at) = UtcDateTime::from_timespec(seconds, 0) else { return STAMP.to_owned() };
    let (year, month, day) = (at.year(), at.month(), at.month_day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let millis = now / 1_000_000 % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}.{millis:03}")
}

/// Seconds east of UTC; a machine that does not say is in UTC.
fn local_offset(at: i64) -> i64 {
    let zone = TimeZone::local().unwrap_or_else(|_| TimeZone::utc());
    zone.find_local_time_type(at).map_or(0, |local| local.ut_offset().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_663_131_734_173_000_000;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_the_collectors_and_no_file_takes_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.json");
        for _ in 0..2 {
            fs::write(&path, "x").unwrap();
            set_aside(&path, NOW, false).unwrap();
        }
        assert_eq!(
            names(folder.path()),
            ["data-2022-09-14T05-02-14.173.json", "data-2022-09-14T05-02-14.174.json"]
        );
        assert!(set_aside(&path, NOW, false).is_err(), "there is nothing to set aside");
    }

    #[test]
    fn the_newest_are_kept_and_what_is_not_ours_is_let_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        for day in 1..=4 {
            fs::write(folder.path().join(format!("data-2022-09-{day:02}T00-00-00.000")), "").unwrap();
        }
        for name in ["data-old", "data-2022-09-01T00-00-00.000.json", "other-2022-09-01T00-00-00.000"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut rotation = Rotation { size: 1, age: None, backups: Some(3), local: false };
        prune(&path, NOW, &rotation);
        assert_eq!(names(folder.path()).len(), 6);
        rotation.age = Some(Duration::from_secs(86_400 * 10 + 86_399));
        prune(&path, NOW, &rotation);
        let left = [
            "data-2022-09-01T00-00-00.000.json",
            "data-2022-09-04T00-00-00.000",
            "data-old",
            "other-2022-09-01T00-00-00.000",
        ];
        assert_eq!(names(folder.path()), left);
    }
}
