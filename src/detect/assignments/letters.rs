//! Values without a digit that are secrets all the same: random letters.

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
}
