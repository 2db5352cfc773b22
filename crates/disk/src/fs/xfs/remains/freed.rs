//! A freed inode: its type and its size are gone, and what its fork had is still there.

use super::entries::{Layout, of_inode};
use super::{Finds, ended};
use crate::bytes::{Record, Span, read_vec};
use crate::fs::remains::{Content, Fate, Life, Proof, Remain, Version};
use crate::fs::xfs::inode::Inode;
use crate::fs::xfs::mapping::{self, Run, Runs};
use crate::fs::{Extent, FileType, Metadata, Place, Time};

/// No link in an inode is longer.
const MAX_LINK: usize = 1024;

/// What a fork seems to have had.
enum Fork {
    Extents(Vec<Run>),
    Directory,
    Link(usize),
    Nothing,
}

impl Finds<'_, '_> {
    /// Hands on what is left in the record of an inode that was freed with `order`, and lies at `span`.
    pub(super) fn freed(&mut self, number: u64, record: &[u8], written: (u64, bool), span: Span) {
        let life = ended(number, &Record::new("inode", record));
        let Some(inode) = revived(number, record, 0) else { return };
        let core = if record.get(4).is_some_and(|&version| version >= 3) { 176 } else { 100 };
        let literal = record.get(core..).unwrap_or_default();
        let is_fresh = inode.metadata.changed == Time::default() && literal.iter().all(|&byte| byte == 0);
        if is_fresh || self.volume.has_checksums() && !written.1 {
            return;
        }
        let fate = Fate::Deleted(Some(self.deaths.get(&life).copied().unwrap_or(inode.metadata.changed)));
        let give = |finds: &mut Self, metadata: Metadata, content: Content, proof: Proof| {
            let (order, found_at) = (written.0, span.offset);
            finds.give(Remain::Version(Version { life, order, metadata, content, proof, fate, found_at }));
        };
        let bare =
            |file_type: FileType, size: usize| Metadata { file_type, size: size as u64, ..inode.metadata };
        match self.fork(literal) {
            Fork::Directory => self.freed_directory(life, literal, written.0),
            _ if self.known.contains(&life) => {}
            Fork::Extents(runs) => self.mapped_by(life, record, runs, (written.0, span.offset)),
            Fork::Link(len) => {
                let target = literal.get(..len).unwrap_or_default().to_vec();
                give(self, bare(FileType::Symlink, len), Content::Bytes(target), Proof::Guessed);
            }
            Fork::Nothing => give(self, inode.metadata, Content::Lost, Proof::Plausible),
        }
    }

    /// A version whose content is in `runs`, up to the end of the last: the size is not known.
    pub(super) fn mapped_by(&mut self, life: Life, record: &[u8], runs: Vec<Run>, at: (u64, u64)) {
        let starts_at_once = runs.first().is_some_and(|run| run.start == 0);
        let end = runs.last().map_or(0, Run::end).saturating_mul(self.volume.superblock.block_size());
        let Some(inode) = revived(life.number, record, end) else { return };
        let file_type = self.type_of(life.number, runs.first());
        let found = Runs { runs, ..Runs::default() };
        let map = mapping::lay_out(self.volume, &inode, found).within(self.volume.source.len(), life.number);
        let (extents, size) = self.without_padding(map.extents, file_type, inode.metadata.size);
        let content = Content::Extents(extents);
        let proof = if starts_at_once { Proof::Plausible } else { Proof::Guessed };
        let death = self.deaths.get(&life).copied().unwrap_or(inode.metadata.changed);
        let metadata = Metadata { file_type, size, ..inode.metadata };
        if file_type == FileType::Directory && !self.volume.has_checksums() {
            self.remember_directory(&content, life);
        }
        let fate = Fate::Deleted(Some(death));
        let (order, found_at) = at;
        self.give(Remain::Version(Version { life, order, metadata, content, proof, fate, found_at }));
    }

