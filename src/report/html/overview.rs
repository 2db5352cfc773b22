//! What is there beside the findings: sizes, the ledger, volumes, gaps, notes; ready to be shown.

use super::super::terminal::{looked_at, shown_place, size, thousands};
use super::escaped;
use crate::audit::{Report, VolumeSummary};
use crate::finding::{Finding, Gap, Loss, Severity};
use crate::sourcing::Inventory;
use assay_disk::system::ledger::{Ledger, Use};
use assay_disk::text::Escaped;

/// Gaps and notes that are shown; more are counted.
pub(super) const LINES: usize = 2000;
/// Units of the bar of the ledger.
const WIDTH: u64 = 1000;

/// How many findings there are of a severity.
pub(super) struct Count {
    pub(super) severity: &'static str,
    pub(super) number: String,
    pub(super) is_zero: bool,
}

pub(super) fn counts(findings: &[Finding]) -> Vec<Count> {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let count = |severity: Severity| {
        let number = of(severity);
        Count { severity: severity.name(), number: thousands(number), is_zero: number == 0 }
    };
    Severity::ALL.map(count).into()
}

/// A part of the ledger's bar, and its line of the legend.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) size: String,
    pub(super) percent: String,
    /// Where it begins, and how long it is, in thousandths of the bar.
    pub(super) at: u64,
    pub(super) width: u64,
}

/// The account of every byte of the image.
pub(super) struct Account {
    pub(super) size: String,
    pub(super) parts: Vec<Part>,
    pub(super) adds_up: bool,
    pub(super) twice: Option<String>,
}

/// The account; none for a mounted tree.
pub(super) fn account(ledger: &Ledger) -> Option<Account> {
    let sum = ledger.uses.iter().fold(0_u128, |sum, (_, bytes)| sum.saturating_add(u128::from(*bytes)));
    if ledger.size == 0 || sum == 0 {
        return None;
    }
    let share = |bytes: u128| u64::try_from(bytes.saturating_mul(u128::from(WIDTH)) / sum).unwrap_or(WIDTH);
    let mut before = 0_u128;
    let mut parts = Vec::new();
    for &(what, bytes) in &ledger.uses {
        let at = share(before);
        before = before.saturating_add(u128::from(bytes));
        let tenths = share(u128::from(bytes));
        let percent =
            if tenths == 0 { "< 0.1".to_owned() } else { format!("{}.{}", tenths / 10, tenths % 10) };
        let width = share(before).saturating_sub(at).max(1);
        parts.push(Part { name: what.name(), words: words(what), size: size(bytes), percent, at, width });
    }
    let twice = (ledger.twice > 0).then(|| size(ledger.twice));
    Some(Account { size: size(ledger.size), parts, adds_up: ledger.adds_up(), twice })
}

const fn words(what: Use) -> &'static str {
    match what {
        Use::Searched => "content of files, searched",
        Use::Unsearched => "content of files, not searched",
        Use::Unwritten => "set aside, never written",
        Use::Slack => "slack of files",
        Use::Structures => "structures of file systems",
        Use::Journal => "journals",
        Use::Unclaimed => "in use by no file",
        Use::Free => "free, not searched",
        Use::Recovered => "deleted files, searched",
        Use::FreeSearched => "free, searched as raw bytes",
        Use::FreeBlank => "free and blank",
        Use::Blank => "blank",
        Use::Raw => "searched as raw bytes",
        Use::Volumes => "in volumes made of them",
        Use::NotRead => "in volumes not read",
    }
}

/// Facts of an account.
fn of_account(inventory: &Inventory) -> Vec<(&'static str, String)> {
    let (files, bytes) = inventory.files;
    vec![
        ("Accounts", thousands(inventory.accounts.len() as u64)),
        ("Accounts and regions", thousands(inventory.scopes.len() as u64)),
        ("Files", format!("{}, {}", thousands(files), size(bytes))),
        ("As of", inventory.at.to_string()),
    ]
}

