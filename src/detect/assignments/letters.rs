//! Values without a digit that are secrets all the same: random letters, and passphrases.

use crate::rules::validators::entropy;

/// Letters in both cases, twelve and more, of which less than two in three stand in what could be words of a name.
pub(super) fn is_random_letters(value: &[u8]) -> bool {
    let changes = value
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_uppercase() != b.is_ascii_uppercase()))
        .count();
    let parts = value.chunk_by(|before, after| before.is_ascii_uppercase() || after.is_ascii_lowercase());
    let worded: usize = parts.filter(|part| is_worded(part)).map(<[u8]>::len).sum();
    value.len() >= 12
        && value.iter().all(u8::is_ascii_alphabetic)
        && changes.saturating_mul(4) >= value.len()
        && worded.saturating_mul(3) < value.len().saturating_mul(2)
        && entropy(value) >= 3.2
}

/// Whether it could be a word: at most one capital, a vowel, and no five consonants in a row.
fn is_worded(part: &[u8]) -> bool {
    let consonants = part.split(|byte| b"aeiouyAEIOUY".contains(byte));
    part.len() >= 2
        && part.iter().skip(1).all(u8::is_ascii_lowercase)
        && consonants.clone().count() > 1
        && consonants.map(<[u8]>::len).max().unwrap_or(0) < 5
}

/// Four words and more, as generators of passphrases join them; only for a name that says that it is one.
pub(super) fn is_passphrase(key: &[u8], value: &[u8]) -> bool {
    let words: Vec<&[u8]> = value.split(|byte| b"-._".contains(byte)).collect();
    let is_word = |word: &&[u8]| (3..=10).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase);
    let repeats =
        words.iter().enumerate().any(|(at, word)| words.iter().skip(at + 1).any(|other| other == word));
    const ENDS: [&[u8]; 4] = [b"password", b"passphrase", b"passwd", b"psk"];
    // What a name of a thing is made of.
    const THINGS: [&[u8]; 22] = [
        b"the",
        b"and",
        b"for",
        b"with",
        b"not",
        b"user",
        b"admin",
        b"root",
        b"prod",
        b"dev",
        b"test",
        b"key",
        b"name",
        b"app",
        b"service",
        b"database",
        b"credentials",
        b"manager",
        b"account",
        b"login",
        b"new",
        b"old",
    ];
    (4..=10).contains(&words.len())
        && words.iter().all(is_word)
        && !repeats
        && !words.iter().any(|word| THINGS.contains(word))
        && ENDS.iter().any(|end| key.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_without_a_digit_are_secrets_where_nobody_writes_so() {
        for value in ["hKqZtWvbXrJmyQfL", "QzkTvXwRbjYpWKqd", "pBghbgozIakiGITN"] {
            assert!(is_random_letters(value.as_bytes()), "{value}");
        }
        for value in [
            "getConnectionManager",
            "DatabaseCredential",
            "aVeryLongSentence",
            "PleaseTypeItHere",
            "myJavaXmlQueryWriter",
            "HttpStrengthCheck",
            "pBghbgozIak",
        ] {
            assert!(!is_random_letters(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn words_are_a_passphrase_where_the_name_says_so() {
        let words = b"amber-quartz-lagoon-willow-raven";
        assert!(is_passphrase(b"restic_password", words) && is_passphrase(b"passphrase", words));
        assert!(!is_passphrase(b"client_secret", words));
        for value in [
            "prod-billing-database-login",
            "amber-quartz-lagoon",
            "amber-amber-amber-amber",
            "use-the-new-vault-please",
        ] {
            assert!(!is_passphrase(b"db_password", value.as_bytes()), "{value}");
        }
    }
}
