//! The look-up tables: owners, fragments, attributes. Each is cut into metadata blocks, whose places are
//! listed at the table's start.

use super::metadata::{BLOCK, Metadata};
use super::superblock::{NONE, Superblock};
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// A table of records of equal length, read record by record.
pub(super) struct Table {
    what: &'static str,
    record: usize,
    count: u64,
    /// Places of its metadata blocks.
    blocks: Vec<u64>,
}

impl Table {
    /// Reads the places of the blocks; `at` is where their list begins.
    fn read(
        source: &dyn Source,
        what: &'static str,
        at: u64,
        count: u64,
        record: usize,
    ) -> Result<Self, FsError> {
        let bytes = count.saturating_mul(record as u64);
        let blocks = usize::try_from(bytes.div_ceil(BLOCK as u64)).unwrap_or(usize::MAX);
        let list = read_vec(source, at, blocks.saturating_mul(8))?;
        let blocks =
            list.chunks_exact(8).filter_map(|place| Some(u64::from_le_bytes(place.try_into().ok()?)));
        Ok(Self { what, record, count, blocks: blocks.collect() })
    }

    fn get<const N: usize>(&self, metadata: &Metadata, index: u32) -> Result<[u8; N], FsError> {
        let missing = || FsError::corrupt(self.what, index.into(), format!("there are {}", self.count));
        let index = u64::from(index);
        let at = index.saturating_mul(self.record as u64);
        let block = usize::try_from(at / BLOCK as u64).ok().filter(|_| index < self.count);
        let place = *block.and_then(|block| self.blocks.get(block)).ok_or_else(missing)?;
        let offset = usize::try_from(at % BLOCK as u64).unwrap_or(0);
        metadata.at(place, offset)?.take()
    }
}

/// A block of tail ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) place: u64,
    /// As in the list of blocks of a file.
    pub(super) size: u32,
}

/// All owners: user and group numbers.
pub(super) fn owners(
    source: &dyn Source,
    metadata: &Metadata,
    superblock: &Superblock,
) -> Result<Vec<u32>, FsError> {
    let table = Table::read(source, "owner", superblock.id_table, superblock.ids.into(), 4)?;
    (0..u32::from(superblock.ids)).map(|index| Ok(u32::from_le_bytes(table.get(metadata, index)?))).collect()
}

/// The table of fragments.
pub(super) struct Fragments(Option<Table>);

impl Fragments {
    pub(super) fn read(source: &dyn Source, superblock: &Superblock) -> Result<Self, FsError> {
        let (at, count) = (superblock.fragment_table, superblock.fragments);
        if at == NONE || count == 0 {
            return Ok(Self(None));
        }
        Table::read(source, "fragment", at, count.into(), 16).map(|table| Self(Some(table)))
    }

    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn get(&self, metadata: &Metadata, index: u32) -> Result<Fragment, FsError> {
        let table = self.0.as_ref();
        let table = table.ok_or_else(|| FsError::corrupt("fragment", index.into(), "there are none"))?;
        let bytes = table.get::<16>(metadata, index)?;
        let record = Record::new("fragment", &bytes);
        Ok(Fragment { place: record.u64_le(0)?, size: record.u32_le(8)? })
    }
}

/// Where the attributes of an inode lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AttributeList {
    /// A reference into the table of attributes.
    pub(super) reference: u64,
    pub(super) count: u32,
}

/// The table of attributes.
pub(super) struct Attributes {
    /// Where names and values lie.
    pub(super) start: u64,
    lists: Table,
}

impl Attributes {
    /// `None`, where the file system keeps none.
    pub(super) fn read(source: &dyn Source, superblock: &Superblock) -> Result<Option<Self>, FsError> {
        let at = superblock.xattr_table;
        if at == NONE {
            return Ok(None);
        }
        let header = read_vec(source, at, 16)?;
        let record = Record::new("attribute table", &header);
        let list = at.saturating_add(16);
        let lists = Table::read(source, "attribute list", list, record.u32_le(8)?.into(), 16)?;
        Ok(Some(Self { start: record.u64_le(0)?, lists }))
    }

    pub(super) fn list(&self, metadata: &Metadata, index: u32) -> Result<AttributeList, FsError> {
        let bytes = self.lists.get::<16>(metadata, index)?;
        let record = Record::new("attribute list", &bytes);
        Ok(AttributeList { reference: record.u64_le(0)?, count: record.u32_le(8)? })
    }
}
