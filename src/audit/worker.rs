//! One thread of the audit: reads files, searches them, hands them to the detectors.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::Coverage;
use super::cache::Cache;
use super::content::{NodeReader, fill, segments};
use super::contents::{Contents, Searched};
use super::merge;
use super::published::Published;
use crate::archive::{self, Format, Spent};
use crate::budget::Budget;
use crate::detect::{Collected, Detectors, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Finding, Gap, GapKind, Location, Loss};
use crate::fs::{Extent, FileType, FsError, Node, NodeId, Place};
use crate::rules::{Engine, Match, Scan};
use crate::tree::walk::gap_kind;
use crate::tree::{Entry, EntryId, Tree};

mod encoded;
mod members;

use encoded::Encoded;

/// How much is read at once; files up to this size are handed to detectors without a copy.
const CHUNK: usize = 2 << 20;

/// Names that are one file: hard links, and files that share all their extents.
pub(super) type Twins = Vec<EntryId>;

/// What every thread shares.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) tree: &'a Tree,
    pub(super) facts: &'a Facts,
    pub(super) detectors: &'a Detectors,
    pub(super) engine: &'a Engine,
    pub(super) budget: &'a Budget,
    /// Contents that were searched already.
    pub(super) contents: &'a Contents,
    /// Files that an earlier audit searched.
    pub(super) cache: Option<&'a Cache>,
    /// Bytes that came out of packed files, on all threads.
    pub(super) unpacked: &'a Arc<AtomicU64>,
}

/// What a thread found.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    pub(super) coverage: Coverage,
    /// Bytes of the disk, by volume of the tree, that hold content of files which could not be read.
    pub(super) unsearched: BTreeMap<usize, u64>,
}

impl Outcome {
    pub(super) fn join(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.gaps.extend(other.gaps);
        for (volume, bytes) in other.unsearched {
            let sum = self.unsearched.entry(volume).or_default();
            *sum = sum.saturating_add(bytes);
        }
        let (sum, more) = (&mut self.coverage, other.coverage);
        sum.files_read += more.files_read;
        sum.bytes_searched += more.bytes_searched;
        sum.files_known += more.files_known;
        sum.bytes_known += more.bytes_known;
        sum.members += more.members;
        sum.bytes_unpacked += more.bytes_unpacked;
        sum.packaged_matches_dropped += more.packaged_matches_dropped;
        sum.findings_dropped += more.findings_dropped;
        self
    }
}

/// One thread's state, reused from file to file.
pub(super) struct Worker<'a> {
    shared: Shared<'a>,
    scan: Scan<'a>,
    buffer: Vec<u8>,
    /// Base64 in the stream at hand.
    encoded: Encoded,
    /// Matches, and members that a detector asked for: a file with any is not kept in the cache.
    stirred: u64,
    pub(super) outcome: Outcome,
}