    /// A file whose size is not known ends with the last byte of its last block that is not zero.
    fn without_padding(
        &self,
        mut extents: Vec<Extent>,
        file_type: FileType,
        size: u64,
    ) -> (Vec<Extent>, u64) {
        let block = self.volume.superblock.block_size();
        let Some(last) = extents.last_mut().filter(|_| file_type == FileType::Regular) else {
            return (extents, size);
        };
        let Place::Disk(at) = last.place else { return (extents, size) };
        let before = last.len.saturating_sub(1) / block.max(1) * block;
        let tail = usize::try_from(last.len.saturating_sub(before)).unwrap_or(0);
        // A block that cannot be read is none that ends with zeros.
        let bytes = read_vec(&*self.volume.source, at.saturating_add(before), tail).unwrap_or_default();
        let zeros = bytes.iter().rev().take_while(|&&byte| byte == 0).count();
        let zeros = if zeros == bytes.len() { 0 } else { zeros as u64 };
        last.len = last.len.saturating_sub(zeros);
        (extents, size.saturating_sub(zeros))
    }

    /// The entries of a directory that was in its inode, whose list may be empty by now.
    fn freed_directory(&mut self, life: Life, literal: &[u8], order: u64) {
        let layout = Layout { superblock: &self.volume.superblock, directory: life.number };
        let Some(short) = of_inode(layout, literal) else { return };
        let dir = (life.number, Some(life.generation));
        self.parent(dir, short.parent, (order, Proof::Plausible));
        for entry in &short.entries {
            self.name(dir, None, entry, (order, Proof::Plausible));
        }
    }

    /// What `literal` seems to be. A list of extents that begins with the first block has six zeros in front, which no
    /// directory has.
    fn fork(&self, literal: &[u8]) -> Fork {
        let runs = self.runs_of(literal);
        if runs.first().is_some_and(|run| run.start == 0) {
            return Fork::Extents(runs);
        }
        let layout = Layout { superblock: &self.volume.superblock, directory: 0 };
        let is_directory = literal.get(1).is_some_and(|&wide| wide <= literal.first().copied().unwrap_or(0));
        if is_directory && of_inode(layout, literal).is_some() {
            return Fork::Directory;
        }
        let text = literal.iter().take(MAX_LINK).take_while(|&&byte| byte > b' ' && byte != 0x7F).count();
        if text > 0 && literal.get(text).is_none_or(|&byte| byte == 0) {
            return Fork::Link(text);
        }
        if runs.is_empty() { Fork::Nothing } else { Fork::Extents(runs) }
    }

    /// The records of extents in `literal` up to the first that is none.
    fn runs_of(&self, literal: &[u8]) -> Vec<Run> {
        let mut runs = Vec::<Run>::new();
        for packed in literal.as_chunks::<16>().0 {
            let run = mapping::decode(u128::from_be_bytes(*packed));
            let end = runs.last().map_or(0, Run::end);
            let fits = self.volume.superblock.run_offset(run.block, run.count).is_some();
            if run.count == 0 || run.start < end || !fits {
                break;
            }
            runs.push(run);
        }
        runs
    }

    /// What the first block of a file says that it is.
    fn type_of(&self, number: u64, first: Option<&Run>) -> FileType {
        let block = first.and_then(|run| self.disk.block(run.block).ok()).unwrap_or_default();
        let record = Record::new("block", &block);
        let owns = |offset: usize| record.u64_be(offset).is_ok_and(|owner| owner == number);
        match block.first_chunk::<4>() {
            Some(b"XDB3" | b"XDD3") if owns(40) => FileType::Directory,
            // Version 4 begins a directory with the entry of itself.
            Some(b"XD2B" | b"XD2D") if owns(16) => FileType::Directory,
            Some(b"XSLM") if owns(32) => FileType::Symlink,
            _ => FileType::Regular,
        }
    }
}

/// The inode of `record` as a file of `size` bytes.
fn revived(number: u64, record: &[u8], size: u64) -> Option<Inode> {
    let mut record = record.to_vec();
    record.get_mut(2..4)?.copy_from_slice(&0x8000_u16.to_be_bytes());
    record.get_mut(56..64)?.copy_from_slice(&size.to_be_bytes());
    Inode::parse(number, record).ok()
}
