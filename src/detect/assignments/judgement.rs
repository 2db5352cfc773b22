//! Whether a value that is assigned to a name of secrets is one.

use super::letters::is_random_letters;
use super::place::Place;
use crate::finding::Confidence;
use crate::rules::validators::entropy;
use crate::values::{NameKind, is_hash, is_passphrase, is_placeholder, is_wording};

mod lookalikes;

use lookalikes::{
    has_word, is_address, is_algorithm, is_class_path, is_code_name, is_domain, is_keystroke, is_markup,
    is_numbered_name, is_public, is_public_identifier, is_rows, is_slug, is_stock, is_symbol,
};

/// Shortest password that a person chose, and shortest of another kind.
const SHORTEST: (usize, usize) = (4, 8);
/// Shortest key: what a program makes.
const KEY: usize = 16;

/// What is known of a value besides its text.
pub(super) struct Judgement<'k> {
    pub(super) kind: NameKind,
    pub(super) key: &'k [u8],
    pub(super) is_quoted: bool,
    pub(super) is_binary: bool,
    pub(super) is_comment: bool,
}

impl Judgement<'_> {
    /// How sure it is that `value` is a secret; none, if it is not.
    pub(super) fn of(&self, value: &[u8], place: &Place) -> Option<Confidence> {
        let key = self.key.to_ascii_lowercase();
        let repeats_key = !key.is_empty() && key.eq_ignore_ascii_case(value);
        let is_strange = place.is_library && is_no_random(value);
        let is_strange_byte = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"_-+/=.!@#$%^&*".contains(byte);
        let is_glued = self.is_binary
            && (self.key.len() > 32
                || self.key.first().is_some_and(u8::is_ascii_digit)
                || !is_made(value)
                || value.len() > 64
                || value.iter().any(is_strange_byte));
        let no_secret = is_strange
            || is_glued
            || is_placeholder(value)
            || is_hash(value)
            || repeats_key
            || is_public(value)
            || is_algorithm(value)
            || value.ends_with(b"EXAMPLE")
            || value.ends_with(b"EXAMPLEKEY")
            || is_markup(value)
            || is_class_path(value)
            || is_domain(value)
            || is_keystroke(value)
            || is_address(value)
            || is_symbol(value)
            || is_public_identifier(value)
            || self.kind == NameKind::Key && is_numbered_name(value)
            || value.iter().any(|byte| *byte < b' ' && *byte != b'\n');
        if no_secret {
            return None;
        }
        // What a manual has in its comments: a word with a number.
        if self.is_comment
            && value.len() <= 12
            && !value.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_punctuation())
        {
            return None;
        }
        let is_random = entropy(value) >= 3.2 && value.len() >= 12;
        let is_secret = match self.kind {
            // A table may be kept under that word alone, by hash.
            NameKind::Key if key == b"auth" => is_made(value) && !value.iter().all(u8::is_ascii_hexdigit),
            NameKind::Key => is_made(value),
            NameKind::Secret | NameKind::Password => {
                is_secret(self.kind, value, self.is_quoted) && !(place.is_library && is_passphrase(value, 3))
            }
        };
        if is_secret && (is_random || !self.is_binary) {
            let is_sure = is_random && !place.is_prose && !has_word(value);
            return Some(if is_sure { Confidence::Medium } else { Confidence::Low });
        }
        let may_be_chosen =
            self.kind == NameKind::Password && place.is_configuration && !self.is_binary && !self.is_comment;
        (may_be_chosen && is_chosen(self.key, value, self.is_quoted)).then_some(Confidence::Low)
    }
}

/// Whether a value in the code of others is one of its names, patterns, formats or sums: what is no long random word.
fn is_no_random(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_sum =
        matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128) && value.iter().all(u8::is_ascii_hexdigit);
    let parts = value.split(|byte| b"-_.".contains(byte));
    let is_short =
        |part: &[u8]| part.len() <= 8 && part.iter().filter(|byte| byte.is_ascii_digit()).count() <= 1;
    value.iter().any(|byte| b"<>{}()`|\\,;& %:".contains(byte))
        || value.starts_with(b"-")
        || is_sum
        || digits < 2 && !is_mixed
        || parts.clone().count() > 1 && parts.clone().all(is_short)
}

