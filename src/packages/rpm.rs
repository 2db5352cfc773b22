//! RPM's database: a header for each installed package, in one of three kinds of files.
//!
//! SQLite with its log (Fedora, RHEL 9, Amazon Linux 2023), NDB (SUSE), Berkeley DB (RHEL 8 and before, Amazon Linux
//! 2). A database that cannot be read, or not all of it, is a gap: what it does not say is not known.

use super::database_file::DatabaseFile;
use super::rpm_header::{Header, Problem, tag};
use super::{Origin, Owned, Package, PackageManager, Packages, Recorded, Source, ndb};
use crate::archive::berkeley::{self, Wrong};
use crate::archive::sqlite::log::Logged;
use crate::archive::sqlite::{self, Pages};
use crate::files::SystemReader;
use crate::finding::GapKind;
use assay_disk::text::Escaped;
use assay_disk::tree::walk::gap_kind;

/// Where the database lies; one is mostly a link to the other. The last is that of systems deployed by ostree.
const PLACES: [&[u8]; 3] = [b"/usr/lib/sysimage/rpm", b"/var/lib/rpm", b"/usr/share/rpm"];
mod places;

/// What it is called.
const NAMES: [&[u8]; 3] = [b"rpmdb.sqlite", b"Packages.db", b"Packages"];
/// Bytes of a database, and of its log.
const LIMIT: u64 = 1 << 30;
const LOG_LIMIT: u64 = 256 << 20;
/// Bytes of the header of one package: some 200,000 files.
pub(super) const LONGEST: usize = 32 << 20;

/// `RPMFILE_CONFIG`, `RPMFILE_MISSINGOK`, `RPMFILE_GHOST`: a ghost is owned, and not brought.
const CONFIG: u32 = 1;
const MISSING_OK: u32 = 8;
const GHOST: u32 = 64;
/// `RPMVERIFY_FILEDIGEST`: the package means the content to stay as it is.
const VERIFY_DIGEST: u32 = 1;
/// Type of a file in its mode.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

pub(super) fn gather(packages: &mut Packages, reader: &mut SystemReader<'_>) {
    let mut taken: Option<Vec<u8>> = None;
    let configured = places::configured(reader);
    for place in PLACES.into_iter().chain(configured.iter().map(Vec::as_slice)) {
        for name in NAMES {
            let path = [place, b"/", name].concat();
            let Some(file) = DatabaseFile::open(reader.files(), &path) else { continue };
            match &taken {
                None => {
                    packages.found(PackageManager::Rpm, &path);
                    if packages.installed.is_empty() {
                        packages.place = place.to_vec();
                    }
                    database(packages, reader, &path, file);
                    taken = Some(path);
                }
                Some(first) if reader.files().is_same(first, &path) => {}
                Some(first) => {
                    let reason = format!("a second RPM database, beside {}, was not read", Escaped(first));
                    packages.is_partial = true;
                    reader.gap(&path, GapKind::Unsupported, reason);
                }
            }
        }
    }
}

