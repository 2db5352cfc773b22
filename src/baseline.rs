//! A baseline: the findings of an image that somebody looked at, so that the next image is judged by what is new.
//!
//! The file holds a key of 32 random bytes, and of each finding its fingerprint under that key ([`fingerprint`]),
//! its rule, path and title, the day it was first in, and who accepts it, why, until when. No secret is in it; but
//! with its key short passwords can be tried against published fingerprints, so its file is its owner's only.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::date::Date;
use crate::finding::{Finding, Severity};
use assay_disk::text::{Escaped, hex, is_hidden, log, unhex};

pub mod fingerprint;

/// The version of the form.
const VERSION: u32 = 1;
/// What the file says to whoever opens it.
const HEAD: &str = "\
# The findings of an image that was looked at: `assay scan IMAGE --baseline FILE` marks them as known.
# Keep it private: whoever has the key can try short passwords against the fingerprints of published reports.
# reason, owner and expires = \"YYYY-MM-DD\" (its last day) may be added to each finding; delete what must be gone.
";

/// The key of a baseline; no `Display`, and a `Debug` that says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes random bytes as a key.
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// What it is called in reports: tells two keys apart, and tells nobody the key.
    pub fn name(&self) -> String {
        fingerprint::name_of(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The findings that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What their fingerprints are made with.
    pub key: Key,
    /// The image that it was last made of.
    pub image: String,
    /// By fingerprint.
    pub findings: BTreeMap<String, Entry>,
}

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id of its rule.
    pub rule: String,
    /// Where it was, escaped.
    pub path: String,
    /// The title of its rule.
    pub title: String,
    /// How bad it was.
    pub severity: String,
    /// The day on which it was first in.
    pub since: Date,
    /// Why it is accepted; empty: nobody said.
    pub reason: String,
    /// Who answers for it; empty: nobody.
    pub owner: String,
    /// The last day on which it is known.
    pub expires: Option<Date>,
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    key: toml::Spanned<String>,
    #[serde(default)]
    image: String,
    #[serde(default)]
    finding: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    fingerprint: toml::Spanned<String>,
    rule: String,
    path: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    severity: String,
    since: toml::Spanned<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    owner: String,
    expires: Option<toml::Spanned<String>>,
}

impl Baseline {
    /// One that knows nothing.
    pub fn new(key: Key, image: impl Into<String>) -> Self {
        Self { key, image: image.into(), findings: BTreeMap::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if file.version != VERSION {
            return Err(format!("is of version {}; this program reads version {VERSION}", file.version));
        }
        let at = |offset: usize| {
            let before = text.as_bytes().get(..offset).unwrap_or_default();
            format!("line {}", before.iter().filter(|&&byte| byte == b'\n').count().saturating_add(1))
        };
        let key = unhex(file.key.get_ref().as_bytes())
            .map(Key)
            .ok_or_else(|| format!("{}: the key is not 64 digits of hex", at(file.key.span().start)))?;
        let mut findings = BTreeMap::new();
        for written in file.finding {
            let start = written.fingerprint.span().start;
            let print = written.fingerprint.get_ref().clone();
            if print.len() != 32 || !print.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(format!("{}: a fingerprint is 32 digits of hex, in lower case", at(start)));
            }
            if findings.insert(print, entry(written, &at)?).is_some() {
                return Err(format!("{}: the fingerprint is there twice", at(start)));
            }
        }
        Ok(Self { key, image: file.image, findings })
    }

    /// The fingerprint of a finding.
    pub fn fingerprint(&self, finding: &Finding) -> String {
        fingerprint::of(&self.key, finding)
    }

    /// What it says of a finding, and by which fingerprint. A baseline of an earlier version knows what a finding is
    /// about by place only: it goes on to do so until it is made anew.
    pub fn find(&self, finding: &Finding) -> (String, Option<&Entry>) {
        let print = self.fingerprint(finding);
        if let Some(entry) = self.findings.get(&print) {
            return (print, Some(entry));
        }
        let older = fingerprint::older(&self.key, finding);
        match older.and_then(|older| self.findings.get_key_value(&older)) {
            Some((older, entry)) => (older.clone(), Some(entry)),
            None => (print, None),
        }
    }

    /// Takes a finding of an audit in, as of `today`; what is said of it in an `older` baseline of the same key stays.
    pub fn take(&mut self, finding: &Finding, today: Date, older: Option<&Self>) {
        let print = self.fingerprint(finding);
        let known = older.filter(|older| older.key == self.key).and_then(|older| older.find(finding).1);
        self.findings.insert(print, with_words_of(known, Entry::of(finding, today)));
    }

    /// Takes a finding in, as of `today`; what is said of it in an `older` baseline of the same key stays.
    pub fn add(&mut self, print: String, entry: Entry, older: Option<&Self>) {
        let known = older.filter(|older| older.key == self.key).and_then(|older| older.findings.get(&print));
        self.findings.insert(print, with_words_of(known, entry));
    }

    /// The file as text.
    pub fn write(&self) -> String {
        let (key, image) = (hex(&self.key.0), quoted(&self.image));
        let mut text = format!("{HEAD}version = {VERSION}\nkey = \"{key}\"\nimage = {image}\n");
        let mut entries: Vec<(&String, &Entry)> = self.findings.iter().collect();
        let rank = |entry: &Entry| std::cmp::Reverse(Severity::by_name(&entry.severity));
        entries.sort_by_key(|(print, entry)| (rank(entry), &entry.rule, &entry.path, *print));
        for (print, entry) in entries {
            let _ = write!(
                text,
                "\n[[finding]]\nfingerprint = \"{print}\"\nrule = {}\npath = {}\ntitle = {}\nseverity = {}\n\
                 since = \"{}\"\n",
                quoted(&entry.rule),
                quoted(&entry.path),
                quoted(&entry.title),
                quoted(&entry.severity),
                entry.since
            );
            for (name, value) in [("reason", &entry.reason), ("owner", &entry.owner)] {
                if !value.is_empty() {
                    let _ = writeln!(text, "{name} = {}", quoted(value));
                }
            }
            if let Some(expires) = entry.expires {
                let _ = writeln!(text, "expires = \"{expires}\"");
            }
        }
        text
    }
}

