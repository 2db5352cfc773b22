//! What every part of the reader shares: the source, the geometry, and the master file table.

use std::sync::Arc;

use super::boot::Boot;
use super::file::{self, File};
use super::record::{Attribute, Content, FileRecord, kind};
use super::value::Value;
use crate::budget::Budget;
use crate::bytes::{Source, read_vec};
use crate::fs::mapped;
use crate::fs::{Extent, FsError, Place};

/// Records that the copy of the file table holds.
pub(super) const MIRRORED: u64 = 4;

/// An opened volume, immutable.
pub(super) struct Volume {
    pub(super) source: Arc<dyn Source>,
    pub(super) boot: Boot,
    pub(super) budget: Budget,
    /// The content of $MFT.
    mft: Value,
}

impl Volume {
    /// Finds the file table: record 0 says where all records lie, itself in pieces if the table is.
    pub(super) fn open(source: Arc<dyn Source>, boot: Boot, budget: &Budget) -> Result<Self, FsError> {
        let mft = Value::memory(Vec::new());
        let mut volume = Self { source, boot, budget: *budget, mft };
        let first = volume.first_records(boot.mft, 0).or_else(|error| {
            let copy = volume.first_records(boot.mirror, 0);
            copy.map_err(|_| error)
        })?;
        let mut pieces: Vec<Attribute> =
            first.of(kind::DATA).filter(|data| data.name.is_empty()).cloned().collect();
        volume.map_table(&pieces)?;
        let Some(list) = first.of(kind::ATTRIBUTE_LIST).next() else { return Ok(volume) };
        let list = Value::assemble(&volume, 0, &[list])?.whole(&volume, file::LIST_LIMIT)?;
        let mut further: Vec<_> = file::list(&list)?
            .into_iter()
            .filter(|entry| entry.kind == kind::DATA && entry.record != 0)
            .collect();
        further.sort_by_key(|entry| entry.first);
        for entry in further {
            // Each piece lies in what the pieces before it map.
            let record = volume.record(entry.record)?;
            let mut more = record.attributes;
            more.retain(|data| data.kind == kind::DATA && data.name.is_empty());
            pieces.extend(more);
            volume.map_table(&pieces)?;
        }
        if volume.mft.size > volume.mapped() {
            let problem = format!("{} of {} bytes are mapped", volume.mapped(), volume.mft.size);
            return Err(FsError::corrupt("master file table", boot.mft, problem));
        }
        Ok(volume)
    }

    fn mapped(&self) -> u64 {
        self.mft.extents.last().map_or(0, |extent| extent.start.saturating_add(extent.len))
    }

    /// Takes the pieces of the table that are known; the first claims the size of all.
    fn map_table(&mut self, pieces: &[Attribute]) -> Result<(), FsError> {
        let mut pieces = pieces.to_vec();
        let held = pieces.iter().fold(0_u64, |sum, piece| match &piece.content {
            Content::Mapped(mapping) => mapping.runs.iter().fold(sum, |sum, run| sum.saturating_add(run.len)),
            Content::Resident(_) => sum,
        });
        let held = held.saturating_mul(self.boot.cluster);
        let mut claimed = 0;
        for piece in &mut pieces {
            if let Content::Mapped(mapping) = &mut piece.content
                && mapping.first == 0
            {
                claimed = mapping.size;
                mapping.size = mapping.size.min(held);
            }
        }
        let mut mft = Value::assemble(self, 0, &pieces.iter().collect::<Vec<_>>())?;
        mft.size = claimed.max(mft.size);
        self.mft = mft;
        Ok(())
    }

    fn first_records(&self, cluster: u64, number: u64) -> Result<FileRecord, FsError> {
        let len = u64::from(self.boot.record);
        let offset = cluster.saturating_mul(self.boot.cluster).saturating_add(number.saturating_mul(len));
        let mut bytes = read_vec(&*self.source, offset, self.boot.record as usize)?;
        FileRecord::parse(number, &mut bytes, self.budget.extents)
    }

    /// How many records there are.
    pub(super) fn records(&self) -> u64 {
        self.mft.size / u64::from(self.boot.record)
    }

    /// Decodes a record, one of the first few from their copy if need be.
    pub(super) fn record(&self, number: u64) -> Result<FileRecord, FsError> {
        self.own_record(number).or_else(|error| {
            let copy = (number < MIRRORED).then(|| self.first_records(self.boot.mirror, number));
            copy.and_then(Result::ok).ok_or(error)
        })
    }

    /// Decodes a record from the table itself.
    pub(super) fn own_record(&self, number: u64) -> Result<FileRecord, FsError> {
        FileRecord::parse(number, &mut self.record_bytes(number)?, self.budget.extents)
    }

    /// Decodes a record with all that is left in it, in use or not.
    pub(super) fn unused_record(&self, number: u64) -> Result<FileRecord, FsError> {
        FileRecord::parse_unused(number, &mut self.record_bytes(number)?, self.budget.extents)
    }

    fn record_bytes(&self, number: u64) -> Result<Vec<u8>, FsError> {
        let count = self.records();
        if number >= count {
            let problem = format!("the volume has {count} records");
            return Err(FsError::corrupt("file record", number, problem));
        }
        let offset = number.saturating_mul(self.boot.record.into());
        let len = self.boot.record as usize;
        let Value { extents, size, .. } = &self.mft;
        mapped::read_vec(&*self.source, extents, *size, offset, len)
    }

    /// Where a record lies, in bytes of the volume.
    pub(super) fn place_of(&self, number: u64) -> Option<u64> {
        let offset = number.checked_mul(self.boot.record.into())?;
        match mapped::extent_at(&self.mft.extents, offset)? {
            Extent { start, place: Place::Disk(place), .. } => {
                place.checked_add(offset.saturating_sub(*start))
            }
            _ => None,
        }
    }

    /// Puts a file together from all its records.
    pub(super) fn file(&self, number: u64) -> Result<File, FsError> {
        File::read(self, number)
    }
}
