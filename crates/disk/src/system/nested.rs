//! File systems inside files: snaps, disk images, live systems. Each becomes a part of the tree under
//! `outer!`, so that its files are looked at like all others.
//!
//! Only files are opened that look like it at little cost: their size is whole sectors or not small, or their name
//! says what they are, and their first bytes carry a mark. What looked like a volume and cannot be opened is a
//! gap. Opening a file never replaces reading it: its bytes are searched as they stand, but for long runs that
//! are contents of the files in it.

use std::sync::Arc;

use super::System;
use super::VolumeSummary;
use super::opening::open_guarded;
use crate::budget::Budget;
use crate::bytes::{Source, Span, Window, read_vec};
use crate::fs::file_source::FileSource;
use crate::fs::{self, FileSystem, FileType, Place, magic};
use crate::gap::{Gap, GapKind, Loss};
use crate::text::Escaped;
use crate::tree::walk::{Walked, gap_kind, walk};
use crate::tree::{EntryId, Mounted, Placement, Tree};
use crate::volume::{self, Table};

/// Smallest file that is looked at.
const SMALLEST: u64 = 4096;
const SECTOR: u64 = 512;
/// Sectors of optical discs.
const DISC_SECTOR: u64 = 2048;
/// From so many bytes on files are looked at that are no whole sectors. Such a file may have a mark by chance, so it
/// must open.
const LARGE: u64 = 64 << 10;
/// Runs of contents of files that are not searched again as bytes of the file around them, and what is searched of
/// them at both ends, so that no text is cut there.
const RUN: u64 = 1 << 20;
const MARGIN: u64 = 64 << 10;
/// Suffixes of names that say what a file is, in lower case.
const SUFFIXES: [&[u8]; 16] = [
    b".snap",
    b".squashfs",
    b".sqfs",
    b".sfs",
    b".img",
    b".raw",
    b".iso",
    b".disk",
    b".image",
    b".dd",
    b".ext2",
    b".ext3",
    b".ext4",
    b".xfs",
    b".erofs",
    b".vhd",
];

/// Opens every file system that lies in a file of the tree, and those in their files.
pub(super) fn open(system: &mut System, budget: &Budget) {
    let depths = vec![0; system.tree.volumes().len()];
    let mut nesting = Nesting { system, budget, depths, opened: 0 };
    let mut volume = 0;
    while let Some(&depth) = nesting.depths.get(volume) {
        for file in candidates(&nesting.system.tree, volume) {
            nesting.file(file, depth);
        }
        volume += 1;
    }
}

/// The files of a volume that may be volumes, each once, in the order of the disk.
fn candidates(tree: &Tree, volume: usize) -> Vec<EntryId> {
    let Some(mounted) = tree.volumes().get(volume) else { return Vec::new() };
    let volume = u32::try_from(volume).unwrap_or(u32::MAX);
    let worth = |walked: &Walked| is_worth_a_look(walked, mounted.walk.name(walked));
    let found = (0_u32..).zip(&mounted.walk.entries).filter(|(_, walked)| worth(walked));
    let mut found: Vec<_> = found.map(|(index, walked)| (walked.first, walked.node, index)).collect();
    found.sort_unstable();
    found.dedup_by_key(|&mut (_, node, _)| node);
    found.into_iter().map(|(.., index)| EntryId { volume, index }).collect()
}

fn is_worth_a_look(walked: &Walked, name: &[u8]) -> bool {
    let metadata = &walked.metadata;
    metadata.file_type == FileType::Regular
        && metadata.size >= SMALLEST
        && (metadata.size.is_multiple_of(SECTOR) || metadata.size >= LARGE || is_named(name))
}

fn is_named(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| lower.ends_with(suffix))
}

/// Whether the content carries the mark of a volume or a partition table. A file that cannot be read says so
/// when it is searched.
fn has_mark(tree: &Tree, id: EntryId) -> bool {
    let Ok(mut node) = tree.open(id) else { return false };
    let size = node.metadata().size;
    let mut head = [0; magic::HEAD];
    let Ok(read) = node.read_at(0, &mut head) else { return false };
    if magic::may_begin_volume(head.get(..read).unwrap_or_default()) {
        return true;
    }
    let mut marked = |at: u64, mark: &[u8]| {
        let mut found = [0; 8];
        let found = found.get_mut(..mark.len()).unwrap_or_default();
        size > at && node.read_at(at, found).is_ok_and(|read| read == mark.len()) && found == mark
    };
    size.is_multiple_of(DISC_SECTOR) && marked(0x8001, b"CD001")
        || size >= 1 << 20 && marked(0x1_0040, b"_BHRfS_M")
}

