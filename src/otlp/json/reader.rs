//! A pull reader of JSON text (RFC 8259): the caller asks for what should come next.
//!
//! It looks at bytes and never judges UTF-8: text between two quotes is handed over as it stands, and the door's
//! check of the wire bytes repairs what is not UTF-8. It is strict in everything else.

use super::error::{JsonProblem, Trouble};

pub(super) type Read<T> = Result<T, Box<Trouble>>;

/// How many objects and lists may stand in each other in a field that is not OTLP's.
pub(super) const MAX_IGNORED: u32 = 128;

#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// A string between its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'a> {
    pub(super) raw: &'a [u8],
    /// Whether there are escapes in it.
    pub(super) escaped: bool,
}

/// The type of the value that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Object,
    List,
    String,
    Number,
    Bool,
    Null,
}

impl Next {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[cold]
    pub(super) fn trouble(&self, problem: JsonProblem) -> Box<Trouble> {
        Trouble::new(problem, self.at)
    }

    /// The first byte of what comes next, after white space.
    #[inline]
    fn token(&mut self) -> Read<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => return Err(self.trouble(JsonProblem::End)),
            }
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Read<Next> {
        match self.token()? {
            b'{' => Ok(Next::Object),
            b'[' => Ok(Next::List),
            b'"' => Ok(Next::String),
            b'-' | b'0'..=b'9' => Ok(Next::Number),
            b't' | b'f' => Ok(Next::Bool),
            b'n' => Ok(Next::Null),
            _ => Err(self.trouble(JsonProblem::Syntax("a value"))),
        }
    }

    /// The error of a value that is there but of the wrong type.
    #[cold]
    pub(super) fn mismatch(&self, found: Next, expected: &'static str) -> Box<Trouble> {
        self.trouble(JsonProblem::Type { found: found.name(), expected })
    }

    /// Steps over the bracket that [`Reader::next`] has seen.
    pub(super) fn open(&mut self) {
        self.at += 1;
    }

    /// After `{`: whether a member comes, else `}` is stepped over. `first` before the first member.
    #[inline]
    pub(super) fn more(&mut self, close: u8, first: bool) -> Read<bool> {
        match self.token()? {
            byte if byte == close => {
                self.at += 1;
                Ok(false)
            }
            b',' if !first => {
                self.at += 1;
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(self.trouble(JsonProblem::Syntax("a comma or the closing bracket"))),
        }
    }

    /// A member's name and its colon.
    #[inline]
    pub(super) fn name(&mut self) -> Read<Quoted<'a>> {
        if self.token()? != b'"' {
            return Err(self.trouble(JsonProblem::Syntax("a name in quotes")));
        }
        let name = self.string()?;
        if self.token()? != b':' {
            return Err(self.trouble(JsonProblem::Syntax("a colon")));
        }
        self.at += 1;
        Ok(name)
    }

    /// The string whose opening quote comes next.
    #[inline]
    pub(super) fn string(&mut self) -> Read<Quoted<'a>> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_len(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let raw = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(Quoted { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.trouble(JsonProblem::String)),
                None => return Err(self.trouble(JsonProblem::End)),
            }
        }
    }

    /// Steps over one escape, so that [`Quoted::append_to`] cannot fail.
    fn escape(&mut self) -> Read<()> {
        let len = match self.rest() {
            [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [_, b'u', digits @ ..] if hex4(digits).is_some() => 6,
            _ => return Err(self.trouble(JsonProblem::String)),
        };
        self.at += len;
        Ok(())
    }

    /// The number that comes next, as it is written.
    #[inline]
    pub(super) fn number(&mut self) -> Read<&'a [u8]> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Read<()> {
        let len = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += len;
        if len == 0 { Err(self.trouble(JsonProblem::Syntax("a digit"))) } else { Ok(()) }
    }

    pub(super) fn bool(&mut self) -> Read<bool> {
        let value = self.peek() == Some(b't');
        self.word(if value { b"true" } else { b"false" })?;
        Ok(value)
    }

    pub(super) fn null(&mut self) -> Read<()> {
        self.word(b"null")
    }

    fn word(&mut self, word: &'static [u8]) -> Read<()> {
        if !self.rest().starts_with(word) {
            return Err(self.trouble(JsonProblem::Syntax("true, false or null")));
        }
        self.at += word.len();
        Ok(())
    }

    /// Steps over a value of any type.
    pub(super) fn skip(&mut self) -> Read<()> {
        self.skip_within(MAX_IGNORED)
    }

    fn skip_within(&mut self, nesting: u32) -> Read<()> {
        match self.next()? {
            Next::Object => self.skip_members(b'}', nesting, true),
            Next::List => self.skip_members(b']', nesting, false),
            Next::String => self.string().map(drop),
            Next::Number => self.number().map(drop),
            Next::Bool => self.bool().map(drop),
            Next::Null => self.null(),
        }
    }

    fn skip_members(&mut self, close: u8, nesting: u32, named: bool) -> Read<()> {
        let Some(inner) = nesting.checked_sub(1) else {
            return Err(self.trouble(JsonProblem::Nesting(MAX_IGNORED)));
        };
        self.open();
        let mut first = true;
        while self.more(close, first)? {
            first = false;
            if named {
                self.name()?;
            }
            self.skip_within(inner)?;
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> Read<()> {
        match self.token() {
            Ok(_) => Err(self.trouble(JsonProblem::Trailing)),
            Err(_) => Ok(()),
        }
    }
}

impl Quoted<'_> {
    /// Appends the string that is meant.
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        let mut rest = self.raw;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (plain, escape) = rest.split_at(at);
            out.extend_from_slice(plain);
            let (meant, len) = unescape(escape);
            out.extend_from_slice(meant.encode_utf8(&mut [0; 4]).as_bytes());
            rest = escape.get(len..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
    }
}

