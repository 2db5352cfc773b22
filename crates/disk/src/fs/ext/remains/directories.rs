//! Names as directories once had them: from the journal's copies of their blocks, from gaps between entries, where older
//! kernels left what was deleted, and from blocks of removed directories.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::known::{Known, State};
use super::leaves::Leaves;
use crate::bytes::{Record, Source, Span, read_vec};
use crate::fs::ext::checksum::crc32c;
use crate::fs::ext::directory::{file_type, record_length};
use crate::fs::ext::inode::{INLINE_DATA, Inode};
use crate::fs::ext::journal::History;
use crate::fs::ext::mapping;
use crate::fs::ext::superblock::incompat;
use crate::fs::ext::volume::Volume;
use crate::fs::remains::{Name, Proof, Remain, Take};
use crate::fs::{FileType, NodeId, Place};

/// Bytes of free space that are read at once; a multiple of every block.
const PIECE: u64 = 4 << 20;
/// Removed directories whose checksum is tried on a block that does not name its directory.
const TRIED: usize = 256;

/// A directory of one life.
#[derive(Clone, Copy)]
struct Owner {
    number: u64,
    generation: u32,
}

/// Hands on every name.
pub(super) fn hand_on(
    volume: &Volume,
    history: Option<&History<'_>>,
    (free, leaves): (&[Span], &Leaves<'_>),
    known: &Known,
    take: &mut Take<'_>,
) -> ControlFlow<()> {
    let owners = Owners::gather(volume, leaves, known);
    let mut names = Names { volume, owners: &owners, take };
    names.inline(known)?;
    if let Some(history) = history {
        names.journal(history)?;
    }
    names.free(free)?;
    names.living()
}

/// Which directories a block belonged to.
struct Owners {
    /// Block -> directories that had it.
    blocks: BTreeMap<u64, Vec<Owner>>,
    /// Directories by number.
    lives: BTreeMap<u64, Vec<u32>>,
    /// Those that were removed.
    removed: Vec<Owner>,
}

impl Owners {
    fn gather(volume: &Volume, leaves: &Leaves<'_>, known: &Known) -> Self {
        let mut owners = Self { blocks: BTreeMap::new(), lives: BTreeMap::new(), removed: Vec::new() };
        for (life, states) in &known.lives {
            let is_directory = |state: &&State| state.inode.metadata.file_type == FileType::Directory;
            let Some(last) = states.iter().rev().find(is_directory) else { continue };
            let owner = Owner { number: life.number, generation: last.inode.generation };
            owners.lives.entry(owner.number).or_default().push(owner.generation);
            if states.last().is_some_and(|state| state.inode.metadata.links == 0) {
                owners.removed.push(owner);
            }
            for state in states.iter().filter(is_directory).filter(|state| !state.inode.has(INLINE_DATA)) {
                owners.claim(volume, leaves, owner, state);
            }
        }
        owners
    }

    fn claim(&mut self, volume: &Volume, leaves: &Leaves<'_>, owner: Owner, state: &State) {
        let (map, _) = leaves.map(&state.inode, state.order);
        let size = u64::from(volume.superblock.block_size);
        for extent in map.extents {
            let Place::Disk(at) = extent.place else { continue };
            for block in at / size..at.saturating_add(extent.len).div_ceil(size) {
                let list = self.blocks.entry(block).or_default();
                let is_known = |one: &Owner| (one.number, one.generation) == (owner.number, owner.generation);
                if !list.iter().any(is_known) {
                    list.push(owner);
                }
            }
        }
    }
}

/// Where a block was found.
struct Found<'b> {
    block: &'b [u8],
    /// Its number.
    number: u64,
    order: u64,
    /// Whether what holds it is checked: a copy in a journal with checksums.
    is_checked: bool,
    /// Whether its entries were in use when it was written.
    with_entries: bool,
}

struct Names<'a, 't> {
    volume: &'a Volume,
    owners: &'a Owners,
    take: &'a mut Take<'t>,
}

