//! The receiver: finds files, reads them one after the other, and hands over record by record.
//!
//! A record counts as read when the pipelines have answered. If they refuse it, nothing of it is kept: after a pause
//! the file is opened anew where the record begins. So records come at least once, and none is passed over.

use super::MALFORMED;
use super::config::Settings;
use super::input::Position;
use super::source::{Event, Place, Source};
use crate::batch::{Busy, Context, Outcome, Permit, Retry};
use crate::component::{
    BoxFuture, Clock, DEFAULT_DEADLINE, Env, Fault, Ingress, Random, Receiver, Running, Stop,
};
use crate::otlp::Data;
use glob::MatchOptions;
use hashbrown::{HashMap, HashSet};
use metrics::Counter;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

const TRANSPORT: &str = "file";
/// The first and the longest pause after a refusal.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Bytes at the beginning of a file by which it is known again.
const HEAD: usize = 1024;
/// Files that are followed; more are an error that is told.
const MOST_FILES: usize = 100_000;

/// The receiver, before it is started.
pub(super) struct Replay {
    pub(super) id: Arc<str>,
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) malformed: Counter,
}

impl Replay {
    pub(super) fn new(settings: Settings, env: &Env) -> Self {
        Self {
            id: Arc::clone(&env.id),
            settings: Arc::new(settings),
            clock: Arc::clone(&env.clock),
            random: Arc::clone(&env.random),
            malformed: env.registry.counter(&MALFORMED, &[("receiver", &env.id)]),
        }
    }
}

impl Receiver for Replay {
    fn start(self: Box<Self>, ingress: Ingress, stop: Stop) -> BoxFuture<'static, Result<Running, Fault>> {
        let running =
            Reading { replay: *self, ingress, stop, files: HashMap::new(), first: true, refusals: 0 };
        Box::pin(async { Ok(Box::pin(running.run()) as Running) })
    }
}

/// What tells one file from another, whatever it is called.
type Inode = (u64, u64);

/// A file that is followed.
#[derive(Clone, Debug, Default)]
struct Followed {
    path: PathBuf,
    /// Its first bytes: if they change, it is another file under the same number.
    head: Vec<u8>,
    /// Its length when it was last read to the end.
    seen: u64,
    place: Place,
    /// It cannot be read on from there.
    broken: bool,
}

/// How a file was left.
enum Left {
    /// At its end.
    Done,
    /// At a record that was not taken: to be tried again after this long.
    Again(Duration),
    /// It is time to stop.
    Stopped,
}

struct Reading {
    replay: Replay,
    ingress: Ingress,
    stop: Stop,
    files: HashMap<Inode, Followed>,
    first: bool,
    /// Refusals since a record was last taken.
    refusals: u32,
}

impl Reading {
    async fn run(mut self) -> Result<(), Fault> {
        loop {
            for inode in self.look().await {
                loop {
                    match self.read(inode).await {
                        Left::Done => break,
                        Left::Stopped => return Ok(()),
                        Left::Again(pause) if self.pause(pause).await => {}
                        Left::Again(_) => return Ok(()),
                    }
                }
            }
            if !self.pause(self.replay.settings.poll).await {
                return Ok(());
            }
        }
    }

    /// Waits; false if it is time to stop.
    async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            _ = self.stop.requested() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Looks which files there are, and gives those to be read, in the order of their paths.
    async fn look(&mut self) -> Vec<Inode> {
        let (settings, known) = (Arc::clone(&self.replay.settings), std::mem::take(&mut self.files));
        let from_end = std::mem::take(&mut self.first) && settings.from_end;
        let looked = spawn_blocking(move || look(&settings, known, from_end)).await;
        let (files, due) = looked.unwrap_or_default();
        self.files = files;
        due
    }

    async fn read(&mut self, inode: Inode) -> Left {
        let Some(file) = self.files.get(&inode).cloned() else { return Left::Done };
        let (settings, budget) = (Arc::clone(&self.replay.settings), Arc::clone(self.ingress.budget()));
        let opened = spawn_blocking(move || {
            let len = std::fs::metadata(&file.path)?.len();
            Ok((Source::open(&file.path, file.place, settings, budget)?, len))
        });
        match opened.await.map_err(io::Error::other).flatten() {
            Ok((source, len)) => self.read_on(inode, source, len).await,
            Err(error) => {
                self.fail(inode, &error);
                Left::Done
            }
        }
    }

    async fn read_on(&mut self, inode: Inode, mut source: Source, len: u64) -> Left {
        loop {
            let stepped = spawn_blocking(move || {
                let event = source.next();
                (source, event)
            });
            let Ok((next, event)) = stepped.await else {
                self.fail(inode, &io::Error::other("reading a record panicked"));
                return Left::Done;
            };
            source = next;
            match event {
                Event::Data(data, permit) => {
                    if let Some(pause) = self.hand_over(data, permit).await {
                        return Left::Again(pause);
                    }
                }
                Event::Malformed(problem) => self.leave_out(inode, &source, &problem),
                Event::Busy(busy) => return Left::Again(self.backoff(Some(busy.retry_after))),
                Event::Failed(error) => {
                    self.fail(inode, &error);
                    return Left::Done;
                }
                Event::End => {
                    self.follow(inode, |file| file.seen = len);
                    return Left::Done;
                }
            }
            self.follow(inode, |file| file.place = source.place());
            if self.stop.deadline().is_some() {
                return Left::Stopped;
            }
        }
    }

