//! The comparison of two images: one file a format.

use crate::diff::inventory::{Field, Kind};
use crate::diff::{Difference, Section, Side, Unread};
use crate::report::terminal::text::counted;

pub mod json;
pub mod markdown;
pub mod terminal;

/// What the user wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Every line.
    pub verbose: bool,
    /// Colours.
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}

/// All of it in one line: "3 findings new, 12 gone; 4 packages changed; 1 account new".
fn headline(difference: &Difference) -> String {
    let findings = &difference.findings;
    let numbers = [
        (findings.new.len(), "new"),
        (findings.gone.len(), "gone"),
        (findings.moved.len(), "moved"),
        (findings.changed.len(), "judged otherwise"),
    ];
    let numbers = numbers.map(|(number, word)| (number as u64, word));
    let mut parts = vec![told("finding", &numbers).unwrap_or_else(|| "no finding new or gone".to_owned())];
    for section in &difference.sections {
        parts.extend(section_line(section));
    }
    if let Some(files) = &difference.files {
        let tally = files.files;
        let numbers = [(tally.added, "added"), (tally.removed, "removed"), (tally.changed, "changed")];
        parts.push(told("file", &numbers).unwrap_or_else(|| "no file differs".to_owned()));
    }
    if !difference.shared.is_empty() {
        parts.push(format!("{} shared by both", counted(difference.shared.len() as u64, "identity")));
    }
    parts.join("; ")
}

/// "2 packages new, 1 gone": the noun once.
fn told(noun: &str, numbers: &[(u64, &str)]) -> Option<String> {
    let mut text = String::new();
    for (number, word) in numbers.iter().filter(|(number, _)| *number > 0) {
        if text.is_empty() {
            text = format!("{} {word}", counted(*number, noun));
        } else {
            let number = crate::report::terminal::text::thousands(*number);
            text = format!("{text}, {number} {word}");
        }
    }
    (!text.is_empty()).then_some(text)
}

fn section_line(section: &Section) -> Option<String> {
    let numbers =
        [(section.added.len(), "new"), (section.removed.len(), "gone"), (section.changed.len(), "changed")];
    told(section.kind.noun(), &numbers.map(|(number, word)| (number as u64, word)))
}

/// A kind as a heading.
const fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::System => "System",
        Kind::Packages => "Packages",
        Kind::Accounts => "Accounts",
        Kind::Groups => "Groups",
        Kind::Keys => "SSH keys that may log in",
        Kind::Sshd => "sshd options in force",
        Kind::Services => "Services and units",
        Kind::Schedule => "Cron and timers",
        Kind::Rights => "Setuid, setgid, capabilities",
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Old => "OLD",
        Side::New => "NEW",
    }
}

/// "version 1.2 · architecture amd64". Values are escaped already.
fn fields(fields: &[Field]) -> String {
    let said = fields.iter().filter(|field| !field.shown.is_empty());
    said.map(|field| format!("{} {}", field.name, field.shown)).collect::<Vec<_>>().join(" · ")
}

/// "version 1.2 → 1.3".
fn changes(fields: &[(&'static str, Option<String>, Option<String>)]) -> String {
    let value = |value: &Option<String>| match value.as_deref() {
        None | Some("") => "(none)".to_owned(),
        Some(value) => value.to_owned(),
    };
    let each = fields.iter().map(|(name, was, now)| format!("{name} {} → {}", value(was), value(now)));
    each.collect::<Vec<_>>().join(" · ")
}

/// The gaps that matter, and the number of those in files that are the same on both sides.
fn gaps(difference: &Difference) -> (Vec<&Unread>, usize) {
    let (same, other): (Vec<&Unread>, Vec<&Unread>) = difference.unread.iter().partition(|gap| gap.is_same);
    // One gap in one file of both sides is `same` twice.
    (other, same.iter().filter(|gap| gap.side == Side::New).count())
}

#[cfg(test)]
mod tests;