impl Names<'_, '_> {
    /// Directories that lay in their inodes.
    fn inline(&mut self, known: &Known) -> ControlFlow<()> {
        for (life, states) in &known.lives {
            for state in states.iter().filter(|state| state.inode.has(INLINE_DATA)) {
                if state.inode.metadata.file_type != FileType::Directory {
                    continue;
                }
                let owner = Owner { number: life.number, generation: state.inode.generation };
                let entries = state.inode.block.get(4..).unwrap_or_default();
                self.entries(entries, owner, (Some(life.generation), state.order, state.proof), true)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Copies in the journal.
    fn journal(&mut self, history: &History<'_>) -> ControlFlow<()> {
        for copy in &history.copies {
            // What begins with `.` names its directory.
            let Ok(block) = history.read(copy) else { continue };
            if !self.owners.blocks.contains_key(&copy.fs_block) && dot(&block).is_none() {
                continue;
            }
            let (number, order, is_checked) = (copy.fs_block, copy.order, copy.is_checked);
            self.block(&Found { block: &block, number, order, is_checked, with_entries: true })?;
        }
        ControlFlow::Continue(())
    }

    /// Blocks of removed directories.
    fn free(&mut self, free: &[Span]) -> ControlFlow<()> {
        let source = &self.volume.source;
        let size = u64::from(self.volume.superblock.block_size);
        for span in free {
            let end = span.end().unwrap_or(u64::MAX).min(source.len());
            let mut at = span.offset;
            // What cannot be read here cannot be searched either, which is said there.
            while let Some(data) = source.next_data(at).ok().flatten().filter(|data| data.offset < end) {
                at = at.max(data.offset / size * size);
                let stop = data.end().unwrap_or(u64::MAX).min(end);
                while at < stop {
                    let len = PIECE.min(end.saturating_sub(at));
                    self.piece(&**source, at, len)?;
                    at = at.saturating_add(len);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn piece(&mut self, source: &dyn Source, at: u64, len: u64) -> ControlFlow<()> {
        let size = u64::from(self.volume.superblock.block_size);
        let bytes = read_vec(source, at, usize::try_from(len).unwrap_or(0)).unwrap_or_default();
        let blocks = bytes.chunks_exact(usize::try_from(size).unwrap_or(4096));
        for (number, block) in (at / size.max(1)..).zip(blocks) {
            if dot(block).is_some() || has_tail(block) {
                let found = Found { block, number, order: 0, is_checked: false, with_entries: true };
                self.block(&found)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Gaps between the entries of directories that are there.
    fn living(&mut self) -> ControlFlow<()> {
        let mut todo = vec![super::super::ROOT];
        let mut seen = std::collections::HashSet::from([super::super::ROOT]);
        while let Some(number) = todo.pop() {
            let Ok(inode) = self.volume.inode(number) else { continue };
            let mut beneath = |_: &[u8], id: NodeId, kind: Option<FileType>| {
                if kind.is_none_or(|kind| kind == FileType::Directory) && seen.insert(id.0) {
                    todo.push(id.0);
                }
                ControlFlow::Continue(())
            };
            if inode.metadata.file_type != FileType::Directory {
                continue;
            }
            // Damage of a directory is said where it is walked.
            let _damage = super::super::directory::read(self.volume, &inode, &mut beneath);
            self.gaps_of(&inode)?;
        }
        ControlFlow::Continue(())
    }

    fn gaps_of(&mut self, inode: &Inode) -> ControlFlow<()> {
        if inode.has(INLINE_DATA) {
            return ControlFlow::Continue(());
        }
        let size = u64::from(self.volume.superblock.block_size);
        let owner = Owner { number: inode.number, generation: inode.generation };
        for extent in mapping::map(self.volume, inode).extents {
            let Place::Disk(at) = extent.place else { continue };
            let mut place = at;
            while place < at.saturating_add(extent.len) {
                let bytes = read_vec(&*self.volume.source, place, usize::try_from(size).unwrap_or(0));
                let generation = Some(u64::from(inode.generation));
                let facts = (generation, 0, Proof::Plausible);
                self.entries(&bytes.unwrap_or_default(), owner, facts, false)?;
                place = place.saturating_add(size.max(1));
            }
        }
        ControlFlow::Continue(())
    }

    /// A block of a directory: whose it is, and its entries.
    fn block(&mut self, found: &Found<'_>) -> ControlFlow<()> {
        let owners = self.owners_of(found);
        let proved = owners.iter().find(|owner| self.is_proved(found.block, **owner));
        let Some(owner) = proved.or_else(|| owners.last().filter(|_| !self.volume.has_checksums())) else {
            return ControlFlow::Continue(());
        };
        let is_checked = proved.is_some() || found.is_checked;
        let proof = if is_checked { Proof::Checked } else { Proof::Plausible };
        let generation = (proved.is_some() || owners.len() == 1).then_some(u64::from(owner.generation));
        self.entries(found.block, *owner, (generation, found.order, proof), found.with_entries)
    }

    /// The directories that a block may be of.
    fn owners_of(&self, found: &Found<'_>) -> Vec<Owner> {
        let mut owners = self.owners.blocks.get(&found.number).cloned().unwrap_or_default();
        if let Some(number) = dot(found.block) {
            owners.retain(|owner| owner.number == number);
            let generations = self.owners.lives.get(&number).into_iter().flatten();
            owners.extend(generations.map(|&generation| Owner { number, generation }));
            // Of a directory that only its own record still knows.
            let on_disk = self.volume.inode(number).ok().map(|inode| inode.generation);
            owners.extend(on_disk.map(|generation| Owner { number, generation }));
        } else if owners.is_empty() {
            owners.extend(self.owners.removed.iter().rev().take(TRIED));
        }
        owners
    }

    /// Whether the checksum of a block says that it is of this directory and this life.
    fn is_proved(&self, block: &[u8], owner: Owner) -> bool {
        if !self.volume.has_checksums() || !has_tail(block) {
            return false;
        }
        let seed = crc32c(self.volume.superblock.checksum_seed, &low(owner.number).to_le_bytes());
        let seed = crc32c(seed, &owner.generation.to_le_bytes());
        let Some((entries, tail)) = block.len().checked_sub(12).and_then(|at| block.split_at_checked(at))
        else {
            return false;
        };
        tail.get(8..) == Some(crc32c(seed, entries).to_le_bytes().as_slice())
    }

    /// Entries in use, if `with_entries`, and those in the gaps between them.
    fn entries(
        &mut self,
        block: &[u8],
        owner: Owner,
        facts: (Option<u64>, u64, Proof),
        with_entries: bool,
    ) -> ControlFlow<()> {
        let record = Record::new("directory block", block);
        let mut at = 0_usize;
        while let (Ok(raw), Ok(name)) = (record.u16_le(at.saturating_add(4)), record.u8(at.saturating_add(6)))
        {
            let len = record_length(raw, block.len());
            if len < 8 || !len.is_multiple_of(4) {
                break;
            }
            let used = if record.u32_le(at).is_ok_and(|number| number != 0) {
                if with_entries {
                    self.entry(&record, at, owner, facts)?;
                }
                usize::from(name).saturating_add(8).next_multiple_of(4)
            } else {
                // The number is gone, the rest of the entry may be there: a name without a file.
                12
            };
            let end = at.saturating_add(len).min(block.len());
            self.gap(&record, (at.saturating_add(used), end), owner, facts)?;
            at = at.saturating_add(len);
        }
        ControlFlow::Continue(())
    }

    /// What older kernels leave of deleted entries, sifted in steps of four bytes.
    fn gap(
        &mut self,
        record: &Record<'_>,
        (from, to): (usize, usize),
        owner: Owner,
        (generation, order, proof): (Option<u64>, u64, Proof),
    ) -> ControlFlow<()> {
        let mut at = from;
        while at.saturating_add(12) <= to {
            let is_entry = self.is_entry(record, at, to);
            if is_entry {
                self.entry(record, at, owner, (generation, order, proof.min(Proof::Plausible)))?;
            }
            let name = record.u8(at.saturating_add(6)).map(usize::from).unwrap_or(0);
            let step = if is_entry { name.saturating_add(8).next_multiple_of(4) } else { 4 };
            at = at.saturating_add(step);
        }
        ControlFlow::Continue(())
    }

    /// Whether there is an entry at `at` that makes sense.
    fn is_entry(&self, record: &Record<'_>, at: usize, end: usize) -> bool {
        let Ok(head) = record.array::<8>(at) else { return false };
        let [a, b, c, d, e, f, name_len, kind] = head;
        let number = u32::from_le_bytes([a, b, c, d]);
        let len = usize::from(u16::from_le_bytes([e, f]));
        let need = usize::from(name_len).saturating_add(8);
        let has_type = self.volume.superblock.has_incompat(incompat::FILETYPE);
        let Ok(name) = record.bytes(at.saturating_add(8), name_len.into()) else { return false };
        (1..=self.volume.superblock.inodes_count).contains(&number)
            && len >= need
            && len.is_multiple_of(4)
            && at.saturating_add(need) <= end
            && !name.is_empty()
            && !name.contains(&0)
            && !name.contains(&b'/')
            && (!has_type || (1..=7).contains(&kind))
    }

    fn entry(
        &mut self,
        record: &Record<'_>,
        at: usize,
        owner: Owner,
        (dir_generation, order, proof): (Option<u64>, u64, Proof),
    ) -> ControlFlow<()> {
        let parts = (record.u32_le(at), record.u8(at.saturating_add(6)), record.u8(at.saturating_add(7)));
        let (Ok(child), Ok(len), Ok(kind)) = parts else { return ControlFlow::Continue(()) };
        let Ok(name) = record.bytes(at.saturating_add(8), len.into()) else {
            return ControlFlow::Continue(());
        };
        let is_name = !name.is_empty() && !name.contains(&0) && !name.contains(&b'/');
        if !is_name || name == b"." {
            return ControlFlow::Continue(());
        }
        let has_type = self.volume.superblock.has_incompat(incompat::FILETYPE);
        (self.take)(Remain::Name(Name {
            dir: owner.number,
            dir_generation,
            name: name.to_vec(),
            child: child.into(),
            child_generation: None,
            file_type: if has_type { file_type(kind) } else { None },
            order,
            proof,
        }))
    }
}

fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The number of the directory whose first block this is: it begins with `.` and `..`.
fn dot(block: &[u8]) -> Option<u64> {
    let record = Record::new("directory block", block);
    let is_dot = block.get(4..7) == Some(&[12, 0, 1]) && block.get(8..12) == Some(b".\0\0\0");
    let is_dot_dot = block.get(18..19) == Some(&[2]) && block.get(20..24) == Some(b"..\0\0");
    (is_dot && is_dot_dot).then(|| record.u32_le(0).ok()).flatten().map(u64::from)
}

/// Whether a block ends with the mark of a checksum.
fn has_tail(block: &[u8]) -> bool {
    let tail = block.len().checked_sub(12).and_then(|at| block.get(at..));
    matches!(tail, Some([0, 0, 0, 0, 12, 0, 0, 0xDE, ..]))
}
