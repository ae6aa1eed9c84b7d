//! Opening a file so that whole records can follow: new, emptied, or mended at its end.

use super::config::{Format, Settings};
use super::tail::Tail;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// How a file is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// What it held is dropped.
    Empty,
    /// What it holds may end in half a record, left by a crash.
    Mend,
    /// What it holds was written by this process.
    Continue,
}

/// Opens a file for appending, with its directories if they are to be made.
pub(super) fn open(path: &Path, begin: Begin, settings: &Settings) -> io::Result<Tail<File>> {
    if let (Some(mode), Some(folder)) = (settings.directories, path.parent()) {
        DirBuilder::new().recursive(true).mode(mode).create(folder)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(Tail::new(file, 0));
    }
    match begin {
        Begin::Empty => file.set_len(0)?,
        Begin::Mend => mend(path, &mut file, settings.format)?,
        Begin::Continue => {}
    }
    let len = file.metadata()?.len();
    Ok(Tail::new(file, len))
}

/// Whether `path` still names this file: somebody else may have moved it away.
pub(super) fn is_current(file: &File, path: &Path) -> bool {
    let same = |a: &Metadata, b: &Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => !open.is_file() || same(&open, &named),
        _ => false,
    }
}

fn mend(path: &Path, file: &mut File, format: Format) -> io::Result<()> {
    let len = file.metadata()?.len();
    let mut reader = File::open(path)?;
    match format {
        // Half a line is ended, so that it spoils nothing but itself.
        Format::Json if len > 0 && last_byte(&mut reader)? != b'\n' => {
            tracing::warn!(path = %path.display(), "the file ended in half a line, which is now a line of its own");
            file.write_all(b"\n")
        }
        Format::Json => Ok(()),
        // Half a request would swallow what follows it.
        Format::Proto => {
            let whole = whole_records(&mut reader, len)?;
            if whole < len {
                tracing::warn!(path = %path.display(), bytes = len - whole, "half a record at the end of the file was cut off");
                file.set_len(whole)?;
            }
            Ok(())
        }
    }
}

fn last_byte(reader: &mut File) -> io::Result<u8> {
    let mut last = [0];
    reader.seek(SeekFrom::End(-1))?;
    reader.read_exact(&mut last)?;
    Ok(last[0])
}

/// The length of the whole records at the beginning of a file of length-prefixed ones.
fn whole_records(reader: &mut (impl Read + Seek), len: u64) -> io::Result<u64> {
    let mut whole = 0;
    let mut head = [0; 4];
    while len - whole >= 4 {
        reader.seek(SeekFrom::Start(whole))?;
        reader.read_exact(&mut head)?;
        let end = whole + 4 + u64::from(u32::from_be_bytes(head));
        if end > len {
            break;
        }
        whole = end;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn whole_records_end_where_the_first_half_one_begins() {
        let whole = |bytes: &[u8]| whole_records(&mut Cursor::new(bytes), bytes.len() as u64).unwrap();
        assert_eq!(whole(&[]), 0);
        assert_eq!(whole(&[0, 0, 0]), 0);
        assert_eq!(whole(&[0, 0, 0, 1, 9]), 5);
        assert_eq!(whole(&[0, 0, 0, 1, 9, 0, 0, 0, 0]), 9);
        assert_eq!(whole(&[0, 0, 0, 1, 9, 0, 0, 0, 2, 7]), 5);
    }
}
