//! "did you mean": the nearest known name, if one is near enough to be meant.
//!
//! Distance is Damerau–Levenshtein (optimal string alignment) after folding case and `-`/`_`; names are short, and
//! anything longer than 64 characters is not compared at all.

const LONGEST: usize = 64;

/// The known name that `wrong` was most likely meant to be.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(wrong);
    if folded.is_empty() || folded.len() > LONGEST {
        return None;
    }
    let allowed = (folded.len() / 3).clamp(1, 4);
    let near = |name: &str| {
        let name = fold(name);
        let close = name.len().abs_diff(folded.len()) <= allowed;
        let edits = if close { distance(&folded, &name) } else { usize::MAX };
        let part =
            folded.len() >= 4 && (name.starts_with(&folded) || folded.starts_with(&name) && name.len() >= 4);
        if edits <= allowed { Some(edits) } else { part.then_some(allowed + 1) }
    };
    known
        .into_iter()
        .filter_map(|name| Some((near(name)?, name)))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, n)| n)
}

fn fold(name: &str) -> Vec<char> {
    name.chars().take(LONGEST + 1).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

fn distance(a: &[char], b: &[char]) -> usize {
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (cell(&last, j) + usize::from(x != y)).min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(cell(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["endpoint", "compression", "tls", "timeout", "sending_queue"];
        for (wrong, meant) in [
            ("endpint", Some("endpoint")),
            ("Endpoint", Some("endpoint")),
            ("compresion", Some("compression")),
            ("sending-queue", Some("sending_queue")),
            ("tsl", Some("tls")),
            ("tls_settings", None),
            ("time", Some("timeout")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, known), meant, "{wrong}");
        }
    }

    #[test]
    fn the_distance_counts_swaps_as_one() {
        let d = |a: &str, b: &str| distance(&fold(a), &fold(b));
        assert_eq!((d("otpl", "otlp"), d("", "abc"), d("kitten", "sitting"), d("a-b", "A_B")), (1, 3, 3, 0));
    }

    #[test]
    fn long_names_are_not_compared() {
        assert_eq!(nearest(&"x".repeat(100), [&*"x".repeat(99)]), None);
    }
}
