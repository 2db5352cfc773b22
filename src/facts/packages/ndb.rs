//! RPM's own database, `Packages.db` (SUSE): a table of slots, and a blob for each header.
//!
//! The layout is that of rpm's `lib/backend/ndb/rpmpkg.c`, written from memory and not yet held against a file
//! that rpm made. Numbers are little-endian. The file
//! begins with a header of two slots; a slot (16 bytes) names a package and its blocks of 16 bytes; a blob
//! is a head of 16 bytes, the header, padding, and a tail of 12.

use crate::bytes::Record;

const PAGE: usize = 4096;
const SLOT: usize = 16;
const BLOCK: usize = 16;
const SLOT_MAGIC: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_MAGIC: u32 = u32::from_le_bytes(*b"BlbS");

/// What the file begins with.
const MAGIC: &[u8] = b"RpmP";

/// Hands on each header; the first thing that was wrong.
pub(super) fn headers(bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), &'static str> {
    if !bytes.starts_with(MAGIC) {
        return Err("its header is not one");
    }
    let pages = Record::new("NDB header", bytes).u32_le(12).map_err(|_| "its header is cut off")?;
    let table = usize::try_from(pages).unwrap_or(usize::MAX).saturating_mul(PAGE);
    let mut problem = if table == 0 || table > bytes.len() { Err("its slots are cut off") } else { Ok(()) };
    // Blobs do not overlap: what they take together is at most the file.
    let mut left = bytes.len();
    let slots = bytes.get(..table.min(bytes.len())).unwrap_or_default();
    for slot in slots.chunks_exact(SLOT).skip(2) {
        let slot = Record::new("NDB slot", slot);
        if slot.u32_le(0) != Ok(SLOT_MAGIC) {
            problem = problem.and(Err("a slot is not one"));
        } else if slot.u32_le(4) != Ok(0) {
            match blob(bytes, &slot).filter(|header| header.len() <= left) {
                Some(header) => {
                    left = left.saturating_sub(header.len());
                    each(header);
                }
                None => problem = problem.and(Err("a package is cut off")),
            }
        }
    }
    problem
}

fn blob<'a>(bytes: &'a [u8], slot: &Record<'_>) -> Option<&'a [u8]> {
    let number = slot.u32_le(4).ok()?;
    let start = usize::try_from(slot.u32_le(8).ok()?).ok()?.checked_mul(BLOCK)?;
    let length = usize::try_from(slot.u32_le(12).ok()?).ok()?.checked_mul(BLOCK)?;
    let blob = bytes.get(start..start.checked_add(length)?)?;
    let head = Record::new("NDB blob", blob);
    let is_own = head.u32_le(0).ok()? == BLOB_MAGIC && head.u32_le(4).ok()? == number;
    let size = usize::try_from(head.u32_le(12).ok()?).ok()?;
    blob.get(16..16_usize.checked_add(size)?).filter(|_| is_own)
}
