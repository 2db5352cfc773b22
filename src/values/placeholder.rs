//! Placeholders: values that stand for a secret and are none.
//!
//! A placeholder is one as a whole, less digits and separators: `your-api-key-here`, `changeme123`, `<token>`. A word
//! inside of a value says nothing: one in 7,000 random secrets of 40 letters has `todo`, `fake`, `your` or `xxxx` in
//! it, and people write `Sample#2024Prod`. It makes doubtful, no more.

/// Words that only who wants them replaced writes.
const MARKS: &[&str] = &[
    "change",
    "changed",
    "changeit",
    "changethis",
    "dummy",
    "edit",
    "enter",
    "example",
    "examplekey",
    "fake",
    "fixme",
    "foobar",
    "here",
    "insert",
    "mock",
    "notsosecret",
    "paste",
    "placeholder",
    "put",
    "randomstring",
    "redacted",
    "removed",
    "replace",
    "replaced",
    "replaceme",
    "replacewith",
    "sample",
    "tbd",
    "template",
    "todo",
    "update",
    "your",
    "yours",
];
/// Words that stand beside them.
const FILLERS: &[&str] = &[
    "a",
    "access",
    "account",
    "actual",
    "admin",
    "an",
    "and",
    "api",
    "app",
    "apps",
    "as",
    "auth",
    "aws",
    "be",
    "before",
    "bot",
    "but",
    "client",
    "cluster",
    "code",
    "creds",
    "credential",
    "credentials",
    "db",
    "database",
    "default",
    "do",
    "for",
    "from",
    "generated",
    "goes",
    "guid",
    "hash",
    "id",
    "in",
    "is",
    "it",
    "jwt",
    "key",
    "keys",
    "long",
    "me",
    "must",
    "my",
    "name",
    "new",
    "not",
    "of",
    "or",
    "org",
    "own",
    "pass",
    "passphrase",
    "password",
    "passwd",
    "please",
    "private",
    "project",
    "public",
    "pw",
    "pwd",
    "random",
    "real",
    "root",
    "safe",
    "secret",
    "secrets",
    "secure",
    "service",
    "site",
    "set",
    "some",
    "generate",
    "string",
    "strong",
    "super",
    "test",
    "that",
    "the",
    "this",
    "to",
    "token",
    "use",
    "user",
    "username",
    "unique",
    "phrase",
    "uuid",
    "valid",
    "value",
    "very",
    "want",
    "webhook",
    "with",
    "you",
];
/// Longest value that can be a placeholder, in bytes.
const LONGEST: usize = 128;
/// Fewest letters of a row of one letter: `xxx`.
const ROW: usize = 3;

/// Whether a value is a placeholder as a whole.
pub fn is_placeholder(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if value.len() > LONGEST || value.is_empty() {
        return value.is_empty();
    }
    let letters: Vec<u8> =
        value.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    let is_framed = [(b'<', b'>'), (b'[', b']'), (b'{', b'}')]
        .iter()
        .any(|&(open, close)| value.first() == Some(&open) && value.last() == Some(&close));
    if letters.is_empty() {
        let first = value.first();
        return value.len() >= ROW && value.iter().all(|byte| Some(byte) == first && !byte.is_ascii_digit());
    }
    // Letters of other alphabets are none that these words have.
    let is_plain = value.is_ascii() && !value.iter().any(u8::is_ascii_control);
    is_plain && (reading(&letters).is_some_and(|has_mark| has_mark) || is_framed && is_name(value))
}

/// Whether a value is nothing but words about secrets, in small letters: `mysecretpassword`, `not-set`.
pub fn is_wording(value: &[u8]) -> bool {
    let letters: Vec<u8> = value.iter().filter(|byte| byte.is_ascii_alphabetic()).copied().collect();
    let is_plain = value.len() <= LONGEST && !letters.is_empty() && !value.iter().any(u8::is_ascii_digit);
    let lower = letters.to_ascii_lowercase();
    let is_one = letters.iter().all(u8::is_ascii_lowercase) || letters.iter().all(u8::is_ascii_uppercase);
    is_plain && is_one && lower.len() > 5 && reading(&lower).is_some() && !is_word(&lower)
}