/// The file at hand: one name, or one member of an archive.
struct Subject<'e> {
    entry: Entry<'e>,
    location: Location,
    /// The file detectors that want its content.
    wanted: Vec<usize>,
    /// Whether any detector wanted to see it.
    is_asked_for: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(shared: Shared<'a>) -> Self {
        let buffer = vec![0; CHUNK.saturating_add(shared.engine.overlap())];
        Self {
            shared,
            scan: shared.engine.begin(),
            buffer,
            encoded: Encoded::default(),
            stirred: 0,
            outcome: Outcome::default(),
        }
    }

    /// Looks at one file under all its names.
    pub(super) fn file(&mut self, twins: &Twins) {
        let Some((&first, others)) = twins.split_first() else { return };
        let mut collected = Collected::default();
        self.name(first, true, &mut collected);
        for &other in others {
            self.name(other, false, &mut collected);
        }
        let more: Vec<Location> = others.iter().map(|&id| self.shared.tree.location(id)).collect();
        self.settle(first, collected, &more);
    }

    /// Looks at a file under one name; its content is searched under the first name only.
    fn name(&mut self, id: EntryId, search: bool, collected: &mut Collected) {
        let shared = self.shared;
        let Some((mounted, walked)) = shared.tree.get(id) else { return };
        let location = shared.tree.location(id);
        let path = location.path.clone();
        let entry = Entry {
            path: &path,
            metadata: &walked.metadata,
            node: walked.node,
            target: walked.target.as_deref(),
        };
        let subject = self.ask(entry, location, collected);
        if walked.metadata.file_type != FileType::Regular || !search && subject.wanted.is_empty() {
            return;
        }
        if shared.tree.is_opened(id) {
            // Its content is in the tree, and looked at there.
            self.outcome.coverage.files_read += u64::from(search);
            return;
        }
        let result = shared.tree.open(id).and_then(|mut node| {
            let read = self.regular(&subject, &mut *node, search, collected);
            if let Some(damage) = node.damage().filter(|_| search) {
                collected.gap(part_gap(&subject.location, GapKind::Damaged, damage));
            }
            read
        });
        match result {
            Ok(()) => self.outcome.coverage.files_read += u64::from(search && !mounted.is_plain),
            Err(error) => {
                if search {
                    self.unsearched(id);
                }
                collected.gap(file_gap(&subject.location, &error));
            }
        }
    }

    /// Counts the file as one whose content was not looked at.
    fn unsearched(&mut self, id: EntryId) {
        let Ok(mut node) = self.shared.tree.open(id) else { return };
        let on_disk = |extent: &&Extent| matches!(extent.place, Place::Disk(_));
        let bytes = node.extents().unwrap_or_default().iter().filter(on_disk);
        let bytes = bytes.fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        let sum = self.outcome.unsearched.entry(id.volume as usize).or_default();
        *sum = sum.saturating_add(bytes);
    }

    /// Asks the file detectors what they want, and serves those that want no content.
    fn ask<'e>(&self, entry: Entry<'e>, location: Location, collected: &mut Collected) -> Subject<'e> {
        let is_file = entry.metadata.file_type == FileType::Regular;
        let (mut wanted, mut is_asked_for) = (Vec::new(), false);
        for (index, detector) in self.shared.detectors.files.iter().enumerate() {
            let interest = detector.interest(&entry, self.shared.facts);
            is_asked_for |= interest != Interest::Skip;
            match interest {
                Interest::Skip => {}
                Interest::Content if is_file && entry.metadata.size > 0 => wanted.push(index),
                _ => detector.inspect(
                    &entry,
                    b"",
                    self.shared.facts,
                    &mut Placed { location: &location, collected },
                ),
            }
        }
        Subject { entry, location, wanted, is_asked_for }
    }

    fn regular(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        let size = node.metadata().size;
        let parts = segments(node.extents()?, size);
        if parts.len() > 1 || parts.first().is_some_and(|&(start, _)| start > 0) {
            return self.sparse(subject, node, &parts, search, collected);
        }
        let Some(&(_, len)) = parts.first() else { return Ok(()) };
        match self.shared.cache.filter(|_| search) {
            Some(cache) => self.unless_known(cache, subject, node, len, collected),
            None => self.whole(subject, node, len, search, collected),
        }
    }

    /// Looks at a file if the cache does not know it; if it is clean, the next audit will.
    fn unless_known(
        &mut self,
        cache: &Cache,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        len: u64,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        let mut key = cache.begin(&subject.location.path);
        let mut reader = NodeReader::new(node, (0, len));
        loop {
            let (filled, _) = fill(&mut reader, &mut self.buffer);
            key.write(self.buffer.get(..filled).unwrap_or_default());
            if filled < self.buffer.len() {
                break;
            }
        }
        if let Some(error) = reader.failed {
            return Err(error);
        }
        let key = key.finish_128();
        let is_known = cache.has(key);
        let before = (collected.findings.len(), collected.gaps.len(), self.stirred);
        if is_known {
            self.outcome.coverage.files_known += 1;
            self.outcome.coverage.bytes_known += len;
        }
        self.whole(subject, node, len, !is_known, collected)?;
        let after = (collected.findings.len(), collected.gaps.len(), self.stirred);
        if !is_known && before == after && node.damage().is_none() {
            cache.add(key);
        }
        Ok(())
    }

    /// Looks at a file without long holes.
    fn whole(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        len: u64,
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        if !search && subject.wanted.is_empty() {
            return Ok(());
        }
        let mut reader = NodeReader::new(node, (0, len));
        let format = self.stream(subject, &mut reader, 0, search, collected);
        if let Some(error) = reader.failed {
            return Err(error);
        }
        if !search {
            return Ok(());
        }
        let spent = self.spent(len);
        self.decode_file(subject, node, len, &spent, collected)?;
        if let Some(format) = format {
            let mut reader = NodeReader::new(node, (0, len));
            self.archive(subject, format, &mut reader, &spent, 1, collected);
        }
        self.outcome.coverage.members += spent.members();
        self.outcome.coverage.bytes_unpacked += spent.bytes();
        Ok(())
    }

    fn spent(&self, packed: u64) -> Spent {
        Spent::of_image(packed, self.shared.budget, self.shared.unpacked)
    }

    /// A file with long holes: each part with data is searched on its own.
    fn sparse(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        parts: &[(u64, u64)],
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        if !subject.wanted.is_empty() {
            collected.gap(whole_gap(subject, "it is sparse, with parts far from each other"));
        }
        let alone = Subject { location: subject.location.clone(), wanted: Vec::new(), ..*subject };
        let mut left = self.shared.budget.file_data;
        for &(start, len) in parts {
            let mut reader = NodeReader::new(node, (start, len.min(left)));
            self.stream(&alone, &mut reader, start, search, collected);
            if let Some(error) = reader.failed {
                return Err(error);
            }
            if search {
                let spent = self.spent(len);
                self.decode_file(&alone, node, start.saturating_add(len.min(left)), &spent, collected)?;
            }
            if len > left {
                let reason =
                    format!("from byte {} it is not searched: too large", start.saturating_add(left));
                collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
                break;
            }
            left = left.saturating_sub(len);
        }
        Ok(())
    }

    /// Searches one stream from `base` of the file, and hands it to the detectors that want it whole.
    /// Returns the format that its first bytes tell.
    fn stream(
        &mut self,
        subject: &Subject<'_>,
        reader: &mut dyn Read,
        base: u64,
        search: bool,
        collected: &mut Collected,
    ) -> Option<Format> {
        let mut format = None;
        let mut whole: Option<Vec<u8>> = None;
        let mut over = false;
        let mut carried = 0;
        let mut at = base;
        // The key of a content that came in one piece, and what was found where the same was searched before.
        let (mut key, mut known) = (None, None::<Searched>);
        self.scan.reset();
        loop {
            let free = self.buffer.get_mut(carried..).unwrap_or_default();
            let room = free.len();
            let (filled, result) = fill(reader, free);
            let last = filled < room || result.is_err();
            let bytes = self.buffer.get(..carried.saturating_add(filled)).unwrap_or_default();
            let fresh = bytes.get(carried..).unwrap_or_default();
            if carried == 0 {
                format = archive::recognise(fresh.get(..archive::HEAD).unwrap_or(fresh));
                self.encoded.begin(base, fresh, format);
            }
            if search {
                self.outcome.coverage.bytes_searched += fresh.len() as u64;
                key = (carried == 0 && base == 0 && last).then(|| self.shared.contents.key(fresh));
                known = key.and_then(|key| self.shared.contents.find(key));
                if known.is_none() {
                    self.scan.chunk(bytes, carried, at, last);
                }
                if known.as_ref().is_none_or(|known| known.has_base64) {
                    self.encoded.piece(fresh, last, self.shared.budget.whole_file);
                }
            }
            if !subject.wanted.is_empty() && !over {
                match &mut whole {
                    None if last => inspect(self.shared, subject, fresh, collected),
                    None => whole = Some(fresh.to_vec()),
                    Some(whole) if (whole.len() as u64) < self.shared.budget.whole_file => {
                        whole.extend_from_slice(fresh);
                    }
                    Some(_) => over = true,
                }
            }
            if last {
                break;
            }
            let keep = self.shared.engine.overlap().min(bytes.len());
            let from = bytes.len().saturating_sub(keep);
            at = at.saturating_add(from as u64);
            self.buffer.copy_within(from..from.saturating_add(keep), 0);
            carried = keep;
        }
        match whole {
            Some(whole) if !over => inspect(self.shared, subject, &whole, collected),
            Some(_) => {
                let limit = self.shared.budget.whole_file;
                collected.gap(whole_gap(subject, &format!("it has more than {limit} bytes")));
            }
            None => {}
        }
        if search {
            let searched = known.unwrap_or_else(|| self.searched(key));
            self.outcome.coverage.findings_dropped += searched.dropped;
            self.stirred += searched.matches.len() as u64;
            judge(self.shared, subject, &searched.matches, collected);
        }
        format
    }

    /// Ends the search of a stream, and keeps what it found under `key`.
    fn searched(&mut self, key: Option<u128>) -> Searched {
        let searched = Searched {
            matches: self.scan.finish().into(),
            dropped: self.scan.dropped(),
            has_base64: !self.encoded.is_empty(),
        };
        if let Some(key) = key {
            self.shared.contents.keep(key, &searched);
        }
        searched
    }

    /// Puts what was found in one file into the outcome: without repeats, without what its package
    /// publishes, with its package and its other names.
    fn settle(&mut self, first: EntryId, collected: Collected, more: &[Location]) {
        let tree = self.shared.tree;
        self.outcome.gaps.extend(collected.gaps);
        if collected.findings.is_empty() {
            return;
        }
        let path = tree.path(first);
        let published = Published::new(tree, self.shared.facts, first, &path);
        let package = self.shared.facts.packages.owner(&path).map(str::to_owned);
        let mut findings = merge::without_repeats(collected.findings);
        let before = findings.len();
        findings.retain(|finding| !published.covers(finding));
        self.outcome.coverage.packaged_matches_dropped += before.saturating_sub(findings.len()) as u64;
        let (mut findings, dropped) = merge::limited(findings, self.shared.budget.findings_per_file);
        self.outcome.coverage.findings_dropped += dropped;
        for finding in &mut findings {
            finding.package.clone_from(&package);
            if finding.location.path == path {
                finding.more.extend(more.iter().cloned());
            }
        }
        self.outcome.findings.extend(findings);
    }
}

