//! Bodies: writing a list of `Bytes` without a copy, and reading a body into one `Bytes` under a cap.
//!
//! Reading trusts no announcement: memory is asked for as bytes arrive, and a length that the peer claims is reserved
//! only up to 1 MiB ahead of what it has sent. Nothing is decompressed here: see [`super::encoding`].

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Instant;

/// How far ahead of what has arrived a claimed length is believed.
const TRUSTED_AHEAD: usize = 1 << 20;

/// A body this small is copied out of the connection's read buffer: held for long, it would pin all of that buffer.
const COPIED_UP_TO: usize = 16 << 10;

/// A body of consecutive pieces and, for gRPC, trailers. Cloning counts references.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    // Reversed, so that the next one is popped from the end.
    pieces: Vec<Bytes>,
    left: u64,
    trailers: Option<HeaderMap>,
}

impl Pieces {
    /// A body that is the concatenation of `pieces`.
    pub fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let mut pieces: Vec<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        pieces.reverse();
        Self { pieces, left, trailers: None }
    }

    /// No body at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The same, followed by trailers.
    #[must_use]
    pub fn with_trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    /// Bytes not yet taken.
    pub fn len(&self) -> u64 {
        self.left
    }

    /// Whether no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        Self::new([bytes])
    }
}

impl From<String> for Pieces {
    fn from(text: String) -> Self {
        Self::new([Bytes::from(text)])
    }
}

impl From<&'static str> for Pieces {
    fn from(text: &'static str) -> Self {
        Self::new([Bytes::from_static(text.as_bytes())])
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let frame = match this.pieces.pop() {
            Some(piece) => {
                this.left = this.left.saturating_sub(piece.len() as u64);
                Some(Frame::data(piece))
            }
            None => this.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // With trailers the length is not announced: gRPC messages carry their own.
        if self.trailers.is_none() { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}

/// Why a body was not read. `E` is what the caller's `grow` refused with.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// More bytes than allowed, or announced to be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: usize,
    },
    /// The deadline passed.
    #[error("the body did not arrive in time")]
    Late,
    /// The connection or the stream broke, or the framing was wrong.
    #[error("the body broke off: {0}")]
    Broken(String),
    /// `grow` said no.
    #[error("no memory for the body")]
    Refused(E),
}

/// Reads a whole body. `grow(n)` is asked before `n` more bytes are kept; one that came in one frame is not copied.
pub async fn read<B, E>(
    mut body: B,
    limit: usize,
    deadline: Option<Instant>,
    mut grow: impl FnMut(usize) -> Result<(), E>,
) -> Result<Bytes, ReadError<E>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let hint = body.size_hint();
    if hint.lower() > limit as u64 {
        return Err(ReadError::TooLarge { limit });
    }
    let claimed = hint.exact().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut gathered = Gathered::new(limit);
    while let Some(data) = next_data(&mut body, deadline).await? {
        gathered.push(data, claimed, &mut grow)?;
    }
    Ok(gathered.finish())
}

/// Reads and throws away at most `limit` bytes, so that an HTTP/1.1 client that is still sending sees the answer
/// instead of a reset. Not needed for HTTP/2, where the stream is simply closed.
pub async fn discard<B>(mut body: B, limit: u64, deadline: Instant)
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut left = limit;
    while let Ok(Some(data)) = next_data::<B, Infallible>(&mut body, Some(deadline)).await {
        left = left.saturating_sub(data.len() as u64);
        if left == 0 {
            return;
        }
    }
}

