//! Gathering batches and committing them to files: one job on a blocking thread for all that has gathered.
//!
//! A job encodes, then writes block by block; every block is appended whole or not at all, and its items are settled
//! by what became of it. A batch that no file took is settled with "again".

use super::config::Settings;
use super::encode;
use super::group;
use super::open::{Begin, is_current, open};
use super::rotate::{prune, set_aside};
use super::tail::Tail;
use crate::batch::{Context, Outcome, Permit, Reason, Retry, Time};
use crate::component::{Blame, Clock, Fault, Receipt, Writer};
use crate::otlp::Data;
use hashbrown::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// Bytes that gather at the most before they are written, whatever the time.
const FULL: usize = 1 << 20;
/// Bytes that are written (and compressed) at once, but for a longer record.
const BLOCK: usize = 1 << 20;
/// Paths that are remembered as begun; files beyond are continued, never emptied.
const REMEMBERED: usize = 100_000;

/// A batch that waits.
struct Pending {
    data: Data,
    receipt: Receipt,
}

/// The writer.
pub(super) struct FileWriter {
    files: Arc<Mutex<Files>>,
    clock: Arc<dyn Clock>,
    interval: std::time::Duration,
    pending: Vec<Pending>,
    bytes: usize,
    due: Option<Time>,
}

impl FileWriter {
    pub(super) fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let interval = settings.flush;
        let files = Arc::new(Mutex::new(Files::new(settings)));
        Self { files, clock, interval, pending: Vec::new(), bytes: 0, due: None }
    }
}

impl Writer for FileWriter {
    async fn write(&mut self, data: Data, _ctx: &Context, receipt: Receipt) -> Result<(), Fault> {
        self.bytes += data.wire_len();
        self.pending.push(Pending { data, receipt });
        if self.bytes >= FULL {
            return self.flush().await;
        }
        self.due.get_or_insert_with(|| self.clock.now().after(self.interval));
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        (self.due, self.bytes) = (None, 0);
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(());
        }
        let (files, now) = (Arc::clone(&self.files), self.clock.now().unix);
        // The receipts go with the job: they are settled there even if nobody waits for it any more.
        let job =
            spawn_blocking(move || files.lock().unwrap_or_else(PoisonError::into_inner).commit(pending, now));
        let written =
            job.await.map_err(|_| Fault::lasting(Blame::Weft, "internal", "writing to files panicked"))?;
        written.map_err(|error| Fault::passing("io", error))
    }

    fn next_flush(&self) -> Option<Time> {
        self.due
    }
}

/// Whole records for one file, and whose they are: which batch, and how many of its items.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    parts: Vec<(usize, u64)>,
}

/// Blocks by file.
type Pages = HashMap<PathBuf, Vec<Block>>;

/// An open file and when it was last used.
struct Open {
    tail: Tail<File>,
    used: u64,
}

/// All open files of one exporter.
struct Files {
    settings: Settings,
    open: HashMap<PathBuf, Open>,
    uses: u64,
    /// Which paths this process has begun.
    begun: HashSet<u64>,
    hasher: RandomState,
}

const IO: Reason = Reason::new("io", "the data could not be written to its file");
const UNENCODABLE: Reason = Reason::new("encode", "the data could not be encoded");
const NO_SEGMENT: Reason =
    Reason::new("no_path_segment", "a resource has no usable value for its file's name");

impl Files {
    fn new(settings: Settings) -> Self {
        Self { settings, open: HashMap::new(), uses: 0, begun: HashSet::new(), hasher: RandomState::new() }
    }

    /// Writes all of it and settles it; the first error is told.
    fn commit(&mut self, pending: Vec<Pending>, now: u64) -> io::Result<()> {
        let (mut pages, mut first_error) = (Pages::new(), Ok(()));
        let mut ends: Vec<(Receipt, Outcome)> = Vec::with_capacity(pending.len());
        for (number, Pending { data, mut receipt }) in pending.into_iter().enumerate() {
            let left_out = self.lay_out(number, data, receipt.permit(), &mut pages);
            ends.push((receipt, left_out));
        }
        for (path, blocks) in pages {
            for Block { bytes, parts } in blocks {
                let written = self.write(&path, &bytes, now);
                for (number, items) in parts {
                    let end = if written.is_ok() {
                        Outcome::delivered(items)
                    } else {
                        Outcome::retry(Retry::Backoff, IO)
                    };
                    ends.get_mut(number).into_iter().for_each(|(_, outcome)| outcome.add(end.clone()));
                }
                first_error = first_error.and(written);
            }
        }
        ends.into_iter().for_each(|(receipt, outcome)| receipt.settle(&outcome));
        first_error
    }

