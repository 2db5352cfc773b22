//! LMDB: the database of OpenLDAP, of Postfix's maps, and of many programs.
//!
//! Source: the structures in <https://git.openldap.org/openldap/openldap/-/blob/mdb.master/libraries/liblmdb/mdb.c>
//! (`MDB_page`, `MDB_node`, `MDB_meta`), on machines of 64 bits with the lowest byte first. Not read: keys and values
//! of machines of 32 bits, and several values of one key that are all of one length.

use super::{Pairs, number, part};

const MAGIC: usize = 0xbeef_c0de;
/// Bytes of the header of a page, and of a node.
const HEADER: usize = 16;
const NODE: usize = 8;
/// What a page is.
const LEAF: usize = 2;
const OVERFLOW: usize = 4;
const FIXED: usize = 0x20;
/// What a node is: its value lies in pages of its own, is a database, is a page of several values.
const BIG: usize = 1;
const DATABASE: usize = 2;
const SEVERAL: usize = 4;

pub(super) fn probe(head: &[u8]) -> bool {
    number(head, HEADER, 4) == Some(MAGIC) && matches!(number(head, HEADER + 4, 4), Some(1 | 2))
}

pub(super) fn read(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let size =
        number(bytes, HEADER + 24, 4).filter(|size| size.is_power_of_two() && (256..=65_536).contains(size));
    let Some(size) = size else { return Some("its pages have no size") };
    let mut problem = None;
    for (index, page) in bytes.chunks(size).enumerate() {
        let kind = number(page, 10, 2).unwrap_or(0);
        if number(page, 0, 8) != Some(index) || kind & (LEAF | FIXED) != LEAF {
            continue;
        }
        if leaf(bytes, page, size, pairs).is_none() {
            problem = Some("a page does not have its form");
        }
    }
    // The last page, by either of its two heads.
    let last =
        [0, size].into_iter().filter_map(|head| number(bytes, head.checked_add(HEADER + 120)?, 8)).max();
    if last.is_none_or(|last| last.saturating_add(1).saturating_mul(size) > bytes.len()) {
        problem = Some("it is cut off");
    }
    problem
}

fn leaf(bytes: &[u8], page: &[u8], size: usize, pairs: &mut Pairs) -> Option<()> {
    for Node { kind, key, place, len } in nodes(page)? {
        let node = page.get(place..)?;
        if kind & BIG != 0 {
            // A page that was freed may name one that is another's now.
            let start = number(node, 0, 8)?.checked_mul(size)?;
            if number(bytes, start.checked_add(10)?, 2)? & OVERFLOW != 0 {
                pairs.add(key, part(bytes, start.checked_add(HEADER)?, len)?);
            }
            continue;
        }
        let value = part(node, 0, len)?;
        if kind & (SEVERAL | DATABASE) == SEVERAL {
            if number(value, 10, 2)? & FIXED == 0 {
                nodes(value)?.iter().for_each(|node| pairs.add(key, node.key));
            }
        } else if kind & DATABASE == 0 {
            pairs.add(key, value);
        }
    }
    Some(())
}

struct Node<'p> {
    kind: usize,
    key: &'p [u8],
    /// Where in the page its value, or what leads to it, begins.
    place: usize,
    /// Bytes of the value.
    len: usize,
}

/// The nodes of a page.
fn nodes(page: &[u8]) -> Option<Vec<Node<'_>>> {
    let count = number(page, 12, 2)?.checked_sub(HEADER)? / 2;
    (0..count)
        .map(|index| {
            let at = number(page, HEADER.checked_add(2 * index)?, 2)?;
            let field = |field: usize| number(page, at.checked_add(2 * field)?, 2);
            let len = field(0)? | field(1)? << 16;
            let key = part(page, at.checked_add(NODE)?, field(3)?)?;
            Some(Node { kind: field(2)?, key, place: at.checked_add(NODE)?.checked_add(key.len())?, len })
        })
        .collect()
}