    fn follow(&mut self, inode: Inode, change: impl FnOnce(&mut Followed)) {
        if let Some(file) = self.files.get_mut(&inode) {
            change(file);
        }
    }

    fn leave_out(&self, inode: Inode, source: &Source, problem: &str) {
        let path = self.files.get(&inode).map(|file| file.path.display().to_string()).unwrap_or_default();
        let line = source.place().records;
        tracing::warn!(receiver = %self.replay.id, path, line, problem, "a record is malformed and was left out");
        self.replay.malformed.increment(1);
    }

    fn fail(&mut self, inode: Inode, error: &io::Error) {
        let id = Arc::clone(&self.replay.id);
        self.follow(inode, |file| {
            file.broken = true;
            let path = file.path.display();
            tracing::warn!(receiver = %id, %path, records = file.place.records, %error, "cannot read a file on from here");
        });
    }

    /// Hands a record over; the pause after which to read it again if it was refused.
    async fn hand_over(&mut self, data: Data, permit: Permit) -> Option<Duration> {
        if !self.ingress.accepts(data.signal()) {
            return None;
        }
        let mut admitted = match self.ingress.admit(data.signal()).await {
            Ok(admitted) => admitted,
            Err(Busy { retry_after }) => return Some(self.backoff(Some(retry_after))),
        };
        admitted.permit.merge(permit);
        let ctx = Context { received: self.replay.clock.now(), ..Context::default() };
        let until = Instant::now() + DEFAULT_DEADLINE;
        let ingress = self.ingress.clone();
        let submitted = ingress.submit(admitted, data, ctx, until, TRANSPORT);
        tokio::pin!(submitted);
        let outcome = tokio::select! {
            biased;
            outcome = &mut submitted => outcome,
            // What is on its way may still arrive, but not after the end.
            by = self.stop.requested() => tokio::time::timeout_at(by, submitted).await.ok()?,
        };
        self.judge(&outcome)
    }

    fn judge(&mut self, outcome: &Outcome) -> Option<Duration> {
        match outcome.retry {
            Some(Retry::After(pause)) => Some(self.backoff(Some(pause))),
            Some(Retry::Backoff) => Some(self.backoff(None)),
            Some(Retry::Never) | None => {
                self.refusals = 0;
                None
            }
        }
    }

    /// The next pause: as long as was asked for, else twice the last, with a quarter left to chance.
    fn backoff(&mut self, asked: Option<Duration>) -> Duration {
        let (shortest, longest) = PAUSES;
        let grown = shortest.saturating_mul(1 << self.refusals.min(16)).min(longest);
        self.refusals = self.refusals.saturating_add(1);
        asked.unwrap_or(grown.mul_f64(0.75 + 0.5 * self.replay.random.fraction()))
    }
}

/// All files that match, with where each stands, and those of them that have something new.
fn look(
    settings: &Settings,
    mut known: HashMap<Inode, Followed>,
    from_end: bool,
) -> (HashMap<Inode, Followed>, Vec<Inode>) {
    let (mut files, mut due) = (HashMap::new(), Vec::new());
    for path in matching(settings) {
        let Ok(found) =
            std::fs::metadata(&path).map(|found| (found.is_file(), (found.dev(), found.ino()), found.len()))
        else {
            continue;
        };
        let (true, inode, len) = found else { continue };
        if files.contains_key(&inode) || files.len() >= MOST_FILES {
            continue;
        }
        let Ok(file) = recognise(path, known.remove(&inode), len, settings, from_end) else { continue };
        if !file.broken && len != file.seen {
            due.push(inode);
        }
        files.insert(inode, file);
    }
    (files, due)
}

/// The same file as before at its place, or another one from its beginning (or, at the start, its end).
fn recognise(
    path: PathBuf,
    known: Option<Followed>,
    len: u64,
    settings: &Settings,
    from_end: bool,
) -> io::Result<Followed> {
    let mut head = Vec::with_capacity(HEAD);
    File::open(&path)?.take(HEAD as u64).read_to_end(&mut head)?;
    let known = known.filter(|known| head.starts_with(&known.head) && known.place.position.offset <= len);
    let place = match known {
        _ if settings.again => Place::default(),
        Some(known) => return Ok(Followed { path, head, ..known }),
        None if from_end => Place { position: Position { offset: len, skip: 0 }, records: 0 },
        None => Place::default(),
    };
    Ok(Followed { path, head, place, ..Followed::default() })
}

fn matching(settings: &Settings) -> Vec<PathBuf> {
    let options = MatchOptions::new();
    let excluded =
        |path: &Path| settings.exclude.iter().any(|pattern| pattern.matches_path_with(path, options));
    let patterns = settings.include.iter().filter_map(|pattern| glob::glob(pattern).ok());
    let found: HashSet<PathBuf> = patterns.flatten().flatten().filter(|path| !excluded(path)).collect();
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort();
    found
}