/// A sink that puts what detectors say in its place.
pub(super) struct Placed<'p> {
    pub(super) location: &'p Location,
    pub(super) collected: &'p mut Collected,
}

impl Placed<'_> {
    fn complete(&self, location: &mut Location) {
        if location.path.is_empty() {
            let (offset, line) = (location.offset, location.line);
            *location = Location { offset, line, ..self.location.clone() };
        }
    }
}

impl Sink for Placed<'_> {
    fn finding(&mut self, mut finding: Finding) {
        self.complete(&mut finding.location);
        self.collected.finding(finding);
    }

    fn gap(&mut self, mut gap: Gap) {
        self.complete(&mut gap.location);
        self.collected.gap(gap);
    }
}

fn inspect(shared: Shared<'_>, subject: &Subject<'_>, content: &[u8], collected: &mut Collected) {
    let wanted = subject.wanted.iter().filter_map(|&index| shared.detectors.files.get(index));
    for detector in wanted {
        let mut sink = Placed { location: &subject.location, collected };
        detector.inspect(&subject.entry, content, shared.facts, &mut sink);
    }
}

fn judge(shared: Shared<'_>, subject: &Subject<'_>, matches: &[Match], collected: &mut Collected) {
    if matches.is_empty() {
        return;
    }
    for detector in &shared.detectors.matches {
        let mine: Vec<Match> =
            matches.iter().filter(|found| found.family == detector.family()).cloned().collect();
        if !mine.is_empty() {
            let mut sink = Placed { location: &subject.location, collected };
            detector.inspect(&subject.entry, &mine, shared.facts, &mut sink);
        }
    }
}

