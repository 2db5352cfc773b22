//! Bolt: the database of etcd, containerd, Consul's Raft log and many programs in Go.
//!
//! Source: <https://github.com/etcd-io/bbolt/blob/main/internal/common/page.go>, `meta.go` and `bucket.go` beside it;
//! what etcd keeps in it: `mvccpb.KeyValue`, <https://github.com/etcd-io/etcd/blob/main/api/mvccpb/kv.proto>.

use super::{Pairs, number, part, protobuf};

const MAGIC: usize = 0xed0c_daed;
/// Bytes of the header of a page, of an element of a leaf, and of a bucket.
const HEADER: usize = 16;
const ELEMENT: usize = 16;
const LEAF: usize = 2;
/// The value of an element is a bucket.
const BUCKET: usize = 1;
/// Buckets in buckets that lie in one page.
const DEPTH: usize = 4;
/// Bytes of a key of etcd: a revision and its part.
const REVISION: usize = 17;

pub(super) fn probe(head: &[u8]) -> bool {
    number(head, HEADER, 4) == Some(MAGIC) && number(head, HEADER + 4, 4) == Some(2)
}

pub(super) fn read(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let size = number(bytes, HEADER + 8, 4).filter(|size| size.is_power_of_two() && *size >= 512);
    let Some(size) = size else { return Some("its pages have no size") };
    let mut problem = None;
    for (index, page) in bytes.chunks(size).enumerate() {
        if number(page, 0, 8) != Some(index) || number(page, 8, 2) != Some(LEAF) {
            continue;
        }
        let start = index.saturating_mul(size);
        if leaf(bytes.get(start..).unwrap_or_default(), DEPTH, pairs).is_none() {
            problem = Some("a page does not have its form");
        }
    }
    // How many pages it has, by either of its two heads.
    let pages =
        [0, size].into_iter().filter_map(|head| number(bytes, head.checked_add(HEADER + 40)?, 8)).max();
    if pages.is_none_or(|pages| pages.saturating_mul(size) > bytes.len()) {
        problem = Some("it is cut off");
    }
    problem
}

/// The pairs of a leaf, the values of which may go on in the pages behind it.
fn leaf(page: &[u8], depth: usize, pairs: &mut Pairs) -> Option<()> {
    for index in 0..number(page, 10, 2)? {
        let at = HEADER.checked_add(ELEMENT.checked_mul(index)?)?;
        let field = |field: usize| number(page, at.checked_add(4 * field)?, 4);
        let (kind, place, key_len, value_len) = (field(0)?, field(1)?, field(2)?, field(3)?);
        let start = at.checked_add(place)?;
        let key = part(page, start, key_len)?;
        let value = part(page, start.checked_add(key_len)?, value_len)?;
        if kind & BUCKET == 0 {
            pair(key, value, pairs);
        } else if number(value, 0, 8) == Some(0) {
            // The bucket lies in its own value, as it is small.
            leaf(value.get(HEADER..)?, depth.checked_sub(1)?, pairs)?;
        }
    }
    Some(())
}

/// etcd keeps its keys in the values.
fn pair(key: &[u8], value: &[u8], pairs: &mut Pairs) {
    let is_revision = key.len() >= REVISION && key.get(8) == Some(&b'_');
    match protobuf::key_value(value).filter(|_| is_revision) {
        Some((key, value)) => pairs.add(key, value),
        None => pairs.add(key, value),
    }
}
