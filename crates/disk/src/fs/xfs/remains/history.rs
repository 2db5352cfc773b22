//! What the log has: every state of an inode before it lost something, and every directory entry that went.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::entries::{Entry, Layout, of_block, of_inode};
use super::version::Found;
use super::{Finds, ended, generation};
use crate::bytes::{Record, Span, read_vec};
use crate::fs::remains::{Fate, Life, Proof, Remain};
use crate::fs::xfs::inode::{ForkKind, Format, Inode};
use crate::fs::xfs::log::{self, BlockChange, InodeState, Shadow, Witness};
use crate::fs::{FileType, FsError, Time};

/// States of one life with a map that is a tree that are handed on while the file lives: each costs the whole tree.
const MAX_TREES: u32 = 16;
/// Where an inode has its generation.
const GENERATION: usize = 92;
/// Where it counts its blocks.
const BLOCKS: usize = 64;
/// Where it has its size, and the wide count of its extents.
const SIZES: [usize; 2] = [56, 24];

/// Reads the history.
pub(super) fn read(finds: &mut Finds<'_, '_>) -> Result<(), FsError> {
    let volume = finds.volume;
    log::cores(volume, &mut |number, core| finds.death(number, core))?;
    let disk = Arc::clone(&finds.disk.source);
    let mut telling = Telling { finds, used: BTreeMap::new(), told: BTreeMap::new() };
    let history = log::history(volume, &disk, &mut telling)?;
    let Telling { finds, used, .. } = telling;
    for (number, state) in history.shadow.inodes() {
        finds.last_state(&history.shadow, number, state);
    }
    for ((offset, len), last) in used {
        let span = Span::new(offset, len);
        let order = if last.is_freed { finds.written_metadata(span, last.last) } else { Some(last.last) };
        if let Some(order) = order {
            finds.give(Remain::Used { span, order });
        }
    }
    if let Some(order) = history.whole_since {
        finds.give(Remain::KnownSince(order));
    }
    history.damage.map_or(Ok(()), Err)
}

impl Finds<'_, '_> {
    /// Remembers the end of a life, if `core` records it.
    fn death(&mut self, number: u64, core: &[u8]) {
        let record = Record::new("inode", core);
        let is_freed = record.u16_be(2).is_ok_and(|mode| mode == 0);
        let life =
            if is_freed { ended(number, &record) } else { Life { number, generation: generation(&record) } };
        if !is_freed && record.u32_be(16).is_ok_and(|links| links > 0) {
            // It had no name yet, or was given one again.
            self.deaths.remove(&life);
        } else if let Some(time) = changed(core)
            && (self.deaths.contains_key(&life) || self.has_room())
        {
            self.deaths.insert(life, time);
        }
    }

    /// Hands on the last state of an inode that died in the log without its end, or before the log was cut.
    fn last_state(&mut self, shadow: &Shadow, number: u64, state: &InodeState) {
        let record = Record::new("inode", &state.record);
        if record.u16_be(2).is_ok_and(|mode| mode == 0) {
            return;
        }
        let life = Life { number, generation: generation(&record) };
        // The last state of a living file is the one that is read.
        if let fate @ Fate::Deleted(_) = self.fate(life) {
            self.state(shadow, number, state, Some(fate));
        }
    }

    fn state(&mut self, shadow: &Shadow, number: u64, state: &InodeState, fate: Option<Fate>) {
        let is_checked = self.volume.has_checksums();
        let (order, is_borrowed) = (state.order, state.is_borrowed);
        let found = Found { number, record: &state.record, order, is_checked, is_borrowed };
        self.version(&shadow.volume, &found, fate);
    }

    /// Hands on the entries of a directory that is kept in `inode`.
    pub(super) fn short_directory(&mut self, inode: &Inode, life: Life, at: (u64, Proof)) {
        let fork = inode.fork(ForkKind::Data);
        if fork.format != Format::Local {
            return;
        }
        let layout = Layout { superblock: &self.volume.superblock, directory: life.number };
        let Some(short) = of_inode(layout, fork.bytes) else { return };
        let dir = (life.number, Some(life.generation));
        self.parent(dir, short.parent, at);
        for entry in &short.entries {
            let proof = if entry.is_live { at.1 } else { Proof::Plausible };
            self.name(dir, None, entry, (at.0, proof));
        }
    }

