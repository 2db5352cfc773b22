//! The times of all files: when each was changed, read, and came to be.
//!
//! Only the time and the number of a file are kept of each, and the rest is read from the tree when it is written: an image
//! has more times than memory has room for events. A time of exactly 0 is none: so the tools of the field have it.

use assay_disk::fs::{Metadata, Time};
use assay_disk::tree::{EntryId, Mounted, Tree};

use super::event::{Event, EventKind, Inode, Macb, Moment};
use super::filter::Filter;
use super::source::Source;

/// A time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileMoment {
    pub(super) time: Time,
    pub(super) id: EntryId,
    pub(super) times: Macb,
}

/// Whether a file system keeps when an inode was changed: those of the FAT family do not.
pub fn keeps_changes(mounted: &Mounted) -> bool {
    !matches!(mounted.fs.identity().kind, "vfat" | "exfat")
}

/// The times of an inode, each once, in order.
pub(super) fn times(metadata: &Metadata) -> Vec<(Time, Macb)> {
    let all = [
        (Some(metadata.modified), Macb::MODIFIED),
        (Some(metadata.accessed), Macb::ACCESSED),
        (Some(metadata.changed), Macb::CHANGED),
        (metadata.created, Macb::BORN),
    ];
    let mut times: Vec<(Time, Macb)> = Vec::with_capacity(all.len());
    for (time, which) in all {
        let Some(time) = time.filter(|time| *time != Time::default()) else { continue };
        match times.iter_mut().find(|(known, _)| *known == time) {
            Some((_, known)) => *known = known.and(which),
            None => times.push((time, which)),
        }
    }
    times.sort_unstable();
    times
}

/// Those of all files that are wanted, in order.
pub(super) fn gather(tree: &Tree, filter: &Filter) -> Vec<FileMoment> {
    if !filter.has_source(Source::Files) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (volume, mounted) in tree.file_volumes() {
        let keeps_changes = keeps_changes(mounted);
        for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
            let id = EntryId { volume, index };
            let changed = if keeps_changes { walked.metadata.changed } else { Time::default() };
            let mut times = times(&Metadata { changed, ..walked.metadata });
            times.retain(|(time, _)| filter.has_time(*time));
            if times.is_empty() || !filter.paths.is_empty() && !filter.has_path(&tree.path(id)) {
                continue;
            }
            all.extend(times.into_iter().map(|(time, times)| FileMoment { time, id, times }));
        }
    }
    all.sort_unstable();
    all
}

/// It as an event.
pub(super) fn event(tree: &Tree, moment: &FileMoment) -> Option<Event> {
    let (mounted, walked) = tree.get(moment.id)?;
    let path = tree.path(moment.id);
    let metadata = &walked.metadata;
    let at = Moment::utc(moment.time.seconds, moment.time.nanoseconds);
    let name = String::from_utf8_lossy(&path);
    let arrow = walked
        .target
        .as_deref()
        .map_or_else(String::new, |target| format!(" -> {}", String::from_utf8_lossy(target)));
    let mut event = Event::new(Source::Files, EventKind::File(moment.times), at, format!("{name}{arrow}"));
    event.path = path;
    event.inode = Some(Inode {
        number: mounted.fs.inode_number(walked.node),
        size: metadata.size,
        mode: metadata.mode,
        uid: metadata.uid,
        gid: metadata.gid,
    });
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_disk::fs::FileType;

    #[test]
    fn equal_times_are_one_event_and_none_is_no_event() {
        let at = |seconds| Time { seconds, nanoseconds: 5 };
        let metadata = Metadata {
            modified: at(10),
            changed: at(20),
            accessed: at(20),
            created: Some(at(-5)),
            ..Metadata::bare(FileType::Regular, 0o644, 0)
        };
        let all: Vec<_> =
            times(&metadata).into_iter().map(|(time, times)| (time.seconds, times.letters())).collect();
        assert_eq!(all, [(-5, "...b".to_owned()), (10, "m...".to_owned()), (20, ".ac.".to_owned())]);
        assert!(times(&Metadata::bare(FileType::Regular, 0o644, 0)).is_empty());
    }
}
