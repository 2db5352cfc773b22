//! A version of an inode: its record, and what that says of its content.

use std::sync::Arc;

use super::{Finds, generation, order_on_disk};
use crate::bytes::{Record, Span};
use crate::fs::content::Map;
use crate::fs::remains::{Content, Fate, Life, Proof, Remain, Version};
use crate::fs::xfs::checksum;
use crate::fs::xfs::inode::{ForkKind, Format, Inode, REALTIME};
use crate::fs::xfs::mapping::{self, Runs};
use crate::fs::xfs::node;
use crate::fs::xfs::volume::Volume;
use crate::fs::{Extent, FileType, FsError, Place};

/// A record of an inode that was found.
pub(super) struct Found<'r> {
    pub(super) number: u64,
    pub(super) record: &'r [u8],
    pub(super) order: u64,
    /// Whether all that it was read from has a checksum that holds.
    pub(super) is_checked: bool,
    /// Whether the fork is from another place than the core.
    pub(super) is_borrowed: bool,
}

impl Finds<'_, '_> {
    /// Hands on a version of an inode in use, with the blocks of its tree as they are in `volume`.
    pub(super) fn version(&mut self, volume: &Volume, found: &Found<'_>, fate: Option<Fate>) {
        let Ok(inode) = Inode::parse(found.number, found.record.to_vec()) else { return };
        let life = Life { number: found.number, generation: generation(&inode.record()) };
        let (content, is_consistent) = self.content(volume, &inode, found.is_borrowed);
        let proof = if found.is_checked && is_consistent { Proof::Checked } else { Proof::Plausible };
        if !matches!(content, Content::Lost) && inode.metadata.size > 0 && self.has_room() {
            self.known.insert(life);
        }
        if inode.metadata.file_type == FileType::Directory {
            self.short_directory(&inode, life, (found.order, proof));
            self.remember_directory(&content, life);
        }
        let found_at = volume.superblock.inode_offset(found.number).unwrap_or(0);
        let fate = fate.unwrap_or_else(|| self.fate(life));
        let version =
            Version { life, order: found.order, metadata: inode.metadata, content, proof, fate, found_at };
        self.give(Remain::Version(version));
    }

    /// The content of `inode`, and whether it fits to what the core counts.
    fn content(&mut self, volume: &Volume, inode: &Inode, is_borrowed: bool) -> (Content, bool) {
        let fork = inode.fork(ForkKind::Data);
        let size = usize::try_from(inode.metadata.size).unwrap_or(usize::MAX);
        let is_there = !is_borrowed || fork.bytes.iter().any(|&byte| byte != 0);
        match (inode.metadata.file_type, fork.format) {
            (FileType::Regular, _) if inode.flags & REALTIME != 0 => (Content::Lost, false),
            (FileType::Symlink | FileType::Directory, Format::Local) => match fork.bytes.get(..size) {
                Some(bytes) if is_there => (Content::Bytes(bytes.to_vec()), !is_borrowed),
                _ => (Content::Lost, false),
            },
            (FileType::Symlink, _) => link(volume, inode),
            (FileType::Regular | FileType::Directory, _) => self.mapped(volume, inode, is_borrowed),
            _ => (Content::Bytes(Vec::new()), true),
        }
    }

    fn mapped(&mut self, volume: &Volume, inode: &Inode, is_borrowed: bool) -> (Content, bool) {
        let fork = inode.fork(ForkKind::Data);
        if self.runs == 0 {
            let limit = volume.budget.extents;
            self.damage.get_or_insert_with(|| FsError::over_limit("xfs: extents of what is left", limit));
            return (Content::Lost, false);
        }
        if fork.format == Format::Extents && fork.extents == 0 {
            // Of a file that was written later, or of nothing but a hole.
            return (Content::Extents(Vec::new()), true);
        }
        volume.take_mismatch(inode.number);
        let runs = mapping::runs(volume, inode, ForkKind::Data);
        // A block of a tree has room for some 250 runs, whether they are there or not.
        let cost = (runs.runs.len() as u64).saturating_add((runs.tree_blocks as u64).saturating_mul(250));
        self.runs = self.runs.saturating_sub(cost.max(1));
        let is_consistent =
            !volume.take_mismatch(inode.number) && fits(inode, &runs, fork.extents, is_borrowed);
        let Map { extents, damage } =
            mapping::lay_out(volume, inode, runs).within(volume.source.len(), inode.number);
        if extents.is_empty() && damage.is_some() {
            return (Content::Lost, false);
        }
        (Content::Extents(extents), is_consistent && damage.is_none())
    }

    /// Remembers where a directory had its blocks: of version 4 they do not say whose they are.
    pub(super) fn remember_directory(&mut self, content: &Content, life: Life) {
        let Content::Extents(extents) = content else { return };
        if self.volume.has_checksums() {
            return;
        }
        for &Extent { len, place, .. } in extents {
            if let Place::Disk(at) = place
                && self.has_room()
            {
                self.directories.insert(at, (at.saturating_add(len), life));
            }
        }
    }

    /// Hands on an inode of a chunk that is not in use, as it was written last: freed, or as it was in life. `span` is
    /// where it lies.
    pub(super) fn written(&mut self, number: u64, record: &[u8], span: Span) {
        let view = Record::new("inode", record);
        let has_checksums = self.volume.has_checksums();
        let is_sound = has_checksums
            && view.u64_be(152).is_ok_and(|own| own == number)
            && checksum::matches(record, checksum::INODE);
        let lsn = if has_checksums { view.u64_be(112).unwrap_or(0) } else { 0 };
        if view.u16_be(2).is_ok_and(|mode| mode == 0) {
            self.freed(number, record, (order_on_disk(lsn, 0), is_sound), span);
            return;
        }
        let life = Life { number, generation: generation(&view) };
        let fate = Fate::Deleted(self.deaths.get(&life).copied());
        let order = order_on_disk(lsn, u8::MAX);
        let found = Found { number, record, order, is_checked: is_sound, is_borrowed: false };
        let disk = Arc::clone(&self.disk);
        self.version(&disk, &found, Some(fate));
    }
}

/// Whether the runs of `inode` are as many as the core says, and take no more blocks than that.
fn fits(inode: &Inode, runs: &Runs, extents: u64, is_borrowed: bool) -> bool {
    let blocks = runs.runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.count));
    let all = inode.record().u64_be(64).unwrap_or(0);
    let has_attributes = !inode.fork(ForkKind::Attributes).bytes.is_empty();
    runs.damage.is_none()
        && runs.runs.len() as u64 == extents
        && blocks <= all
        && (!is_borrowed || has_attributes || blocks.saturating_add(runs.tree_blocks as u64) == all)
}

/// The target of a link in blocks of its own, where they are still its own.
fn link(volume: &Volume, inode: &Inode) -> (Content, bool) {
    volume.take_mismatch(inode.number);
    let target = node::link_target(volume, inode);
    let is_sound = !volume.take_mismatch(inode.number) && !volume.take_headless(inode.number);
    match target {
        // Without a header, nothing tells whether it is still the link's.
        Ok(target) if is_sound => (Content::Bytes(target), true),
        _ => (Content::Lost, false),
    }
}