    /// Hands on which directory `parent` is that of `dir`, as its entry `..` tells.
    pub(super) fn parent(&mut self, dir: (u64, Option<u64>), parent: u64, at: (u64, Proof)) {
        let (name, file_type) = (&b".."[..], Some(FileType::Directory));
        self.name(dir, None, &Entry { number: parent, name, file_type, is_live: true, is_sure: true }, at);
    }

    /// The order of metadata at `span` that was freed, `last` in the log: it counts only if it was ever written there.
    fn written_metadata(&self, span: Span, last: u64) -> Option<u64> {
        let block = read_vec(&*self.disk.source, span.offset, usize::try_from(span.len).ok()?).ok()?;
        if !self.volume.has_checksums() {
            return log::is_kept(&block).then_some(last);
        }
        log::age(&block, &self.volume.superblock.metadata_uuid).map(|lsn| log::order(lsn, u8::MAX))
    }
}

/// The time of the last change of an inode, freed or not.
fn changed(core: &[u8]) -> Option<Time> {
    let mut record = core.to_vec();
    record.get_mut(2..4)?.copy_from_slice(&0x8000_u16.to_be_bytes());
    *record.get_mut(82)? = 0;
    Inode::parse(0, record).ok().map(|inode| inode.metadata.changed)
}

/// When the file system wrote a place for itself last, and whether it was freed since.
#[derive(Clone, Copy)]
struct Use {
    last: u64,
    is_freed: bool,
}

/// What was handed on of an inode.
#[derive(Clone, Copy, Default)]
struct Told {
    /// Whether it only lost since then: a large file is deleted in hundreds of steps.
    is_covered: bool,
    /// States of a life that went on, whose map was a tree.
    trees: u32,
}

/// Takes the history as the log tells it.
struct Telling<'f, 'a, 't> {
    finds: &'f mut Finds<'a, 't>,
    /// What the file system wrote for itself, by place and length.
    used: BTreeMap<(u64, u64), Use>,
    /// What was handed on of inodes.
    told: BTreeMap<u64, Told>,
}

impl Witness for Telling<'_, '_, '_> {
    fn inode(&mut self, shadow: &Shadow, number: u64, before: Option<&InodeState>, after: &InodeState) {
        let Some(before) = before else {
            // The first that is heard of a file may be its end.
            if links(&after.record) == 0 {
                self.finds.state(shadow, number, after, None);
            }
            return;
        };
        let was_free = Record::new("inode", &before.record).u16_be(2).is_ok_and(|mode| mode == 0);
        let loses = !was_free && loses(before, after);
        let mut told = self.told.get(&number).copied().unwrap_or_default();
        if loses && !told.is_covered {
            let goes_on = links(&after.record) > 0 && !differs(before, after, GENERATION, 4);
            if goes_on && is_tree(before) {
                told.trees = told.trees.saturating_add(1);
            }
            if !goes_on || told.trees <= MAX_TREES {
                self.finds.state(shadow, number, before, None);
            }
        }
        told.is_covered = !gains(before, after) && (told.is_covered || loses);
        if (loses || told.trees > 0) && (self.told.contains_key(&number) || self.finds.has_room()) {
            self.told.insert(number, told);
        } else if !loses && !told.is_covered {
            self.told.remove(&number);
        }
    }

    fn block(&mut self, shadow: &Shadow, change: &BlockChange) {
        let Some(before) = &change.before else { return };
        let finds = &mut *self.finds;
        let Some(owner) = owner(finds, before) else { return };
        let layout = Layout { superblock: &finds.volume.superblock, directory: owner };
        let old = of_block(layout, before);
        let new = change.after.as_deref().map(|after| of_block(layout, after)).unwrap_or_default();
        let kept: BTreeSet<_> =
            new.iter().filter(|entry| entry.is_live).map(|entry| (entry.number, entry.name)).collect();
        let life = |number: u64| shadow.inode(number).filter(|state| !is_free(&state.record)).map(of);
        let is_whole = finds.volume.has_checksums() && !change.is_mixed.0;
        for entry in old.iter().filter(|entry| !kept.contains(&(entry.number, entry.name))) {
            // What was deleted before is looked for where the block goes.
            if !entry.is_live && change.after.is_some() {
                continue;
            }
            let child = life(entry.number).filter(|_| entry.is_live);
            let proof = if is_whole && entry.is_sure { Proof::Checked } else { Proof::Plausible };
            finds.name((owner, life(owner)), child, entry, (change.since, proof));
        }
    }

    fn metadata(&mut self, span: Span, order: Option<u64>) {
        let key = (span.offset, span.len);
        if self.used.contains_key(&key) || self.finds.has_room() {
            let last = self.used.get(&key).map_or(0, |known| known.last);
            self.used.insert(key, Use { last: order.unwrap_or(last), is_freed: order.is_none() });
        }
    }

    fn is_done(&self) -> bool {
        self.finds.is_done
    }
}

