//! Where lines go: standard error and output, files.
//!
//! A file is opened once, for appending, and is not rotated: that is the platform's trade. A line is written with
//! one call, so lines of several threads do not mix. When an output fails, one sentence goes to the error outputs,
//! once until it works again.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// An output that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot write log lines to `{path}`: {source}")]
pub struct OutputError {
    /// As it stands in the settings.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// A buffer to write to in place of a stream; clones share it.
pub type SharedBuffer = Arc<Mutex<Vec<u8>>>;

/// Outputs and error outputs, opened.
#[derive(Debug)]
pub struct Outputs {
    lines: Vec<Output>,
    errors: Vec<Output>,
    failing: AtomicBool,
}

#[derive(Debug)]
struct Output {
    target: Target,
    colour: bool,
}

#[derive(Debug)]
enum Target {
    Stderr,
    Stdout,
    File(File),
    Buffer(SharedBuffer),
}

impl Outputs {
    /// Opens `output_paths` and `error_output_paths`. `colour` says whether terminals may be coloured at all.
    pub fn open(lines: &[String], errors: &[String], colour: bool) -> Result<Self, OutputError> {
        let open = |paths: &[String]| {
            paths.iter().map(|path| Output::open(path, colour)).collect::<Result<Vec<_>, OutputError>>()
        };
        Ok(Self { lines: open(lines)?, errors: open(errors)?, failing: AtomicBool::new(false) })
    }

    /// One output into a buffer.
    pub fn buffer(buffer: &SharedBuffer) -> Self {
        let output = Output { target: Target::Buffer(Arc::clone(buffer)), colour: false };
        Self { lines: vec![output], errors: Vec::new(), failing: AtomicBool::new(false) }
    }

    /// Writes one line everywhere; `text` makes it, with or without colour.
    pub(super) fn write(&self, text: impl Fn(bool) -> String) {
        for output in &self.lines {
            match output.write(text(output.colour).as_bytes()) {
                Ok(()) => self.failing.store(false, Ordering::Relaxed),
                Err(error) => self.complain(&error),
            }
        }
    }

    fn complain(&self, error: &io::Error) {
        if self.failing.swap(true, Ordering::Relaxed) {
            return;
        }
        for output in &self.errors {
            // There is nobody left to tell.
            let _ = output.write(format!("log output failed: {error}\n").as_bytes());
        }
    }
}

impl Output {
    fn open(path: &str, colour: bool) -> Result<Self, OutputError> {
        let (target, terminal) = match path {
            "stderr" => (Target::Stderr, io::stderr().is_terminal()),
            "stdout" => (Target::Stdout, io::stdout().is_terminal()),
            _ => (
                Target::File(append(path).map_err(|source| OutputError { path: path.to_owned(), source })?),
                false,
            ),
        };
        Ok(Self { target, colour: colour && terminal })
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        match &self.target {
            Target::Stderr => io::stderr().lock().write_all(line),
            Target::Stdout => io::stdout().lock().write_all(line),
            Target::File(file) => (&mut &*file).write_all(line),
            Target::Buffer(buffer) => {
                buffer.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line);
                Ok(())
            }
        }
    }
}

/// A path, or a `file` URL with an absolute path.
fn append(path: &str) -> io::Result<File> {
    let plain = path.strip_prefix("file://").unwrap_or(path);
    OpenOptions::new().create(true).append(true).open(Path::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_to_every_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let paths = [path("a.log"), format!("file://{}", path("b.log"))];
        for _ in 0..2 {
            Outputs::open(&paths, &[], true).unwrap().write(|colour| format!("{colour}\n"));
        }
        for name in ["a.log", "b.log"] {
            assert_eq!(
                std::fs::read_to_string(path(name)).unwrap(),
                "false\nfalse\n",
                "files have no colour"
            );
        }
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_named() {
        let error = Outputs::open(&["/nowhere/at/all.log".into()], &[], false).unwrap_err();
        assert!(error.to_string().starts_with("cannot write log lines to `/nowhere/at/all.log`: "));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_failing_output_is_told_once_at_the_error_outputs() {
        let dir = tempfile::tempdir().unwrap();
        let errors = dir.path().join("errors").display().to_string();
        let outputs = Outputs::open(&["/dev/full".into()], std::slice::from_ref(&errors), false).unwrap();
        for _ in 0..3 {
            outputs.write(|_| "line\n".into());
        }
        let told = std::fs::read_to_string(errors).unwrap();
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("log output failed: "));
    }
}
