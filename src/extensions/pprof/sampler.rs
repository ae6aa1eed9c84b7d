//! The samples: which stacks the threads were in, by a timer of CPU time.
//!
//! The crate `pprof` unwinds in a signal handler and takes 100 MB with the first profile, which it keeps: so it is behind the
//! feature of that name, which is off unless asked for. It leaves out samples inside
//! libc, where unwinding may meet a lock that the interrupted code holds.

#![cfg_attr(not(feature = "pprof"), allow(dead_code, reason = "what only a build with the feature makes"))]

/// Whether this build can take profiles.
pub(super) const IS_BUILT: bool = cfg!(feature = "pprof");
/// Why it cannot.
pub(super) const NOT_BUILT: &str = "this weft was built without the feature `pprof`";
/// What to do instead.
pub(super) const WAY_OUT: &str = "use `perf record -g -p PID`, which needs nothing of weft";
/// Samples in a second of CPU time, as in Go.
pub(super) const FREQUENCY: i32 = 100;

/// One stack and how often it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    /// From the innermost outwards.
    pub(super) frames: Vec<Frame>,
    /// The thread's name.
    pub(super) thread: String,
    /// How often.
    pub(super) count: u64,
}

/// A function in a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    /// Its name, demangled.
    pub(super) function: String,
    /// Its file; empty if the build does not say.
    pub(super) file: String,
    /// The line; 0 if the build does not say.
    pub(super) line: u32,
}

/// Why there is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SampleError {
    /// Another profile is being taken: there is one timer in a process.
    #[error("cpu profiling already in use")]
    Busy,
    /// The build cannot.
    #[error("{NOT_BUILT}: {WAY_OUT}")]
    #[cfg_attr(feature = "pprof", allow(dead_code, reason = "said by builds without the feature"))]
    NotBuilt,
    /// The system refuses.
    #[error("cannot take a profile: {0}")]
    Failed(String),
}

#[cfg(feature = "pprof")]
pub(super) use sampling::Sampler;

#[cfg(feature = "pprof")]
mod sampling {
    use super::{FREQUENCY, Frame, SampleError, Stack};

    /// Samples until it is dropped.
    pub(in crate::extensions::pprof) struct Sampler(::pprof::ProfilerGuard<'static>);

    impl Sampler {
        /// Starts sampling.
        pub(in crate::extensions::pprof) fn start() -> Result<Self, SampleError> {
            let builder = ::pprof::ProfilerGuardBuilder::default().frequency(FREQUENCY);
            let guard = builder.blocklist(&["libc", "libgcc", "pthread", "vdso"]).build();
            guard.map(Self).map_err(failed)
        }

        /// What was met so far. Resolves names: takes a while.
        pub(in crate::extensions::pprof) fn stacks(&self) -> Result<Vec<Stack>, SampleError> {
            let report = self.0.report().build().map_err(failed)?;
            Ok(report.data.iter().map(|(frames, count)| stack(frames, *count)).collect())
        }
    }

    fn failed(error: ::pprof::Error) -> SampleError {
        match error {
            ::pprof::Error::Running => SampleError::Busy,
            other => SampleError::Failed(other.to_string()),
        }
    }

    fn stack(frames: &::pprof::Frames, count: isize) -> Stack {
        let symbols = frames.frames.iter().flatten();
        let frame = |symbol: &::pprof::Symbol| Frame {
            function: symbol.name(),
            file: symbol.filename.as_ref().map(|file| file.display().to_string()).unwrap_or_default(),
            line: symbol.lineno.unwrap_or_default(),
        };
        let thread = frames.thread_name_or_id();
        Stack {
            frames: symbols.map(frame).collect(),
            thread,
            count: u64::try_from(count).unwrap_or_default(),
        }
    }
}

#[cfg(not(feature = "pprof"))]
pub(super) use not_built::Sampler;

#[cfg(not(feature = "pprof"))]
mod not_built {
    use super::{SampleError, Stack};

    /// Cannot be made.
    pub(in crate::extensions::pprof) enum Sampler {}

    impl Sampler {
        /// Says why not.
        pub(in crate::extensions::pprof) fn start() -> Result<Self, SampleError> {
            Err(SampleError::NotBuilt)
        }

        /// Never called.
        pub(in crate::extensions::pprof) fn stacks(&self) -> Result<Vec<Stack>, SampleError> {
            match *self {}
        }
    }
}
