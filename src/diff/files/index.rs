//! The entries of two trees side by side, by path.

use super::Entry;
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, Tree};

/// All entries of both, in the order of their paths. File systems without a place are told apart by their names.
pub(super) fn merge(old: &Tree, new: &Tree) -> Vec<Entry> {
    let (before, after) = (sorted(old), sorted(new));
    let mut merged = Vec::with_capacity(before.len().max(after.len()));
    let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return merged,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((was, _)), Some((now, _))) => was.cmp(now),
        };
        let was = if order.is_le() { before.next() } else { None };
        let now = if order.is_ge() { after.next() } else { None };
        let ids = (was.as_ref().map(|(_, id)| *id), now.as_ref().map(|(_, id)| *id));
        if let Some((path, _)) = now.or(was) {
            merged.push(Entry { path, old: ids.0, new: ids.1 });
        }
    }
}

fn sorted(tree: &Tree) -> Vec<(Vec<u8>, EntryId)> {
    let mut all = Vec::new();
    for id in tree.present() {
        let Some(mounted) = tree.get(id).map(|(mounted, _)| mounted).filter(|mounted| !mounted.is_raw())
        else {
            continue;
        };
        let mut path = tree.path(id);
        if mounted.mount.is_none() {
            let name = format!("{}:", Escaped(mounted.name.as_bytes()));
            path = [name.as_bytes(), &path].concat();
        }
        path.shrink_to_fit();
        all.push((path, id));
    }
    all.sort_unstable();
    // A mount hides what lies beneath it: of two entries at one path the later file system's is seen.
    all.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            kept.1 = later.1;
        }
        is_same
    });
    all
}

/// The directory that a path is counted under: two levels at most.
pub(super) fn group(path: &[u8]) -> &[u8] {
    let slashes: Vec<usize> = memchr::memchr_iter(b'/', path).take(3).collect();
    match slashes.as_slice() {
        [_, _, third] => path.get(..*third).unwrap_or(path),
        [_, second] => path.get(..*second).unwrap_or(path),
        [first] => path.get(..=*first).unwrap_or(path),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_counted_under_two_levels() {
        let of = |path: &str| String::from_utf8(group(path.as_bytes()).to_vec()).unwrap();
        assert_eq!(
            [of("/usr/share/a/b"), of("/usr/share/a"), of("/etc/passwd"), of("/x")],
            ["/usr/share", "/usr/share", "/etc", "/"]
        );
    }
}
