//! One thread of the audit: reads files, searches them, hands them to the detectors.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::cache::Cache;
use super::contents::Contents;
use super::counted::Counted;
use super::found::Found;
use super::merge;
use super::plan::Plan;
use super::served::Served;
use super::vendor_content::{Libraries, Published, PublishedFiles};
use super::work_queue::Board;
use crate::budget::Budget;
use crate::detect::reference::Reference;
use crate::detect::{Collector, Detectors, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Confidence, FactKey, Finding, Gap, GapKind, Location, Loss, Severity, Verification};
use crate::packages::component::Component;
use crate::rules::{ChunkScanner, Engine, Scan};
use assay_disk::fs::{self, Extent, FileType, NodeId};
use assay_disk::tree::{Entry, EntryId, Place, Tree};

mod beside;
mod comparing;
mod components;
mod encoded;
mod gaps;
mod links;
mod members;
mod offload;
mod opened;
mod outcome;
mod regular;
mod stream;
mod texts;
mod watch;

pub(super) use comparing::{Comparing, Names};
use encoded::Encoded;
pub(super) use gaps::{file_gap, panic_gap, part_gap};
pub(super) use outcome::Outcome;
use watch::Watch;

/// How much is read at once; files up to this size are handed to detectors without a copy.
pub(super) const CHUNK: usize = 2 << 20;

/// Pieces of software of one file that are listed; the tree of a container in an archive has some thousands.
const COMPONENTS: usize = 50_000;

/// Names that are one file: hard links, and files that share all their extents.
pub(super) type Twins = [EntryId];

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
    /// Bytes of holes that were read as zeros, on all threads.
    pub(super) holes: &'a AtomicU64,
    /// What counts as published.
    pub(super) published: &'a PublishedFiles,
    /// What libraries say of their own files.
    pub(super) libraries: &'a Libraries,
    /// A trusted image: its files count as published.
    pub(super) reference: Option<&'a Reference>,
    /// Bytes that came out of packed files, on all threads.
    pub(super) unpacked: &'a Arc<AtomicU64>,
    /// What all threads found.
    pub(super) found: &'a Found<'a>,
    /// What is said of the work before it begins.
    pub(super) plan: &'a Plan,
}

/// One thread's state, reused from file to file.
pub(super) struct Worker<'a> {
    shared: Shared<'a>,
    scan: Scan<'a>,
    buffer: Vec<u8>,
    /// Where chunks of long files are held out to other threads.
    board: &'a Board,
    /// For chunks that are searched before their turn.
    pub(super) scout: ChunkScanner<'a>,
    /// Buffers that chunks came back in.
    spare: Vec<Vec<u8>>,
    /// Base64 in the stream at hand.
    encoded: Encoded,
    /// Files against the package database.
    pub(super) comparing: Comparing,
    /// Matches, members that a detector asked for, and files in which a stream found software: a file with any is not
    /// kept in the cache.
    stirred: u64,
    /// What the search of all files has cost so far, in nanoseconds by a table.
    work: Rc<Cell<u64>>,
    /// Whether all zeros of the file at hand may be gone over.
    watches_holes: bool,
    /// So many findings of the file at hand may be kept before they are counted again.
    crowded: usize,
    /// Of the file at hand, the findings that are over the limit.
    counted: Counted,
    /// What looks at all bytes, between two files.
    idle: Vec<Watch<'a>>,
    pub(super) outcome: Outcome,
}

/// The file at hand: one name, or one member of an archive.
struct Subject<'e> {
    entry: Entry<'e>,
    location: Location,
    /// The file detectors that want its content.
    wanted: Vec<Wanted>,
    /// Whether any detector wanted to see it.
    is_asked_for: bool,
    /// Whether its bytes go by from the first to the last, for what looks at all of them.
    is_watched: bool,
}

/// A detector that wants the content of the file at hand.
struct Wanted {
    /// Its number among those of files.
    detector: usize,
    /// The further name of the file for which it does; none: the path of the file.
    place: Option<Place>,
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
            work: Rc::default(),
            watches_holes: false,
            crowded: 0,
            counted: Counted::default(),
            idle: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    /// What was found, when there is no file left.
    pub(super) fn finish(self) -> Outcome {
        let (compared, put_off) = self.comparing.finish();
        Outcome { compared, put_off, ..self.outcome }
    }