fn of(state: &InodeState) -> u64 {
    generation(&Record::new("inode", &state.record))
}

fn is_free(record: &[u8]) -> bool {
    Record::new("inode", record).u16_be(2).is_ok_and(|mode| mode == 0)
}

fn links(record: &[u8]) -> u32 {
    Record::new("inode", record).u32_be(16).unwrap_or(0)
}

/// The directory that `block` belongs to: its header says it, or the entry of the directory itself.
fn owner(finds: &Finds<'_, '_>, block: &[u8]) -> Option<u64> {
    let record = Record::new("directory block", block);
    match block.first_chunk::<4>()? {
        b"XDB3" | b"XDD3" => record.u64_be(40).ok(),
        b"XD2B" | b"XD2D" => super::free::own_entry(&finds.volume.superblock, block),
        _ => None,
    }
}

/// Whether something of `before` is not in `after`: content, a name, the life itself, or whose it is.
fn loses(before: &InodeState, after: &InodeState) -> bool {
    is_other(before, after)
        || differs(before, after, 5, 1)
        || links(&before.record) > links(&after.record)
        || SIZES.iter().any(|&offset| number(before, offset) > number(after, offset))
        || extents(before) > extents(after)
        || fork_differs(before, after)
}

/// Whether something of `after` was not in `before`: it is worth telling once it is lost.
fn gains(before: &InodeState, after: &InodeState) -> bool {
    is_other(before, after)
        || links(&before.record) < links(&after.record)
        || SIZES.iter().any(|&offset| number(before, offset) < number(after, offset))
        || number(before, BLOCKS) < number(after, BLOCKS)
        || extents(before) < extents(after)
        || !differs(before, after, BLOCKS, 8) && fork_differs(before, after)
}

/// Whether mode, owner or generation is another.
fn is_other(before: &InodeState, after: &InodeState) -> bool {
    differs(before, after, 2, 2) || differs(before, after, 8, 8) || differs(before, after, GENERATION, 4)
}

fn differs(before: &InodeState, after: &InodeState, offset: usize, len: usize) -> bool {
    let field =
        |state: &InodeState| Record::new("inode", &state.record).bytes(offset, len).map(<[u8]>::to_vec);
    field(before).ok() != field(after).ok()
}

fn number(state: &InodeState, offset: usize) -> u64 {
    Record::new("inode", &state.record).u64_be(offset).unwrap_or(0)
}

fn extents(state: &InodeState) -> u32 {
    Record::new("inode", &state.record).u32_be(76).unwrap_or(0)
}

fn is_tree(state: &InodeState) -> bool {
    state.record.get(5) == Some(&3)
}

/// Whether the data fork has something else, but for what was added to a tree.
fn fork_differs(before: &InodeState, after: &InodeState) -> bool {
    fn fork(state: &InodeState) -> &[u8] {
        let core = if state.record.get(4).is_some_and(|&version| version >= 3) { 176 } else { 100 };
        state.record.get(core..).unwrap_or_default()
    }
    !is_tree(before) && !before.is_borrowed && fork(before) != fork(after)
}
