//! The comparison for programs: `assay-diff`, version 1. Fields are described in `docs/diff.md`; within a version
//! they may be added, never changed or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diff::files::{FileChange, Tally};
use crate::diff::inventory::Item;
use crate::diff::{Difference, Files, ItemChange, Section, Seen, Shared, Unread};
use crate::finding::{GapKind, Severity};
use crate::report::json::pretty;
use crate::report::json::visible::plain;
use crate::report::{Judgement, TOOL_VERSION};

/// Version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    tool: Tool,
    verdict: Verdict<'a>,
    old: Head,
    new: Head,
    findings: Findings<'a>,
    shared_identity: Vec<SharedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<BTreeMap<&'static str, SectionView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<FilesView<'a>>,
    not_compared: Vec<GapView>,
    limits: Vec<String>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Verdict<'a> {
    outcome: &'static str,
    sentence: &'a str,
    summary: String,
    exit_code: u8,
    fail_on: Option<&'static str>,
    accepted_gaps: Vec<&'static str>,
}

#[derive(Serialize)]
struct Head {
    name: String,
    system: Option<String>,
    is_report: bool,
}

#[derive(Serialize)]
struct Findings<'a> {
    weak_identity: bool,
    same: usize,
    new: Vec<FindingView<'a>>,
    gone: Vec<FindingView<'a>>,
    moved: Vec<FindingView<'a>>,
    changed: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct FindingView<'a> {
    id: String,
    category: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_severity: Option<&'static str>,
    title: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<String>,
    volume: String,
    line: Option<u64>,
    subject: Option<String>,
    redacted: &'a [String],
    key_fingerprint: Option<String>,
}

#[derive(Serialize)]
struct SharedView {
    what: &'static str,
    shown: Option<String>,
    old_place: String,
    new_place: String,
}

#[derive(Serialize)]
struct SectionView<'a> {
    same: u64,
    added: Vec<ItemView<'a>>,
    removed: Vec<ItemView<'a>>,
    changed: Vec<ChangeView<'a>>,
    unknown: Vec<Unknown>,
}

#[derive(Serialize)]
struct ItemView<'a> {
    name: String,
    fields: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    fields: BTreeMap<&'static str, Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    old: Option<&'a str>,
    new: Option<&'a str>,
}

#[derive(Serialize)]
struct Unknown {
    side: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct FilesView<'a> {
    quick: bool,
    bytes_compared: u64,
    same: u64,
    unknown: u64,
    files: Counts,
    directories: Counts,
    directories_listed: Vec<FolderView<'a>>,
    by_directory: Vec<Group>,
    by_package: Vec<Group>,
    notable: Vec<FileView<'a>>,
    notable_not_listed: u64,
}

#[derive(Serialize)]
struct Counts {
    added: u64,
    removed: u64,
    changed: u64,
}

#[derive(Serialize)]
struct Group {
    name: String,
    added: u64,
    removed: u64,
    changed: u64,
}

#[derive(Serialize)]
struct FileView<'a> {
    path: String,
    what: &'static str,
    how: &'a [&'static str],
    because: &'static str,
}

#[derive(Serialize)]
struct FolderView<'a> {
    path: String,
    what: &'static str,
    how: &'a [&'static str],
}

#[derive(Serialize)]
struct GapView {
    side: &'static str,
    place: String,
    kind: &'static str,
    reason: String,
    file_is_same: bool,
}

/// The comparison as a JSON document, ending with a newline; it may be shown on a terminal.
pub fn render(difference: &Difference, judgement: &Judgement) -> String {
    pretty(&document(difference, judgement))
}

