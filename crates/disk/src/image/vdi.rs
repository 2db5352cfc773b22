//! VDI of VirtualBox: dynamic and fixed.
//!
//! Reference: VirtualBox's `VDICore.h`, and the header of qemu's `block/vdi.c`.

use std::sync::Arc;

use super::clusters::{Clustered, Map, Place};
use super::table::{Table, run_of};
use crate::bytes::{ReadError, Record, Source, Truncated, read_vec};

/// Entries from here on have no data: never written, or zeros.
const NO_DATA: u32 = 0xffff_fffe;

struct Vdi {
    table: Table,
    size: u64,
    /// Bytes of a block.
    block: u64,
    /// Bytes that each block has before its data.
    extra: u64,
    /// Where the first block lies in the file.
    data: u64,
}

/// Opens the disk.
pub(super) fn open(file: &Arc<dyn Source>) -> Result<Arc<dyn Source>, String> {
    let header = read_vec(&**file, 0, 512).map_err(|error| error.to_string())?;
    let map = Vdi::parse(file, &Record::new("VDI header", &header)).map_err(|error| error.to_string())??;
    Ok(Arc::new(Clustered::new(map, Arc::clone(file), None)))
}

impl Vdi {
    fn parse(file: &Arc<dyn Source>, record: &Record<'_>) -> Result<Result<Self, String>, Truncated> {
        let (version, kind) = (record.u32_le(68)?, record.u32_le(76)?);
        let (table, data) = (record.u32_le(340)?, record.u32_le(344)?);
        let (size, block, extra) = (record.u64_le(368)?, record.u32_le(376)?, record.u32_le(380)?);
        let blocks = record.u32_le(384)?;
        let table = Table { file: Arc::clone(file), offset: table.into(), big_endian: false };
        let vdi = Self { table, size, block: block.into(), extra: extra.into(), data: data.into() };
        let problem = if version >> 16 != 1 {
            Some(format!("version {}.{} is not read", version >> 16, version & 0xffff))
        } else if kind != 1 && kind != 2 {
            Some(format!("image type {kind} (a differencing or undo image) is not read"))
        } else if !block.is_power_of_two() || block < 512 || extra != 0 && extra % 512 != 0 {
            Some(format!("blocks of {block} and {extra} bytes are not possible"))
        } else if size.div_ceil(vdi.block) > u64::from(blocks) {
            Some(format!("{blocks} blocks of {block} bytes for a disk of {size}"))
        } else {
            None
        };
        Ok(problem.map_or(Ok(vdi), Err))
    }
}

impl Map for Vdi {
    fn len(&self) -> u64 {
        self.size
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let (index, inside) = (offset / self.block, offset % self.block);
        let blocks = self.size.div_ceil(self.block);
        let entries = self.table.entries(index, blocks.saturating_sub(index))?;
        let first = entries.first().copied().unwrap_or(NO_DATA);
        let len = |count: u64| count.saturating_mul(self.block).saturating_sub(inside);
        if first >= NO_DATA {
            return Ok((Place::Zero, len(run_of(&entries, |_, after| after >= NO_DATA))));
        }
        let together = |before: u32, after: u32| self.extra == 0 && before.checked_add(1) == Some(after);
        let stride = self.block.saturating_add(self.extra);
        let start = self.data.saturating_add(u64::from(first).saturating_mul(stride));
        let data = start.saturating_add(self.extra).saturating_add(inside);
        Ok((Place::File(data), len(run_of(&entries, together))))
    }
}