/// The character that an escape means, and the escape's length. Half a surrogate pair spoils only itself.
fn unescape(escape: &[u8]) -> (char, usize) {
    match escape {
        [_, b'u', digits @ ..] => unescape_unit(digits),
        [_, b'b', ..] => ('\u{8}', 2),
        [_, b'f', ..] => ('\u{c}', 2),
        [_, b'n', ..] => ('\n', 2),
        [_, b'r', ..] => ('\r', 2),
        [_, b't', ..] => ('\t', 2),
        [_, byte, ..] => (char::from(*byte), 2),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn unescape_unit(digits: &[u8]) -> (char, usize) {
    let high = hex4(digits).unwrap_or_default();
    if let Some(meant) = char::from_u32(high) {
        return (meant, 6);
    }
    let low = match digits.get(4..) {
        Some([b'\\', b'u', low @ ..]) => hex4(low).filter(|low| (0xdc00..0xe000).contains(low)),
        _ => None,
    };
    match low
        .filter(|_| high < 0xdc00)
        .and_then(|low| char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
    {
        Some(meant) => (meant, 12),
        None => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits
        .first_chunk::<4>()?
        .iter()
        .try_fold(0, |all, &byte| Some(all << 4 | char::from(byte).to_digit(16)?))
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes come before a quote, a backslash or a control character.
#[inline]
pub(super) fn plain_len(text: &[u8]) -> usize {
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let plain = tail.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count();
    text.len() - tail.len() + plain
}

/// The high bit of each byte that is special; right up to the lowest one, which is all that is asked.
#[inline]
const fn special(word: u64) -> u64 {
    let quote = word ^ (LOW * 0x22);
    let backslash = word ^ (LOW * 0x5c);
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    let equal = (quote.wrapping_sub(LOW) & !quote) | (backslash.wrapping_sub(LOW) & !backslash);
    (equal | control) & HIGH
}
