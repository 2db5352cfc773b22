//! Passphrases: words that a generator, or a person, joined.

/// What a name of a thing is made of.
const THINGS: [&[u8]; 48] = [
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
    b"password",
    b"secret",
    b"token",
    b"server",
    b"client",
    b"example",
    b"com",
    b"org",
    b"net",
    b"www",
    b"http",
    b"https",
    b"config",
    b"default",
    b"staging",
    b"production",
    b"file",
    b"path",
    b"access",
    b"system",
    b"lib",
    b"api",
    b"only",
    b"forced",
    b"commands",
    b"command",
];

/// Whether a value is at least so many words, as generators of passphrases join them.
pub fn is_passphrase(value: &[u8], least: usize) -> bool {
    if value.len() > 128 {
        return false;
    }
    let words: Vec<&[u8]> = value.split(|byte| b"-._ +".contains(byte)).collect();
    let is_word = |word: &&[u8]| {
        (3..=10).contains(&word.len())
            && word.iter().skip(1).all(u8::is_ascii_lowercase)
            && word.first().is_some_and(u8::is_ascii_alphabetic)
    };
    let distinct = words
        .iter()
        .enumerate()
        .filter(|(at, word)| !words.iter().take(*at).any(|other| other == *word))
        .count();
    (least..=10).contains(&words.len())
        && words.iter().all(is_word)
        && distinct.saturating_add(1) >= words.len().max(least)
        && !words.iter().any(|word| THINGS.contains(&word.to_ascii_lowercase().as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_make_no_name_are_a_passphrase() {
        for value in ["amber-quartz-lagoon-willow-raven", "olive-temple-jungle", "candle-spider-camel-camel"]
        {
            assert!(is_passphrase(value.as_bytes(), 3), "{value}");
        }
        for value in [
            "prod-billing-database-login",
            "amber-amber-amber-amber",
            "use-the-new-vault-please",
            "www.corp.net",
            "one-two",
        ] {
            assert!(!is_passphrase(value.as_bytes(), 3), "{value}");
        }
        assert!(!is_passphrase(b"amber-quartz-lagoon", 4));
    }
}