struct Nesting<'s> {
    system: &'s mut System,
    budget: &'s Budget,
    /// For each volume of the tree: in how many files it lies.
    depths: Vec<u32>,
    opened: usize,
}

impl Nesting<'_> {
    fn file(&mut self, id: EntryId, depth: u32) {
        if !has_mark(&self.system.tree, id) {
            return;
        }
        let Some((mounted, walked)) = self.system.tree.get(id) else { return };
        // An error shows itself again when the file is searched.
        let Ok(source) = FileSource::open(&mounted.fs, walked.node) else { return };
        let source: Arc<dyn Source> = Arc::new(source);
        let table = volume::read(&source);
        let found = parts(&source, &table);
        if found.iter().all(|part| matches!(part.content, Content::Blank | Content::Unknown)) {
            return;
        }
        let limit = if depth >= self.budget.nested_depth {
            Some(format!("file systems in files nested deeper than {}", self.budget.nested_depth))
        } else if self.opened >= self.budget.nested_volumes {
            Some(format!("more than {} file systems in files", self.budget.nested_volumes))
        } else {
            None
        };
        if let Some(limit) = limit {
            return self.gap(id, GapKind::OverLimit, Loss::Part, None, &limit);
        }
        for part in found {
            self.part(id, depth, &part);
        }
    }

    /// Whether a file is looked at for its size only, and not for what it says of itself.
    fn is_guess(&self, id: EntryId) -> bool {
        self.system.tree.get(id).is_some_and(|(mounted, walked)| {
            !walked.metadata.size.is_multiple_of(SECTOR) && !is_named(mounted.walk.name(walked))
        })
    }

    fn part(&mut self, id: EntryId, depth: u32, part: &Part) {
        let size = Some(part.window.len());
        match &part.content {
            Content::Blank => {}
            Content::Opens(driver) => match open_guarded(driver, &part.window, self.budget) {
                Ok(fs) => self.mount(id, depth, part, Arc::from(fs)),
                // Raw bytes outside of files are searched as they are: what begins like a file system there may
                // be what is left of an old one.
                Err(_) if self.is_guess(id) => {}
                Err(error) if self.is_raw(id) => {
                    let place = Escaped(&self.system.tree.path(id)).to_string();
                    let text = format!("begins like {}, and is none that opens: {error}", driver.name);
                    self.system.notes.push((place, text));
                }
                Err(error) => {
                    let reason = format!("{}{}: {error}", part.shown(), driver.name);
                    self.gap(id, gap_kind(&error), Loss::Part, size, &reason);
                }
            },
            // The device that it begins has said so.
            Content::Closed(_) if self.is_raw(id) && self.begins_its_device(id) => {}
            Content::Closed(_) | Content::Unknown if self.is_guess(id) => {}
            Content::Closed(found) => {
                let reason = format!("{}{}: {}", part.shown(), found.name, found.detail);
                self.gap(id, found.kind, Loss::Part, size, &reason);
            }
            Content::Unknown => {
                let reason =
                    format!("{}no file system that is known; searched as raw bytes only", part.shown());
                self.gap(id, GapKind::Unsupported, Loss::Part, size, &reason);
            }
        }
    }

    fn is_raw(&self, id: EntryId) -> bool {
        self.system.tree.get(id).is_some_and(|(mounted, _)| mounted.is_raw())
    }

    fn begins_its_device(&self, id: EntryId) -> bool {
        self.system.tree.get(id).is_some_and(|(_, walked)| walked.first == 0)
    }

    fn mount(&mut self, id: EntryId, depth: u32, part: &Part, fs: Arc<dyn FileSystem>) {
        let tree = &self.system.tree;
        let used =
            tree.volumes().iter().fold(0, |sum: u64, m| sum.saturating_add(m.walk.entries.len() as u64));
        let bytes = tree.volumes().iter().fold(0, |sum: u64, m| sum.saturating_add(m.walk.bytes));
        let budget = Budget {
            entries: self.budget.entries.saturating_sub(used),
            entry_bytes: self.budget.entry_bytes.saturating_sub(bytes),
            ..*self.budget
        };
        let walk = walk(&*fs, &budget);
        let mut mount = tree.path(id);
        mount.extend_from_slice(part.suffix().as_bytes());
        let partition = tree.get(id).and_then(|(outer, _)| outer.partition);
        let identity = fs.identity();
        let usage = fs.usage();
        let (size, entries) = (part.window.len(), walk.entries.len() as u64);
        let name = identity.kind.to_owned();
        self.notes(id, part, &*fs, &mount);
        let file_system = u32::try_from(self.system.volumes.len()).unwrap_or(u32::MAX);
        self.system.places.push(self.system.volumes.len());
        self.system.volumes.push(VolumeSummary {
            size,
            content: name.clone(),
            label: identity.label,
            uuid: identity.uuid,
            mount: Some(mount.clone()),
            mount_source: Some("inside a file"),
            usage,
            occupied: walk.occupied,
            inside: true,
            entries,
            read: true,
            ..VolumeSummary::default()
        });
        let mount_source = Some("inside a file");
        let inner = Mounted {
            fs,
            walk,
            partition,
            name,
            mount: Some(mount),
            mount_source,
            placement: Placement::File(id),
            subvolume: None,
            file_system,
        };
        self.system.gaps.extend(inner.walked_gaps());
        let claims = claims(&inner, &part.window, part.offset);
        self.system.tree.claim(id, claims);
        self.system.tree.nest(inner);
        self.depths.push(depth.saturating_add(1));
        self.opened += 1;
    }

    fn notes(&mut self, id: EntryId, part: &Part, fs: &dyn FileSystem, mount: &[u8]) {
        for text in fs.unread() {
            self.gap(id, GapKind::Unsupported, Loss::Part, None, &format!("{}{text}", part.shown()));
        }
        for note in fs.notes() {
            if note.loss == Loss::Nothing {
                self.system.notes.push((Escaped(mount).to_string(), note.text));
            } else {
                let reason = format!("{}{}", part.shown(), note.text);
                self.gap(id, GapKind::Damaged, note.loss.min(Loss::Part), None, &reason);
            }
        }
    }

    fn gap(&mut self, id: EntryId, kind: GapKind, loss: Loss, bytes: Option<u64>, reason: &str) {
        let location = self.system.tree.location(id);
        let reason = format!("inside this file: {reason}");
        self.system.gaps.push(Gap { location, kind, loss, bytes, reason });
    }
}

