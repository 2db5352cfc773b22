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

use std::sync::Arc;

use super::examples::is_example;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, FactKey, Finding, Secret, Verification};
use crate::rules::{Family, Match};
use crate::values::{self, NameKind, Reading, Reference, Syntax};
use assay_disk::tree::Entry;

mod judgement;
mod letters;
mod line;
mod list;
mod place;

use judgement::Judgement;
use place::Place;

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
        if is_example(entry.path) || place::is_label(entry.path) {
            return;
        }
        let place = Place::new(entry.path, entry.inner_path());
        for found in matches {
            let more =
                list::more(found, &place).into_iter().filter_map(|reading| judged(found, &place, reading));
            for (value, confidence) in secret(found, &place).into_iter().chain(more) {
                sink.finding(finding(found, value, confidence));
            }
        }
    }
}

/// What is said of a secret.
fn finding(found: &Match, value: Vec<u8>, confidence: Confidence) -> Finding {
    let key = String::from_utf8_lossy(found.key.as_deref().unwrap_or_default()).into_owned();
    let mut finding = Finding::new(&found.advisory)
        .confidence(confidence)
        .proof(Verification::Name)
        .offset(found.offset)
        .fact(FactKey::Name, key);
    finding.location.line = found.line;
    let texts = values::texts(&value);
    finding = finding.secret(Secret::new(value));
    texts.into_iter().fold(finding, |finding, text| finding.secret(Secret::new(text)))
}

/// The secret that a match is, and how sure; none, if it is no secret.
fn secret(found: &Match, place: &Place) -> Option<(Vec<u8>, Confidence)> {
    if found.context.reveal().len() > 400 && place.syntax.is_code() {
        return None; // minified code
    }
    let reading = reading(found, place);
    judged(found, place, reading)
}

/// The secret that a reading of a match is, and how sure.
fn judged(found: &Match, place: &Place, reading: Reading) -> Option<(Vec<u8>, Confidence)> {
    let context = found.context.reveal();
    let key = found.key.as_deref().unwrap_or_default();
    let is_binary = found.line.is_none();
    let before = context.get(..found.at).unwrap_or_default();
    if is_binary && !stands_alone(context, found.at, &reading)
        || key == b"PASS" && before.ends_with(b"PASS: ")
    {
        return None; // a table of strings; a line of a test's log
    }
    if place.syntax.is_code() && !reading.is_quoted && !is_in_source_name(before) {
        return None;
    }
    let reading = match in_expansion(before, key) {
        None => reading,
        Some(is_default) => {
            let end = memchr::memchr(b'}', &reading.value).filter(|_| is_default)?;
            let value = reading.value.get(..end)?;
            let value = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"=")).unwrap_or(value);
            if value.starts_with(b"?") || value.starts_with(b"+") {
                return None; // what is said where the variable is not set
            }
            Reading { value: value.to_vec(), is_quoted: true, ..reading }
        }
    };
    if is_in_url(before, key) || place.syntax.is_configuration() && is_listed(before, key) {
        return None; // told with the URL; the next name of a list
    }
    let kind = if key.is_empty() { NameKind::Password } else { NameKind::of(key)? };
    // A list or a table of YAML.
    if place.syntax == Syntax::Yaml
        && !reading.is_quoted
        && reading.value.first().is_some_and(|byte| b"{[".contains(byte))
    {
        return None;
    }
    let value = match values::resolve(&reading) {
        Reference::None => reading.value,
        Reference::Default(value) => value,
        Reference::Elsewhere => return None,
    };
    let value = place.undoubled(value);
    let is_comment = place::is_comment(before);
    let confidence =
        Judgement { kind, key, is_quoted: reading.is_quoted, is_binary, is_comment }.of(&value, place)?;
    Some((value, confidence))
}

/// Whether a comma stands between name and value: `get("name", "value")` in code, names in a list elsewhere. A term of
/// Erlang, `{name, "value"}`, is none.
fn is_listed(before: &[u8], key: &[u8]) -> bool {
    let opened = memchr::memmem::rfind(before, key).and_then(|at| before.get(..at));
    if !key.is_empty() && opened.is_some_and(|opened| opened.ends_with(b"{") || opened.ends_with(b"{'")) {
        return false;
    }
    let head = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    head.trim_ascii_end().ends_with(b",")
}

/// Whether the name is the user of a URL, `https://token:…@host/`.
fn is_in_url(before: &[u8], key: &[u8]) -> bool {
    let word =
        before.rsplit(|byte| byte.is_ascii_whitespace() || b"\"'".contains(byte)).next().unwrap_or_default();
    let head = memchr::memmem::rfind(word, key).and_then(|at| word.get(..at)).unwrap_or_default();
    head.ends_with(b"://") && word.ends_with(b":")
}

/// Whether the name stands in `${NAME:-value}`; if so, whether a default follows, and no message.
fn in_expansion(before: &[u8], key: &[u8]) -> Option<bool> {
    let at = memchr::memmem::rfind(before, key)?;
    let rest = before.get(at.saturating_add(key.len())..)?;
    let head = before.get(..at)?;
    // A rule may have caught the end of the name only.
    let more =
        head.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let opened = head.get(..head.len().saturating_sub(more))?.ends_with(b"${") && !rest.contains(&b'}');
    opened.then(|| {
        rest.len() <= 2 && (rest.starts_with(b":") || rest.starts_with(b"-") || rest.starts_with(b"="))
    })
}

/// The value of a match, as the syntax of its file writes it.
fn reading(found: &Match, place: &Place) -> Reading {
    let context = found.context.reveal();
    let before = context.get(..found.at).unwrap_or_default();
    let rest = context.get(found.at..).unwrap_or_default();
    if !found.is_read {
        return Reading {
            value: found.secret.reveal().to_vec(),
            len: 0,
            is_quoted: true,
            is_expanded: false,
        };
    }
    if let Some(reading) =
        line::read(context, found.following.reveal(), found.key.as_deref().unwrap_or_default(), place.syntax)
    {
        return reading;
    }
    values::read(before, &[rest, found.following.reveal()].concat(), place.syntax)
}

/// A data source name in a string: `"host=db password=… dbname=app"`.
fn is_in_source_name(before: &[u8]) -> bool {
    memchr::memchr_iter(b'"', before).count() % 2 == 1 && before.ends_with(b"=")
}

/// Whether the value ends where a string of a program does: the strings of some compilers run together.
fn stands_alone(context: &[u8], at: usize, reading: &Reading) -> bool {
    let after = at.checked_add(reading.value.len()).and_then(|at| context.get(at));
    let ends = matches!(after, Some(0 | b'"' | b'\'' | b'\n' | b'\r') | None);
    let lower = context.to_ascii_lowercase();
    let names_a_server = [&b"host="[..], b"server=", b"user=", b"uid="]
        .iter()
        .any(|name| memchr::memmem::find(&lower, name).is_some());
    ends || names_a_server && matches!(after, Some(b' ' | b';'))
}

#[cfg(test)]
mod tests;