/// The headers of a database of Berkeley DB.
fn in_berkeley(file: &DatabaseFile<'_>, each: &mut dyn FnMut(&[u8])) -> Result<(), &'static str> {
    // The counter of packages is 4 bytes long.
    let mut of_package = |_: &[u8], value: &[u8]| {
        if value.len() > 4 {
            each(value);
        }
    };
    berkeley::pairs(file, LONGEST, &mut of_package).map_err(Wrong::reason)
}

/// Reads a database, with a gap for what is wrong with it.
fn database(packages: &mut Packages, reader: &mut SystemReader<'_>, path: &[u8], file: DatabaseFile<'_>) {
    let log_path = [path, b"-wal"].concat();
    let log = DatabaseFile::open(reader.files(), &log_path).filter(|_| path.ends_with(b".sqlite"));
    let size = file.size();
    if size > LIMIT || log.as_ref().is_some_and(|log| log.size() > LOG_LIMIT) {
        packages.is_partial = true;
        let limits = format!("{LIMIT} bytes, or a log of more than {LOG_LIMIT}");
        reader.gap(
            path,
            GapKind::OverLimit,
            format!("the RPM database has more than {limits}: it was not read"),
        );
        return;
    }
    let mut headers = Headers { packages, read: 0, wrong: 0, first: None, is_over: false };
    let mut each = |bytes: &[u8]| headers.add(bytes);
    let (logged, end) = match path {
        _ if path.ends_with(b".sqlite") => sqlite(&file, log.as_ref(), &mut each),
        _ if path.ends_with(b".db") => (Ok(()), ndb::headers(&file, &mut each)),
        _ => (Ok(()), in_berkeley(&file, &mut each)),
    };
    // A journal of the other kind; rpm does not make one.
    let journal = [path, b"-journal"].concat();
    let has_journal =
        path.ends_with(b".sqlite") && reader.files().size(&journal).is_some_and(|size| size > 0);
    let (reasons, is_over) = (headers.reasons(), headers.is_over);
    let errors = [file.into_error(), log.and_then(DatabaseFile::into_error)];
    let mut gap = |kind, reason: String| {
        packages.is_partial = true;
        reader.gap(path, kind, format!("the RPM database: {reason}"));
    };
    if let Some(error) = errors.into_iter().flatten().next() {
        gap(gap_kind(&error), error.to_string());
    }
    for problem in [logged, end].into_iter().filter_map(Result::err) {
        gap(GapKind::Damaged, problem.to_owned());
    }
    if let Some(reasons) = reasons {
        gap(if is_over { GapKind::OverLimit } else { GapKind::Damaged }, reasons);
    }
    if has_journal {
        gap(GapKind::Unsupported, "its rollback journal was not read".to_owned());
    }
}

/// Reads an SQLite database with its log; what is wrong with the log, and with the database.
fn sqlite(
    file: &DatabaseFile<'_>,
    log: Option<&DatabaseFile<'_>>,
    each: &mut dyn FnMut(&[u8]),
) -> (Result<(), Problem>, Result<(), Problem>) {
    let empty: &[u8] = &[];
    let log: &dyn Pages = log.map_or(&empty, |log| log);
    let (pages, logged) = Logged::new(file, log);
    let mut read = 0_u64;
    let rows = sqlite::blobs(&pages, [b"Packages", b"Name"], LONGEST, &mut |bytes| {
        read = read.saturating_add(1);
        each(bytes);
    });
    let end = match rows {
        Ok(Some(rows)) if rows > read => Err("its index of names has more packages than its table"),
        rows => rows.map(|_| ()),
    };
    (logged, end)
}

/// Takes the headers of a database.
struct Headers<'p> {
    packages: &'p mut Packages,
    read: usize,
    /// How many have something wrong, and what with the first of them.
    wrong: usize,
    first: Option<String>,
    is_over: bool,
}

impl Headers<'_> {
    fn add(&mut self, bytes: &[u8]) {
        self.read = self.read.saturating_add(1);
        let before = self.packages.installed.len();
        let added = Header::parse(bytes).and_then(|header| add(self.packages, &header));
        let Err(problem) = added else { return };
        self.wrong = self.wrong.saturating_add(1);
        self.is_over |= problem == super::OVER;
        if self.first.is_none() {
            let name = self.packages.installed.get(before).map_or("a package", |package| &package.name);
            self.first = Some(format!("{}: {problem}", Escaped(name.as_bytes())));
        }
    }

    fn reasons(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(format!("of {} packages {} could not be read whole; {first}", self.read, self.wrong))
    }
}

/// Adds a package and its files, as far as the header does not contradict itself.
fn add(packages: &mut Packages, header: &Header<'_>) -> Result<(), Problem> {
    let name = header.text(tag::NAME)?.ok_or("a package has no name")?;
    let [version, release] = [tag::VERSION, tag::RELEASE].map(|tag| header.text(tag));
    let release = format!("{}-{}", version?.unwrap_or_default(), release?.unwrap_or_default());
    let version = match header.numbers::<4>(tag::EPOCH)?.next() {
        Some(epoch) => format!("{epoch}:{release}"),
        None => release,
    };
    let architecture = header.text(tag::ARCHITECTURE)?.unwrap_or_default();
    let said = |tag| header.text(tag).map(|text| text.filter(|text| !text.is_empty() && text != "(none)"));
    let package = Package {
        name,
        version,
        architecture,
        manager: PackageManager::Rpm,
        source: said(tag::SOURCE)?.and_then(|file| source(&file)),
        origin: said(tag::VENDOR)?.map_or(Origin::Unknown, Origin::ThirdParty),
        module: said(tag::MODULE)?.map(|label| stream(&label)),
        license: said(tag::LICENSE)?,
        installed: header.numbers::<4>(tag::INSTALLED)?.next().map(i64::from),
        built: header.numbers::<4>(tag::BUILT)?.next().map(i64::from),
        ..Package::default()
    };
    let number = packages.install(package).ok_or(super::OVER)?;
    files(packages, header, number)
}

/// What a package was built from, by the file name of the source package: `openssl-3.0.7-16.el9.src.rpm`. It has no epoch.
fn source(file: &str) -> Option<Source> {
    let stem = file.strip_suffix(".rpm")?.rsplit_once('.')?.0;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(Source { name: name.to_owned(), version: Some(format!("{version}-{release}")) })
}

/// Name and stream of a module, out of `name:stream:version:context`.
fn stream(label: &str) -> String {
    label.split(':').take(2).collect::<Vec<_>>().join(":")
}

