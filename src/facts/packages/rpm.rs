//! RPM's database: a header for each installed package, in one of three kinds of files.
//!
//! SQLite with its log (Fedora, RHEL 9, Amazon Linux 2023), NDB (SUSE), Berkeley DB (RHEL 7, Amazon Linux 2).
//! A database that cannot be read, or not all of it, is a gap: what it does not say is not known.

use super::rpm_header::{Header, tag};
use super::{Owned, Package, Packages, Recorded, berkeley, ndb};
use crate::archive::sqlite;
use crate::facts::Desk;
use crate::finding::GapKind;

/// Where the database lies; the second is mostly a link to the first.
const PLACES: [&[u8]; 2] = [b"/usr/lib/sysimage/rpm", b"/var/lib/rpm"];
/// Bytes of a database.
const LIMIT: u64 = 512 << 20;

/// `RPMFILE_CONFIG`, `RPMFILE_GHOST`: a ghost is owned, and not brought.
const CONFIG: u32 = 1;
const GHOST: u32 = 64;
/// Type of a file in its mode.
const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;

type Read = fn(&[u8], &mut dyn FnMut(&[u8])) -> Result<(), &'static str>;

pub(super) fn gather(packages: &mut Packages, desk: &mut Desk<'_>) {
    for place in PLACES {
        let kinds: [(&[u8], Read); 3] = [
            (b"rpmdb.sqlite", sqlite_headers),
            (b"Packages.db", ndb::headers),
            (b"Packages", berkeley::headers),
        ];
        for (name, read) in kinds {
            let path = [place, b"/", name].concat();
            let before = desk.gaps.len();
            let content = desk.read(&path, LIMIT);
            packages.is_partial |= desk.gaps.len() > before;
            let Some(mut content) = content else { continue };
            packages.place = place;
            let log = replay(desk, &path, &mut content);
            let read = headers(packages, &content, read);
            if let Err(problem) = log.and(read) {
                packages.is_partial = true;
                desk.gap(&path, GapKind::Damaged, format!("the RPM database: {problem}"));
            }
            return;
        }
    }
}

fn replay(desk: &mut Desk<'_>, path: &[u8], content: &mut Vec<u8>) -> Result<(), &'static str> {
    if !path.ends_with(b".sqlite") {
        return Ok(());
    }
    let before = desk.gaps.len();
    let log = desk.read(&[path, b"-wal"].concat(), LIMIT);
    if desk.gaps.len() > before {
        return Err("its log cannot be read");
    }
    sqlite::replay(content, &log.unwrap_or_default())
}

fn sqlite_headers(content: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), &'static str> {
    sqlite::blobs(content, b"Packages", each)
}

fn headers(packages: &mut Packages, content: &[u8], read: Read) -> Result<(), &'static str> {
    let mut whole = true;
    let end = read(content, &mut |bytes| {
        whole &= Header::parse(bytes).is_some_and(|header| add(packages, &header).is_some());
    });
    end.and(if whole { Ok(()) } else { Err("a package does not have its form") })
}

/// `None`, where the header contradicts itself or goes over a limit.
fn add(packages: &mut Packages, header: &Header<'_>) -> Option<()> {
    let release = format!("{}-{}", header.text(tag::VERSION)?, header.text(tag::RELEASE)?);
    let version = match header.numbers::<4>(tag::EPOCH).next() {
        Some(epoch) => format!("{epoch}:{release}"),
        None => release,
    };
    let architecture = header.text(tag::ARCHITECTURE).unwrap_or_default();
    let number = packages.install(Package { name: header.text(tag::NAME)?, version, architecture });
    let directories: Vec<&[u8]> = header.texts(tag::DIRECTORIES).collect();
    let mut modes = header.numbers::<2>(tag::MODES);
    let mut flags = header.numbers::<4>(tag::FLAGS);
    let mut places = header.numbers::<4>(tag::DIRECTORY_OF);
    let mut digests = header.texts(tag::DIGESTS);
    // Not there in packages whose files all are as they came.
    let mut states = header.numbers::<1>(tag::STATES);
    for name in header.texts(tag::NAMES) {
        let (mode, flags, digest) = (modes.next()?, flags.next()?, digests.next()?);
        let is_absent = states.next().is_some_and(|state| state != 0);
        let directory = directories.get(usize::try_from(places.next()?).ok()?)?;
        if mode & TYPE == DIRECTORY {
            continue;
        }
        let ghost = flags & GHOST != 0 || is_absent;
        let digest = if ghost { None } else { Recorded::from_hex(digest) };
        let owned = Owned { digest, conffile: flags & CONFIG != 0, ghost };
        packages.push(number, &[directory, name].concat(), owned)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
