//! Every encoding there and back, and what hostile bodies get.

use std::io::Write;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;

use super::*;

const ALL: [Encoding; 8] = [
    Encoding::Identity,
    Encoding::Gzip,
    Encoding::Zlib,
    Encoding::Deflate,
    Encoding::Zstd,
    Encoding::Snappy,
    Encoding::SnappyFramed,
    Encoding::Lz4,
];

fn encode(encoding: Encoding, plain: &[u8]) -> Bytes {
    let pieces = compress(encoding, Level::default(), &[Bytes::copy_from_slice(plain)]).unwrap();
    Bytes::from(pieces.concat())
}

fn decode(encoding: Encoding, wire: &[u8], limit: usize) -> Result<Bytes, DecodeError<()>> {
    decompress(encoding, &Bytes::copy_from_slice(wire), limit, |_| Ok(()))
}

fn malformed(result: Result<Bytes, DecodeError<()>>) -> bool {
    matches!(result, Err(DecodeError::Malformed { .. }))
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| b"span attribute value "[i % 21].wrapping_add((i / 997) as u8)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn comes_back_whole(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..4), repeat in 1usize..40) {
        let parts: Vec<Bytes> = parts.into_iter().map(|part| Bytes::from(part.repeat(repeat))).collect();
        let plain = parts.concat();
        for encoding in ALL {
            let wire = Bytes::from(compress(encoding, Level::default(), &parts).unwrap().concat());
            let mut asked = 0;
            let back = decompress(encoding, &wire, plain.len(), |n| { asked += n; Ok::<_, ()>(()) }).unwrap();
            prop_assert_eq!(&back, &plain, "{}", encoding);
            prop_assert_eq!(asked, if encoding == Encoding::Identity { 0 } else { plain.len() }, "{}", encoding);
        }
    }

    #[test]
    fn garbage_never_panics(wire in prop::collection::vec(any::<u8>(), 0..600)) {
        for encoding in ALL {
            let _ = decode(encoding, &wire, 10_000);
        }
    }

    #[test]
    fn damaged_bodies_never_panic_nor_grow(at in 0usize..5000, bit in 0u8..8) {
        for encoding in ALL {
            let mut wire = encode(encoding, &text(5000)).to_vec();
            let at = at % wire.len();
            wire[at] ^= 1 << bit;
            if let Ok(plain) = decode(encoding, &wire, 6000) {
                prop_assert!(plain.len() <= 6000);
            }
        }
    }
}

#[test]
fn a_truncated_body_is_malformed() {
    for encoding in ALL.into_iter().filter(|encoding| *encoding != Encoding::Identity) {
        let plain = text(3000);
        let wire = encode(encoding, &plain);
        for len in 0..wire.len() {
            let result = decode(encoding, &wire[..len], 1 << 20);
            assert_ne!(result.as_deref(), Ok(&plain[..]), "{encoding} cut to {len}");
            // Framed snappy has no end mark: it may end where a chunk does.
            assert!(encoding == Encoding::SnappyFramed || malformed(result), "{encoding} cut to {len}");
        }
    }
}

#[test]
fn the_cap_is_exact() {
    for encoding in ALL {
        let plain = text(200_000);
        let wire = encode(encoding, &plain);
        assert_eq!(decode(encoding, &wire, plain.len()).unwrap(), plain, "{encoding}");
        let over = decode(encoding, &wire, plain.len() - 1);
        assert_eq!(over, Err(DecodeError::TooLarge { limit: plain.len() - 1 }), "{encoding}");
    }
}

#[test]
fn bombs_stop_at_the_cap() {
    let zeros = vec![0; 64 << 20];
    for encoding in ALL.into_iter().filter(|encoding| *encoding != Encoding::Identity) {
        let wire = encode(encoding, &zeros);
        let mut asked = 0;
        let result = decompress(encoding, &wire, 1 << 20, |n| {
            asked += n;
            Ok::<_, ()>(())
        });
        assert_eq!(result, Err(DecodeError::TooLarge { limit: 1 << 20 }), "{encoding}");
        assert!(asked <= 1 << 20, "{encoding} asked for {asked}");
    }
}

#[test]
fn a_refused_permit_ends_the_decoding() {
    let plain = text(1 << 20);
    for encoding in ALL.into_iter().filter(|encoding| *encoding != Encoding::Identity) {
        let result = decompress(encoding, &encode(encoding, &plain), 1 << 30, |_| Err("full"));
        assert_eq!(result, Err(DecodeError::Refused("full")), "{encoding}");
    }
}

#[test]
fn gzip_of_several_members_is_one_body() {
    let (first, second) = (text(5000), text(70_000));
    let mut wire = encode(Encoding::Gzip, &first).to_vec();
    wire.extend_from_slice(&encode(Encoding::Gzip, &second));
    assert_eq!(decode(Encoding::Gzip, &wire, 1 << 20).unwrap(), [first.clone(), second].concat());

    // Twice the same: the trailer of the last fits the first as well.
    let twice = encode(Encoding::Gzip, &first).repeat(2);
    assert_eq!(decode(Encoding::Gzip, &twice, 1 << 20).unwrap(), first.repeat(2));
}

