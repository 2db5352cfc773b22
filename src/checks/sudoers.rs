//! sudoers(5), with `@include`, `@includedir` and their old forms.

use super::judge::Judged;
use super::schema::SudoRule;
use super::subject::{Blind, shown};
use super::{Evidence, Outcome, Subject, Verdict};

/// How deep files include each other.
const DEPTH: u32 = 8;

struct Line {
    path: Vec<u8>,
    number: u64,
    text: Vec<u8>,
}

pub(super) fn judge(rule: &SudoRule, subject: &Subject<'_>) -> Judged {
    let mut lines = Vec::new();
    let place = b"/etc/sudoers";
    read(place, subject, DEPTH, &mut lines)?;
    if subject.metadata(place)?.is_none() {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(place, "is not there")));
    }
    Ok(match rule {
        SudoRule::Default(name) => match setting(&lines, name) {
            Some((line, value)) => Outcome::of(value.is_some(), at(line)),
            None => Outcome::of(false, Evidence::at(place, format!("Defaults {name} is not set"))),
        },
        SudoRule::TimeoutAtMost(most) => match setting(&lines, "timestamp_timeout") {
            Some((line, Some(value))) => {
                let minutes: Option<f64> = String::from_utf8_lossy(&value).parse().ok();
                #[expect(clippy::cast_precision_loss, reason = "minutes of a rule, a small number")]
                let holds = minutes.is_some_and(|minutes| minutes >= 0.0 && minutes <= *most as f64);
                Outcome::of(holds, at(line))
            }
            Some((line, None)) => Outcome::of(true, at(line)),
            None => Outcome::of(true, Evidence::at(place, "timestamp_timeout is not set: 15 minutes")),
        },
        SudoRule::Never(word) => {
            let has = |line: &&Line| words(&line.text).any(|own| own == word.as_bytes());
            Outcome::none_of(lines.iter().filter(has).map(at).collect(), &format!("{word} stands nowhere"))
        }
        SudoRule::NoPasswordlessAll { except } => {
            let has = |line: &&Line| is_passwordless(&line.text, except);
            Outcome::none_of(
                lines.iter().filter(has).map(at).collect(),
                "nobody gets everything without a password",
            )
        }
    })
}

fn at(line: &Line) -> Evidence {
    Evidence::line(&line.path, line.number, shown(&line.text))
}

/// `who host = (as) NOPASSWD: ALL`
fn is_passwordless(text: &[u8], except: &[String]) -> bool {
    let Some(who) = text.split(u8::is_ascii_whitespace).next() else { return false };
    let pattern = regex::bytes::Regex::new(r"NOPASSWD:\s*([A-Z]+:\s*)*ALL\b");
    !except.iter().any(|name| name.as_bytes() == who)
        && !text.starts_with(b"Defaults")
        && pattern.is_ok_and(|pattern| pattern.is_match(text))
}

/// Words, parted by white space, commas, colons and equal signs.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| byte.is_ascii_whitespace() || b",:=".contains(byte)).filter(|word| !word.is_empty())
}

/// The last `Defaults` line that sets a name, with the value (empty for a flag), or none where it unsets it.
fn setting<'l>(lines: &'l [Line], name: &str) -> Option<(&'l Line, Option<Vec<u8>>)> {
    let mut found = None;
    for line in lines {
        // `Defaults:user` and its kin are about some only.
        let Some(rest) = line
            .text
            .strip_prefix(b"Defaults")
            .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        else {
            continue;
        };
        for part in rest.split(|&byte| byte == b',') {
            let part = part.trim_ascii();
            let (off, part) = part.strip_prefix(b"!").map_or((false, part), |part| (true, part.trim_ascii()));
            let end = part
                .iter()
                .position(|&byte| byte == b'=' || byte.is_ascii_whitespace())
                .unwrap_or(part.len());
            if part.get(..end) == Some(name.as_bytes()) {
                let value = part.get(end..).unwrap_or_default().trim_ascii();
                let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
                found = Some((
                    line,
                    (!off).then(|| value.iter().filter(|byte| **byte != b'"').copied().collect()),
                ));
            }
        }
    }
    found
}

/// Appends the lines of a file and of those it includes, joined where they go on, without comments.
fn read(path: &[u8], subject: &Subject<'_>, depth: u32, lines: &mut Vec<Line>) -> Result<(), Blind> {
    let Some(deeper) = depth.checked_sub(1) else { return Ok(()) };
    let Some(page) = subject.page(path.to_vec())? else { return Ok(()) };
    let mut joined = Vec::new();
    for (number, text) in page.lines() {
        joined.extend_from_slice(text.trim_ascii());
        if joined.last() == Some(&b'\\') {
            joined.pop();
            continue;
        }
        let text = std::mem::take(&mut joined);
        match include(&text) {
            Some((true, directory)) => {
                for (name, _) in subject.list(directory)? {
                    if !name.contains(&b'.') && !name.ends_with(b"~") {
                        read(&[directory, b"/", &name].concat(), subject, deeper, lines)?;
                    }
                }
            }
            Some((false, file)) => read(file, subject, deeper, lines)?,
            None if text.is_empty() || is_comment(&text) => {}
            None => lines.push(Line { path: path.to_vec(), number, text }),
        }
    }
    Ok(())
}

/// A comment: but `#1001 ALL=…` is about the user of that number.
fn is_comment(text: &[u8]) -> bool {
    text.strip_prefix(b"#").is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_digit))
}

/// Whether a line includes a directory (or a file), and which.
fn include(text: &[u8]) -> Option<(bool, &[u8])> {
    let rest = text.strip_prefix(b"@").or_else(|| text.strip_prefix(b"#"))?.strip_prefix(b"include")?;
    let directory = rest.strip_prefix(b"dir");
    let path = directory.unwrap_or(rest);
    path.first().is_some_and(u8::is_ascii_whitespace).then(|| (directory.is_some(), path.trim_ascii()))
}
