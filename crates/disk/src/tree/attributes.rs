//! Extended attributes as text that can be searched: what a walk met, for a detector looks at few of them.

use std::collections::BTreeSet;

use crate::budget::Budget;

/// Shorter values hold nothing.
const SHORTEST: usize = 8;
/// What the system keeps there itself, the same for many files: each value once.
const OWN: &[u8] = b"security.";

/// An attribute of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Index of the entry in its walk.
    pub entry: u32,
    /// Its full name.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// The attributes of the entries of one file system.
#[derive(Debug, Default)]
pub struct Attributes {
    /// In the order of the walk.
    pub found: Vec<Attribute>,
    /// How many were left out, because all together were over the limit.
    pub dropped: u64,
    bytes: u64,
    own: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

impl Attributes {
    /// Keeps what may hold something.
    pub(super) fn add(&mut self, entry: u32, found: Vec<(Vec<u8>, Vec<u8>)>, budget: &Budget) {
        for (name, value) in found {
            if value.len() < SHORTEST && name.len() < SHORTEST * 2 {
                continue;
            }
            let bytes = self.bytes.saturating_add((name.len().saturating_add(value.len())) as u64);
            if bytes > budget.attribute_bytes {
                self.dropped = self.dropped.saturating_add(1);
                continue;
            }
            if name.starts_with(OWN) && !self.own.insert((name.clone(), value.clone())) {
                continue;
            }
            self.bytes = bytes;
            self.found.push(Attribute { entry, name, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_many_files_share_are_kept_once_and_what_is_over_the_limit_is_counted() {
        let one = |name: &str, value: &str| vec![(name.as_bytes().to_vec(), value.as_bytes().to_vec())];
        let mut attributes = Attributes::default();
        let budget = Budget { attribute_bytes: 100, ..Budget::default() };
        attributes.add(1, one("security.selinux", "system_u:object_r:etc_t"), &budget);
        attributes.add(2, one("security.selinux", "system_u:object_r:etc_t"), &budget);
        attributes.add(2, one("user.a", "short"), &budget);
        attributes.add(3, one("user.a", "long enough"), &budget);
        attributes.add(4, one("user.a", &"too long".repeat(20)), &budget);
        let entries: Vec<u32> = attributes.found.iter().map(|found| found.entry).collect();
        assert_eq!((entries, attributes.dropped), (vec![1, 3], 1));
    }
}
