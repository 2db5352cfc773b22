//! The package database, of dpkg, RPM or apk: which package owns which file, and what the file should be.
//!
//! An image holds some 70,000 owned paths. They lie in one run of bytes, and are found by a sorted list
//! of their hashes: no allocation per path, and one binary search per question.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher};

use super::{Desk, lines};
use crate::finding::GapKind;
use crate::text::unhex;

mod apk;
mod berkeley;
mod ndb;
mod recorded;
mod rpm;
mod rpm_header;
mod status;

pub use recorded::Recorded;

/// Bytes of the status file.
const STATUS_LIMIT: u64 = 64 << 20;
/// Bytes of one list of files.
const LIST_LIMIT: u64 = 32 << 20;
/// Bytes of all paths together.
const PATHS_LIMIT: usize = 128 << 20;
/// No digest.
const NONE: u32 = u32::MAX;

/// One installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Version, with RPM's release and epoch.
    pub version: String,
    /// The machine it is for.
    pub architecture: String,
}

/// The packages of a system and their files.
#[derive(Debug, Default)]
pub struct Packages {
    installed: Vec<Package>,
    /// All paths, one after the other.
    paths: Vec<u8>,
    /// Digests by number.
    digests: Vec<Recorded>,
    /// Sorted by hash, then by path.
    files: Vec<File>,
    /// Paths that dpkg puts another package's file at, or moved a file to.
    diverted: BTreeSet<Vec<u8>>,
    /// Whether not all of the database could be read.
    is_partial: bool,
    /// Where the database lies.
    place: &'static [u8],
}

/// What a database says of a path.
#[derive(Clone, Copy)]
struct Owned {
    digest: Option<Recorded>,
    conffile: bool,
    /// Made on the machine, or left out when the package was installed: it need not be there.
    ghost: bool,
}

/// A path that a package owns.
#[derive(Clone, Copy, Debug)]
struct File {
    hash: u64,
    /// Where the path begins in `paths`.
    start: u32,
    len: u32,
    /// Number in `installed`.
    package: u32,
    /// Number in `digests`, or `NONE`.
    digest: u32,
    conffile: bool,
    ghost: bool,
}

impl Packages {
    pub(super) fn gather(desk: &mut Desk<'_>) -> Self {
        let mut packages = Self { place: b"/var/lib/dpkg/info", ..Self::default() };
        if let Some(content) = desk.read(b"/var/lib/dpkg/status", STATUS_LIMIT) {
            for stanza in status::parse(&content) {
                packages.add(desk, b"/var/lib/dpkg/info/", &stanza);
            }
        }
        // Distroless images keep a file a package, and their sums beside it.
        for (name, _) in desk.list(b"/var/lib/dpkg/status.d") {
            if name.ends_with(b".md5sums") {
                continue;
            }
            let path = [b"/var/lib/dpkg/status.d/", name.as_slice()].concat();
            let Some(content) = desk.read(&path, LIST_LIMIT) else { continue };
            for stanza in status::parse(&content) {
                packages.add(desk, b"/var/lib/dpkg/status.d/", &stanza);
            }
        }
        // A system has one database; Debian's `rpm` and `alien` leave an empty one of RPM.
        if packages.installed.is_empty() {
            rpm::gather(&mut packages, desk);
        }
        if packages.installed.is_empty() {
            apk::gather(&mut packages, desk);
        }
        packages.sort();
        let diversions = desk.read(b"/var/lib/dpkg/diversions", LIST_LIMIT).unwrap_or_default();
        // Three lines each: from, to, the package.
        let paths = lines(&diversions).filter(|(number, path)| number % 3 != 0 && !path.is_empty());
        packages.diverted = paths.map(|(_, path)| path.to_vec()).collect();
        packages
    }

