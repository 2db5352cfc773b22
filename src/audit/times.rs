//! When the files of findings were changed, as their inodes say.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Location};
use crate::fs::{FileType, Metadata, Time};
use crate::tree::Tree;

/// What an inode says of itself. Times: anybody who may write the file could set them, all but `changed` by a plain call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileTimes {
    /// Last change of the content.
    pub modified: Time,
    /// Last change of the inode.
    pub changed: Time,
    /// Creation, where the file system keeps it.
    pub created: Option<Time>,
    /// Bytes of its content.
    pub size: u64,
    /// What it is.
    pub file_type: FileType,
}

/// What the inodes of the files of findings say; of a member of an archive, that of the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<Location, FileTimes>);

impl Times {
    /// Of the file at `location`, if it is one of a file system.
    pub fn of(&self, location: &Location) -> Option<&FileTimes> {
        self.0.get(&file(location))
    }

    /// Says that the file at `location` has `times`.
    pub fn set(&mut self, location: &Location, times: FileTimes) {
        self.0.insert(file(location), times);
    }

    /// Lets `change` name each place otherwise.
    pub(super) fn each_place(&mut self, change: &mut dyn FnMut(&mut Location)) {
        let all = std::mem::take(&mut self.0).into_iter();
        self.0 = all
            .map(|(mut place, times)| {
                change(&mut place);
                (place, times)
            })
            .collect();
    }
}

/// The place without the place in the file.
fn file(location: &Location) -> Location {
    Location { offset: None, line: None, ..location.clone() }
}

/// The inode that a location names.
fn inode(location: &Location) -> Option<(Option<u32>, Option<&str>, u64)> {
    Some((location.partition, location.volume.as_deref(), location.inode?))
}

/// The times of the files of `findings`.
pub(super) fn gather(tree: &Tree, findings: &[Finding]) -> Times {
    let mut times = Times::default();
    let mut wanted: BTreeMap<_, BTreeSet<Location>> = BTreeMap::new();
    for location in
        findings.iter().flat_map(|finding| std::iter::once(&finding.location).chain(&finding.more))
    {
        match inode(location) {
            Some(inode) => {
                wanted.entry(inode).or_default().insert(file(location));
            }
            None => {
                let found = tree.find(&location.path).filter(|_| !location.path.is_empty());
                let found = found.and_then(|id| tree.get(id));
                found.into_iter().for_each(|(_, walked)| add(&mut times, location, &walked.metadata));
            }
        }
    }
    for id in tree.ids() {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let number = mounted.fs.inode_number(walked.node);
        let named = wanted.get(&(mounted.partition, Some(mounted.name.as_str()), number));
        let Some(locations) = named else { continue };
        let path = tree.path(id);
        for location in locations.iter().filter(|location| is_of(&location.path, &path)) {
            add(&mut times, location, &walked.metadata);
        }
    }
    times
}

/// Whether `path` is `file` or lies in it.
fn is_of(path: &[u8], file: &[u8]) -> bool {
    path.strip_prefix(file).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"!/"))
}

fn add(times: &mut Times, location: &Location, metadata: &Metadata) {
    let Metadata { modified, changed, created, size, file_type, .. } = *metadata;
    times.set(location, FileTimes { modified, changed, created, size, file_type });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_of_its_archive_and_a_longer_name_is_another_file() {
        assert!(is_of(b"/a.zip!/key", b"/a.zip"));
        assert!(is_of(b"/a.zip", b"/a.zip"));
        assert!(!is_of(b"/a.zip.bak", b"/a.zip"));
    }

    #[test]
    fn the_place_in_the_file_does_not_matter() {
        let at = |line| Location { path: b"/a".to_vec(), line, ..Location::default() };
        let time = Time { seconds: 7, nanoseconds: 0 };
        let file_type = FileType::Regular;
        let times = FileTimes { modified: time, changed: time, created: None, size: 7, file_type };
        let mut table = Times::default();
        table.set(&at(Some(3)), times);
        assert_eq!(table.of(&at(None)), Some(&times));
        assert_eq!(table.of(&Location { path: b"/b".to_vec(), ..Location::default() }), None);
    }
}