/// The next data frame; trailers are skipped.
pub(crate) async fn next_data<B, E>(
    body: &mut B,
    deadline: Option<Instant>,
) -> Result<Option<Bytes>, ReadError<E>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    loop {
        let frame = match deadline {
            Some(at) => tokio::time::timeout_at(at, body.frame()).await.map_err(|_| ReadError::Late)?,
            None => body.frame().await,
        };
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(ReadError::Broken(error.to_string())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && data.has_remaining()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Bytes on their way to being one piece.
#[derive(Debug)]
pub(crate) struct Gathered {
    first: Option<Bytes>,
    buffer: Vec<u8>,
    limit: usize,
}

impl Gathered {
    pub(crate) fn new(limit: usize) -> Self {
        Self { first: None, buffer: Vec::new(), limit }
    }

    pub(crate) fn len(&self) -> usize {
        self.first.as_ref().map_or(self.buffer.len(), Bytes::len)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.first.as_deref().unwrap_or(&self.buffer)
    }

    /// Keeps `data`; `claimed` is the length the peer announced for the whole, or 0.
    pub(crate) fn push<E>(
        &mut self,
        data: Bytes,
        claimed: usize,
        grow: &mut impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        let total = self.len() + data.len();
        if total > self.limit {
            return Err(ReadError::TooLarge { limit: self.limit });
        }
        grow(data.len()).map_err(ReadError::Refused)?;
        if self.len() == 0 {
            self.first = Some(data);
            return Ok(());
        }
        self.reserve(total, claimed);
        if let Some(first) = self.first.take() {
            self.buffer.extend_from_slice(&first);
        }
        self.buffer.extend_from_slice(&data);
        Ok(())
    }

    /// Room for `total` bytes: all that was claimed if that is near, else twice what is there.
    fn reserve(&mut self, total: usize, claimed: usize) {
        if self.buffer.capacity() >= total {
            return;
        }
        let ahead = total.max(TRUSTED_AHEAD).saturating_add(total);
        let wanted = if claimed >= total { claimed.min(ahead) } else { total.saturating_mul(2) };
        self.buffer.reserve_exact(wanted.min(self.limit).max(total) - self.buffer.len());
    }

    pub(crate) fn finish(mut self) -> Bytes {
        match self.first {
            Some(small) if small.len() <= COPIED_UP_TO => return Bytes::copy_from_slice(&small),
            Some(first) => return first,
            None => {}
        }
        // A quarter may be slack; more would be memory that nobody has asked a permit for.
        if self.buffer.capacity() - self.buffer.len() > self.buffer.len() / 4 {
            self.buffer.shrink_to_fit();
        }
        Bytes::from(self.buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(lens: &[usize]) -> (Pieces, Vec<u8>) {
        let all: Vec<Bytes> =
            lens.iter().zip(1u8..).map(|(len, fill)| Bytes::from(vec![fill; *len])).collect();
        (Pieces::new(all.clone()), all.concat())
    }

    async fn read_all(body: Pieces, limit: usize) -> Result<Bytes, ReadError<()>> {
        read(body, limit, None, |_| Ok(())).await
    }

    #[tokio::test]
    async fn pieces_come_in_order_and_announce_their_length() {
        let (body, expected) = pieces(&[3, 0, 70_000, 1]);
        assert_eq!((body.len(), body.size_hint().exact()), (70_004, Some(70_004)));
        assert_eq!(read_all(body, 70_004).await.unwrap(), expected);
        assert!(Pieces::empty().is_end_stream());
    }

    #[tokio::test]
    async fn trailers_follow_the_last_piece() {
        let trailers =
            HeaderMap::from_iter([(http::HeaderName::from_static("a"), http::HeaderValue::from_static("b"))]);
        let body = pieces(&[2]).0.with_trailers(trailers.clone());
        assert_eq!(body.size_hint().exact(), None);
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), vec![1, 1]);
    }

    #[tokio::test]
    async fn the_cap_counts_the_announcement_and_the_bytes() {
        assert!(matches!(read_all(pieces(&[5]).0, 4).await, Err(ReadError::TooLarge { limit: 4 })));
        let unannounced = pieces(&[3, 2]).0.with_trailers(HeaderMap::new());
        assert!(matches!(read_all(unannounced, 4).await, Err(ReadError::TooLarge { limit: 4 })));
        assert_eq!(read_all(pieces(&[3, 2]).0, 5).await.unwrap().len(), 5);
    }

    #[tokio::test]
    async fn a_small_body_is_copied_and_a_large_one_is_not() {
        for (len, same) in [(COPIED_UP_TO, false), (COPIED_UP_TO + 1, true)] {
            let bytes = Bytes::from(vec![0; len]);
            let read = read_all(Pieces::from(bytes.clone()), len).await.unwrap();
            assert_eq!(read.as_ptr() == bytes.as_ptr(), same, "{len}");
        }
    }

    #[tokio::test]
    async fn growth_is_asked_for_piece_by_piece() {
        let mut asked = Vec::new();
        let refused = read(pieces(&[5, 6, 7]).0, 100, None, |n| {
            asked.push(n);
            if n == 6 { Err("no") } else { Ok(()) }
        });
        assert!(matches!(refused.await, Err(ReadError::Refused("no"))));
        assert_eq!(asked, [5, 6]);
    }

    #[test]
    fn a_claim_is_believed_one_mebibyte_ahead() {
        let mut gathered = Gathered::new(1 << 30);
        let mut free = |_| Ok::<_, ()>(());
        for _ in 0..2 {
            gathered.push(Bytes::from(vec![0; 1000]), 1 << 30, &mut free).unwrap();
        }
        assert!(gathered.buffer.capacity() <= TRUSTED_AHEAD + 4000, "{}", gathered.buffer.capacity());
        let mut exact = Gathered::new(1 << 30);
        for _ in 0..20 {
            exact.push(Bytes::from(vec![0; 16_384]), 327_680, &mut free).unwrap();
        }
        assert_eq!(exact.buffer.capacity(), 327_680);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_late() {
        let never = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<Frame<Bytes>, Infallible>,
        >());
        let deadline = Instant::now() + std::time::Duration::from_secs(10);
        let late = read(never, 10, Some(deadline), |_| Ok::<_, ()>(())).await;
        assert!(matches!(late, Err(ReadError::Late)));
        assert_eq!(Instant::now(), deadline);
    }
}
