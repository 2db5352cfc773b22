//! What was not looked at, and what is not shown, as notifications of the tool.

use super::results::location;
use super::rules::joined;
use super::types::{Message, Notice, Notification, Reference};
use crate::audit::Report;
use crate::finding::{Gap, GapKind};
use crate::report::terminal::{shown_place, size};
use assay_disk::text::Escaped;

/// Gaps that are told one by one; the others are counted.
const GAPS: usize = 1000;
const LEFT_OUT: &str = "left-out";
const GAP_HELP: &str = "What was not looked at could hold anything. Make it readable, or accept gaps of this kind by \
                        --accept-gap.";
const LEFT_OUT_HELP: &str = "See the JSON report, which lists everything.";

pub(super) fn descriptors() -> Vec<Notice> {
    let gaps = GapKind::ALL.map(|kind| notice(id(kind), words(kind), GAP_HELP));
    let left = notice(LEFT_OUT, "Something was found that this file does not list", LEFT_OUT_HELP);
    gaps.into_iter().chain([left]).collect()
}

fn notice(id: &'static str, words: &str, help: &str) -> Notice {
    Notice {
        id,
        name: joined(id),
        short_description: Message::plain(words),
        full_description: Message::plain(words),
        help: Message::plain(help),
    }
}

const fn id(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Missing => "gap-missing",
        GapKind::Damaged => "gap-damaged",
        GapKind::Unsupported => "gap-unsupported",
        GapKind::Encrypted => "gap-encrypted",
        GapKind::OverLimit => "gap-over-limit",
        GapKind::HostFailed => "gap-host-failed",
    }
}

const fn words(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Missing => "Not looked at: bytes that are not in the image",
        GapKind::Damaged => "Not looked at: the image contradicts itself",
        GapKind::Unsupported => "Not looked at: a format that is not read",
        GapKind::Encrypted => "Not looked at: encrypted",
        GapKind::OverLimit => "Not looked at: over a limit",
        GapKind::HostFailed => "Not looked at: the machine that ran the audit failed to read",
    }
}

/// The gaps, and the count of `left` results that are not in the file.
pub(super) fn notifications(report: &Report, left: usize) -> Vec<Notification> {
    let mut all: Vec<Notification> = report.losses().take(GAPS).map(|gap| told(gap, report)).collect();
    let more = report.losses().count().saturating_sub(GAPS);
    if more > 0 {
        all.push(left_out(&format!("{more} more places were not looked at; the JSON report lists them.")));
    }
    if left > 0 {
        all.push(left_out(&format!(
            "{left} more findings of the lowest rank are not in this file; the JSON report lists them."
        )));
    }
    all
}

fn told(gap: &Gap, report: &Report) -> Notification {
    let bytes = gap.bytes.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
    let text = format!("{}: {}{bytes}", shown_place(&gap.location), Escaped(gap.reason.as_bytes()));
    Notification {
        descriptor: Reference { id: id(gap.kind) },
        level: "warning",
        message: Message::literal(&text),
        locations: vec![location(&gap.location, report)],
    }
}

fn left_out(text: &str) -> Notification {
    let descriptor = Reference { id: LEFT_OUT };
    Notification { descriptor, level: "warning", message: Message::plain(text), locations: Vec::new() }
}