    /// Adds a package, with the files that its list and its sums in `directory` name.
    fn add(&mut self, desk: &mut Desk<'_>, directory: &[u8], stanza: &status::Stanza<'_>) {
        let number = self.install(stanza.package());
        let sums = read_info(desk, directory, stanza, b".md5sums");
        let list = read_info(desk, directory, stanza, b".list");
        let mut digests: HashMap<&[u8], [u8; 16]> = parse_sums(&sums).collect();
        let conffiles: HashMap<&[u8], Option<[u8; 16]>> = stanza.conffiles().collect();
        let mut whole = true;
        for path in files_of(&list) {
            let conffile = conffiles.get(path);
            let relative = path.strip_prefix(b"/").unwrap_or(path);
            let digest = digests.remove(relative).or_else(|| conffile.copied().flatten()).map(Recorded::Md5);
            whole &= self
                .push(number, path, Owned { digest, conffile: conffile.is_some(), ghost: false })
                .is_some();
        }
        if list.is_empty() {
            let mut rest: Vec<_> = digests.into_iter().collect();
            rest.sort_unstable();
            for (relative, digest) in rest {
                let path = [b"/", relative].concat();
                let conffile = conffiles.contains_key(path.as_slice());
                whole &= self
                    .push(
                        number,
                        &path,
                        Owned { digest: Some(Recorded::Md5(digest)), conffile, ghost: false },
                    )
                    .is_some();
            }
        }
        if !whole {
            let reason = format!("the paths of packages take more than {PATHS_LIMIT} bytes");
            desk.gap(b"/var/lib/dpkg/info", GapKind::OverLimit, reason);
        }
    }

