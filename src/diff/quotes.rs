//! All texts of the two images in a comparison. Fields are named one by one, so that a new one must be looked at, too.

use super::files::FileChange;
use super::findings::{Moved, New, Rejudged};
use super::inventory::{Field, Item};
use super::{Difference, Files, Findings, Head, ItemChange, Section, Seen, Shared, Unread};
use crate::audit::{Quote, Quotes, Visit};

impl Quotes for Difference {
    fn each(&mut self, visit: Visit<'_>) {
        let Self { old, new, findings, sections, shared, files, unread, limits: _ } = self;
        for Head { name: _, system, is_report: _ } in [old, new] {
            system.iter_mut().for_each(|system| visit(b"", Quote::Words(system)));
        }
        of_findings(findings, visit);
        sections.iter_mut().for_each(|section| of_section(section, visit));
        for Shared { what: _, shown: _, old, new } in shared {
            visit(b"", Quote::Path(old));
            visit(b"", Quote::Path(new));
        }
        files.iter_mut().for_each(|files| of_files(files, visit));
        unread.iter_mut().for_each(|gap| of_gap(gap, visit));
    }
}

fn of_findings(findings: &mut Findings, visit: Visit<'_>) {
    let Findings { new, gone, moved, changed, same: _, is_weak: _ } = findings;
    for New { seen, known } in new {
        of_seen(seen, visit);
        known.iter_mut().for_each(|path| visit(b"", Quote::Path(path)));
    }
    gone.iter_mut().for_each(|seen| of_seen(seen, visit));
    for Moved { from, seen } in moved {
        visit(b"", Quote::Path(from));
        of_seen(seen, visit);
    }
    changed.iter_mut().for_each(|Rejudged { old: _, new }| of_seen(new, visit));
}

fn of_seen(seen: &mut Seen, visit: Visit<'_>) {
    let Seen {
        rule: _,
        category: _,
        title: _,
        severity: _,
        path,
        volume,
        line: _,
        subject,
        redacted: _,
        values: _,
        fingerprint: _,
        group: _,
    } = seen;
    visit(b"", Quote::Path(path));
    visit(b"", Quote::Name(volume));
    subject.iter_mut().for_each(|name| visit(b"", Quote::Name(name)));
}

fn of_section(section: &mut Section, visit: Visit<'_>) {
    let Section { kind: _, added, removed, changed, same: _, unknown } = section;
    for Item { name, fields } in added.iter_mut().chain(removed) {
        visit(b"", Quote::Path(name));
        fields.iter_mut().for_each(|Field { name: _, shown, mark: _ }| visit(b"", Quote::Line(shown)));
    }
    for ItemChange { name, direction: _, fields } in changed {
        visit(b"", Quote::Path(name));
        for (_, was, is) in fields {
            was.iter_mut().chain(is).for_each(|shown| visit(b"", Quote::Line(shown)));
        }
    }
    unknown.iter_mut().for_each(|(_, reason)| visit(b"", Quote::Words(reason)));
}

fn of_files(files: &mut Files, visit: Visit<'_>) {
    let Files {
        files: _,
        directories: _,
        folders,
        same: _,
        by_directory,
        by_package,
        notable,
        notable_more: _,
        unknown: _,
        uncompared,
        bytes_compared: _,
        is_quick: _,
        same_at: _,
    } = files;
    folders.iter_mut().for_each(|(path, ..)| visit(b"", Quote::Path(path)));
    by_directory.iter_mut().for_each(|(path, _)| visit(b"", Quote::Path(path)));
    by_package.iter_mut().for_each(|(name, _)| visit(b"", Quote::Name(name)));
    for FileChange { path, what: _, how: _, because: _ } in notable {
        visit(b"", Quote::Path(path));
    }
    uncompared.iter_mut().for_each(|gap| of_gap(gap, visit));
}

fn of_gap(gap: &mut Unread, visit: Visit<'_>) {
    let Unread { side: _, place, kind: _, reason, is_same: _ } = gap;
    visit(b"", Quote::Path(place));
    visit(b"", Quote::Words(reason));
}
