//! GDBM: the database of GNU, of 64-bit machines with the lowest byte first.
//!
//! Source: `gdbmdefs.h` of <https://www.gnu.org.ua/software/gdbm/>: a header, a directory of the places of buckets, and
//! in a bucket after 112 bytes its elements. What was deleted is not read; its bytes are searched as they stand.

use std::collections::BTreeSet;

use super::{Pairs, number, part};

/// The first bytes: as it was made first, and with numbers of synchronisation.
pub(super) const MAGICS: [&[u8]; 2] = [b"\xcf\x9a\x57\x13", b"\xd1\x9a\x57\x13"];
/// Where the elements of a bucket begin, and the bytes of one.
const ELEMENTS: usize = 112;
const ELEMENT: usize = 24;
/// The sum of a place with no element.
const EMPTY: usize = 0xffff_ffff;

pub(super) fn read(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let head = |at, len| number(bytes, at, len);
    let fields = (head(8, 8), head(16, 4), head(24, 4));
    let (Some(directory), Some(size), Some(bucket)) = fields else { return Some("its header is cut off") };
    let Some(directory) = part(bytes, directory, size) else { return Some("its directory is cut off") };
    // Several places of the directory have one bucket.
    let buckets: BTreeSet<usize> = directory.chunks_exact(8).filter_map(|at| number(at, 0, 8)).collect();
    let mut problem = None;
    for bucket in buckets.into_iter().map(|at| part(bytes, at, bucket)) {
        let elements = bucket.and_then(|bucket| bucket.get(ELEMENTS..));
        let Some(elements) = elements else { return Some("a bucket is cut off") };
        for element in elements.chunks_exact(ELEMENT) {
            if number(element, 0, 4) != Some(EMPTY) && pair(bytes, element, pairs).is_none() {
                problem = Some("a pair is cut off");
            }
        }
    }
    problem
}

fn pair(bytes: &[u8], element: &[u8], pairs: &mut Pairs) -> Option<()> {
    let (at, key, value) = (number(element, 8, 8)?, number(element, 16, 4)?, number(element, 20, 4)?);
    pairs.add(part(bytes, at, key)?, part(bytes, at.checked_add(key)?, value)?);
    Some(())
}
