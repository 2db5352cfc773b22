//! The write-ahead log beside a database: pages that were committed and not yet written into it.
//!
//! Source: the file format of SQLite, 4: a header of 32 bytes, then frames of 24 bytes and a page. A frame
//! counts if its salts and its running checksum are right, and a commit follows.

use crate::bytes::Record;

const HEADER: usize = 32;
const FRAME: usize = 24;

/// Writes the committed pages of `log` into `database`.
pub(super) fn replay(database: &mut Vec<u8>, log: &[u8]) -> Result<(), &'static str> {
    if log.is_empty() {
        return Ok(());
    }
    let header = Record::new("SQLite log", log.get(..HEADER).ok_or("its log is cut off")?);
    let number = |at| header.u32_be(at).unwrap_or_default();
    let big = match number(0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Err("its log is not one"),
    };
    let page_size = usize::try_from(number(8)).unwrap_or_default();
    let mut sum = checksum((0, 0), log.get(..24).unwrap_or_default(), big);
    if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) || sum != (number(24), number(28))
    {
        return Err("its log is not one");
    }
    let mut pending = Vec::new();
    let mut problem = Ok(());
    for frame in log.get(HEADER..).unwrap_or_default().chunks(FRAME.saturating_add(page_size)) {
        let Some((head, page)) = frame.split_at_checked(FRAME) else { break };
        let record = Record::new("SQLite frame", head);
        let field = |at| record.u32_be(at).unwrap_or_default();
        if (field(8), field(12)) != (number(16), number(20)) {
            break; // what an earlier log left
        }
        sum = checksum(checksum(sum, head.get(..8).unwrap_or_default(), big), page, big);
        if page.len() < page_size || sum != (field(16), field(20)) {
            problem = Err("its log is damaged");
            break;
        }
        pending.push((field(0), page));
        if field(4) != 0 {
            commit(database, &mut pending, field(4), page_size)?;
        }
    }
    problem
}

fn commit(
    database: &mut Vec<u8>,
    pending: &mut Vec<(u32, &[u8])>,
    pages: u32,
    page_size: usize,
) -> Result<(), &'static str> {
    let wrong = "its log makes it larger than the pages it has";
    let size = usize::try_from(pages).ok().and_then(|pages| pages.checked_mul(page_size)).ok_or(wrong)?;
    let most = database.len().saturating_add(pending.len().saturating_mul(page_size));
    if size > most {
        return Err(wrong);
    }
    database.resize(size, 0);
    for (number, page) in pending.drain(..) {
        let start =
            usize::try_from(number).ok().and_then(|number| number.checked_sub(1)?.checked_mul(page_size));
        let place = start.and_then(|start| database.get_mut(start..start.checked_add(page_size)?));
        if let Some(place) = place {
            place.copy_from_slice(page);
        }
    }
    Ok(())
}

fn checksum(sum: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let (mut first, mut second) = sum;
    for pair in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *pair;
        let word = |bytes| if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
        second = second.wrapping_add(word([e, f, g, h])).wrapping_add(first);
    }
    (first, second)
}