/// What a program makes: letters and digits in no order, or many hexadecimal digits.
fn is_made(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let is_hex = value.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let symbols = value.iter().filter(|byte| !byte.is_ascii_alphanumeric()).count();
    let longest = value.split(|byte| !byte.is_ascii_alphanumeric()).map(<[u8]>::len).max().unwrap_or(0);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    (value.len() >= KEY || is_mixed && value.len() >= 12)
        && !value.contains(&b' ')
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (!is_hex || value.len() >= 32)
        && symbols.saturating_mul(3) <= value.len()
        && value.iter().filter(|byte| **byte == b':').count() < 3
        && longest >= 8
        && !is_stock(value)
        && !is_rows(value)
        && !is_slug(value)
        && entropy(value) >= 3.0
}

/// Whether a value is a secret by its letters: no word, type or name.
fn is_secret(kind: NameKind, value: &[u8], is_quoted: bool) -> bool {
    let has = |test: fn(&u8) -> bool| usize::from(value.iter().any(test));
    let symbol = |byte: &u8| byte.is_ascii_punctuation();
    let kinds =
        has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit) + has(symbol);
    let with_digit = value.iter().any(u8::is_ascii_digit);
    let symbols = value.iter().filter(|byte| symbol(byte) && !b"_-./:".contains(byte)).count();
    let enough = if kind == NameKind::Password && is_quoted { 3 } else { 4 };
    let worded = has_word(value) && !(with_digit && kinds >= enough);
    // A name in code: words joined by dots or underscores, without a digit.
    let is_name =
        !with_digit && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"._-:".contains(byte));
    let is_password = kind == NameKind::Password && is_quoted;
    let is_symbolic = is_quoted && kinds >= 3 && symbols >= 2
        || is_password
            && (kinds >= 3 && symbols >= 1 || symbols >= 3)
            && value.iter().any(u8::is_ascii_alphabetic);
    let is_words = is_passphrase(value, if kind == NameKind::Password { 3 } else { 4 });
    let is_chance = is_random_letters(value) || is_words;
    value.len() >= SHORTEST.1
        && value.iter().any(u8::is_ascii_alphabetic)
        && (!value.contains(&b' ') || is_words)
        && (!worded || is_words)
        && (!is_name || is_chance)
        && !is_stock(value)
        && !is_rows(value)
        && (!is_slug(value) && with_digit && kinds >= 2 || is_chance || is_symbolic)
        && entropy(value) >= 2.5
}

/// Whether somebody may have chosen it, where nothing but a password can stand.
fn is_chosen(key: &[u8], value: &[u8], is_quoted: bool) -> bool {
    const WORDS: [&str; 67] = [
        "true",
        "false",
        "yes",
        "no",
        "none",
        "null",
        "nil",
        "undefined",
        "on",
        "off",
        "required",
        "requisite",
        "optional",
        "sufficient",
        "include",
        "substack",
        "prompt",
        "ask",
        "always",
        "never",
        "auto",
        "string",
        "text",
        "input",
        "hidden",
        "enabled",
        "disabled",
        "default",
        "plain",
        "plaintext",
        "cleartext",
        "encrypted",
        "hashed",
        "unset",
        "empty",
        "files",
        "compat",
        "systemd",
        "ldap",
        "sss",
        "nis",
        "winbind",
        "memory",
        "file",
        "static",
        "random",
        "generate",
        "generated",
        "keyring",
        "secret",
        "token",
        "basic",
        "digest",
        "bearer",
        "object",
        "array",
        "integer",
        "number",
        "boolean",
        "type",
        "password",
        "passwd",
        "passphrase",
        "pass",
        "varchar",
        "bcrypt",
        "guest",
    ];
    let lower = value.to_ascii_lowercase();
    let is_word = WORDS.iter().any(|word| word.as_bytes() == lower);
    // Where the name is in capitals, an environment has it, and no form: `MYSQL_ROOT_PASSWORD: password`.
    let is_environment = key.iter().any(u8::is_ascii_uppercase)
        && !key.iter().any(u8::is_ascii_lowercase)
        && memchr::memchr(b'_', key).is_some();
    let words = value.split(|byte| *byte == b' ').count();
    let has_digit = value.iter().any(u8::is_ascii_digit);
    let is_sentence = words > 1 && (!is_quoted || words > 6 || !has_digit);
    let is_key = key.to_ascii_lowercase().ends_with(&lower) && !has_digit;
    let graphic = value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte >= 0x80);
    value.len() >= SHORTEST.0
        && value.len() <= 128
        && graphic
        && (!is_word || is_environment && lower == b"password")
        && (!is_key || is_environment)
        && !is_sentence
        && !is_wording(value)
        && !value.ends_with(b"/")
        && !b"abcdefghijklmnopqrstuvwxyz".starts_with(&lower)
        && !is_code_name(value)
        && value.iter().any(u8::is_ascii_alphanumeric)
}
