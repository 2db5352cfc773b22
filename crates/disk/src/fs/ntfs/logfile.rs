//! $LogFile: whether Windows closed the volume before the image was taken.
//!
//! Reference: ntfs-3g `logfile.h` (RESTART_PAGE_HEADER, RESTART_AREA).

use super::record;
use crate::bytes::Record;
use crate::fs::FsError;

/// No client of the log has anything open.
const NO_CLIENT: u16 = 0xffff;
const IS_CLEAN: u16 = 2;
/// Bytes from the start that hold both restart pages.
pub(super) const HEAD: usize = 128 << 10;

/// Whether the log that begins with `bytes` holds nothing that is not on the volume. A log that was never
/// written, or was emptied, is all ones.
pub(super) fn is_clean(bytes: &[u8]) -> Result<bool, FsError> {
    if bytes.iter().all(|&byte| byte == 0xff) {
        return Ok(true);
    }
    let mut newest: Option<(u64, bool)> = None;
    for shift in 0..8 {
        // The second page lies behind the first, and pages are of 4 KiB or larger powers of two.
        let at = if shift == 0 { 0 } else { 2048_usize << shift };
        if let Some(found) = bytes.get(at..).and_then(restart) {
            newest = newest.max(Some(found));
        }
    }
    let none = || FsError::corrupt("log file", 0, "it has no restart page");
    newest.map(|(_, clean)| clean).ok_or_else(none)
}

/// The age of a restart page, and whether it says that all is done; none if it is no such page.
fn restart(bytes: &[u8]) -> Option<(u64, bool)> {
    let head = Record::new("restart page", bytes);
    let mark = head.array::<4>(0).ok()?;
    if mark != *b"RSTR" && mark != *b"CHKD" {
        return None;
    }
    let size = usize::try_from(head.u32_le(16).ok()?).ok()?;
    let mut page = bytes.get(..size)?.to_vec();
    record::fix_up(&mark, &mut page).ok()?;
    let page = Record::new("restart page", &page);
    let area = usize::from(page.u16_le(24).ok()?);
    let in_use = page.u16_le(area.checked_add(12)?).ok()?;
    let flags = page.u16_le(area.checked_add(14)?).ok()?;
    // What chkdsk emptied is done.
    let clean = in_use == NO_CLIENT || flags & IS_CLEAN != 0 || mark == *b"CHKD";
    Some((page.u64_le(area).ok()?, clean))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lsn: u8, in_use: u16, flags: u8) -> Vec<u8> {
        let mut page = vec![0; 4096];
        page[..4].copy_from_slice(b"RSTR");
        (page[4], page[6], page[17], page[24]) = (30, 9, 0x10, 64);
        page[64] = lsn;
        page[76..78].copy_from_slice(&in_use.to_le_bytes());
        page[78] = flags;
        page
    }

    #[test]
    fn the_newer_page_counts() {
        let log = [page(1, NO_CLIENT, 0), page(2, 0, 0)].concat();
        assert!(!is_clean(&log).unwrap());
        let log = [page(3, NO_CLIENT, 0), page(2, 0, 0)].concat();
        assert!(is_clean(&log).unwrap());
        assert!(is_clean(&[page(3, 0, 2), page(2, 0, 0)].concat()).unwrap());
    }

    #[test]
    fn an_empty_log_is_clean_and_one_without_a_page_is_damaged() {
        assert!(is_clean(&[0xff; 8192]).unwrap());
        assert!(is_clean(&[0; 8192]).is_err());
    }
}
