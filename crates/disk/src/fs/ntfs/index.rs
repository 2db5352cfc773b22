//! The index of a directory: entries in its record, and blocks of them in clusters.
//!
//! Every block that is in use is read, in the order of the disk, and every block that an entry points to;
//! the order of the tree does not matter, so no pointer can lead astray or in circles.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::file::File;
use super::record::{self, NUMBER, kind};
use super::value::Value;
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{FsError, utf16};

const SUBNODE: u16 = 1;
const LAST: u16 = 2;
const DOS: u8 = 2;

/// An entry of a directory.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) record: u64,
    /// The sequence number that the record should have.
    pub(super) sequence: u16,
}

/// Takes entries until it breaks.
type Each<'e> = dyn FnMut(Entry) -> ControlFlow<()> + 'e;

/// The name of the attributes that are the index of a directory.
pub(super) fn i30() -> Vec<u8> {
    "$I30".encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Hands on all entries of a directory but second names that are for MS-DOS alone.
///
/// # Errors
/// The first [`FsError`] met, after every entry that could be read was handed on.
pub(super) fn read(volume: &Volume, directory: &File, each: &mut Each<'_>) -> Result<(), FsError> {
    let name = i30();
    let root = directory.value(volume, kind::INDEX_ROOT, &name)?;
    let root = root.whole(volume, volume.boot.record.into())?;
    let root = Record::new("index root", &root);
    let block = u64::from(root.u32_le(8)?);
    let mut reading = Reading {
        volume,
        number: directory.number,
        each,
        pointed: BTreeSet::new(),
        listed: BTreeSet::new(),
        dos: Vec::new(),
        damage: None,
        ended: false,
    };
    reading.node(&root, 16);
    if directory.attributes.iter().any(|one| one.kind == kind::INDEX_ALLOCATION && one.name == name) {
        let blocks = Blocks::open(volume, directory, &name, block);
        match blocks {
            Ok(blocks) => reading.blocks(&blocks),
            Err(error) => reading.damaged(error),
        }
    } else if !reading.pointed.is_empty() {
        reading.bad("its index points to blocks, and there are none".into());
    }
    reading.lone_dos_names();
    match (reading.damage, &directory.damage) {
        (Some(error), _) => Err(error),
        (None, Some(error)) => Err(error.clone()),
        (None, None) => Ok(()),
    }
}

/// The blocks of a large directory.
struct Blocks {
    content: Value,
    /// Bytes of a block.
    size: u64,
    /// What a pointer to a block counts, in bytes.
    unit: u64,
    /// A bit for each block in use.
    used: Vec<u8>,
}

impl Blocks {
    fn open(volume: &Volume, directory: &File, name: &[u8], size: u64) -> Result<Self, FsError> {
        if !size.is_power_of_two() || !(512..=65536).contains(&size) {
            let problem = format!("blocks of {size} bytes");
            return Err(FsError::corrupt("index of directory", directory.number, problem));
        }
        let content = directory.value(volume, kind::INDEX_ALLOCATION, name)?;
        let bitmap = directory.value(volume, kind::BITMAP, name)?;
        // No more bits than blocks that are on the disk.
        let bytes = bitmap.size.min(content.present() / size / 8 + 8);
        let used = bitmap.piece(volume, 0, usize::try_from(bytes).unwrap_or(0))?;
        let unit = if volume.boot.cluster <= size { volume.boot.cluster } else { 512 };
        Ok(Self { content, size, unit, used })
    }

    fn in_use(&self) -> impl Iterator<Item = u64> + '_ {
        let bits = self.used.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        (0_u64..).zip(bits).filter(|(_, used)| *used).map(|(number, _)| number)
    }
}

struct Reading<'a, 'e> {
    volume: &'a Volume,
    number: u64,
    each: &'a mut Each<'e>,
    /// Pointers to blocks, as entries have them.
    pointed: BTreeSet<u64>,
    /// The records that were handed on.
    listed: BTreeSet<u64>,
    /// Names for MS-DOS alone.
    dos: Vec<Entry>,
    damage: Option<FsError>,
    ended: bool,
}

impl Reading<'_, '_> {
    fn damaged(&mut self, error: FsError) {
        self.damage.get_or_insert(error);
    }

