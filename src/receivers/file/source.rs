//! One open file as a sequence of data. Blocking: called on a thread for that.

use super::config::{Format, Settings};
use super::detect::{self, Bad};
use super::input::{Input, Position};
use super::records::{Next, Stuck, format_of, next};
use crate::batch::{Budget, Busy, Permit};
use crate::otlp::Data;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Event {
    /// Telemetry, with the memory it takes.
    Data(Data, Permit),
    /// A record that is none: why.
    Malformed(String),
    /// Nothing more for now.
    End,
    /// No room in the budget for now.
    Busy(Busy),
    /// The file cannot be read on.
    Failed(io::Error),
}

/// What one record is.
enum Step {
    Data(Data),
    Malformed(String),
    /// Nothing worth telling.
    Blank,
    End,
}

/// Where reading stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: Position,
    /// Records before it, counted with those that were left out.
    pub(super) records: u64,
}

/// An open file.
pub(super) struct Source {
    reader: BufReader<Input>,
    settings: Arc<Settings>,
    budget: Arc<Budget>,
    format: Option<Format>,
    /// Bytes of whole records since it was opened.
    read: u64,
    place: Place,
}

impl Source {
    pub(super) fn open(
        path: &Path,
        from: Place,
        settings: Arc<Settings>,
        budget: Arc<Budget>,
    ) -> io::Result<Self> {
        let input = Input::open(File::open(path)?, settings.zstd, from.position)?;
        let format = settings.format;
        Ok(Self {
            reader: BufReader::with_capacity(64 << 10, input),
            settings,
            budget,
            format,
            read: 0,
            place: from,
        })
    }

    /// The place after what came last.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next record that is not blank.
    pub(super) fn next(&mut self) -> Event {
        loop {
            let mut permit = self.budget.permit();
            match self.step(&mut permit) {
                Ok(Step::Blank) => {}
                Ok(Step::Data(data)) => return Event::Data(data, permit),
                Ok(Step::Malformed(why)) => return Event::Malformed(why),
                Ok(Step::End) => return Event::End,
                Err(Stuck::Io(error)) => return Event::Failed(error),
                Err(Stuck::Busy(busy)) => return Event::Busy(busy),
            }
        }
    }

    fn step(&mut self, permit: &mut Permit) -> Result<Step, Stuck> {
        let format = match (self.format, self.reader.fill_buf()?.first()) {
            (_, None) => return Ok(Step::End),
            (Some(format), _) => format,
            (None, Some(first)) => *self.format.insert(format_of(*first)),
        };
        // A record that alone is more than the budget would never find room.
        let most = self.settings.most.min(self.budget.admits_up_to() / 2);
        let (next, len) = next(format, &mut self.reader, most, permit)?;
        let step = match next {
            Next::End => return Ok(Step::End),
            Next::Partial(_) if format == Format::Proto => return Ok(Step::End),
            // A line may be whole but for its end.
            Next::Partial(rest) => match self.read(rest, format, permit)? {
                Step::Data(data) => Step::Data(data),
                _ => return Ok(Step::End),
            },
            Next::TooLong => Step::Malformed(format!("longer than {most} bytes")),
            Next::Record(record) if record.trim_ascii().is_empty() => Step::Blank,
            Next::Record(record) => self.read(record, format, permit)?,
        };
        self.read += len;
        self.place =
            Place { position: self.reader.get_mut().position(self.read), records: self.place.records + 1 };
        Ok(step)
    }

    fn read(&self, record: Vec<u8>, format: Format, permit: &mut Permit) -> Result<Step, Stuck> {
        match detect::read(record, format, &self.settings, permit) {
            Ok(Some(data)) => Ok(Step::Data(data)),
            Ok(None) => Ok(Step::Blank),
            Err(Bad::Malformed(why)) => Ok(Step::Malformed(why)),
            Err(Bad::Stuck(stuck)) => Err(stuck),
        }
    }
}