    /// Looks at one file under all its names.
    pub(super) fn file(&mut self, twins: &Twins) {
        let Some((&first, others)) = twins.split_first() else { return };
        self.crowded = 0;
        self.counted = Counted::default();
        self.watches_holes = self.shared.plan.with_holes.contains(&first);
        let mut collected = Collector::default();
        self.begin_comparing(twins);
        self.name(first, true, &mut collected);
        self.end_comparing(&self.shared.tree.location(first));
        for &other in others {
            self.name(other, false, &mut collected);
        }
        self.follow(first);
        self.settle(first, collected, others);
    }

    /// Looks at a file under one name; its content is searched under the first name only.
    fn name(&mut self, id: EntryId, search: bool, collected: &mut Collector) {
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
        let mut subject = self.ask(entry, location, shared.tree.places(id), collected);
        subject.is_watched = search && !mounted.is_raw();
        if walked.metadata.file_type != FileType::Regular || !search && subject.wanted.is_empty() {
            return;
        }
        if search && shared.plan.unread.contains(&id) {
            self.unsearched(id);
            self.comparing.forget();
            let reason =
                "not read: the files of this volume have many times more bytes than the volume".to_owned();
            let gap = Gap { loss: Loss::File, ..part_gap(&subject.location, GapKind::OverLimit, reason) };
            return collected.gap(gap);
        }
        let result = shared.tree.open(id).and_then(|mut node| {
            let read = if shared.tree.is_opened(id) {
                self.opened(id, &mut subject, &mut *node, search, collected)
            } else {
                self.regular(&mut subject, &mut *node, search, collected)
            };
            if let Some(damage) = node.damage().filter(|_| search) {
                collected.gap(part_gap(&subject.location, GapKind::Damaged, damage));
            }
            read
        });
        match result {
            Ok(()) => self.outcome.coverage.files_read += u64::from(search && !mounted.is_raw()),
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
        let on_disk = |extent: &&Extent| matches!(extent.place, fs::Place::Disk(_));
        let bytes = node.extents().unwrap_or_default().iter().filter(on_disk);
        let bytes = bytes.fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        let sum = self.outcome.unsearched.entry(id.volume as usize).or_default();
        *sum = sum.saturating_add(bytes);
    }

    /// Asks the file detectors what they want, for all names of the file, and serves those that want no content.
    fn ask<'e>(
        &self,
        entry: Entry<'e>,
        location: Location,
        places: Vec<Place>,
        collected: &mut Collector,
    ) -> Subject<'e> {
        let is_file = entry.metadata.file_type == FileType::Regular;
        let (mut wanted, mut is_asked_for) = (Vec::new(), false);
        for (index, detector) in self.shared.detectors.files.iter().enumerate() {
            let interest = detector.interest(&entry, self.shared.facts);
            is_asked_for |= interest != Interest::Skip;
            match interest {
                Interest::Skip => {}
                Interest::Content if is_file && entry.metadata.size > 0 => {
                    wanted.push(Wanted { detector: index, place: None });
                }
                _ => detector.inspect(
                    &entry,
                    b"",
                    self.shared.facts,
                    &mut LocatedSink { location: &location, collected },
                ),
            }
        }
        for place in places {
            self.ask_for(&entry, &location, place, &mut wanted, collected);
        }
        is_asked_for |= !wanted.is_empty();
        Subject { entry, location, wanted, is_asked_for, is_watched: true }
    }

    /// The same for a further name.
    #[expect(clippy::needless_pass_by_value, reason = "it is used up")]
    fn ask_for(
        &self,
        entry: &Entry<'_>,
        location: &Location,
        place: Place,
        wanted: &mut Vec<Wanted>,
        collected: &mut Collector,
    ) {
        let shared = self.shared;
        let (named, facts) = (Entry { path: &place.path, ..*entry }, shared.facts.of(place.system));
        if place.system == 0 && place.path == entry.path {
            return;
        }
        let is_file = entry.metadata.file_type == FileType::Regular;
        for (index, detector) in shared.detectors.files.iter().enumerate() {
            match detector.interest(&named, facts) {
                Interest::Skip => {}
                Interest::Content if is_file && entry.metadata.size > 0 => {
                    wanted.push(Wanted { detector: index, place: Some(place.clone()) });
                }
                _ => {
                    let mut sink = LocatedSink { location, collected };
                    detector.inspect(&named, b"", facts, &mut Served::new(&mut sink, &place, shared.tree));
                }
            }
        }
    }

    /// Puts what was found in one file into the outcome: without repeats, without what is published, with its package
    /// and its other names.
    fn settle(&mut self, first: EntryId, collected: Collector, others: &[EntryId]) {
        let tree = self.shared.tree;
        let Collector { findings, mut gaps, components, components_dropped } = collected;
        if components_dropped > 0 {
            let reason = format!("of the software in it only {COMPONENTS} pieces are listed");
            gaps.push(part_gap(&tree.location(first), GapKind::OverLimit, reason));
        }
        if findings.is_empty() && gaps.is_empty() && components.is_empty() {
            return;
        }
        let path = tree.path(first);
        self.shared.found.add_components(self.completed(first, &path, components));
        let published = Published::new(self.shared, first, &path, others);
        gaps.iter_mut().for_each(|gap| published.excuse(gap));
        self.shared.found.add(Vec::new(), gaps);
        let package = self.shared.facts.packages.owner(&path).map(str::to_owned);
        let mut findings = merge::without_repeats(findings);
        let before = findings.len();
        findings.retain(|finding| !published.covers(finding));
        findings.iter_mut().for_each(|finding| published.rate(finding));
        self.outcome.coverage.packaged_matches_dropped += before.saturating_sub(findings.len()) as u64;
        let budget = self.shared.budget;
        let mut findings = self.counted.limit(findings, budget.findings_per_file, budget.findings);
        let counted = std::mem::take(&mut self.counted);
        self.outcome.coverage.findings_dropped += counted.count_of_all();
        findings.extend(counted.findings(&tree.location(first)));
        let as_packaged = !findings.is_empty() && published.is_as_packaged();
        for finding in &mut findings {
            finding.package.clone_from(&package);
            finding.as_packaged = as_packaged;
            // A word that its distribution wrote into it is an example, as far as anybody knows.
            if as_packaged
                && finding.confidence == Confidence::Low
                && finding.proof == Some(Verification::Name)
            {
                finding.severity = finding.severity.min(Severity::Low);
            }
            if finding.location.path == path {
                let names = self.shared.budget.names;
                finding.related_locations.extend(others.iter().take(names).map(|&id| tree.location(id)));
                if let Some(rest @ 1..) = others.len().checked_sub(names) {
                    finding.evidence.facts.push((FactKey::MoreNamesOfTheFile, rest.to_string()));
                }
            }
        }
        self.shared.found.add(findings, []);
    }
}

