//! TDB: the database of Samba and its kin.
//!
//! Source: `tdb_private.h` of <https://tdb.samba.org/>: a record is six numbers, its key and its value. All records are
//! found by the number that marks them, those that were deleted, too.

use super::{Pairs, number, part};

pub(super) const MAGIC: &[u8] = b"TDB file\n";
/// The marks of a record, of one whose room is free, and of one that is kept for the next.
const MARKS: [u32; 3] = [0x2601_1999, !0x2601_1999, 0xfee1_dead];
/// Bytes of the head of a record; its mark is the last of its numbers.
const HEAD: usize = 24;

pub(super) fn read(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let mut problem = None;
    let marked: Vec<[u8; 4]> = MARKS.map(u32::to_le_bytes).to_vec();
    // Records begin at multiples of four.
    for (index, word) in bytes.chunks_exact(4).enumerate() {
        if !marked.iter().any(|mark| mark == word) {
            continue;
        }
        let end = index.saturating_add(1).saturating_mul(4);
        let Some(head) = end.checked_sub(HEAD).and_then(|start| part(bytes, start, HEAD)) else { continue };
        if record(head, bytes.get(end..).unwrap_or_default(), pairs).is_none() {
            problem = Some("a record is cut off");
        }
    }
    problem
}

fn record(head: &[u8], body: &[u8], pairs: &mut Pairs) -> Option<()> {
    let (room, key, value) = (number(head, 4, 4)?, number(head, 8, 4)?, number(head, 12, 4)?);
    if key.checked_add(value)? > room {
        return Some(()); // the mark stands in a value
    }
    pairs.add(part(body, 0, key)?, part(body, key, value)?);
    Some(())
}