    /// Adds a package; its number.
    fn install(&mut self, package: Package) -> u32 {
        self.installed.push(package);
        u32::try_from(self.installed.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// `None`, if it goes over a limit.
    fn push(&mut self, package: u32, path: &[u8], owned: Owned) -> Option<()> {
        if self.paths.len().saturating_add(path.len()) > PATHS_LIMIT {
            return None;
        }
        let start = u32::try_from(self.paths.len()).ok()?;
        let len = u32::try_from(path.len()).ok()?;
        let digest = match owned.digest {
            None => NONE,
            Some(digest) => {
                let number = u32::try_from(self.digests.len()).ok()?;
                self.digests.push(digest);
                number
            }
        };
        self.paths.extend_from_slice(path);
        let Owned { conffile, ghost, .. } = owned;
        self.files.push(File { hash: hash(path), start, len, package, digest, conffile, ghost });
        Some(())
    }

    /// The order of the packages decides between two owners of one path.
    fn sort(&mut self) {
        self.files.sort_unstable_by_key(|file| (file.hash, file.package, file.start));
        self.files.shrink_to_fit();
        self.paths.shrink_to_fit();
        self.digests.shrink_to_fit();
    }

    /// The package that owns the file at `path` (usr-merge is taken into account), if one.
    pub fn owner(&self, path: &[u8]) -> Option<&str> {
        self.package(path).map(|package| package.name.as_str())
    }

    /// The same with version and architecture.
    pub fn package(&self, path: &[u8]) -> Option<&Package> {
        let file = self.find(path)?;
        self.installed.get(usize::try_from(file.package).ok()?)
    }

    /// The package whose file `path` was made from on this machine: Python's byte code
    /// (`/x/__pycache__/name.cpython-311.pyc`) belongs to whom `/x/name.py` belongs.
    pub fn owner_of_source(&self, path: &[u8]) -> Option<&str> {
        let stem = path.strip_suffix(b".pyc")?;
        let slash = memchr::memrchr(b'/', stem)?;
        let (directory, name) = stem.split_at(slash);
        let directory = directory.strip_suffix(b"/__pycache__")?;
        let name = name.strip_suffix(b".opt-1").or_else(|| name.strip_suffix(b".opt-2")).unwrap_or(name);
        let dot = memchr::memrchr(b'.', name)?;
        self.owner(&[directory, name.get(..dot)?, b".py"].concat())
    }

    /// The digest that the package database records for `path`, if it does.
    pub fn recorded(&self, path: &[u8]) -> Option<Recorded> {
        let number = self.find(path)?.digest;
        self.digests.get(usize::try_from(number).ok()?).copied()
    }

    /// Whether `path` is registered as a configuration file (conffile).
    pub fn is_conffile(&self, path: &[u8]) -> bool {
        self.find(path).is_some_and(|file| file.conffile)
    }

    /// Whether dpkg was told to put a file elsewhere than its package says, or this is where it was put.
    pub fn is_diverted(&self, path: &[u8]) -> bool {
        let usr = || path.strip_prefix(b"/usr").filter(|rest| is_merged(rest));
        self.diverted.contains(path)
            || usr().is_some_and(|rest| self.diverted.contains(rest))
            || is_merged(path) && self.diverted.contains(&[b"/usr", path].concat())
    }

    /// Whether not all of the database could be read: what it does not say is not known.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Where the database lies.
    pub fn place(&self) -> &'static [u8] {
        self.place
    }

    /// All paths that packages brought, with the package's name, in a fixed order.
    pub fn paths(&self) -> impl Iterator<Item = (&[u8], &str)> {
        self.files.iter().filter(|file| !file.ghost).filter_map(|file| {
            let package = self.installed.get(usize::try_from(file.package).ok()?)?;
            Some((self.path_of(file)?, package.name.as_str()))
        })
    }

    /// The number of installed packages.
    pub fn count(&self) -> usize {
        self.installed.len()
    }

    /// The number of paths they own.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// All packages, in the order of the database.
    pub fn installed(&self) -> &[Package] {
        &self.installed
    }

    /// The file at `path`, or at its other name where /bin, /lib and /sbin are links into /usr.
    fn find(&self, path: &[u8]) -> Option<&File> {
        self.find_exact(path).or_else(|| {
            if let Some(merged) = path.strip_prefix(b"/usr").filter(|rest| is_merged(rest)) {
                self.find_exact(merged)
            } else if is_merged(path) {
                self.find_exact(&[b"/usr", path].concat())
            } else {
                None
            }
        })
    }

    fn find_exact(&self, path: &[u8]) -> Option<&File> {
        let hash = hash(path);
        let first = self.files.partition_point(|file| file.hash < hash);
        let candidates = self.files.get(first..)?.iter().take_while(|file| file.hash == hash);
        candidates.into_iter().find(|file| self.path_of(file) == Some(path))
    }

    fn path_of(&self, file: &File) -> Option<&[u8]> {
        let start = usize::try_from(file.start).ok()?;
        self.paths.get(start..)?.get(..usize::try_from(file.len).ok()?)
    }
}

/// Whether a merged system reaches this path through /usr, too.
fn is_merged(path: &[u8]) -> bool {
    const MERGED: [&[u8]; 6] = [b"/bin/", b"/sbin/", b"/lib/", b"/lib64/", b"/lib32/", b"/libx32/"];
    MERGED.iter().any(|directory| path.starts_with(directory))
}

/// The same in every run, as `DefaultHasher::new` has no seed.
fn hash(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(path);
    hasher.finish()
}

/// `name.list`, or `name:amd64.list` for packages that can be installed for two architectures.
fn read_info(desk: &mut Desk<'_>, directory: &[u8], stanza: &status::Stanza<'_>, suffix: &[u8]) -> Vec<u8> {
    let plain = [directory, stanza.name, suffix].concat();
    let with_architecture = [directory, stanza.name, b":", stanza.architecture, suffix].concat();
    let (first, second) =
        if stanza.multi_arch_same { (with_architecture, plain) } else { (plain, with_architecture) };
    desk.read(&first, LIST_LIMIT).or_else(|| desk.read(&second, LIST_LIMIT)).unwrap_or_default()
}

/// The paths of a list that are not plainly directories: dpkg names a directory before what lies in it.
fn files_of(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut following = list.split(|&byte| byte == b'\n').skip(1);
    list.split(|&byte| byte == b'\n').filter(move |path| {
        let next = following.next().unwrap_or_default();
        let is_directory = next.strip_prefix(*path).is_some_and(|rest| rest.starts_with(b"/"));
        path.len() > 1 && *path != b"/." && !is_directory
    })
}

/// Paths without their first slash, and digests.
fn parse_sums(sums: &[u8]) -> impl Iterator<Item = (&[u8], [u8; 16])> {
    lines(sums).filter_map(|(_, line)| {
        let digest = unhex(line.get(..32)?)?;
        let path = line.get(32..)?.trim_ascii_start();
        let path = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")).unwrap_or(path);
        Some((path, digest))
    })
}

#[cfg(test)]
mod tests {
    use super::super::shelf::Shelf;
    use super::*;

