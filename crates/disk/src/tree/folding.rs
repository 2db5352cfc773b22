//! Names in directories without case: the `casefold` flag of ext4, FAT, exFAT, NTFS, XFS with `ascii-ci`.

/// A name as such a directory compares it. Kernels fold fully and after decomposition (`ext4`: NFDICF); here letters
/// become those that their capitals have in lower case, which makes K of the KELVIN SIGN and S of the LONG S, and
/// characters that are ignored are left out. Bytes that are no UTF-8 fold as ASCII.
pub(crate) fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) if !name.is_ascii() => {
            let shown = text.chars().filter(|&letter| !is_ignored(letter));
            let capitals = shown.flat_map(char::to_uppercase);
            // The KELVIN SIGN is a capital already; its small letter has another capital.
            let small = capitals.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
            small.flat_map(char::to_lowercase).collect::<String>().into_bytes()
        }
        _ => name.to_ascii_lowercase(),
    }
}

/// Default ignorable code points, which fold to nothing.
const fn is_ignored(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_look_like_others_fold_to_them() {
        for (name, plain) in [
            ("PassWD", "passwd"),
            ("\u{17f}hadow", "shadow"),
            ("authorized_\u{212a}eys", "authorized_keys"),
            ("sha\u{200b}dow\u{feff}", "shadow"),
            ("STRASSE", "strasse"),
            ("stra\u{df}e", "strasse"),
        ] {
            assert_eq!(folded(name.as_bytes()), plain.as_bytes(), "{name:?}");
        }
        assert_eq!(folded(b"A\xff"), b"a\xff");
    }
}
