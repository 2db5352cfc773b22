//! Passwords and other secrets assigned to a name: `DB_PASSWORD=…`, `"password": "…"`, `<Password>…`.
//!
//! **Finds** what the rules in `signatures/assignments/` match, judged by name, value and file. A value in
//! base64 is shown decoded too, as secrets of Kubernetes are kept.
//!
//! **Why it matters:** such a value has no form of its own, and is a secret all the same.
//!
//! **Does not find** values that refer to a secret elsewhere (`${VAR}`, `$(command)`), templates, words without
//! a digit, and values in documentation and tests of installed packages, which are examples. In binaries only random values between
//! zero bytes or quotes count.
//!
//! **References:** CWE-798 (use of hard-coded credentials).

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::examples::is_example;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, FactKey, Finding, Secret, Verification};
use crate::rules::validators::entropy;
use crate::rules::{Family, Match};
use crate::values::is_placeholder;
use assay_disk::tree::Entry;

mod letters;

use letters::{is_passphrase, is_random_letters};

/// The detector.
#[derive(Default)]
pub struct Assignments;

impl MatchDetector for Assignments {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        Vec::new()
    }

    fn family(&self) -> Family {
        Family::Assignments
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], _: &Facts, sink: &mut dyn Sink) {
        if is_example(entry.path) || is_label(entry.path) {
            return;
        }
        let prose = is_prose(entry.path);
        let strict = is_source(entry.inner_path());
        for found in matches {
            let value = &*without_escapes(before_escape(found.secret.reveal()));
            let context = found.context.reveal();
            if context.len() > 400 && strict {
                continue; // minified code
            }
            let key = found.key.as_deref().unwrap_or_default();
            let binary = found.line.is_none();
            if binary && !stands_alone(context, value) || key == b"PASS" && !context.starts_with(b"PASS=") {
                continue; // a table of strings; a line of a test's log
            }
            if !is_secret(key, value) || strict && !is_quoted(context, value) {
                continue;
            }
            let random = entropy(value) >= 3.2 && value.len() >= 12;
            if binary && !random {
                continue;
            }
            let is_sure = random && !prose && !has_word(value);
            let confidence = if is_sure { Confidence::Medium } else { Confidence::Low };
            let mut finding = Finding::new(&found.advisory)
                .confidence(confidence)
                .proof(Verification::Name)
                .offset(found.offset);
            finding.location.line = found.line;
            let key = String::from_utf8_lossy(key).into_owned();
            finding = finding.fact(FactKey::Name, key).secret(Secret::new(value));
            if let Some(text) = decoded(value) {
                finding = finding.secret(Secret::new(text));
            }
            sink.finding(finding);
        }
    }
}