fn files(packages: &mut Packages, header: &Header<'_>, number: u32) -> Result<(), Problem> {
    // RPM 3 kept whole paths.
    let is_old = header.count(tag::NAMES) == 0;
    let (names, wanted) = if is_old { (tag::OLD_NAMES, 0) } else { (tag::NAMES, header.count(tag::NAMES)) };
    let count = header.count(names);
    if count > super::FILES_LIMIT || header.count(tag::DIRECTORIES) > super::FILES_LIMIT {
        return Err(super::OVER);
    }
    // States are there where a package was installed, what to verify since RPM 3.
    let is_long = |tag| header.count(tag) == count;
    let is_none_or_long = |tag| header.count(tag) == 0 || is_long(tag);
    if ![tag::MODES, tag::DIGESTS, tag::FLAGS].into_iter().all(is_long)
        || header.count(tag::DIRECTORY_OF) != wanted
        || ![tag::STATES, tag::VERIFY].into_iter().all(is_none_or_long)
    {
        return Err("its lists of files have different lengths");
    }
    let directories: Vec<&[u8]> = header.texts(tag::DIRECTORIES)?.collect();
    let mut directory_of = header.numbers::<4>(tag::DIRECTORY_OF)?;
    let mut digests = header.texts(tag::DIGESTS)?;
    let mut modes = header.numbers::<2>(tag::MODES)?;
    let mut flags = header.numbers::<4>(tag::FLAGS)?;
    let mut verify = header.numbers::<4>(tag::VERIFY)?;
    let mut states = header.numbers::<1>(tag::STATES)?;
    let algorithm = header.numbers::<4>(tag::ALGORITHM)?.next();
    let mut path = Vec::new();
    let mut end = Ok(());
    for name in header.texts(names)? {
        let file = RecordedFile {
            mode: modes.next().unwrap_or_default(),
            flags: flags.next().unwrap_or_default(),
            verify: verify.next().unwrap_or(u32::MAX),
            is_absent: states.next().is_some_and(|state| state != 0),
            digest: digests.next().unwrap_or_default(),
        };
        path.clear();
        if !is_old {
            let place = directory_of.next().and_then(|place| usize::try_from(place).ok());
            let Some(directory) = place.and_then(|place| directories.get(place)) else {
                end = end.and(Err("a file lies in a directory that is not in its list"));
                continue;
            };
            path.extend_from_slice(
                directory.get(..directory.len().min(super::PATH_LIMIT)).unwrap_or_default(),
            );
        }
        path.extend_from_slice(name.get(..name.len().min(super::PATH_LIMIT)).unwrap_or_default());
        if !path.starts_with(b"/") || path.len() > super::PATH_LIMIT {
            end = end.and(Err("a path is none"));
            continue;
        }
        if file.mode & TYPE != DIRECTORY {
            let (owned, problem) = file.owned(algorithm);
            end = end.and(problem);
            packages.push(number, &path, owned).ok_or(super::OVER)?;
        }
    }
    end
}

/// What a header says of one file.
struct RecordedFile<'a> {
    mode: u32,
    flags: u32,
    verify: u32,
    /// It was left out, or another package's was put in its place.
    is_absent: bool,
    digest: &'a [u8],
}

impl RecordedFile<'_> {
    /// What is kept of it, and what is wrong with its digest.
    fn owned(&self, algorithm: Option<u32>) -> (Owned, Result<(), Problem>) {
        let is_brought = self.flags & GHOST == 0 && !self.is_absent;
        let (digest, problem) = match self.digest {
            _ if !is_brought || self.mode & TYPE != REGULAR => (None, Ok(())),
            b"" => (None, Err("a file has no digest")),
            text => match Recorded::from_hex(text).filter(|digest| is_of(algorithm, digest)) {
                Some(digest) => (Some(digest), Ok(())),
                None => (None, Err("a digest is not one of a kind that is known")),
            },
        };
        // What the package itself does not verify, a program apart, is meant to change.
        let is_meant_to_change = self.verify & VERIFY_DIGEST == 0 && self.mode & 0o111 == 0;
        let conffile = self.flags & CONFIG != 0 || is_meant_to_change;
        let may_be_missing = !is_brought || self.flags & MISSING_OK != 0;
        (Owned { digest, conffile, may_be_missing, is_stray: false }, problem)
    }
}

/// Whether a digest is of the kind that the header names: numbers of RFC 4880; without one it is MD5.
fn is_of(algorithm: Option<u32>, digest: &Recorded) -> bool {
    match digest {
        Recorded::Md5(_) => matches!(algorithm, None | Some(1)),
        Recorded::Sha1(_) => algorithm == Some(2),
        Recorded::Sha224(_) => algorithm == Some(11),
        Recorded::Sha256(_) => algorithm == Some(8),
        Recorded::Sha384(_) => algorithm == Some(9),
        Recorded::Sha512(_) => algorithm == Some(10),
    }
}

#[cfg(test)]
mod tests;
