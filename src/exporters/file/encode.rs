//! A batch as one record of a file. Pure.

use super::config::Format;
use crate::otlp::{Data, WireError, json};

/// Appends the record; at an error `out` is as it was.
pub(super) fn record(format: Format, data: Data, out: &mut Vec<u8>) -> Result<(), WireError> {
    let (signal, before) = (data.signal(), out.len());
    let pieces = data.encode();
    match format {
        Format::Json => {
            json::encode(signal, &pieces, out).inspect_err(|_| out.truncate(before))?;
            out.push(b'\n');
        }
        Format::Proto => {
            // A request is at most 4 GiB long by the door's check.
            let len: usize = pieces.iter().map(bytes::Bytes::len).sum();
            out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
            pieces.iter().for_each(|piece| out.extend_from_slice(piece));
        }
    }
    Ok(())
}