/// The value up to the escape of a line's end: in a string of JSON the file goes on behind it.
fn before_escape(value: &[u8]) -> &[u8] {
    let end = value.windows(2).position(|pair| matches!(pair, [b'\\', b'n' | b'r' | b't']));
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

/// The value without JSON's escapes of ASCII, `\u0026`, which some writers use for `&`, `<` and `>`.
fn without_escapes(value: &[u8]) -> Cow<'_, [u8]> {
    let (mut plain, mut rest) = (Vec::new(), value);
    while let Some(at) = memchr::memmem::find(rest, br"\u00") {
        let digits = rest.get(at.saturating_add(4)..at.saturating_add(6)).unwrap_or_default();
        let byte = std::str::from_utf8(digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(byte) = byte.filter(u8::is_ascii_graphic) else { return Cow::Borrowed(value) };
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        plain.push(byte);
        rest = rest.get(at.saturating_add(6)..).unwrap_or_default();
    }
    if plain.is_empty() {
        return Cow::Borrowed(value);
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// The printable text that a value is in base64, if it is one.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let text = STANDARD.decode(value).ok().filter(|text| text.len() >= 6)?;
    text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b'\n').then_some(text)
}

/// Text for people, and patterns to fill in: a value in it may be made up.
fn is_prose(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 12] = [
        b".template",
        b".example",
        b".sample",
        b".dist",
        b".md",
        b".rst",
        b".html",
        b".htm",
        b".tex",
        b".1",
        b".5",
        b".8",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Files in which names of secrets stand beside what people read, draw or look up, and libraries of others.
fn is_label(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 6] = [b".po", b".mo", b".pot", b".svg", b".css", b".map"];
    const PARTS: [&[u8]; 8] = [
        b"/locale/",
        b"/zoneinfo/",
        b"/dict/",
        b"/i18n/",
        b"/node_modules/",
        b"/dist-packages/",
        b"/site-packages/",
        b"/var/lib/dpkg/",
    ];
    let is_installed_prose = path.starts_with(b"/usr/") && is_prose(path);
    is_installed_prose
        || ENDS.iter().any(|end| path.ends_with(end))
        || PARTS.iter().any(|part| memchr::memmem::find(path, part).is_some())
}

/// Source code, where only a literal is a value.
fn is_source(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 25] = [
        b".py", b".pyc", b".js", b".mjs", b".ts", b".jsx", b".tsx", b".rb", b".php", b".java", b".c", b".h",
        b".cc", b".cpp", b".go", b".rs", b".pl", b".pm", b".lua", b".scala", b".kt", b".cs", b".el", b".vim",
        b".inc",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Whether the value ends where a string of a program does: the strings of some compilers run together.
fn stands_alone(context: &[u8], value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(context, value) else { return false };
    let after = at.checked_add(value.len()).and_then(|at| context.get(at));
    let ends = matches!(after, Some(0 | b'"' | b'\'' | b'\n' | b'\r') | None);
    let lower = context.to_ascii_lowercase();
    let names_a_server = [&b"host="[..], b"server=", b"user=", b"uid="]
        .iter()
        .any(|name| memchr::memmem::find(&lower, name).is_some());
    ends || names_a_server && matches!(after, Some(b' ' | b';'))
}

/// Whether the value stands between quotes in its line.
fn is_quoted(context: &[u8], value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(context, value) else { return false };
    let before = at.checked_sub(1).and_then(|at| context.get(at));
    let after = at.checked_add(value.len()).and_then(|at| context.get(at));
    let closed = matches!(
        (before, after),
        (Some(b'"'), Some(b'"')) | (Some(b'\''), Some(b'\'')) | (Some(b'`'), Some(b'`'))
    );
    // A data source name: `"host=db password=… dbname=app"`.
    let head = context.get(..at).unwrap_or_default();
    let inside = memchr::memchr_iter(b'"', head).count() % 2 == 1;
    closed || inside && before == Some(&b'=') && matches!(after, Some(b' ' | b';' | b'&' | b'"'))
}

/// A name of something: words in lower case with short numbers, `kv-prod-01`.
fn is_slug(value: &[u8]) -> bool {
    value.split(|byte| b"-_./".contains(byte)).all(|part| {
        part.iter().all(u8::is_ascii_lowercase)
            || part.len() <= 3 && part.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// Values of RFC 5849, RFC 6749 and RFC 6750, which are in the documentation of every OAuth library.
const PUBLIC: [&[u8]; 12] = [
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
];

/// Whether a value stands for one that is elsewhere, or is code: `${X}`, `$(cat f)`, `f(x)`, `ENC[…]`.
fn refers(value: &[u8]) -> bool {
    let variable = value
        .windows(2)
        .any(|pair| matches!(pair, [b'$', next] if next.is_ascii_alphabetic() || b"_{([".contains(next)));
    let masked = value.windows(3).any(|three| three == b"***");
    // A manual shows the beginning of a token.
    let is_elided = value.strip_suffix(b"...").is_some_and(|shown| {
        shown.len() >= 10 && shown.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.+/".contains(byte))
    });
    variable
        || masked
        || is_elided
        || value.iter().any(|byte| b"<>{}()`|\\".contains(byte))
        || value.starts_with(b"ENC[")
        || value.starts_with(b"!vault")
        || value.starts_with(b"vault:v")
        || value.starts_with(b"{cipher}")
        || value.starts_with(b"SCRAM-SHA-256$")
        || value.starts_with(b"AgB") && value.len() >= 150 // sealed for one cluster
        || is_algorithm(value)
        || memchr::memmem::find(value, b"://").is_some()
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

/// Whether a value that is assigned to a name of secrets is one: no reference, template, word or type.
fn is_secret(key: &[u8], value: &[u8]) -> bool {
    let refers = refers(value)
        || value.starts_with(b"%")
        || value.starts_with(b"/")
        || value.starts_with(b"@")
        || value.starts_with(b"--");
    let has = |test: fn(&u8) -> bool| usize::from(value.iter().any(test));
    let symbol = |byte: &u8| b"!#%+=-_.:,;?&^~".contains(byte);
    let kinds =
        has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit) + has(symbol);
    let with_digit = value.iter().any(u8::is_ascii_digit);
    let worded = has_word(value) && !(with_digit && kinds >= 4) || is_placeholder(value);
    // A name in code: words joined by dots or underscores, without a digit.
    let is_name =
        !with_digit && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"._-:".contains(byte));
    const OTHERS: [&[u8]; 18] = [
        b"_name",
        b"_url",
        b"_file",
        b"_id",
        b"_path",
        b"_ttl",
        b"_type",
        b"_uri",
        b"lifetime",
        b"length",
        b"charset",
        b"policy",
        b"_algorithm",
        b"_regex",
        b"_pattern",
        b"_changed",
        b"_header",
        b"_rotation",
    ];
    let key_lower = key.to_ascii_lowercase();
    let other = OTHERS.iter().any(|end| key_lower.ends_with(end));
    let public = PUBLIC.iter().any(|known| memchr::memmem::find(value, known).is_some());
    let repeats_key = !key.is_empty() && key.eq_ignore_ascii_case(value);
    value.len() >= 8
        && !worded
        && !refers
        && (!is_name || is_random_letters(value) || is_passphrase(&key_lower, value))
        && !repeats_key
        && !public
        && !other
        && !is_stock(value)
        && !is_rows(value)
        && (!is_slug(value) && with_digit && kinds >= 2
            || is_random_letters(value)
            || is_passphrase(&key_lower, value))
        && entropy(value) >= 2.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_values_are_secrets() {
        for value in [
            "AmberFalcon2019!",
            "hT7#kd92LmQz_x",
            "Zk83hd92Hs71Lq0P",
            "hKqZtWvbXrJmyQfL",
            "amber-quartz-lagoon-willow-raven",
        ] {
            assert!(is_secret(b"DB_PASSWORD", value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn a_line_in_a_string_ends_at_the_escape() {
        assert_eq!(before_escape(br"Zk83hd92Hs71Lq0P\nport=1"), b"Zk83hd92Hs71Lq0P");
        assert_eq!(before_escape(b"Zk83hd92Hs71Lq0P"), b"Zk83hd92Hs71Lq0P");
    }

    #[test]
    fn escapes_of_json_are_undone_where_they_are_ascii() {
        assert_eq!(&*without_escapes(br"Zk83\u0026hd\u003c9"), b"Zk83&hd<9");
        assert_eq!(&*without_escapes(br"Zk83\u0000hd"), br"Zk83\u0000hd");
        assert_eq!(&*without_escapes(b"Zk83hd"), b"Zk83hd");
    }

    #[test]
    fn references_templates_and_words_are_none() {
        let values = [
            "<your-password-here>",
            "${SECRET_KEY}",
            "xxxxxxxxxxxxxxxx",
            "YOUR_AWS_SECRET",
            "$(aws ssm get-parameter)",
            "req.body.password",
            "self.password",
            "/run/secrets/db1",
            "changeme123",
            "getenv(\"P4SS\")",
            "some_function_name",
            "kv-prod-01",
            "aaaabbbbccccddddeeeeffff00001111",
            "SHA512-CRYPT",
            "argon2id",
            "vault:v1:Zk83hd92Hs71Lq0PZk83hd92Hs71",
            "eyJhbGciOiJSUzI1NiIsImtpZ...",
        ];
        for value in values {
            assert!(!is_secret(b"password", value.as_bytes()), "{value}");
        }
    }
}
