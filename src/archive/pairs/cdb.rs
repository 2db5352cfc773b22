//! cdb: constant databases, as qmail, tinydns and Postfix write them.
//!
//! Source: <https://cr.yp.to/cdb/cdb.txt>: 256 pairs of a place and a number of slots, the records, the tables of slots.

use super::{Pairs, number, part};

/// Bytes of the pairs at the start.
const START: usize = 2048;
/// Bytes of one of these, and of a slot.
const SLOT: usize = 8;

/// There is no mark; but the tables lie one behind the other, each as long as the pairs say.
pub(super) fn probe(head: &[u8]) -> bool {
    let pair = |index: usize| Some((number(head, SLOT * index, 4)?, number(head, SLOT * index + 4, 4)?));
    let follows = |index: usize| {
        let ((place, slots), (next, _)) = pair(index).zip(pair(index + 1))?;
        (place.checked_add(slots.checked_mul(SLOT)?)? == next).then_some(())
    };
    let count = (head.len() / SLOT).min(START / SLOT);
    count >= 32
        && pair(0).is_some_and(|(place, _)| place > START)
        && (0..count - 1).all(|i| follows(i).is_some())
}

pub(super) fn read(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let end = number(bytes, 0, 4).unwrap_or(0);
    let mut at = START;
    while at < end {
        let next = record(bytes, at, pairs);
        let Some(next) = next else { return Some("a record is cut off") };
        at = next;
    }
    None
}

/// Adds the record at a place; returns where it ends.
fn record(bytes: &[u8], at: usize, pairs: &mut Pairs) -> Option<usize> {
    let (key, value) = (number(bytes, at, 4)?, number(bytes, at.checked_add(4)?, 4)?);
    let start = at.checked_add(SLOT)?;
    let middle = start.checked_add(key)?;
    pairs.add(part(bytes, start, key)?, part(bytes, middle, value)?);
    middle.checked_add(value)
}
