//! What lies inside of files: the members of archives, each looked at like a file.

use std::io::Read;
use std::ops::ControlFlow;

use super::super::content::{Dense, fill};
use super::beside::{Beside, Found, InMember};
use super::gaps::part_gap;
use super::watch::Watched;
use super::{Subject, Worker};
use crate::archive::{self, ArchiveError, Format, UnpackMeter};
use crate::detect::{Collector, Sink, initramfs};
use crate::finding::{GapKind, Location};
use assay_disk::fs::{FileType, Metadata};
use assay_disk::path::INSIDE;
use assay_disk::tree::{Entry, Place};

/// How many times `budget.whole_file` a member may have that is searched and then unpacked.
const WHOLE_FILES: u64 = 4;

impl Worker<'_> {
    /// Looks inside an archive, member by member; what cannot be opened becomes a gap.
    pub(super) fn archive(
        &mut self,
        outer: &Subject<'_>,
        (format, at): (&'static Format, &InMember),
        input: &mut dyn Read,
        spent: &UnpackMeter,
        depth: u32,
        collected: &mut Collector,
    ) {
        if depth > self.shared.budget.archive_depth {
            let reason = format!("archives nested deeper than {}", self.shared.budget.archive_depth);
            collected.gap(part_gap(&outer.location, GapKind::OverLimit, reason));
            return;
        }
        let budget = self.shared.budget;
        let outer_path = outer.location.path.clone();
        let problems = archive::members(format, input, budget, spent, &mut |member| {
            at.set(true);
            let mut head = [0; archive::HEAD];
            let (filled, _) = fill(member.content, &mut head);
            let head = head.get(..filled).unwrap_or_default();
            let path = inner_path(format, &outer_path, member.name, head);
            self.member(outer, &path, &mut head.chain(member.content), spent, depth, collected);
            at.set(false);
            ControlFlow::Continue(())
        });
        for error in problems {
            let kind = match error {
                ArchiveError::Unsupported(_) => GapKind::Unsupported,
                ArchiveError::Encrypted(_) => GapKind::Encrypted,
                ArchiveError::OverLimit(_) => GapKind::OverLimit,
                ArchiveError::Damaged { .. } => GapKind::Damaged,
            };
            collected.gap(part_gap(&outer.location, kind, error.to_string()));
        }
    }

    pub(super) fn member(
        &mut self,
        outer: &Subject<'_>,
        path: &[u8],
        content: &mut dyn Read,
        spent: &UnpackMeter,
        depth: u32,
        collected: &mut Collector,
    ) {
        let mut head = [0; archive::HEAD];
        let (filled, _) = fill(content, &mut head);
        let head = head.get(..filled).unwrap_or_default();
        // The size is not known before the member is read: only "empty or not" is told.
        let metadata =
            Metadata { size: head.len() as u64, file_type: FileType::Regular, ..*outer.entry.metadata };
        let location = Location { path: path.to_vec(), ..outer.location.clone() };
        let entry = Entry { path, metadata: &metadata, node: outer.entry.node, target: None };
        let places =
            initramfs::place(path).into_iter().map(|path| Place { system: usize::MAX, path }).collect();
        let subject = self.ask(entry, location, places, collected);
        self.stirred += u64::from(subject.is_asked_for);
        let mut stream = head.chain(content);
        match archive::recognise(head) {
            Some(format) if format.is_closed() => {
                self.stream(&subject, &mut Dense(&mut stream), 0, true, collected);
                let (at, nothing) = (InMember::of(format), &mut std::io::empty());
                self.archive(&subject, (format, &at), nothing, spent, depth.saturating_add(1), collected);
            }
            Some(format) if format.is_readable => {
                self.readable(&subject, format, &mut stream, spent, depth.saturating_add(1), collected);
            }
            Some(format) => {
                let (watch, facts) = (self.watch(&subject, true), self.shared.facts);
                let watch = watch.and_then(|watch| watch.begun(&subject, facts, head, &mut self.idle));
                let mut watched = Watched::new(&mut stream, watch);
                let at = InMember::of(format);
                let mut beside = Beside::new(self.shared, &mut watched, &at);
                self.archive(&subject, (format, &at), &mut beside, spent, depth.saturating_add(1), collected);
                let found = beside.finish();
                self.beside(&subject, &found, collected);
                let (watch, is_whole) = watched.finish();
                self.unwatch(watch, &subject, is_whole, collected);
            }
            None => {
                self.stream(&subject, &mut Dense(&mut stream), 0, true, collected);
                self.decode(&subject, spent, depth.saturating_add(1), collected);
            }
        }
    }
    /// A member that says something as it stands, too: it is searched, and then what is inside.
    fn readable(
        &mut self,
        subject: &Subject<'_>,
        format: &'static Format,
        stream: &mut dyn Read,
        spent: &UnpackMeter,
        depth: u32,
        collected: &mut Collector,
    ) {
        let limit = self.shared.budget.whole_file.saturating_mul(WHOLE_FILES);
        let mut bytes = Vec::new();
        // An error is told by who handed the member on.
        let _ = stream.take(limit).read_to_end(&mut bytes);
        self.stream(subject, &mut Dense(&mut bytes.as_slice().chain(stream)), 0, true, collected);
        self.decode(subject, spent, depth, collected);
        if bytes.len() as u64 >= limit {
            let reason = format!("only the first {limit} bytes are unpacked (all were searched)");
            collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
        }
        let at = InMember::of(format);
        self.archive(subject, (format, &at), &mut bytes.as_slice(), spent, depth, collected);
    }

    /// Has judged what was found beside the members of an archive in an archive.
    fn beside(&mut self, subject: &Subject<'_>, found: &Found, collected: &mut Collector) {
        self.outcome.coverage.bytes_searched += found.searched;
        if found.dropped > 0 {
            let reason = format!("{} matches are too many to be judged", found.dropped);
            collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
        }
        self.judge(subject, &found.matches, collected);
    }
}

/// The path of a member. A packed archive whose name tells neither (a layer of a container image) has its
/// members right under it.
fn inner_path(format: &Format, outer: &[u8], name: Option<&[u8]>, head: &[u8]) -> Vec<u8> {
    let name = name.map_or_else(|| archive::stream_name(format, outer), <[u8]>::to_vec);
    let is_plain = format.is_stream() && outer.ends_with(&name);
    if is_plain && archive::recognise(head) == Some(&archive::tar::FORMAT) {
        return outer.to_vec();
    }
    [outer, INSIDE, &name].concat()
}