/// Whether it is one of the words alone.
fn is_word(letters: &[u8]) -> bool {
    MARKS.iter().chain(FILLERS).any(|word| word.as_bytes() == letters)
}

/// How many letters of a value are words of placeholders that are long enough not to be there by chance, or rows.
pub fn marked_letters(value: &[u8]) -> usize {
    let mut marked = 0;
    for part in value.split(|byte| !byte.is_ascii_alphabetic()) {
        let lower = part.to_ascii_lowercase();
        let mut rest = lower.as_slice();
        while let Some(first) = rest.first() {
            let row = rest.iter().take_while(|byte| *byte == first).count();
            let word = MARKS
                .iter()
                .chain(FILLERS)
                .filter(|word| word.len() >= 4 && rest.starts_with(word.as_bytes()));
            let taken = word.map(|word| word.len()).max().unwrap_or(if row > ROW { row } else { 0 });
            marked += taken;
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
    }
    marked
}

/// Whether there is a word in a value that placeholders have.
pub fn has_mark(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 11] = [
        b"example",
        b"xxxx",
        b"your",
        b"changeme",
        b"placeholder",
        b"dummy",
        b"redacted",
        b"insert",
        b"todo",
        b"sample",
        b"fake",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether letters can be read as words from the first to the last, and if so, whether one of them is a mark.
fn reading(letters: &[u8]) -> Option<bool> {
    // For each place: whether it can be reached, and whether with a mark.
    let mut reached: Vec<Option<bool>> = vec![None; letters.len().saturating_add(1)];
    *reached.first_mut()? = Some(false);
    for at in 0..letters.len() {
        let Some(has_mark) = reached.get(at).copied().flatten() else { continue };
        let rest = letters.get(at..).unwrap_or_default();
        let row = rest.iter().take_while(|byte| Some(*byte) == rest.first()).count();
        let rows = (row >= ROW).then_some((row, true));
        let marks = MARKS.iter().map(|word| (word, true)).chain(FILLERS.iter().map(|word| (word, false)));
        let words = marks.filter(|(word, _)| rest.starts_with(word.as_bytes()));
        for (len, is_mark) in words.map(|(word, is_mark)| (word.len(), is_mark)).chain(rows) {
            if let Some(end) = reached.get_mut(at.saturating_add(len)) {
                *end = Some(end.unwrap_or(false) || has_mark || is_mark);
            }
        }
    }
    reached.last().copied().flatten()
}

/// Letters, blanks and lines: what stands in a frame where something is to be filled in.
fn is_name(value: &[u8]) -> bool {
    let inner = value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().all(|byte| byte.is_ascii_alphabetic() || b" _-.:/".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_one_as_a_whole() {
        for value in [
            "your-api-key-here",
            "YOUR_AWS_SECRET",
            "changeme123",
            "change-me-please",
            "<your-password-here>",
            "<token>",
            "[Password]",
            "xxxxxxxx-xxxx",
            "****",
            "Example2024!",
            "must-be-changed",
            "replace_with_real_secret",
            "put-your-token-here",
            "redacted",
            "",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_word_inside_of_a_value_makes_none_of_it() {
        for value in [
            "Sample#2024Prod",
            "Todo!9xKq22zp",
            "Inyourface9!x",
            "Fake-Plastic7Trees",
            "hunter2",
            "password",
            "Passw0rd123!",
            "SuperSecretPassword1",
            "00000000",
            "mWq8Zr3TfyourLc9Vb6Hn4Xs7Dp2Gj5Ra0Ue",
            "Zk83hd92Hs71Lq0P",
            "<k9!x",
        ] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn letters_that_chance_does_not_write_are_counted() {
        assert_eq!(marked_letters(b"AKIAEXAMPLEKEY123456"), 10);
        assert_eq!(marked_letters(b"ghp_xxxxxxxxYOURTOKENxxxx"), 21);
        assert_eq!(marked_letters(b"mWq8Zr3TfYk1Lc9Vb6Hn4Xs7Dp2Gj5Ra0Ue"), 0);
    }
}
