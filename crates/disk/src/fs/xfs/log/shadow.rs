//! The inodes and the blocks of directories, links and extents as they were at a moment of the log's history: what it
//! changed is laid over what is on the disk.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::buffer;
use super::inode::{Description, field, lay_core, lay_forks};
use super::kind;
use super::transaction::Item;
use super::walk::{bytes, order};
use crate::budget::Budget;
use crate::bytes::{ReadError, Record, Source, Span, read_vec};
use crate::fs::FsError;
use crate::fs::overlay::Overlay;
use crate::fs::xfs::checksum;
use crate::fs::xfs::volume::Volume;

/// No buffer of those that are kept is larger, in bytes: a directory block.
const MAX_BUFFER: u64 = 64 << 10;
/// Types of buffers whose content is not kept: headers of groups, inodes, free space and index of directories, attributes.
const NOT_KEPT: [u16; 12] = [5, 6, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19];
/// What blocks begin with that are kept.
const KEPT: [&[u8; 4]; 7] = [b"XDB3", b"XDD3", b"XD2B", b"XD2D", b"BMA3", b"BMAP", b"XSLM"];

/// An inode at a moment.
#[derive(Clone)]
pub(in crate::fs::xfs) struct InodeState {
    /// Its record as it would be on the disk.
    pub(in crate::fs::xfs) record: Vec<u8>,
    /// Since when it is so.
    pub(in crate::fs::xfs) order: u64,
    /// Whether its data fork was not in the log: it is that of the disk, which may be younger.
    pub(in crate::fs::xfs) is_borrowed: bool,
}

/// What an item does to a block that is kept.
pub(in crate::fs::xfs) struct BlockChange {
    /// Where it lies, in bytes.
    pub(in crate::fs::xfs) span: Span,
    /// How it was, where that is known.
    pub(in crate::fs::xfs) before: Option<Vec<u8>>,
    /// How it is then; none, if it was freed.
    pub(in crate::fs::xfs) after: Option<Vec<u8>>,
    /// Since when it was as `before`.
    pub(in crate::fs::xfs) since: u64,
    /// Whether `before`, and `after`, may have parts that are younger.
    pub(in crate::fs::xfs) is_mixed: (bool, bool),
}

/// A source that changes while it is read.
struct Shared(RwLock<Overlay>);

impl Source for Shared {
    fn len(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).read_exact_at(offset, dst)
    }
}

/// The state at a moment.
pub(in crate::fs::xfs) struct Shadow {
    /// The file system as it was: for maps of content.
    pub(in crate::fs::xfs) volume: Volume,
    disk: Arc<dyn Source>,
    shared: Arc<Shared>,
    inodes: BTreeMap<u64, InodeState>,
    /// Blocks that are kept, by place: since when, and whether parts may be younger.
    blocks: BTreeMap<u64, (u64, bool)>,
    /// Bytes that may still be kept.
    room: u64,
}

impl Shadow {
    /// As `volume` was at the beginning of the log, its disk being `disk`.
    pub(super) fn new(volume: &Volume, disk: &Arc<dyn Source>) -> Self {
        let superblock = volume.superblock.clone();
        let overlay = Overlay::new(Arc::clone(disk), 512, BTreeMap::new());
        let shared = Arc::new(Shared(RwLock::new(overlay)));
        let room = volume.budget.metadata_bytes;
        // The tree of one file takes no larger part of it.
        let budget = Budget { metadata_bytes: room / 16, ..volume.budget };
        let source: Arc<dyn Source> = Arc::clone(&shared) as Arc<dyn Source>;
        Self {
            volume: Volume::new(source, superblock, &budget),
            disk: Arc::clone(disk),
            shared,
            inodes: BTreeMap::new(),
            blocks: BTreeMap::new(),
            room,
        }
    }

    /// Inode `number` as it is now, if the log says so.
    pub(in crate::fs::xfs) fn inode(&self, number: u64) -> Option<&InodeState> {
        self.inodes.get(&number)
    }

    /// All that the log says of inodes.
    pub(in crate::fs::xfs) fn inodes(&self) -> impl Iterator<Item = (u64, &InodeState)> {
        self.inodes.iter().map(|(&number, state)| (number, state))
    }

    /// The number of the inode that `item` changes, how it was before that, where it is known, and how it is then.
    pub(super) fn inode_after(
        &self,
        item: &Item,
        lsn: u64,
        order: u64,
    ) -> Result<(u64, Option<InodeState>, InodeState), FsError> {
        let description = Description::parse(&item.region(0))?;
        let (number, core) = (description.number, item.region(1));
        if core.bytes(0, 2)? != b"NI" {
            return Err(FsError::corrupt("log item", number, "no inode"));
        }
        let known = self.inodes.get(&number).cloned();
        let (before, mut after) = match known {
            Some(state) => (Some(state.clone()), state),
            None => self.first_state(number, &core, lsn)?,
        };
        lay_core(&mut after.record, &core, lsn)?;
        lay_forks(&mut after.record, item, &description, &self.volume.superblock)?;
        if self.volume.has_checksums() {
            checksum::renew(&mut after.record, checksum::INODE);
        }
        after.order = order;
        after.is_borrowed &= description.fields & field::DATA == 0;
        Ok((number, before, after))
    }