/// A buffer for one chunk.
fn buffer(shared: Shared<'_>) -> Vec<u8> {
    vec![0; CHUNK.saturating_add(shared.engine.overlap())]
}

/// A sink that puts what detectors say in its place.
pub(super) struct LocatedSink<'p> {
    pub(super) location: &'p Location,
    pub(super) collected: &'p mut Collector,
}

impl LocatedSink<'_> {
    fn complete(&self, location: &mut Location) {
        if location.path.is_empty() {
            let (offset, line) = (location.offset, location.line);
            *location = Location { offset, line, ..self.location.clone() };
        }
    }
}

impl Sink for LocatedSink<'_> {
    fn finding(&mut self, mut finding: Finding) {
        self.complete(&mut finding.location);
        self.collected.finding(finding);
    }

    fn gap(&mut self, mut gap: Gap) {
        self.complete(&mut gap.location);
        self.collected.gap(gap);
    }

    fn component(&mut self, mut component: Component) {
        self.complete(&mut component.location);
        if self.collected.components.len() < COMPONENTS {
            self.collected.component(component);
        } else {
            self.collected.components_dropped = self.collected.components_dropped.saturating_add(1);
        }
    }
}

/// The key by which two names may be one file, and the order of the disk: first data, size, inode.
pub(super) fn file_key(tree: &Tree, id: EntryId) -> (u32, u64, u64, NodeId) {
    let Some((mounted, walked)) = tree.get(id) else { return (u32::MAX, u64::MAX, 0, NodeId(0)) };
    (mounted.file_system, walked.first, walked.metadata.size, walked.node)
}