fn document<'a>(difference: &'a Difference, judgement: &'a Judgement) -> Document<'a> {
    let head = |head: &crate::diff::Head| Head {
        name: plain(head.name.as_bytes()),
        system: head.system.as_ref().map(|system| plain(system.as_bytes())),
        is_report: head.is_report,
    };
    let findings = &difference.findings;
    let both = difference.files.is_some();
    let sections = || difference.sections.iter().map(|of| (of.kind.name(), section(of))).collect();
    Document {
        format: "assay-diff",
        version: VERSION,
        tool: Tool { name: "assay", version: TOOL_VERSION },
        verdict: Verdict {
            outcome: judgement.outcome.name(),
            sentence: &judgement.sentence,
            summary: super::headline(difference),
            exit_code: judgement.exit_code,
            fail_on: judgement.fail_on.map(Severity::name),
            accepted_gaps: judgement.accepted_gaps.iter().copied().map(GapKind::name).collect(),
        },
        old: head(&difference.old),
        new: head(&difference.new),
        findings: Findings {
            weak_identity: findings.is_weak,
            same: findings.same,
            new: findings.new.iter().map(|new| finding(&new.seen, new.known.as_deref(), None)).collect(),
            gone: findings.gone.iter().map(|seen| finding(seen, None, None)).collect(),
            moved: findings.moved.iter().map(|moved| finding(&moved.seen, Some(&moved.from), None)).collect(),
            changed: findings
                .changed
                .iter()
                .map(|change| finding(&change.new, None, Some(change.old)))
                .collect(),
        },
        shared_identity: difference.shared.iter().map(shared).collect(),
        content: both.then(sections),
        files: difference.files.as_ref().map(files),
        not_compared: difference.unread.iter().map(gap).collect(),
        limits: difference.limits.clone(),
    }
}

fn finding<'a>(seen: &'a Seen, old_path: Option<&[u8]>, old: Option<Severity>) -> FindingView<'a> {
    let text = |text: &String| plain(text.as_bytes());
    FindingView {
        id: text(&seen.rule),
        category: text(&seen.category),
        severity: seen.severity.name(),
        old_severity: old.map(Severity::name),
        title: text(&seen.title),
        path: plain(&seen.path),
        old_path: old_path.map(plain),
        volume: text(&seen.volume),
        line: seen.line,
        subject: seen.subject.as_ref().map(text),
        redacted: &seen.redacted,
        key_fingerprint: seen.fingerprint.as_ref().map(text),
    }
}

fn shared(shared: &Shared) -> SharedView {
    SharedView {
        what: shared.what,
        shown: shared.shown.as_ref().map(|shown| plain(shown.as_bytes())),
        old_place: plain(&shared.old),
        new_place: plain(&shared.new),
    }
}

fn section(section: &Section) -> SectionView<'_> {
    SectionView {
        same: section.same,
        added: section.added.iter().map(item).collect(),
        removed: section.removed.iter().map(item).collect(),
        changed: section.changed.iter().map(change).collect(),
        unknown: section
            .unknown
            .iter()
            .map(|(side, reason)| Unknown { side: side.name(), reason: plain(reason.as_bytes()) })
            .collect(),
    }
}

fn item(item: &Item) -> ItemView<'_> {
    ItemView {
        name: plain(&item.name),
        fields: item.fields.iter().map(|field| (field.name, field.shown.as_str())).collect(),
    }
}

fn change(change: &ItemChange) -> ChangeView<'_> {
    let fields = change.fields.iter();
    ChangeView {
        name: plain(&change.name),
        direction: change.direction.map(crate::diff::Direction::name),
        fields: fields
            .map(|(name, old, new)| (*name, Pair { old: old.as_deref(), new: new.as_deref() }))
            .collect(),
    }
}

fn files(files: &Files) -> FilesView<'_> {
    let counts = |tally: Tally| Counts { added: tally.added, removed: tally.removed, changed: tally.changed };
    let group = |name: &[u8], tally: Tally| Group {
        name: plain(name),
        added: tally.added,
        removed: tally.removed,
        changed: tally.changed,
    };
    FilesView {
        quick: files.is_quick,
        bytes_compared: files.bytes_compared,
        same: files.same,
        unknown: files.unknown,
        files: counts(files.files),
        directories: counts(files.directories),
        directories_listed: files
            .folders
            .iter()
            .map(|(path, what, how)| FolderView { path: plain(path), what: what.name(), how })
            .collect(),
        by_directory: files.by_directory.iter().map(|(name, tally)| group(name, *tally)).collect(),
        by_package: files.by_package.iter().map(|(name, tally)| group(name.as_bytes(), *tally)).collect(),
        notable: files.notable.iter().map(file).collect(),
        notable_not_listed: files.notable_more,
    }
}

fn file(change: &FileChange) -> FileView<'_> {
    FileView {
        path: plain(&change.path),
        what: change.what.name(),
        how: &change.how,
        because: change.because.name(),
    }
}

fn gap(gap: &Unread) -> GapView {
    GapView {
        side: gap.side.name(),
        place: plain(&gap.place),
        kind: gap.kind.name(),
        reason: plain(gap.reason.as_bytes()),
        file_is_same: gap.is_same,
    }
}
