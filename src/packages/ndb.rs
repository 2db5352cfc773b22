//! RPM's own database, `Packages.db` (SUSE): a table of slots, and a blob for each header.
//!
//! The layout is that of rpm's `lib/backend/ndb/rpmpkg.c`. Numbers are little-endian. The file begins with a header
//! of two slots; a slot (16 bytes) names a package and its blocks of 16 bytes; a blob is a head of 16 bytes, the
//! header, padding, and a tail of 12 with the Adler-32 of what is before it.

use std::collections::BTreeMap;

use super::PACKAGES_LIMIT;
use super::rpm::LONGEST;
use crate::archive::sqlite::Pages;
use assay_disk::bytes::Record;

const PAGE: u64 = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;
const HEAD: usize = 16;
const TAIL: usize = 12;
const SLOT_MAGIC: &[u8] = b"Slot";
const BLOB_MAGIC: &[u8] = b"BlbS";
const END_MAGIC: &[u8] = b"BlbE";

/// What the file begins with.
const MAGIC: &[u8] = b"RpmP";

/// Hands on each header; the first thing that was wrong.
pub(super) fn headers(file: &dyn Pages, each: &mut dyn FnMut(&[u8])) -> Result<(), &'static str> {
    let header =
        file.read(0, 32).filter(|header| header.starts_with(MAGIC)).ok_or("its header is not one")?;
    let header = Record::new("NDB header", &header);
    let (Ok(version), Ok(pages)) = (header.u32_le(4), header.u32_le(12)) else {
        return Err("its header is cut off");
    };
    if version != 0 {
        return Err("its version is not known");
    }
    let table = u64::from(pages).saturating_mul(PAGE);
    let mut problem = if pages == 0 || table > file.size() { Err("its slots are cut off") } else { Ok(()) };
    // Where each blob ends, by its beginning: they do not overlap.
    let mut places: BTreeMap<u64, u64> = BTreeMap::from([(0, table)]);
    for page in 0..table.min(file.size()).div_ceil(PAGE) {
        let Some(slots) = file.read(page.saturating_mul(PAGE), 4096) else {
            return problem.and(Err("its slots cannot be read"));
        };
        let slots = slots.chunks_exact(SLOT).skip(if page == 0 { 2 } else { 0 });
        for slot in slots.map(|slot| Record::new("NDB slot", slot)) {
            problem = problem.and(package(file, &slot, &mut places, each));
        }
    }
    problem
}

/// Hands on the header that a slot names.
fn package(
    file: &dyn Pages,
    slot: &Record<'_>,
    places: &mut BTreeMap<u64, u64>,
    each: &mut dyn FnMut(&[u8]),
) -> Result<(), &'static str> {
    let fields = [4, 8, 12].map(|at| u64::from(slot.u32_le(at).unwrap_or_default()));
    let [number, start, blocks] = fields;
    if !slot.all().starts_with(SLOT_MAGIC) {
        return Err("a slot is not one");
    }
    if fields == [0; 3] {
        return Ok(());
    }
    let (start, length) = (start.saturating_mul(BLOCK), blocks.saturating_mul(BLOCK));
    let end = start.saturating_add(length);
    let before = places.range(..end).next_back();
    if number == 0 || before.is_none_or(|(_, &last)| last > start) {
        return Err("a slot names no package, or part of another's");
    }
    if places.len() > PACKAGES_LIMIT {
        return Err("it has more packages than are read");
    }
    places.insert(start, end);
    let length = usize::try_from(length).ok().filter(|&length| length <= LONGEST);
    let length = length.ok_or("a package is larger than what is read of one")?;
    let blob = file.read(start, length).filter(|blob| blob.len() == length).ok_or("a package is cut off")?;
    each(header(&blob, number).ok_or("a package is damaged")?);
    Ok(())
}

/// The header in a blob, which says its number and length at both ends and carries a checksum.
fn header(blob: &[u8], number: u64) -> Option<&[u8]> {
    let (checked, tail) = blob.split_at_checked(blob.len().checked_sub(TAIL)?)?;
    let (head, tail) = (Record::new("NDB blob", checked), Record::new("NDB tail", tail));
    let size = usize::try_from(head.u32_le(12).ok()?).ok()?;
    let whole = HEAD.checked_add(size)?.checked_add(TAIL)?.checked_next_multiple_of(SLOT)?;
    let is_own = checked.starts_with(BLOB_MAGIC)
        && u64::from(head.u32_le(4).ok()?) == number
        && tail.all().ends_with(END_MAGIC)
        && tail.u32_le(4).ok()? == head.u32_le(12).ok()?
        && whole == blob.len();
    let header = checked.get(HEAD..HEAD.checked_add(size)?)?;
    (is_own && tail.u32_le(0) == Ok(adler32(checked))).then_some(header)
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut low, mut high) = (1_u32, 0_u32);
    // So many bytes cannot overflow 32 bits.
    for piece in bytes.chunks(5552) {
        for &byte in piece {
            low = low.wrapping_add(u32::from(byte));
            high = high.wrapping_add(low);
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&[0xff; 20_000]), adler32_slow(&[0xff; 20_000]));
    }

    fn adler32_slow(bytes: &[u8]) -> u32 {
        let (low, high) = bytes.iter().fold((1_u64, 0_u64), |(low, high), &byte| {
            let low = (low + u64::from(byte)) % 65_521;
            (low, (high + low) % 65_521)
        });
        u32::try_from(high << 16 | low).unwrap()
    }
}