/// An entry with what is said of it already.
fn with_words_of(known: Option<&Entry>, entry: Entry) -> Entry {
    match known {
        Some(known) => Entry {
            since: known.since,
            reason: known.reason.clone(),
            owner: known.owner.clone(),
            expires: known.expires,
            ..entry
        },
        None => entry,
    }
}

impl Entry {
    /// What a baseline keeps of a finding that is first in it on `since`.
    pub fn of(finding: &Finding, since: Date) -> Self {
        let location = &finding.location;
        let path = match location.path.is_empty() {
            true => location.volume.clone().unwrap_or_default(),
            false => Escaped(&location.path).to_string(),
        };
        Self {
            rule: finding.advisory.id.clone(),
            path,
            title: finding.advisory.title.clone(),
            severity: finding.severity.name().to_owned(),
            since,
            reason: String::new(),
            owner: String::new(),
            expires: None,
        }
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

fn entry(written: RawEntry, at: &dyn Fn(usize) -> String) -> Result<Entry, String> {
    let date = |text: &toml::Spanned<String>| {
        let day = Date::parse(text.get_ref());
        day.ok_or_else(|| format!("{}: not a day as YYYY-MM-DD", at(text.span().start)))
    };
    Ok(Entry {
        since: date(&written.since)?,
        expires: written.expires.as_ref().map(date).transpose()?,
        rule: written.rule,
        path: written.path,
        title: written.title,
        severity: written.severity,
        reason: written.reason,
        owner: written.owner,
    })
}

/// A basic string of TOML: what is not to be seen is escaped, and what would be a command to a CI server.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (at, c) in text.char_indices() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '#' | ':' if log::is_live(text, at, c) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            ' '..='~' => quoted.push(c),
            c if is_hidden(c) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rule: &str, severity: &str) -> Entry {
        Entry {
            rule: rule.to_owned(),
            path: "/etc/a \\x1b\"b\u{202e}".to_owned(),
            title: "A title, größer".to_owned(),
            severity: severity.to_owned(),
            since: Date::parse("2026-11-27").unwrap(),
            reason: String::new(),
            owner: String::new(),
            expires: None,
        }
    }

    fn filled() -> Baseline {
        let mut baseline = Baseline::new(Key::new([0xab; 32]), "disk.img\n");
        baseline.add("0".repeat(32), entry("b", "low"), None);
        let accepted = Entry {
            reason: "shipped on purpose".to_owned(),
            owner: "web team".to_owned(),
            expires: Date::parse("2027-01-31"),
            ..entry("a", "high")
        };
        baseline.add("1".repeat(32), accepted, None);
        baseline
    }

    #[test]
    fn what_was_written_is_read_and_the_worst_is_first() {
        let text = filled().write();
        assert_eq!(Baseline::read(&text).unwrap(), filled());
        assert!(text.find("rule = \"a\"").unwrap() < text.find("rule = \"b\"").unwrap());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'));
    }

    #[test]
    fn the_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", filled().key), "Key(…)");
        assert!(!filled().key.name().contains("abab"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let text = filled().write();
        for (old, new, message) in [
            ("version = 1", "version = 2", "is of version 2"),
            ("key = \"ab", "key = \"xx", "line 5: the key is not 64 digits"),
            ("key = \"ab", "key = \"", "line 5: the key is not 64 digits"),
            ("2027-01-31", "2027-02-31", "line 17: not a day"),
            ("\"11111111", "\"1111111g", "line 9: a fingerprint is 32"),
            ("\"00000000000000000000000000000000\"", "\"11111111111111111111111111111111\"", "there twice"),
            ("owner = ", "ower = ", "line 16"),
            ("rule = \"a\"\n", "", "missing field `rule`"),
        ] {
            let wrong = text.replacen(old, new, 1);
            assert_ne!(wrong, text, "{old}");
            let error = Baseline::read(&wrong).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn an_older_baseline_of_the_same_key_keeps_its_words() {
        let mut next = Baseline::new(Key::new([0xab; 32]), "next.img");
        let today = Date::parse("2026-12-24").unwrap();
        next.add("1".repeat(32), Entry { since: today, ..entry("a", "critical") }, Some(&filled()));
        let kept = &next.findings[&"1".repeat(32)];
        assert_eq!((kept.owner.as_str(), kept.severity.as_str()), ("web team", "critical"));
        assert_eq!(kept.since.to_string(), "2026-11-27");
        let mut other = Baseline::new(Key::new([1; 32]), "next.img");
        other.add("1".repeat(32), Entry { since: today, ..entry("a", "high") }, Some(&filled()));
        assert_eq!(other.findings[&"1".repeat(32)].since, today);
    }

    #[test]
    fn the_last_day_is_one_of_the_good_ones() {
        let entry = &filled().findings[&"1".repeat(32)];
        assert!(!entry.is_expired(Date::parse("2027-01-31").unwrap()));
        assert!(entry.is_expired(Date::parse("2027-02-01").unwrap()));
    }
}
