//! Patterns of image names, as AWS has them: `*` is any text, `?` one character, and case counts.

use std::str::Chars;

/// Whether `text` fits `pattern`.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (mut p, mut t) = (pattern.chars(), text.chars());
    // What stands behind the last star, and the text from where that star has not taken it yet.
    let mut star: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let (before_p, before_t) = (p.clone(), t.clone());
        match (p.next(), t.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((p.clone(), before_t.clone()));
                t = before_t;
            }
            (Some(one), Some(other)) if one == '?' || one == other => {}
            (None, Some(_)) | (Some(_), _) => {
                // The star takes one more character, and all behind it is tried again.
                let Some((behind, taken)) = &mut star else { return false };
                if taken.next().is_none() {
                    return before_p.clone().all(|c| c == '*') && before_t.as_str().is_empty();
                }
                (p, t) = (behind.clone(), taken.clone());
            }
        }
    }
}

/// Whether some text fits both patterns.
pub fn intersects(one: &str, other: &str) -> bool {
    let (start, other_start) = (literal_start(one), literal_start(other));
    if !start.starts_with(other_start) && !other_start.starts_with(start) {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    // Whether the rest of `one` from `i` and the rest of `other` from `j` have a text in common, from the ends.
    let mut below = vec![false; width + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; width + 1];
        for j in (0..width).rev() {
            let at = |cells: &[bool], j: usize| cells.get(j).copied().unwrap_or(false);
            let value = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some('*'), Some('*')) => at(&below, j) || at(&row, j + 1),
                // A star is empty, or takes one character of the other.
                (Some('*'), next) => at(&below, j) || next.is_some() && at(&row, j + 1),
                (next, Some('*')) => at(&row, j + 1) || next.is_some() && at(&below, j),
                (Some(a), Some(b)) => (a == b || *a == '?' || *b == '?') && at(&below, j + 1),
                _ => false,
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = value;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// What every text that fits begins with.
fn literal_start(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_aws_says() {
        for (pattern, text, want) in [
            ("golden-?", "golden-1", true),
            ("golden-?", "golden-12", false),
            ("golden-*", "golden-", true),
            ("*ubuntu*", "my/ubuntu/x", true),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzz", false),
            ("Golden", "golden", false),
            ("", "", true),
            ("*", "", true),
            ("a**", "a", true),
        ] {
            assert_eq!(fits(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_intersect_where_one_text_fits_both() {
        for (one, other, want) in [
            ("ubuntu/images/*", "*ubuntu*", true),
            ("ubuntu/images/*", "*20.04-amd64*", true),
            ("ubuntu/images/*", "debian-*", false),
            ("a*c", "ab*", true),
            ("a?c", "abd", false),
            ("*", "", true),
            ("", "a", false),
            ("golden-*", "golden-?", true),
        ] {
            assert_eq!(intersects(one, other), want, "{one} {other}");
            assert_eq!(intersects(other, one), want, "{other} {one}");
        }
    }

    #[test]
    fn whatever_fits_a_pattern_intersects_it() {
        let alphabet = ["a", "b", "*", "?", "ab", "*b"];
        for one in alphabet {
            for two in alphabet {
                for text in ["", "a", "b", "ab", "ba", "aab", "abab"] {
                    let pattern = format!("{one}{two}");
                    assert_eq!(fits(&pattern, text), intersects(&pattern, text), "{pattern} {text}");
                }
            }
        }
    }
}