    /// Of an inode that the log does not mention: the state on the disk, if it is older than `lsn`; else its fork, if the
    /// life is the same or ended with what is on the disk.
    fn first_state(
        &self,
        number: u64,
        core: &Record<'_>,
        lsn: u64,
    ) -> Result<(Option<InodeState>, InodeState), FsError> {
        let superblock = &self.volume.superblock;
        let offset = superblock.inode_offset(number)?;
        let record = read_vec(&*self.disk, offset, superblock.inode_size.into())?;
        let disk = Record::new("inode", &record);
        let is_inode = record.starts_with(b"IN");
        let age = if self.volume.has_checksums() { disk.u64_be(112)? } else { 0 };
        let is_sound = checksum::matches(&record, checksum::INODE) && disk.u64_be(152)? == number;
        if is_inode && is_sound && age != 0 && age < lsn {
            let state = InodeState { record, order: order(age, u8::MAX), is_borrowed: false };
            return Ok((Some(state.clone()), state));
        }
        let (lived, ended) = (core.u32_le(92)?, disk.u32_be(92)?);
        let is_trusted = is_sound || !self.volume.has_checksums();
        let is_same = lived == ended || disk.u16_be(2)? == 0 && lived.wrapping_add(1) == ended;
        let record =
            if is_inode && is_trusted && is_same { record } else { vec![0; superblock.inode_size.into()] };
        Ok((None, InodeState { record, order: 0, is_borrowed: true }))
    }

    /// Keeps the state of inode `number`; false, if there is no room.
    pub(super) fn keep_inode(&mut self, number: u64, state: InodeState) -> bool {
        if !self.inodes.contains_key(&number) {
            let needed = (state.record.len() as u64).saturating_add(96);
            let Some(room) = self.room.checked_sub(needed) else { return false };
            self.room = room;
        }
        self.inodes.insert(number, state);
        true
    }

    /// What `item` does to a block that is kept; `None` for others.
    pub(super) fn block_after(&self, item: &Item, lsn: u64) -> Result<Option<BlockChange>, FsError> {
        let (place, flags) = (buffer::place(item)?, buffer::flags(item));
        let span = Span::new(bytes(place.0), bytes(place.1));
        let unkept = buffer::flag::INODES | buffer::flag::QUOTA;
        if flags & unkept != 0 || NOT_KEPT.contains(&(flags >> 11)) || span.len > MAX_BUFFER {
            return Ok(None);
        }
        let known = self.blocks.get(&span.offset).copied();
        let base = read_vec(&*self.shared, span.offset, usize::try_from(span.len).unwrap_or(0))?;
        let age = kind::age(&base, &self.volume.superblock.metadata_uuid).filter(|&age| age < lsn);
        let (since, was_mixed) = known.or_else(|| Some((order(age?, u8::MAX), false))).unwrap_or((0, true));
        let before = ((known.is_some() || age.is_some()) && is_kept(&base)).then(|| base.clone());
        let mut change = BlockChange { span, before, after: None, since, is_mixed: (was_mixed, false) };
        if flags & buffer::flag::CANCEL != 0 {
            return Ok(Some(change));
        }
        let (mut block, mut laid) = (base, 0_usize);
        for (start, piece) in buffer::pieces(item)? {
            buffer::lay(&mut block, start, piece)?;
            // How far it is known from its beginning.
            if start <= laid {
                laid = laid.max(start.saturating_add(piece.len()));
            }
        }
        change.is_mixed.1 = was_mixed && laid < used(&block);
        // What is mixed keeps the checksum of one of its parts, which is seen to be wrong.
        if self.volume.has_checksums() && !change.is_mixed.1 {
            kind::renew_checksum(&mut block);
        }
        change.after = is_kept(&block).then_some(block);
        Ok((change.before.is_some() || change.after.is_some()).then_some(change))
    }

    /// Keeps the block as it is after `change`; false, if there is no room.
    pub(super) fn keep_block(&mut self, change: &BlockChange, order: u64) -> bool {
        let place = change.span.offset;
        let Some(block) = &change.after else {
            // Its content stays as it was for those who ask what it was.
            self.blocks.remove(&place);
            return true;
        };
        let mut overlay = self.shared.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = overlay.bytes();
        if before.saturating_add(change.span.len) > self.room || overlay.write(place, block).is_err() {
            return false;
        }
        drop(overlay);
        self.blocks.insert(place, (order, change.is_mixed.1));
        true
    }
}

/// Bytes of `block` that mean something: of the leaf of a map, up to its last extent; of a link, up to its end.
fn used(block: &[u8]) -> usize {
    let record = Record::new("block", block);
    let is_leaf = |mark: &[u8]| block.starts_with(mark) && record.u16_be(4).is_ok_and(|level| level == 0);
    let extents = usize::from(record.u16_be(6).unwrap_or(0)).saturating_mul(16);
    if is_leaf(b"BMA3") {
        extents.saturating_add(72)
    } else if is_leaf(b"BMAP") {
        extents.saturating_add(24)
    } else if block.starts_with(b"XSLM") {
        (record.u32_be(8).unwrap_or(u32::MAX) as usize).saturating_add(56)
    } else {
        block.len()
    }
}

/// Whether `block` is of a kind that is kept.
pub(in crate::fs::xfs) fn is_kept(block: &[u8]) -> bool {
    KEPT.iter().any(|mark| block.starts_with(*mark))
}
