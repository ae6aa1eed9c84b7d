//! Which numbers have come, and which came again: a bit for each.

use std::ops::Range;

/// Numbers from here on are not looked at: half a GiB of bits is enough for an hour at a million a second.
const MOST: u64 = 1 << 32;

/// A set of sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    bits: Vec<u64>,
    duplicates: u64,
}

impl Seen {
    /// Notes a number.
    pub fn note(&mut self, number: u64) {
        let Some((word, bit)) = place(number) else { return };
        if word >= self.bits.len() {
            self.bits.resize((word + 1).next_power_of_two(), 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            self.duplicates += u64::from(*bits & bit != 0);
            *bits |= bit;
        }
    }

    /// How often a number came that had come before.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// How many of these numbers have not come.
    pub fn missing(&self, numbers: Range<u64>) -> u64 {
        numbers.filter(|number| !self.has(*number)).count() as u64
    }

    fn has(&self, number: u64) -> bool {
        // Beyond the end nothing is known, and nothing is accused.
        let Some((word, bit)) = place(number) else { return true };
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(number: u64) -> Option<(usize, u64)> {
    let word = usize::try_from(number / 64).ok().filter(|_| number < MOST)?;
    Some((word, 1 << (number % 64)))
}
