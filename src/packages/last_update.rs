//! The day on which packages were last installed or updated.
//!
//! Source: dpkg(1) (`/var/log/dpkg.log`), apt's `history.log`, `INSTALLTIME` of RPM, `INSTALLDATE` of pacman, and the times
//! of the files that dpkg and apk write whenever they install. All of it is what the image says of itself.

use super::{Package, Packages, apk};
use crate::date::Date;
use crate::files::SystemReader;

/// Bytes of the end of a log that are read.
const TAIL: u64 = 16 << 10;
/// The lists of files of dpkg; a large system has 10,000.
const LISTS: &[u8] = b"/var/lib/dpkg/info";
const LISTS_LIMIT: usize = 100_000;

/// Logs, newest first, and what stands before the day of a line.
const LOGS: [(&[u8], &[u8]); 4] = [
    (b"/var/log/dpkg.log", b""),
    (b"/var/log/dpkg.log.1", b""),
    (b"/var/log/apt/history.log", b"End-Date: "),
    (b"/var/log/apt/history.log.1", b"End-Date: "),
];

/// When packages were last installed or updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUpdate {
    /// The day (UTC; logs have the machine's own).
    pub day: Date,
    /// The file or directory that says so.
    pub path: Vec<u8>,
}

/// The latest day that anything says; of several with the same day the first.
pub(super) fn gather(packages: &Packages, reader: &SystemReader<'_>) -> Option<LastUpdate> {
    let logs = LOGS.into_iter().filter_map(|(path, before)| Some((log(reader, path, before)?, path)));
    let installed = packages.installed().iter().filter_map(installed).max();
    let database = packages.databases().iter().find(|one| packages.manager() == Some(one.manager));
    let of_database = database.and_then(|one| Some((installed?, one.path.as_slice())));
    let lists = reader.list(LISTS).into_iter().take(LISTS_LIMIT);
    let lists = lists.filter(|(name, _)| name.ends_with(b".list"));
    let lists = lists.filter_map(|(name, _)| modified(reader, &[LISTS, b"/", &name].concat())).max();
    let of_lists = lists.map(|day| (day, LISTS));
    let of_apk = apk::DATABASES.into_iter().filter_map(|path| Some((modified(reader, path)?, path)));
    let all = logs.chain(of_database).chain(of_lists).chain(of_apk);
    let newest = all.reduce(|best, one| if one.0 > best.0 { one } else { best });
    newest.map(|(day, path)| LastUpdate { day, path: path.to_vec() })
}

fn installed(package: &Package) -> Option<Date> {
    package.installed.and_then(day)
}

fn modified(reader: &SystemReader<'_>, path: &[u8]) -> Option<Date> {
    reader.files().modified(path).and_then(day)
}

/// The day of a moment; a file without a time has the first one, and says nothing.
fn day(seconds: i64) -> Option<Date> {
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Date::of_seconds)
}

/// The last day at the end of a log.
fn log(reader: &SystemReader<'_>, path: &[u8], before: &[u8]) -> Option<Date> {
    let files = reader.files();
    let size = files.size(path)?;
    let mut tail = vec![0; usize::try_from(size.min(TAIL)).ok()?];
    // What cannot be read of it is a gap of the audit, which reads all files.
    let read = files.read_at(path, size.saturating_sub(TAIL), &mut tail).ok()?;
    let lines = tail.get(..read)?.split(|&byte| byte == b'\n');
    let days = lines.filter_map(|line| {
        let text = std::str::from_utf8(line.strip_prefix(before)?.get(..10)?).ok()?;
        Date::parse(text)
    });
    days.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn last(shelf: &Shelf) -> Option<(String, String)> {
        let packages = Packages::gather(&mut SystemReader::new(shelf));
        let last = packages.last_update()?;
        Some((last.day.to_string(), String::from_utf8(last.path.clone()).unwrap()))
    }

    #[test]
    fn the_latest_of_the_logs_counts() {
        let shelf = Shelf::default()
            .with(
                "/var/log/dpkg.log",
                "2026-07-11 10:00:00 startup archives unpack\n2026-07-12 10:00:01 status installed a\n",
            )
            .with(
                "/var/log/apt/history.log",
                "\nStart-Date: 2026-07-13  09:00:00\nEnd-Date: 2026-07-13  09:00:02\n",
            );
        assert_eq!(last(&shelf), Some(("2026-07-13".into(), "/var/log/apt/history.log".into())));
        let shelf =
            Shelf::default().with("/var/log/dpkg.log", "").with("/var/log/dpkg.log.1", "2026-01-01 1\nx\n");
        assert_eq!(last(&shelf).unwrap().0, "2026-01-01");
        assert_eq!(last(&Shelf::default().with("/var/log/dpkg.log", "no day\n")), None);
    }

    #[test]
    fn a_long_log_is_read_at_its_end() {
        let log = format!("{}2026-02-02 0\n", "2025-01-01 00:00:00 status installed a\n".repeat(2000));
        assert_eq!(last(&Shelf::default().with("/var/log/dpkg.log", &log)).unwrap().0, "2026-02-02");
    }

    #[test]
    fn a_database_knows_when_its_packages_were_installed() {
        let shelf = Shelf::default()
            .with(
                "/var/lib/pacman/local/sed-4.9-3/desc",
                "%NAME%\nsed\n\n%VERSION%\n4.9-3\n\n%INSTALLDATE%\n1768003200\n",
            )
            .with("/var/lib/pacman/local/sed-4.9-3/files", "");
        assert_eq!(last(&shelf), Some(("2026-01-10".into(), "/var/lib/pacman/local".into())));
    }
}