/// Facts of the audit, as name and value.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, String)> {
    if let Some(inventory) = &report.sourcing {
        return of_account(inventory);
    }
    let (subject, coverage) = (&report.subject, &report.coverage);
    let unread = coverage.files.saturating_sub(coverage.files_read);
    let read = match unread {
        0 => "all read".to_owned(),
        unread => format!("{} not or not wholly read", thousands(unread)),
    };
    let files = format!("{}, {read}", thousands(coverage.files));
    let mut facts = vec![
        ("System", report.system.as_deref().map(|name| Escaped(name.as_bytes()).to_string())),
        ("Size", (subject.size > 0).then(|| size(subject.size))),
        ("Layout", Some(layout(report))),
        ("Files", Some(files)),
        ("Searched", Some(size(coverage.bytes_searched))),
    ];
    if coverage.members > 0 {
        let members = format!("{} members, {}", thousands(coverage.members), size(coverage.bytes_unpacked));
        facts.push(("In archives", Some(members)));
    }
    if coverage.files_known > 0 {
        let known = format!("{} files, {}", thousands(coverage.files_known), size(coverage.bytes_known));
        facts.push(("Known as clean by the cache", Some(known)));
    }
    if coverage.findings_dropped > 0 {
        facts.push(("Findings over a limit, only counted", Some(thousands(coverage.findings_dropped))));
    }
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn layout(report: &Report) -> String {
    let (format, layout) = (report.subject.format.as_str(), report.subject.layout.as_str());
    let parts = if format == layout || format.is_empty() { vec![layout] } else { vec![format, layout] };
    Escaped(parts.join(", ").as_bytes()).to_string()
}

/// A row of the table of volumes.
pub(super) struct Volume {
    pub(super) name: String,
    pub(super) content: String,
    pub(super) mount: String,
    pub(super) size: String,
    pub(super) looked_at: String,
}

pub(super) fn volume(volume: &VolumeSummary) -> Volume {
    let label = volume.label.as_deref().filter(|label| !label.is_empty());
    let mut content = escaped(&volume.content);
    if let Some(label) = label {
        content = format!("{content} “{}”", Escaped(label));
    } else if let Some(purpose) = &volume.purpose {
        content = format!("{content} ({})", escaped(purpose));
    }
    let number = volume.partition.map(|number| format!("partition {number}"));
    Volume {
        name: volume.name.as_deref().map(escaped).or(number).unwrap_or_else(|| "whole image".to_owned()),
        content,
        mount: volume.mount.as_deref().map_or_else(|| "—".to_owned(), |mount| Escaped(mount).to_string()),
        size: if volume.size == 0 { "—".to_owned() } else { size(volume.size) },
        looked_at: looked_at(volume),
    }
}

/// A row of the table of gaps.
pub(super) struct GapRow {
    pub(super) place: String,
    pub(super) kind: &'static str,
    pub(super) loss: &'static str,
    pub(super) size: String,
    pub(super) reason: String,
}

pub(super) fn gap(gap: &Gap) -> GapRow {
    GapRow {
        place: shown_place(&gap.location),
        kind: gap.kind.name(),
        loss: match gap.loss {
            Loss::Nothing => "nothing",
            Loss::Part => "part of a file",
            Loss::File => "file",
            Loss::Directory => "directory",
            Loss::Volume => "volume",
        },
        size: gap.bytes.map(size).unwrap_or_default(),
        reason: Escaped(gap.reason.as_bytes()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_as_the_image_and_small_parts_are_seen() {
        let uses = vec![(Use::Searched, 600), (Use::Free, 399_999), (Use::Raw, 1)];
        let account = account(&Ledger { size: 400_600, uses, ..Ledger::default() }).unwrap();
        let parts: Vec<_> = account.parts.iter().map(|part| (part.at, part.width, &*part.percent)).collect();
        assert_eq!(parts, [(0, 1, "0.1"), (1, 998, "99.8"), (999, 1, "< 0.1")]);
        assert!(account.adds_up);
        let uses = vec![(Use::Searched, 1), (Use::Free, 999_999)];
        let account = super::account(&Ledger { size: 1_000_000, uses, ..Ledger::default() }).unwrap();
        let parts: Vec<_> = account.parts.iter().map(|part| (part.at, part.width, &*part.percent)).collect();
        assert_eq!(parts, [(0, 1, "< 0.1"), (0, 1000, "99.9")]);
    }

    #[test]
    fn a_mounted_tree_has_no_account() {
        assert!(account(&Ledger::default()).is_none());
    }
}
