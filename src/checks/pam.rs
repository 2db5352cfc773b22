//! PAM stacks: pam.d(5), with `@include`, `include` and `substack`.

use super::judge::Judged;
use super::schema::PamRule;
use super::subject::{Blind, shown};
use super::{Evidence, Outcome, Subject, Verdict};

/// How deep stacks include each other.
const DEPTH: u32 = 8;
/// Lines of all stacks of one rule.
const LINES: usize = 4096;

struct Line {
    path: Vec<u8>,
    number: u64,
    text: Vec<u8>,
    control: Vec<u8>,
    arguments: Vec<Vec<u8>>,
}

pub(super) fn judge(rule: &PamRule, subject: &Subject<'_>) -> Judged {
    let mut lines = Vec::new();
    let mut there = false;
    for service in &rule.service {
        there |= subject.metadata(format!("/etc/pam.d/{service}").as_bytes())?.is_some();
        read(service, rule, subject, DEPTH, &mut lines)?;
    }
    if !there {
        return Ok(Outcome::new(
            Verdict::NotApplicable,
            Evidence::at(b"/etc/pam.d", "there is no such stack"),
        ));
    }
    let fits = |line: &&Line| {
        (rule.control.is_empty() || rule.control.iter().any(|word| line.control == word.as_bytes()))
            && rule.argument.as_ref().is_none_or(|argument| {
                line.arguments.iter().any(|own| match own.strip_prefix(argument.as_bytes()) {
                    Some(b"") => rule.value.holds(b""),
                    Some(rest) => rest.strip_prefix(b"=").is_some_and(|value| rule.value.holds(value)),
                    None => false,
                })
            })
    };
    Ok(match lines.iter().find(fits) {
        Some(line) => Outcome::of(true, Evidence::line(&line.path, line.number, shown(&line.text))),
        None => Outcome::of(
            false,
            Evidence::at(b"/etc/pam.d", format!("no such {} line of {}", rule.kind, rule.module)),
        ),
    })
}

/// Appends the lines of the module in a stack and those it includes.
fn read(
    service: &str,
    rule: &PamRule,
    subject: &Subject<'_>,
    depth: u32,
    lines: &mut Vec<Line>,
) -> Result<(), Blind> {
    let Some(deeper) = depth.checked_sub(1).filter(|_| lines.len() < LINES) else { return Ok(()) };
    let Some(page) = subject.page(format!("/etc/pam.d/{service}").into_bytes())? else { return Ok(()) };
    for (number, text) in page.lines() {
        let words = words(text);
        let mut parts = words.iter().map(Vec::as_slice);
        let (Some(kind), Some(second)) = (parts.next(), parts.next()) else { continue };
        if kind == b"@include" {
            read(&String::from_utf8_lossy(second), rule, subject, deeper, lines)?;
            continue;
        }
        let Some(module) = parts.next() else { continue };
        if kind.strip_prefix(b"-").unwrap_or(kind) != rule.kind.as_bytes() {
            continue;
        }
        if matches!(second, b"include" | b"substack") {
            read(&String::from_utf8_lossy(module), rule, subject, deeper, lines)?;
        } else if module.rsplit(|&byte| byte == b'/').next() == Some(rule.module.as_bytes()) {
            let arguments = parts.map(<[u8]>::to_vec).collect();
            lines.push(Line {
                path: page.path.clone(),
                number,
                text: text.to_vec(),
                control: second.to_vec(),
                arguments,
            });
        }
    }
    Ok(())
}

/// Words of a line, `[…]` together as one, up to a comment.
fn words(text: &[u8]) -> Vec<Vec<u8>> {
    let text = text.get(..memchr::memchr(b'#', text).unwrap_or(text.len())).unwrap_or(text);
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if open => {
                last.push(b' ');
                last.extend_from_slice(word);
            }
            _ => words.push(word.to_vec()),
        }
        open = (open || word.starts_with(b"[")) && !word.ends_with(b"]");
    }
    words
}