    fn bad(&mut self, problem: String) {
        self.damaged(FsError::corrupt("index of directory", self.number, problem));
    }

    fn blocks(&mut self, blocks: &Blocks) {
        let mut read = BTreeSet::new();
        for number in blocks.in_use() {
            if self.ended {
                return;
            }
            read.insert(number.saturating_mul(blocks.size / blocks.unit.min(blocks.size)));
            self.block(blocks, number.saturating_mul(blocks.size));
        }
        while let Some(&pointer) = self.pointed.difference(&read).next() {
            if self.ended {
                return;
            }
            self.bad(format!("block {pointer} is in its tree, and not in use"));
            read.insert(pointer);
            self.block(blocks, pointer.saturating_mul(blocks.unit));
        }
        // A directory of several blocks has a tree over them: what no entry points to was cut off from it,
        // and was handed on all the same.
        if read.iter().any(|pointer| !self.pointed.contains(pointer)) {
            self.bad("a block is in use that its tree does not reach".into());
        }
    }

    fn block(&mut self, blocks: &Blocks, offset: u64) {
        let len = usize::try_from(blocks.size).unwrap_or(0);
        let mut bytes = match blocks.content.piece(self.volume, offset, len) {
            Ok(bytes) => bytes,
            Err(error) => return self.damaged(error),
        };
        if let Err(problem) = record::fix_up(b"INDX", &mut bytes) {
            return self.bad(format!("block at {offset}: {problem}"));
        }
        let record = Record::new("index block", &bytes);
        match record.u64_le(16) {
            Ok(own) if own == offset / blocks.unit => self.node(&record, 24),
            Ok(own) => self.bad(format!("block at {offset} says that it is block {own}")),
            Err(error) => self.damaged(error.into()),
        }
    }

    /// Hands on names for MS-DOS whose files have no other here: they would be lost.
    fn lone_dos_names(&mut self) {
        for entry in std::mem::take(&mut self.dos) {
            if !self.ended && !self.listed.contains(&entry.record) {
                self.ended = (self.each)(entry).is_break();
            }
        }
    }

    /// The entries of one node of the tree, whose header lies at `header`; damage ends it.
    fn node(&mut self, record: &Record<'_>, header: usize) {
        let entries = record.u32_le(header).and_then(|begin| {
            let end = record.u32_le(header + 4)?;
            record.part("index node", header, end as usize).map(|node| (node, begin as usize))
        });
        let (node, mut at) = match entries {
            Ok(entries) => entries,
            Err(error) => return self.damaged(error.into()),
        };
        loop {
            match self.entry(&node, at) {
                Ok(Some(next)) => at = next,
                Ok(None) => return,
                Err(error) => return self.damaged(error),
            }
        }
    }

    /// Hands on the entry at `at`; returns where the next begins, if there is one.
    fn entry(&mut self, node: &Record<'_>, at: usize) -> Result<Option<usize>, FsError> {
        let len = usize::from(node.u16_le(at.saturating_add(8))?);
        let entry = node.part("index entry", at, len)?;
        let flags = entry.u16_le(12)?;
        if flags & SUBNODE != 0 {
            self.pointed.insert(entry.u64_le(len.saturating_sub(8))?);
        }
        if flags & LAST != 0 {
            return Ok(None);
        }
        let units = usize::from(entry.u8(80)?);
        let name = entry.bytes(82, units * 2)?;
        if usize::from(entry.u16_le(10)?) != 66 + units * 2 {
            let problem = format!("an entry of {} bytes for a name of {units}", entry.u16_le(10)?);
            return Err(FsError::corrupt("index of directory", self.number, problem));
        }
        let parent = entry.u64_le(16)? & NUMBER;
        if parent != self.number {
            self.bad(format!("an entry that belongs to directory {parent}"));
        }
        let reference = entry.u64_le(0)?;
        let sequence = u16::try_from(reference >> 48).unwrap_or_default();
        let found = Entry { name: utf16::name(name), record: reference & NUMBER, sequence };
        if entry.u8(81)? == DOS {
            self.dos.push(found);
        } else {
            self.listed.insert(found.record);
            self.ended = (self.each)(found).is_break();
        }
        if self.ended {
            return Ok(None);
        }
        Ok(Some(at.saturating_add(len)))
    }
}
