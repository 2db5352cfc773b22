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

/// Reads the history.
pub(super) fn read(finds: &mut Finds<'_, '_>) -> Result<(), FsError> {
    let volume = finds.volume;
    log::cores(volume, &mut |number, core| finds.death(number, core))?;
    let disk = Arc::clone(&finds.disk.source);
    let mut telling = Telling { finds, used: BTreeMap::new() };
    let history = log::history(volume, &disk, &mut telling)?;
    let Telling { finds, used } = telling;
    for (number, state) in history.shadow.inodes() {
        finds.last_state(&history.shadow, number, state);
    }
    for ((offset, len), order) in used {
        let span = Span::new(offset, len);
        if let Some(order) = order.or_else(|| finds.written_metadata(span)) {
            finds.give(Remain::Used { span, order });
        }
    }
    if let Some(order) = history.whole_since {
        finds.give(Remain::KnownSince(order));
    }
    history.damage.map_or(Ok(()), Err)
}

impl Finds<'_, '_> {
    /// Remembers the end of a life, if `core` tells of it.
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

    /// The order of metadata at `span` that was freed: it counts only if it was ever written there.
    fn written_metadata(&self, span: Span) -> Option<u64> {
        let block = read_vec(&*self.disk.source, span.offset, usize::try_from(span.len).ok()?).ok()?;
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

/// Takes the history as the log tells it.
struct Telling<'f, 'a, 't> {
    finds: &'f mut Finds<'a, 't>,
    /// What the file system wrote for itself, by place and length, and when; none, if it was freed again.
    used: BTreeMap<(u64, u64), Option<u64>>,
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
        if !was_free && loses(before, after) {
            self.finds.state(shadow, number, before, None);
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
            self.used.insert(key, order);
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
    let (old, new) = (Record::new("inode", &before.record), Record::new("inode", &after.record));
    let differs = |offset: usize, len: usize| old.bytes(offset, len).ok() != new.bytes(offset, len).ok();
    let shrinks = |offset: usize| old.u64_be(offset).ok() > new.u64_be(offset).ok();
    // Mode, format, owner, generation; then links, size, and the number of extents.
    differs(2, 2)
        || differs(5, 1)
        || differs(8, 8)
        || differs(92, 4)
        || links(&before.record) > links(&after.record)
        || shrinks(56)
        || old.u32_be(76).ok() > new.u32_be(76).ok()
        || shrinks(24)
        || fork_differs(before, after)
}

/// Whether the data fork has something else, but for what was added to a tree.
fn fork_differs(before: &InodeState, after: &InodeState) -> bool {
    let fork = |state: &InodeState| {
        let core = if state.record.get(4).is_some_and(|&version| version >= 3) { 176 } else { 100 };
        state.record.get(core..).unwrap_or_default().to_vec()
    };
    let is_tree = before.record.get(5) == Some(&3);
    !is_tree && !before.is_borrowed && fork(before) != fork(after)
}
