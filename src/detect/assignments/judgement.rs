//! Whether a value that is assigned to a name of secrets is one.

use super::letters::is_random_letters;
use super::place::Place;
use crate::finding::Confidence;
use crate::rules::validators::entropy;
use crate::values::{NameKind, is_hash, is_passphrase, is_placeholder, is_wording};

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

/// Words joined as names of settings and members are, without a digit: `user.password`, `db_password`.
fn is_code_name(value: &[u8]) -> bool {
    let joints = value.iter().filter(|byte| b"._:".contains(byte)).count();
    let humps = value
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    joints.saturating_add(humps) > 0
        && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"._:-".contains(byte))
}

/// Names joined by dots, as classes have them, and rules joined by bars.
fn is_class_path(value: &[u8]) -> bool {
    let is_name = |part: &[u8]| {
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        part.len() >= 2
            && digits <= 2
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(byte))
            && part.first().is_some_and(u8::is_ascii_alphabetic)
    };
    b".|".iter().any(|joint| {
        let parts: Vec<&[u8]> = value.split(|byte| byte == joint).collect();
        let words = parts.iter().filter(|part| part.iter().all(u8::is_ascii_lowercase)).count();
        parts.len() >= 3 && words >= 2 && parts.iter().all(|part| is_name(part))
    })
}

/// HTML, and patterns that a password has to fit.
fn is_markup(value: &[u8]) -> bool {
    const PARTS: [&[u8]; 12] = [
        b"[a-z", b"[A-Z", b"[0-9", b"[^", b"\\d{", b"\\w+", b"\\s*", b".*$", b"(.*", b"(.+", b"<br",
        b"&nbsp;",
    ];
    let is_tag = memchr::memmem::find(value, b"</")
        .and_then(|at| value.get(at.saturating_add(2)..))
        .is_some_and(|rest| {
            let name = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
            name > 0 && rest.get(name) == Some(&b'>')
        });
    // What is printed: `%s`, with nothing but marks around it.
    let is_format = memchr::memmem::find(value, b"%s").is_some() && !value.iter().any(u8::is_ascii_digit);
    is_tag || is_format || PARTS.iter().any(|part| memchr::memmem::find(value, part).is_some())
}

/// A name of something: words in lower case with short numbers, `kv-prod-01`.
fn is_slug(value: &[u8]) -> bool {
    value.split(|byte| b"-_./".contains(byte)).all(|part| {
        part.iter().all(u8::is_ascii_lowercase)
            || part.len() <= 4 && part.iter().all(u8::is_ascii_digit)
            || part.len() <= 3 && part.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// Values of RFC 5849, RFC 6749 and RFC 6750, which are in the documentation of every OAuth library.
const PUBLIC: [&[u8]; 14] = [
    b"xxj31ZMTZzkVA",        // Apache's own configuration
    b"SW2YcwTIb9zpOOhoPsMm", // Grafana's own configuration
    b"2YotnFZFEjr1zCsicMWpAA",
    b"tGzv3JOkF0XG5Qx2TlKWIA",
    b"ad180jjd733klru7",
    b"kkk9d7dh3k39sjv7",
    b"dpf43f3p2l4k3l03",
    b"kd94hf93k423kf44",
    b"7Fjfp0ZBr1KtDRbnfVdmIw",
    b"mF_9.B5f-4.1JqM",
    b"hh5s93j4hdidpola",
    b"pfkkdhi9sl3r4s00",
    b"JBSWY3DPEHPK3PXP", // the example of every library of one-time passwords
    b"f4556650ac31d35461610bac4ed81b1a181b2d8a43ea2854cbae22ca74560813", // OpenSSL's key of its own sum
];

fn is_public(value: &[u8]) -> bool {
    PUBLIC.iter().any(|known| memchr::memmem::find(value, known).is_some())
}

/// Rows of the same character: `aaaabbbbccccdddd0000`.
fn is_rows(value: &[u8]) -> bool {
    let changes = value.windows(2).filter(|pair| pair.first() != pair.last()).count();
    value.len() >= 12 && value.len() >= changes.saturating_add(1).saturating_mul(3)
}

/// The name of a way to hash: `SHA512-CRYPT`, `argon2id`.
fn is_algorithm(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"argon2",
        b"bcrypt",
        b"scrypt",
        b"pbkdf2",
        b"sha256",
        b"sha512",
        b"ssha",
        b"scram-sha",
        b"blf-crypt",
    ];
    let lower = value.to_ascii_lowercase();
    lower.len() <= 20
        && STARTS.iter().any(|start| lower.starts_with(start))
        && lower.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether it is a word that stands for a password, with digits in order behind it: `test1234`, `P@ssw0rd`.
fn is_stock(value: &[u8]) -> bool {
    const STOCK: [&[u8]; 9] =
        [b"password", b"passw", b"test", b"testing", b"abc", b"pass", b"secret", b"s3cret", b"admin"];
    const ROWS: [&[u8]; 6] = [b"", b"1", b"123", b"1234", b"12345", b"123456"];
    let plain: Vec<u8> = value
        .iter()
        .map(|byte| match byte.to_ascii_lowercase() {
            b'@' => b'a',
            b'0' => b'o',
            b'$' => b's',
            other => other,
        })
        .collect();
    STOCK.iter().any(|word| plain.strip_prefix(*word).is_some_and(|rest| ROWS.contains(&rest)))
        || [&b"1234567890"[..], b"0123456789", b"abcdefghij"]
            .iter()
            .any(|row| memchr::memmem::find(value, row).is_some())
}

/// Whether a value has a word that names of settings and texts have: without digits and letters of both cases it is
/// one of those.
fn has_word(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 40] = [
        b"example",
        b"xxxx",
        b"your",
        b"changeme",
        b"change_me",
        b"change-me",
        b"placeholder",
        b"dummy",
        b"redacted",
        b"insert",
        b"todo",
        b"secret",
        b"passw",
        b"null",
        b"none",
        b"true",
        b"false",
        b"undefined",
        b"string",
        b"token",
        b"****",
        b"....",
        b"prompt",
        b"required",
        b"optional",
        b"default",
        b"disabled",
        b"enabled",
        b"sample",
        b"value",
        b"input",
        b"field",
        b"text",
        b"hidden",
        b"file:",
        b"env.",
        b"config",
        b"self.",
        b"this.",
        b"unset",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}
