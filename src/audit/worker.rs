//! One thread of the audit: reads files, searches them, hands them to the detectors.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::board::Board;
use super::cache::Cache;
use super::contents::Contents;
use super::merge;
use super::published::{Published, PublishedFiles};
use crate::budget::Budget;
use crate::detect::reference::Reference;
use crate::detect::{Collected, Detectors, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Finding, Gap, GapKind, Location};
use crate::fs::{Extent, FileType, NodeId, Place};
use crate::rules::{Engine, Scan, Scout};
use crate::tree::{Entry, EntryId, Tree};

mod comparing;
mod encoded;
mod gaps;
mod handed;
mod members;
mod outcome;
mod regular;
mod stream;
mod watch;

pub(super) use comparing::Comparing;
use encoded::Encoded;
pub(super) use gaps::panic_gap;
use gaps::{file_gap, part_gap};
pub(super) use outcome::Outcome;
use watch::Watch;

/// How much is read at once; files up to this size are handed to detectors without a copy.
pub(super) const CHUNK: usize = 2 << 20;

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
    /// What counts as published.
    pub(super) published: &'a PublishedFiles,
    /// A trusted image: its files count as published.
    pub(super) reference: Option<&'a Reference>,
    /// Bytes that came out of packed files, on all threads.
    pub(super) unpacked: &'a Arc<AtomicU64>,
}

/// One thread's state, reused from file to file.
pub(super) struct Worker<'a> {
    shared: Shared<'a>,
    scan: Scan<'a>,
    buffer: Vec<u8>,
    /// Where chunks of long files are held out to other threads.
    board: &'a Board,
    /// For chunks that are searched before their turn.
    pub(super) scout: Scout<'a>,
    /// Buffers that chunks came back in.
    spare: Vec<Vec<u8>>,
    /// Base64 in the stream at hand.
    encoded: Encoded,
    /// Files against the package database.
    pub(super) comparing: Comparing,
    /// Matches, and members that a detector asked for: a file with any is not kept in the cache.
    stirred: u64,
    /// So many findings of the file at hand may be kept before they are counted again.
    crowded: usize,
    /// What looks at all bytes, between two files.
    idle: Vec<Watch<'a>>,
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
    /// Whether its bytes go by from the first to the last, for what looks at all of them.
    is_watched: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(shared: Shared<'a>, board: &'a Board) -> Self {
        Self {
            shared,
            scan: shared.engine.begin(),
            buffer: buffer(shared),
            board,
            scout: shared.engine.scout(),
            spare: Vec::new(),
            encoded: Encoded::default(),
            comparing: Comparing::default(),
            stirred: 0,
            crowded: 0,
            idle: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    /// What was found, when there is no file left.
    pub(super) fn finish(self) -> Outcome {
        Outcome { compared: self.comparing.finish(), ..self.outcome }
    }

    /// Looks at one file under all its names.
    pub(super) fn file(&mut self, twins: &Twins) {
        let Some((&first, others)) = twins.split_first() else { return };
        self.crowded = 0;
        let mut collected = Collected::default();
        self.begin_comparing(twins);
        self.name(first, true, &mut collected);
        self.end_comparing(&self.shared.tree.location(first));
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
        let mut subject = self.ask(entry, location, collected);
        subject.is_watched = search && !mounted.is_plain;
        if walked.metadata.file_type != FileType::Regular || !search && subject.wanted.is_empty() {
            return;
        }
        if shared.tree.is_opened(id) {
            // Its content is in the tree, and looked at there.
            self.outcome.coverage.files_read += u64::from(search);
            self.watch_opened(id, &subject, collected);
            return;
        }
        let result = shared.tree.open(id).and_then(|mut node| {
            let read = self.regular(&mut subject, &mut *node, search, collected);
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
                    self.comparing.forget();
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
        Subject { entry, location, wanted, is_asked_for, is_watched: true }
    }

    /// Puts what was found in one file into the outcome: without repeats, without what is published, with its package
    /// and its other names.
    fn settle(&mut self, first: EntryId, collected: Collected, more: &[Location]) {
        let tree = self.shared.tree;
        let Collected { findings, mut gaps } = collected;
        if findings.is_empty() && gaps.is_empty() {
            return;
        }
        let path = tree.path(first);
        let published = Published::new(self.shared, first, &path, more);
        gaps.iter_mut().for_each(|gap| published.excuse(gap));
        self.outcome.gaps.extend(gaps);
        let package = self.shared.facts.packages.owner(&path).map(str::to_owned);
        let mut findings = merge::without_repeats(findings);
        let before = findings.len();
        findings.retain(|finding| !published.covers(finding));
        self.outcome.coverage.packaged_matches_dropped += before.saturating_sub(findings.len()) as u64;
        let (mut findings, dropped) = merge::limited(findings, self.shared.budget.findings_per_file);
        self.outcome.coverage.findings_dropped += dropped;
        let as_packaged = !findings.is_empty() && published.is_as_packaged();
        for finding in &mut findings {
            finding.package.clone_from(&package);
            finding.as_packaged = as_packaged;
            if finding.location.path == path {
                finding.more.extend(more.iter().cloned());
            }
        }
        self.outcome.findings.extend(findings);
    }
}

/// A buffer for one chunk.
fn buffer(shared: Shared<'_>) -> Vec<u8> {
    vec![0; CHUNK.saturating_add(shared.engine.overlap())]
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

/// The key by which two names may be one file, and the order of the disk: first data, size, inode.
pub(super) fn file_key(tree: &Tree, id: EntryId) -> (u32, u64, u64, NodeId) {
    let Some((mounted, walked)) = tree.get(id) else { return (u32::MAX, u64::MAX, 0, NodeId(0)) };
    (mounted.file_system, walked.first, walked.metadata.size, walked.node)
}