fn file_gap(location: &Location, error: &FsError) -> Gap {
    Gap {
        location: location.clone(),
        kind: gap_kind(error),
        loss: Loss::File,
        bytes: None,
        reason: error.to_string(),
    }
}

fn part_gap(location: &Location, kind: GapKind, reason: String) -> Gap {
    Gap { location: location.clone(), kind, loss: Loss::Part, bytes: None, reason }
}

fn whole_gap(subject: &Subject<'_>, why: &str) -> Gap {
    let reason = format!("not parsed as a whole (its bytes were searched): {why}");
    part_gap(&subject.location, GapKind::OverLimit, reason)
}

/// The gap of a file whose detectors panicked.
pub(super) fn panic_gap(location: Location) -> Gap {
    let reason = "a detector or reader panicked on this file: please report this".to_owned();
    Gap { location, kind: GapKind::Damaged, loss: Loss::File, bytes: None, reason }
}

/// The key by which two names may be one file, and the order of the disk: first data, size, inode.
pub(super) fn file_key(tree: &Tree, id: EntryId) -> (u32, u64, u64, NodeId) {
    let Some((mounted, walked)) = tree.get(id) else { return (u32::MAX, u64::MAX, 0, NodeId(0)) };
    (mounted.file_system, walked.first, walked.metadata.size, walked.node)
}
