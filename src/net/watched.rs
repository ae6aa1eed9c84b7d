//! A small file whose meaning is kept, and read again when it has changed.
//!
//! There is no watcher: whoever asks for the value looks at the file's identity (time, size, inode), at most once a
//! second. So a secret that is mounted anew (a symlink that moves) is seen like one that is written over. A file that
//! cannot be read, or means nothing, leaves the last good value in use.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

type Meaning<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// A file and what it means.
pub struct Watched<T> {
    path: PathBuf,
    meaning: Meaning<T>,
    current: ArcSwapOption<T>,
    look: Mutex<Look>,
}

#[derive(Default)]
struct Look {
    due: Option<Instant>,
    seen: Option<Stamp>,
    told: bool,
}

/// What differs between two versions of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    seconds: i64,
    nanos: i64,
    size: u64,
    inode: u64,
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self { seconds: found.mtime(), nanos: found.mtime_nsec(), size: found.size(), inode: found.ino() }
    }
}

impl<T> Watched<T> {
    /// A file that is not looked at yet. `meaning` makes the value of its text; its error must not repeat the text.
    pub fn new(
        path: impl Into<PathBuf>,
        meaning: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        let (meaning, current) = (Box::new(meaning), ArcSwapOption::empty());
        Self { path: path.into(), meaning, current, look: Mutex::default() }
    }

    /// The path as configured.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file now, changed or not.
    pub fn load(&self) -> Result<Arc<T>, String> {
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        look.due = Instant::now().checked_add(EVERY);
        self.read(&mut look)
    }

    /// The value, after a look at the file if the last one was a second ago; `None` if it never had one.
    pub fn get(&self) -> Option<Arc<T>> {
        // Whoever finds another one looking takes the value as it is.
        if let Ok(mut look) = self.look.try_lock() {
            let now = Instant::now();
            if look.due.is_none_or(|due| now >= due) {
                look.due = now.checked_add(EVERY);
                self.look(&mut look);
            }
        }
        self.current.load_full()
    }

    fn look(&self, look: &mut Look) {
        let stamp = std::fs::metadata(&self.path).ok().map(|found| Stamp::of(&found));
        if stamp == look.seen && stamp.is_some() {
            return;
        }
        match self.read(look) {
            Ok(_) => tracing::info!(file = %self.path.display(), "read the changed file"),
            // Told once, not every second.
            Err(_) if look.told => {}
            Err(error) => {
                look.told = true;
                tracing::warn!(%error, "cannot read the changed file; the last good one stays in use");
            }
        }
    }

    fn read(&self, look: &mut Look) -> Result<Arc<T>, String> {
        let told = |error: io::Error| format!("cannot read {}: {error}", self.path.display());
        let (text, stamp) = text(&self.path).map_err(told)?;
        look.seen = Some(stamp);
        let value = (self.meaning)(&text).map_err(|error| format!("{}: {error}", self.path.display()))?;
        let value = Arc::new(value);
        self.current.store(Some(Arc::clone(&value)));
        look.told = false;
        Ok(value)
    }
}

fn text(path: &Path) -> io::Result<(String, Stamp)> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut text = String::new();
    if file.take(LARGEST + 1).read_to_string(&mut text)? as u64 > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {LARGEST} bytes"),
        ));
    }
    Ok((text, stamp))
}

/// Only the path: what stands in the file may be secret.
impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(path: &Path) -> Watched<u32> {
        Watched::new(path, |text| text.trim().parse::<u32>().map_err(|_| "not a number".to_owned()))
    }

    /// A new file in the old one's place, as secrets are mounted.
    fn replace(path: &Path, text: &str) {
        let new = path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_read_after_a_second_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n");
        replace(&path, "1");
        let file = number(&path);
        assert_eq!(*file.load().unwrap(), 1);
        replace(&path, "2");
        assert_eq!(file.get().as_deref(), Some(&1));
        tokio::time::advance(EVERY).await;
        assert_eq!(file.get().as_deref(), Some(&2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bad_or_missing_file_leaves_the_last_good_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n");
        let file = number(&path);
        assert_eq!(file.get(), None);
        assert!(file.load().unwrap_err().contains("cannot read"));
        replace(&path, "7");
        tokio::time::advance(EVERY).await;
        assert_eq!(file.get().as_deref(), Some(&7));
        for broken in [Some("seven"), None, Some("8")] {
            match broken {
                Some(text) => replace(&path, text),
                None => std::fs::remove_file(&path).unwrap(),
            }
            tokio::time::advance(EVERY).await;
            let want = if broken == Some("8") { 8 } else { 7 };
            assert_eq!(file.get().as_deref(), Some(&want), "{broken:?}");
        }
    }

    #[test]
    fn a_huge_file_is_refused_and_errors_do_not_repeat_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n");
        replace(&path, &"1".repeat(LARGEST as usize + 1));
        assert!(number(&path).load().unwrap_err().contains("larger than"));
        replace(&path, "hunter2");
        let file = number(&path);
        let error = file.load().unwrap_err();
        assert!(error.ends_with("not a number") && !error.contains("hunter2"), "{error}");
        assert!(!format!("{file:?}").contains("hunter2"));
    }
}
