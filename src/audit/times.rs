//! When the files of findings were changed, as their inodes say.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Location};
use assay_disk::fs::{FileType, Metadata, Time};
use assay_disk::path::INSIDE;
use assay_disk::tree::Tree;

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
    for location in findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.location).chain(&finding.related_locations))
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
    for id in tree.present() {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let number = mounted.fs.inode_number(walked.node);
        let named = wanted.get(&(mounted.partition, Some(mounted.name.as_str()), number));
        let Some(locations) = named else { continue };
        let path = tree.path(id);
        // The set is in the order of partitions, volumes and paths: the file itself, and then what lies in it.
        let from = |path: Vec<u8>| Location {
            partition: mounted.partition,
            volume: Some(mounted.name.clone()),
            path,
            ..Location::default()
        };
        let within = [&path[..], INSIDE].concat();
        let itself = locations.range(from(path.clone())..).take_while(|location| location.path == path);
        let members = locations.range(from(within.clone())..);
        let members = members.take_while(|location| location.path.starts_with(&within));
        for location in itself.chain(members) {
            add(&mut times, location, &walked.metadata);
        }
    }
    times
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
        use std::sync::Arc;

        use crate::detect::integrity;
        use crate::detect::integrity::Integrity;
        use assay_disk::budget::Budget;
        use assay_disk::fs::memory::Memory;

        let memory = Memory::new().file("/a.zip", "x").file("/a.zip.bak", "xy");
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let zip = tree.location(tree.find(b"/a.zip").unwrap());
        let advisory = &crate::detect::SystemDetector::advisories(&Integrity::new(integrity::Extent::All))[0];
        let at = |path: &[u8]| {
            let mut finding = Finding::new(advisory);
            finding.location = Location { path: path.to_vec(), ..zip.clone() };
            finding
        };
        let findings = [b"/a.zip".as_slice(), b"/a.zip!/key", b"/a.zip.bak"].map(at);
        let times = gather(&tree, &findings);
        let size = |at: usize| times.of(&findings[at].location).map(|times| times.size);
        assert_eq!([size(0), size(1), size(2)], [Some(1), Some(1), None]);
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