/// A volume in a file: all of it, or one partition.
struct Part {
    number: Option<u32>,
    window: Arc<dyn Source>,
    /// Where in the file it begins.
    offset: u64,
    content: Content,
}

enum Content {
    Opens(&'static fs::Driver),
    Closed(magic::Recognised),
    Blank,
    Unknown,
}

impl Part {
    /// What comes between the path of the file and the paths inside.
    fn suffix(&self) -> String {
        self.number.map_or_else(|| "!".to_owned(), |number| format!("!/partition {number}!"))
    }

    fn shown(&self) -> String {
        self.number.map_or_else(String::new, |number| format!("partition {number}: "))
    }
}

/// Long runs of `window` that are contents of files and read as they lie there; in bytes of the file around it,
/// where it begins at `base`. None where a journal lies over them.
fn claims(inner: &Mounted, window: &Arc<dyn Source>, base: u64) -> Vec<Span> {
    let is_as_it_lies = inner.fs.source().is_some_and(|source| Arc::ptr_eq(&source, window));
    let is_long = |walked: &&Walked| {
        walked.metadata.file_type == FileType::Regular && walked.metadata.size >= RUN && is_as_it_lies
    };
    let mut found = Vec::new();
    for walked in inner.walk.entries.iter().filter(is_long) {
        let Ok(mut node) = inner.fs.node(walked.node) else { continue };
        for extent in node.extents().unwrap_or_default() {
            let len = extent.len.min(walked.metadata.size.saturating_sub(extent.start));
            let Place::Disk(at) = extent.place else { continue };
            if len >= RUN {
                let start = base.saturating_add(at).saturating_add(MARGIN);
                found.push(Span::new(start, len.saturating_sub(2 * MARGIN)));
            }
        }
    }
    found
}

/// The volumes of a file, by their marks.
fn parts(source: &Arc<dyn Source>, table: &Table) -> Vec<Part> {
    let part = |volume: &volume::Volume| {
        let window: Arc<dyn Source> = Arc::new(Window::new(Arc::clone(source), volume.span));
        let content = if let Some(driver) = fs::DRIVERS.iter().find(|driver| (driver.probe)(&*window)) {
            Content::Opens(driver)
        } else if let Some(found) = known(&*window) {
            Content::Closed(found)
        } else if matches!(magic::is_blank(&*window), Ok(Some(true))) {
            Content::Blank
        } else {
            Content::Unknown
        };
        Part { number: volume.number, window, offset: volume.span.offset, content }
    };
    table.volumes.iter().map(part).collect()
}

/// What is known by its mark, as far as the mark is long enough to believe it of any file.
fn known(window: &dyn Source) -> Option<magic::Recognised> {
    let head = read_vec(window, 0, usize::try_from(window.len()).unwrap_or(0).min(magic::HEAD)).ok()?;
    let far = read_vec(window, 0x1_0040, 8).is_ok_and(|mark| mark == b"_BHRfS_M");
    magic::recognise(window)
        .filter(|found| far || magic::may_begin_volume(&head) || found.name.starts_with("swap"))
}
