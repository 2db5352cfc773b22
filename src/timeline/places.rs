//! Where the records of a system lie.

use assay_disk::fs::FileType;
use assay_disk::path::glob;
use assay_disk::tree::{EntryId, View};

use super::source::Source;

/// Files of one directory that are looked at.
pub(super) const FILES: usize = 4096;

/// A directory, and which of its files are what.
struct Place {
    source: Source,
    directory: &'static str,
    /// A pattern of names, with `*`: rotated ones count.
    names: &'static str,
}

const fn place(source: Source, directory: &'static str, names: &'static str) -> Place {
    Place { source, directory, names }
}

const PLACES: [Place; 18] = [
    place(Source::Utmp, "/run", "utmp"),
    place(Source::Utmp, "/var/run", "utmp"),
    place(Source::Wtmp, "/var/log", "wtmp*"),
    place(Source::Btmp, "/var/log", "btmp*"),
    place(Source::Lastlog, "/var/log", "lastlog"),
    place(Source::Wtmpdb, "/var/lib/wtmpdb", "wtmp*.db"),
    place(Source::Lastlog2, "/var/lib/lastlog", "lastlog2.db"),
    place(Source::Dpkg, "/var/log", "dpkg.log*"),
    place(Source::Apt, "/var/log/apt", "history.log*"),
    place(Source::CloudInit, "/var/log", "cloud-init.log*"),
    place(Source::CloudInit, "/var/lib/cloud/data", "status.json"),
    place(Source::CloudInit, "/run/cloud-init", "status.json"),
    place(Source::Syslog, "/var/log", "auth.log*"),
    place(Source::Syslog, "/var/log", "secure*"),
    place(Source::Syslog, "/var/log", "syslog*"),
    place(Source::Syslog, "/var/log", "messages*"),
    place(Source::Journal, "/var/log/journal", "*"),
    place(Source::Journal, "/run/log/journal", "*"),
];

/// A file of records.
pub(super) struct Found {
    pub(super) source: Source,
    pub(super) id: EntryId,
}

/// The records of a system, in a fixed order; also the directories that have too many.
pub(super) fn find(view: View<'_>) -> (Vec<Found>, Vec<Vec<u8>>) {
    let (mut found, mut full) = (Vec::new(), Vec::new());
    for place in &PLACES {
        let directory = place.directory.as_bytes();
        let is_journal = place.source == Source::Journal;
        let mut files = files(view, directory, &|name| {
            glob(place.names.as_bytes(), name) && (!is_journal || is_journal_name(name))
        });
        if is_journal {
            let below = view.list(directory).into_iter().filter(|(_, kind)| *kind == FileType::Directory);
            for (name, _) in below.take(FILES) {
                files.extend(self::files(view, &[directory, b"/", &name].concat(), &is_journal_name));
            }
        }
        if files.len() > FILES {
            full.push(directory.to_vec());
        }
        files.truncate(FILES);
        found.extend(files.into_iter().map(|id| Found { source: place.source, id }));
    }
    (found, full)
}

fn files(view: View<'_>, directory: &[u8], is_wanted: &dyn Fn(&[u8]) -> bool) -> Vec<EntryId> {
    let names = view.list(directory).into_iter().map(|(name, _)| name).filter(|name| is_wanted(name));
    let ids =
        names.take(FILES.saturating_add(1)).filter_map(|name| view.find(&[directory, b"/", &name].concat()));
    let is_file =
        |id: &EntryId| view.tree().get(*id).is_some_and(|(mounted, walked)| mounted.is_file(walked));
    ids.filter(is_file).collect()
}

/// The second is one that was found damaged, or not closed.
fn is_journal_name(name: &[u8]) -> bool {
    name.ends_with(b".journal") || name.ends_with(b".journal~")
}
