//! What marks an LVM2 physical volume: the label, its header, and the areas of metadata text.
//!
//! Reference: lvm2's `lib/label/label.h`, `lib/format_text/layout.h`, and the "LVM2 on-disk format" of the
//! libvslvm project.

use crate::bytes::{Record, Source, Span, read_vec};

const SECTOR: u64 = 512;
/// Sectors that may hold the label.
const LABEL_SECTORS: u64 = 4;
/// Areas that a header may name.
const MAX_AREAS: usize = 4;
/// Bytes of metadata text that are read; one of a thousand volumes has half a MiB.
const MAX_TEXT: u64 = 8 << 20;
const AREA_MAGIC: &[u8] = b" LVM2 x[5A%r0N*>";
const AREA_HEADER: u64 = 512;

/// A physical volume, as its header tells.
pub(in crate::volume) struct Label {
    /// Its UUID, 32 characters without dashes.
    pub(super) uuid: String,
    /// Where data lies; a length of 0 means up to the end.
    pub(super) data: Vec<Span>,
    /// Where metadata lies.
    metadata: Vec<Span>,
}

/// LVM's checksum: that of zlib without the inversions, from its own start.
fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(!0xf597_a6cf);
    parts.iter().for_each(|part| hasher.update(part));
    !hasher.finalize()
}

impl Label {
    /// The label in one of the first four sectors: `None` where there is no mark, an error where the mark is
    /// there and what follows is wrong.
    pub(in crate::volume) fn read(source: &dyn Source) -> Option<Result<Self, String>> {
        let mut problem = None;
        for sector in 0..LABEL_SECTORS {
            let Ok(bytes) = read_vec(source, sector.saturating_mul(SECTOR), 512) else { break };
            if bytes.starts_with(b"LABELONE") && bytes.get(24..28) == Some(b"LVM2") {
                match Self::parse(&bytes, sector) {
                    Ok(label) => return Some(Ok(label)),
                    Err(error) => problem = Some(error),
                }
            }
        }
        problem.map(Err)
    }

    fn parse(bytes: &[u8], sector: u64) -> Result<Self, String> {
        let record = Record::new("LVM label", bytes);
        let truncated = |error: crate::bytes::Truncated| error.to_string();
        let stored = record.u32_le(16).map_err(truncated)?;
        let found = checksum(&[bytes.get(20..).unwrap_or_default()]);
        if stored != found {
            return Err(format!("LVM label: checksum {stored:#x} stored, {found:#x} computed"));
        }
        let claimed = record.u64_le(8).map_err(truncated)?;
        if claimed != sector {
            return Err(format!("LVM label: in sector {sector}, but it says {claimed}"));
        }
        let start = record.u32_le(20).map_err(truncated)? as usize;
        let uuid = String::from_utf8_lossy(record.bytes(start, 32).map_err(truncated)?).into_owned();
        let mut at = start.saturating_add(40);
        let data = areas(&record, &mut at)?;
        let metadata = areas(&record, &mut at)?;
        Ok(Self { uuid, data, metadata })
    }

    /// The committed texts of all metadata areas, and what is wrong with the others.
    pub(in crate::volume) fn texts(&self, source: &dyn Source) -> (Vec<Vec<u8>>, Vec<String>) {
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for area in &self.metadata {
            match text(source, *area) {
                Ok(text) => texts.extend(text),
                Err(problem) => problems.push(problem),
            }
        }
        (texts, problems)
    }
}

/// A list of areas that ends with an empty one.
fn areas(record: &Record<'_>, at: &mut usize) -> Result<Vec<Span>, String> {
    let mut areas = Vec::new();
    loop {
        let field = |at: usize| record.u64_le(at).map_err(|error| error.to_string());
        let area = Span::new(field(*at)?, field(at.saturating_add(8))?);
        *at = at.saturating_add(16);
        if area.offset == 0 {
            return Ok(areas);
        }
        if areas.len() >= MAX_AREAS {
            return Err(format!("LVM label: more than {MAX_AREAS} areas"));
        }
        areas.push(area);
    }
}