    fn debian() -> Packages {
        let shelf = Shelf::default()
            .with(
                "/var/lib/dpkg/status",
                "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2\n\
                 Conffiles:\n /etc/bash.bashrc 89269e1298235f1b12b4c16e4065ad0d\n /etc/old abc obsolete\n\
                 Description: a shell\n Package: not-this\n\n\
                 Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\n\
                 Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\n\n\
                 Package: python3-x\nStatus: hold ok installed\nArchitecture: all\n",
            )
            .with(
                "/var/lib/dpkg/info/bash.list",
                "/.\n/bin\n/bin/bash\n/etc\n/etc/bash.bashrc\n/usr\n/usr/bin\n/usr/bin/bashbug\n",
            )
            .with("/var/lib/dpkg/info/bash.md5sums", "0123456789abcdef0123456789abcdef  bin/bash\n")
            .with("/var/lib/dpkg/info/libc6:amd64.list", "/.\n/usr\n/usr/lib\n/usr/lib/libc.so.6\n")
            .with("/var/lib/dpkg/info/gone.list", "/etc/gone\n")
            .with("/var/lib/dpkg/info/python3-x.list", "/usr/lib/python3/dist-packages/x/a.py\n");
        Packages::gather(&mut Desk::new(&shelf))
    }

    #[test]
    fn installed_packages_own_their_files() {
        let packages = debian();
        assert_eq!(packages.count(), 3);
        assert_eq!(packages.owner(b"/bin/bash"), Some("bash"));
        assert_eq!(packages.owner(b"/usr/lib/libc.so.6"), Some("libc6"));
        assert_eq!(packages.owner(b"/etc/gone"), None);
        assert_eq!(packages.owner(b"/usr/bin"), None);
        assert_eq!(packages.package(b"/usr/bin/bashbug").unwrap().version, "5.2");
    }

    #[test]
    fn a_merged_usr_does_not_hide_the_owner() {
        let packages = debian();
        assert_eq!(packages.owner(b"/usr/bin/bash"), Some("bash"));
        assert_eq!(packages.owner(b"/lib/libc.so.6"), Some("libc6"));
        assert_eq!(packages.owner(b"/opt/bin/bash"), None);
    }

    #[test]
    fn digests_come_from_the_sums_and_from_the_conffiles() {
        let packages = debian();
        let bash = Recorded::from_hex(b"0123456789abcdef0123456789abcdef");
        assert_eq!(packages.recorded(b"/usr/bin/bash"), bash);
        assert!(packages.recorded(b"/etc/bash.bashrc").is_some());
        assert!(packages.is_conffile(b"/etc/bash.bashrc"));
        assert!(!packages.is_conffile(b"/bin/bash"));
        assert_eq!(packages.recorded(b"/usr/lib/libc.so.6"), None);
    }

    #[test]
    fn byte_code_belongs_to_its_source() {
        let packages = debian();
        let of = |path: &[u8]| packages.owner_of_source(path);
        assert_eq!(of(b"/usr/lib/python3/dist-packages/x/__pycache__/a.cpython-311.pyc"), Some("python3-x"));
        assert_eq!(
            of(b"/usr/lib/python3/dist-packages/x/__pycache__/a.cpython-311.opt-1.pyc"),
            Some("python3-x")
        );
        assert_eq!(of(b"/usr/lib/python3/dist-packages/x/__pycache__/b.cpython-311.pyc"), None);
        assert_eq!(of(b"/tmp/a.pyc"), None);
    }

    #[test]
    fn distroless_images_have_sums_only() {
        let shelf = Shelf::default()
            .with("/var/lib/dpkg/status.d/base-files", "Package: base-files\nVersion: 12\n")
            .with(
                "/var/lib/dpkg/status.d/base-files.md5sums",
                "0123456789abcdef0123456789abcdef  ./etc/issue\n",
            );
        let packages = Packages::gather(&mut Desk::new(&shelf));
        assert_eq!(packages.owner(b"/etc/issue"), Some("base-files"));
        assert!(packages.recorded(b"/etc/issue").is_some());
    }
}
