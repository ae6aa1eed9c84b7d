//! `$1$` and `$apr1$`: the crypt(3) scheme of 1,000 rounds of MD5, which Apache's `htpasswd` still makes.
//!
//! It is weak, and here only because files with it exist. No crate that is kept up offers it.

use md5::{Digest, Md5};

/// The alphabet of crypt(3).
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Which bytes of the digest make the groups of the text.
const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

/// Magic (`$1$`), salt and hash.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let magic = ["$apr1$", "$1$"].into_iter().find(|magic| text.starts_with(magic))?;
    let (salt, hash) = text.strip_prefix(magic)?.split_once('$')?;
    // Eight bytes of salt count.
    Some((magic, salt.get(..8).unwrap_or(salt), hash))
}

/// Whether nothing is missing from this hash.
pub(super) fn is_whole(text: &str) -> bool {
    parts(text)
        .is_some_and(|(_, _, hash)| hash.len() == 22 && hash.bytes().all(|byte| ALPHABET.contains(&byte)))
}

/// The whole text that `password` has with the magic and salt of `like`; empty if `like` is not whole.
pub(super) fn of(password: &[u8], like: &str) -> String {
    let Some((magic, salt, _)) = parts(like) else { return String::new() };
    let digest = rounds(password, magic.as_bytes(), salt.as_bytes());
    let mut text = like.rsplit_once('$').map_or_else(String::new, |(head, _)| format!("{head}$"));
    encode(&digest, &mut text);
    text
}

fn rounds(password: &[u8], magic: &[u8], salt: &[u8]) -> [u8; 16] {
    let mut digest = start(password, magic, salt);
    for round in 0..1000_u32 {
        let mut md5 = Md5::new();
        let odd = round % 2 == 1;
        md5.update(if odd { password } else { &digest });
        if round % 3 != 0 {
            md5.update(salt);
        }
        if round % 7 != 0 {
            md5.update(password);
        }
        md5.update(if odd { &digest[..] } else { password });
        digest = md5.finalize().into();
    }
    digest
}

fn start(password: &[u8], magic: &[u8], salt: &[u8]) -> [u8; 16] {
    let inner: [u8; 16] =
        Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize().into();
    let mut md5 = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    for chunk in password.chunks(16) {
        md5.update(&inner[..chunk.len()]);
    }
    let mut bits = password.len();
    while bits > 0 {
        // The scheme's own oddity: a zero byte for a set bit, the password's first one for another.
        md5.update(if bits & 1 == 1 { &[0][..] } else { &password[..1] });
        bits >>= 1;
    }
    md5.finalize().into()
}

fn encode(digest: &[u8; 16], text: &mut String) {
    let group =
        |[a, b, c]: [usize; 3]| u32::from(digest[a]) << 16 | u32::from(digest[b]) << 8 | u32::from(digest[c]);
    let groups = GROUPS.map(|group_of| (group(group_of), 4));
    for (mut bits, letters) in groups.into_iter().chain([(u32::from(digest[11]), 2)]) {
        for _ in 0..letters {
            text.push(char::from(ALPHABET[(bits & 63) as usize]));
            bits >>= 6;
        }
    }
}