/// The committed text of an area: `None` where the area is empty or told to be ignored.
fn text(source: &dyn Source, area: Span) -> Result<Option<Vec<u8>>, String> {
    let header = read_vec(source, area.offset, 512).map_err(|error| format!("metadata area: {error}"))?;
    let record = Record::new("metadata area", &header);
    let truncated = |error: crate::bytes::Truncated| error.to_string();
    let stored = record.u32_le(0).map_err(truncated)?;
    let found = checksum(&[header.get(4..).unwrap_or_default()]);
    if record.bytes(4, 16).map_err(truncated)? != AREA_MAGIC || stored != found {
        let offset = area.offset;
        return Err(format!(
            "metadata area at {offset}: no valid header (checksum {stored:#x} stored, {found:#x} computed)"
        ));
    }
    let size = record.u64_le(32).map_err(truncated)?;
    let (offset, len) = (record.u64_le(40).map_err(truncated)?, record.u64_le(48).map_err(truncated)?);
    let (sum, flags) = (record.u32_le(56).map_err(truncated)?, record.u32_le(60).map_err(truncated)?);
    if offset == 0 || flags & 1 == 1 {
        return Ok(None);
    }
    if offset < AREA_HEADER || offset >= size || len > size.saturating_sub(AREA_HEADER) || len > MAX_TEXT {
        return Err(format!("metadata area: text of {len} bytes at {offset} of {size} is not possible"));
    }
    // The area behind its header is a ring.
    let first = len.min(size.saturating_sub(offset));
    let read = |at: u64, len: u64| {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        read_vec(source, area.offset.saturating_add(at), len)
            .map_err(|error| format!("metadata text: {error}"))
    };
    let mut text = read(offset, first)?;
    text.extend(read(AREA_HEADER, len.saturating_sub(first))?);
    let found = checksum(&[&text]);
    if found != sum {
        return Err(format!("metadata text: checksum {sum:#x} stored, {found:#x} computed"));
    }
    Ok(Some(text))
}

#[cfg(test)]
pub(super) mod made {
    //! Writes physical volumes for the tests.

    use super::{AREA_HEADER, AREA_MAGIC, checksum};

    /// Writes a label in `sector`, one metadata area at 4096 of `area` bytes whose text begins at `from`,
    /// and data from `data`.
    pub(in crate::volume) fn volume(
        disk: &mut [u8],
        uuid: &str,
        sector: u64,
        (area, from): (u64, u64),
        data: u64,
        text: &str,
    ) {
        let mut label = vec![0; 512];
        label[..8].copy_from_slice(b"LABELONE");
        label[8..16].copy_from_slice(&sector.to_le_bytes());
        label[20..24].copy_from_slice(&32_u32.to_le_bytes());
        label[24..32].copy_from_slice(b"LVM2 001");
        label[32..64].copy_from_slice(uuid.as_bytes());
        label[64..72].copy_from_slice(&(disk.len() as u64).to_le_bytes());
        label[72..80].copy_from_slice(&data.to_le_bytes());
        label[104..112].copy_from_slice(&4096_u64.to_le_bytes());
        label[112..120].copy_from_slice(&area.to_le_bytes());
        let sum = checksum(&[&label[20..]]);
        label[16..20].copy_from_slice(&sum.to_le_bytes());
        let at = usize::try_from(sector * 512).unwrap();
        disk[at..at + 512].copy_from_slice(&label);
        let mut header = vec![0; 512];
        header[4..20].copy_from_slice(AREA_MAGIC);
        header[20] = 1;
        header[24..32].copy_from_slice(&4096_u64.to_le_bytes());
        header[32..40].copy_from_slice(&area.to_le_bytes());
        header[40..48].copy_from_slice(&from.to_le_bytes());
        header[48..56].copy_from_slice(&(text.len() as u64).to_le_bytes());
        header[56..60].copy_from_slice(&checksum(&[text.as_bytes()]).to_le_bytes());
        let sum = checksum(&[&header[4..]]);
        header[..4].copy_from_slice(&sum.to_le_bytes());
        disk[4096..4608].copy_from_slice(&header);
        for (index, &byte) in text.as_bytes().iter().enumerate() {
            let at = from - AREA_HEADER + index as u64;
            disk[usize::try_from(4096 + AREA_HEADER + at % (area - AREA_HEADER)).unwrap()] = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0123456789abcdef0123456789abcdef";

    fn disk(from: u64) -> Vec<u8> {
        let mut disk = vec![0; 64 << 10];
        made::volume(&mut disk, UUID, 1, (8192, from), 16384, &"vg { seqno = 1 }\n".repeat(50));
        disk
    }

    #[test]
    fn the_text_is_found_also_where_it_goes_around_the_ring() {
        for from in [512, 4096, 8000, 8191] {
            let disk = disk(from);
            let label = Label::read(&disk).unwrap().unwrap();
            assert_eq!(
                (label.uuid.as_str(), label.data.as_slice()),
                (UUID, [Span::new(16384, 0)].as_slice())
            );
            let (texts, problems) = label.texts(&disk);
            assert_eq!((texts.len(), problems.len()), (1, 0));
            assert_eq!(texts[0], "vg { seqno = 1 }\n".repeat(50).into_bytes());
        }
    }

    #[test]
    fn wrong_checksums_are_said() {
        let mut label = disk(512);
        label[512 + 100] ^= 1;
        assert!(Label::read(&label).unwrap().err().unwrap().contains("checksum"));
        for at in [4096 + 21, 4096 + 600] {
            let mut damaged = disk(512);
            damaged[at] ^= 1;
            let (texts, problems) = Label::read(&damaged).unwrap().unwrap().texts(&damaged);
            assert_eq!((texts.len(), problems.len()), (0, 1));
            assert!(problems[0].contains("checksum"), "{problems:?}");
        }
        assert!(Label::read(&vec![0; 4096]).is_none());
    }
}
