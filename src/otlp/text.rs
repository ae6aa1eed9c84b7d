//! Strings on the wire: bytes that were checked to be UTF-8, compared as bytes.
//!
//! `std::str::from_utf8` costs 5 to 10 ns for a short string, which at 26 strings a span is more than the rest of the
//! walk. So the check asks the cheap question first (is every byte ASCII, eight at a time), and [`Text`] asks
//! nothing at all until somebody wants a `&str`.

use std::fmt;

/// Whether `bytes` are UTF-8.
#[inline(always)]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    is_ascii(bytes) || std::str::from_utf8(bytes).is_ok()
}

/// Words that do not fill up overlap the ones before, which is cheaper than a loop over single bytes.
#[inline(always)]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<16>() {
        let whole = bytes.as_chunks::<16>().0.iter();
        let seen = whole.fold(u128::from_le_bytes(*last), |seen, word| seen | u128::from_le_bytes(*word));
        seen & u128::from_le_bytes([0x80; 16]) == 0
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (u64::from_le_bytes(*first) | u64::from_le_bytes(*last)) & u64::from_le_bytes([0x80; 8]) == 0
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (u32::from_le_bytes(*first) | u32::from_le_bytes(*last)) & u32::from_le_bytes([0x80; 4]) == 0
    } else {
        bytes.iter().all(u8::is_ascii)
    }
}

/// A string field of a checked request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, which is what comparing and hashing should use.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The string.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        // The check at the door has replaced whatever is not UTF-8, so the default is never taken.
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    /// Whether there is nothing in it (which is also what an absent field reads as).
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_fast_test_agrees_with_std(mut bytes in prop::collection::vec(0_u8..0x80, 0..40), at: usize, high: u8) {
            prop_assert!(is_ascii(&bytes));
            if !bytes.is_empty() {
                let at = at % bytes.len();
                bytes[at] = high;
                prop_assert_eq!(is_ascii(&bytes), bytes.is_ascii());
                prop_assert_eq!(is_utf8(&bytes), std::str::from_utf8(&bytes).is_ok());
            }
        }

        #[test]
        fn text_is_the_string(string: String) {
            let text = Text::new(string.as_bytes());
            prop_assert!(is_utf8(text.as_bytes()));
            prop_assert_eq!(text, string.as_str());
            prop_assert_eq!(text.to_string(), string);
        }
    }
}