    /// Encodes a batch into the blocks of its files. What no file can take is in the outcome.
    fn lay_out(&self, number: usize, data: Data, permit: &mut Permit, pages: &mut Pages) -> Outcome {
        let Some(groups) = &self.settings.groups else {
            return self.add(self.settings.path.clone(), number, data, permit, pages);
        };
        let mut outcome = Outcome::default();
        for (segment, data) in group::split(data, &groups.attribute) {
            outcome.add(match segment {
                Some(segment) => {
                    let (before, after) = &groups.around;
                    self.add(format!("{before}{segment}{after}").into(), number, data, permit, pages)
                }
                None => Outcome::rejected(data.items(), NO_SEGMENT),
            });
        }
        outcome
    }

    fn add(
        &self,
        path: PathBuf,
        number: usize,
        data: Data,
        permit: &mut Permit,
        pages: &mut Pages,
    ) -> Outcome {
        let items = data.items();
        let mut record = Vec::new();
        if encode::record(self.settings.format, data, &mut record).is_err() {
            return Outcome::rejected(items, UNENCODABLE);
        }
        permit.charge(record.len());
        let blocks = pages.entry(path).or_default();
        match blocks.last_mut().filter(|block| block.bytes.len() + record.len() <= self.most()) {
            Some(block) => {
                block.bytes.append(&mut record);
                block.parts.push((number, items));
            }
            None => blocks.push(Block { bytes: record, parts: vec![(number, items)] }),
        }
        Outcome::default()
    }

    /// Bytes of a block: no file that is rotated has to take more than it may hold.
    fn most(&self) -> usize {
        let size = self.settings.rotation.as_ref().map_or(u64::MAX, |rotation| rotation.size);
        usize::try_from(size).unwrap_or(usize::MAX).min(BLOCK)
    }

    fn write(&mut self, path: &Path, records: &[u8], now: u64) -> io::Result<()> {
        let packed = self.settings.zstd.map(|level| zstd::bulk::compress(records, level)).transpose()?;
        let bytes = packed.as_deref().unwrap_or(records);
        let len = self.file(path, now)?.len();
        if let Some(rotation) = self.settings.rotation.clone()
            && len > 0
            && len + bytes.len() as u64 > rotation.size
        {
            self.open.remove(path);
            set_aside(path, now, rotation.local)?;
            prune(path, now, &rotation);
        }
        self.file(path, now)?.append(bytes)
    }

    /// The file at `path`, opened if it is not.
    fn file(&mut self, path: &Path, now: u64) -> io::Result<&mut Tail<File>> {
        self.uses += 1;
        if self.open.get(path).is_none_or(|open| !is_current(open.tail.medium(), path)) {
            self.open.remove(path);
            self.make_room();
            let tail = self.begin(path, now)?;
            self.open.insert(path.to_owned(), Open { tail, used: 0 });
        }
        let open = self.open.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        open.used = self.uses;
        Ok(&mut open.tail)
    }

    /// Closes the file that was not used for the longest time, if too many are open.
    fn make_room(&mut self) {
        let most = self.settings.groups.as_ref().map_or(usize::MAX, |groups| groups.open_files);
        if self.open.len() >= most
            && let Some(oldest) =
                self.open.iter().min_by_key(|(_, open)| open.used).map(|(path, _)| path.clone())
        {
            self.open.remove(&oldest);
        }
    }

    fn begin(&mut self, path: &Path, now: u64) -> io::Result<Tail<File>> {
        let (key, keeps) =
            (self.hasher.hash_one(path), self.settings.append || self.settings.rotation.is_some());
        let begin = match self.begun.contains(&key) || self.begun.len() >= REMEMBERED {
            true => Begin::Continue,
            false if !keeps => Begin::Empty,
            false => Begin::Mend,
        };
        if begin == Begin::Mend && self.settings.zstd.is_some() && holds_something(path) {
            // Whether a compressed file ends in half a frame shows only when all of it is read.
            set_aside(path, now, self.settings.rotation.as_ref().is_some_and(|rotation| rotation.local))?;
        }
        let begin =
            if self.settings.zstd.is_some() && begin == Begin::Mend { Begin::Continue } else { begin };
        let tail = open(path, begin, &self.settings)?;
        self.begun.insert(key);
        Ok(tail)
    }
}

fn holds_something(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
}
