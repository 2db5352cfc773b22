//! Passwords and other secrets assigned to a name: `DB_PASSWORD=…`, `"password": "…"`, `<Password>…`.
//!
//! What it finds: what the rules in `signatures/assignments/` match, judged by name, value and file.
//! Why it matters: such a value has no form of its own, and is a secret all the same.
//! What it does not find: values that refer to a secret elsewhere (`${VAR}`, `$(command)`), templates, and
//! values in documentation and tests, which are examples.

use std::sync::Arc;

use super::credentials::is_example;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, Finding, Severity};
use crate::rules::validators::entropy;
use crate::rules::{Family, Match};
use crate::tree::Entry;

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
        if is_example(entry.path) || is_prose(entry.path) {
            return;
        }
        let strict = is_source(entry.inner_path());
        for found in matches {
            let value = found.secret.reveal();
            let context = found.context.reveal();
            if memchr::memchr(0, context).is_some() || context.len() > 400 && strict {
                continue; // a binary, or minified code
            }
            let key = found.key.as_deref().unwrap_or_default();
            if !is_secret(key, value) || strict && !is_quoted(context, value) {
                continue;
            }
            let random = entropy(value) >= 3.2 && value.len() >= 12;
            let confidence = if random { Confidence::Medium } else { Confidence::Low };
            let severity = if strict && !random { Severity::Low } else { found.advisory.severity };
            let mut finding =
                Finding::new(&found.advisory).severity(severity).confidence(confidence).offset(found.offset);
            finding.location.line = found.line;
            let key = String::from_utf8_lossy(key).into_owned();
            sink.finding(finding.fact("name", key).secret(found.secret.clone()));
        }
    }
}

/// Text for people: manuals, change logs, translations, licences.
fn is_prose(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 14] = [
        b".md", b".rst", b".html", b".htm", b".po", b".mo", b".pot", b".tex", b".1", b".5", b".8", b".svg",
        b".css", b".map",
    ];
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
    ENDS.iter().any(|end| path.ends_with(end))
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

/// Whether the value stands between quotes in its line.
fn is_quoted(context: &[u8], value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(context, value) else { return false };
    let before = at.checked_sub(1).and_then(|at| context.get(at));
    let after = at.checked_add(value.len()).and_then(|at| context.get(at));
    matches!((before, after), (Some(b'"'), Some(b'"')) | (Some(b'\''), Some(b'\'')))
}

/// Whether a value that is assigned to a name of secrets is one: no reference, template, word or type.
fn is_secret(key: &[u8], value: &[u8]) -> bool {
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
    let worded = WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some());
    let refers = value.iter().any(|byte| b"$<>{}()`|*\\".contains(byte))
        || value.starts_with(b"%")
        || value.starts_with(b"/")
        || value.starts_with(b"@")
        || value.starts_with(b"--");
    let has = |test: fn(&u8) -> bool| usize::from(value.iter().any(test));
    let symbol = |byte: &u8| b"!#%+=-_.:,;?&^~".contains(byte);
    let kinds =
        has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit) + has(symbol);
    let with_digit = value.iter().any(u8::is_ascii_digit);
    // A name in code: words joined by dots or underscores, without a digit.
    let is_name =
        !with_digit && value.iter().all(|byte| byte.is_ascii_alphabetic() || b"._-:".contains(byte));
    let repeats_key = !key.is_empty() && key.eq_ignore_ascii_case(value);
    value.len() >= 8
        && !worded
        && !refers
        && !is_name
        && !repeats_key
        && with_digit
        && kinds >= 2
        && entropy(value) >= 2.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_values_are_secrets() {
        for value in ["AmberFalcon2019!", "hT7#kd92LmQz_x", "Zk83hd92Hs71Lq0P"] {
            assert!(is_secret(b"DB_PASSWORD", value.as_bytes()), "{value}");
        }
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
        ];
        for value in values {
            assert!(!is_secret(b"password", value.as_bytes()), "{value}");
        }
    }
}