#[test]
fn gzip_with_garbage_behind_is_malformed() {
    let mut wire = encode(Encoding::Gzip, &text(5000)).to_vec();
    wire.extend_from_slice(b"garbage");
    assert!(malformed(decode(Encoding::Gzip, &wire, 1 << 20)));
}

#[test]
fn a_gzip_trailer_that_lies_is_malformed() {
    let plain = text(5000);
    let good = encode(Encoding::Gzip, &plain);
    for claimed in [0u32, 4999, 5001, u32::MAX] {
        let mut wire = good.to_vec();
        let at = wire.len() - 4;
        wire[at..].copy_from_slice(&claimed.to_le_bytes());
        assert!(malformed(decode(Encoding::Gzip, &wire, 1 << 20)), "{claimed}");
    }
}

#[test]
fn gzip_by_others_is_read() {
    let plain = text(100_000);
    let mut encoder = flate2::GzBuilder::new()
        .filename("a.json")
        .comment("with every optional field")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), flate2::Compression::best());
    encoder.write_all(&plain).unwrap();
    assert_eq!(decode(Encoding::Gzip, &encoder.finish().unwrap(), plain.len()).unwrap(), plain);
}

#[test]
fn zstd_without_a_size_and_in_several_frames_is_read() {
    let plain = text(300_000);
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(&plain).unwrap();
    let streamed = encoder.finish().unwrap();
    assert_eq!(decode(Encoding::Zstd, &streamed, plain.len()).unwrap(), plain);

    let both = [streamed, encode(Encoding::Zstd, &plain).to_vec()].concat();
    assert_eq!(decode(Encoding::Zstd, &both, 1 << 20).unwrap(), plain.repeat(2));
}

#[test]
fn lz4_in_several_frames_is_one_body() {
    let wire =
        [encode(Encoding::Lz4, &text(5000)), encode(Encoding::Lz4, b""), encode(Encoding::Lz4, b"end")]
            .concat();
    assert_eq!(decode(Encoding::Lz4, &wire, 1 << 20).unwrap(), [&text(5000)[..], b"end"].concat());
}

#[test]
fn a_zstd_window_above_8_mib_is_refused() {
    for (log, fits) in [(23, true), (24, false), (27, false)] {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(&text(1000)).unwrap();
        assert_eq!(decode(Encoding::Zstd, &encoder.finish().unwrap(), 1 << 20).is_ok(), fits, "{log}");
    }
}

#[test]
fn a_snappy_length_of_4_gib_allocates_nothing() {
    let wire = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert_eq!(decode(Encoding::Snappy, &wire, 1 << 20), Err(DecodeError::TooLarge { limit: 1 << 20 }));
    let mut asked = 0;
    let result = decompress(Encoding::Snappy, &Bytes::copy_from_slice(&wire), usize::MAX, |n| {
        asked += n;
        Ok::<_, ()>(())
    });
    assert!(matches!(result, Err(DecodeError::Malformed { .. })) && asked == 0);
}

#[test]
fn snappy_takes_the_framing_format_too() {
    let plain = text(100_000);
    let framed = encode(Encoding::SnappyFramed, &plain);
    assert_eq!(decode(Encoding::Snappy, &framed, plain.len()).unwrap(), plain);
}

#[test]
fn stacked_and_unknown_encodings_are_told_apart() {
    let of = |values: &[&str]| {
        let pairs = values.iter().map(|value| (CONTENT_ENCODING, value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value): (_, http::HeaderValue)| {
            headers.append(name, value);
        });
        Encoding::of(&headers)
    };
    assert_eq!(of(&[]), Ok(Encoding::Identity));
    assert_eq!(of(&[" GZIP "]), Ok(Encoding::Gzip));
    assert_eq!(of(&["gzip, gzip"]), Err(UnknownEncoding::Stacked("gzip, gzip".to_owned())));
    assert_eq!(of(&["gzip", "zstd"]), Err(UnknownEncoding::Stacked("gzip".to_owned())));
    assert_eq!(of(&["br"]), Err(UnknownEncoding::Unknown("br".to_owned())));
    assert!(
        matches!(of(&["x".repeat(500).as_str()]), Err(UnknownEncoding::Unknown(name)) if name.len() == 64)
    );
}

#[test]
fn levels_are_those_of_the_encoding() {
    for (encoding, good, bad) in [
        (Encoding::Gzip, vec![-2, -1, 0, 1, 9], vec![-3, 10]),
        (Encoding::Zstd, vec![0, 1, 22], vec![-1, 23]),
        (Encoding::Snappy, vec![0], vec![1]),
        (Encoding::Lz4, vec![0], vec![1]),
    ] {
        for level in good {
            let level = Level::checked(encoding, Some(level)).unwrap();
            let wire = compress(encoding, level, &[Bytes::from(text(2000))]).unwrap().concat();
            assert_eq!(decode(encoding, &wire, 2000).unwrap(), text(2000));
        }
        for level in bad {
            let problem = Level::checked(encoding, Some(level)).unwrap_err();
            assert_eq!(problem, format!("level {level} does not exist for {encoding}"));
        }
    }
}
