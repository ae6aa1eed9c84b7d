//! Wildcards as the settings of metrics use them: `*` is any run of characters, `?` exactly one.

/// Whether `pattern` means `text`. Time is at most the product of both lengths, whatever the pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut retry = None;
    loop {
        let here = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                // A star takes nothing at first, and one character more each time what follows it fails.
                text = here.1;
                retry = Some((pattern.clone(), text.clone()));
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after_star, mut rest)) = retry.take() else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), rest.clone());
                retry = Some((after_star, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a"),
            ("a*", "a"),
            ("a*c", "abbc"),
            ("*b*", "abc"),
            ("?b", "ab"),
            ("**a", "bba"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("a*c", "ab"), ("a", "ab"), ("*b", "bc"), ("??", "é")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    /// The definition, as a recursion.
    fn model(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|skip| model(rest, &text[skip..])),
            (Some((p, rest)), Some((t, after))) if *p == '?' || p == t => model(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_is_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), model(&chars(&pattern), &chars(&text)));
        }
    }
}
