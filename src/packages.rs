//! The package database, of dpkg, RPM, apk or pacman: which package owns which file, and what the file should be.
//!
//! An image holds some 70,000 owned paths. They lie in one run of bytes, and are found by a sorted list
//! of their hashes: no allocation per path, and one binary search per question.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use crate::files::SystemReader;

mod absence;
mod apk;
pub mod component;
mod database_file;
mod diversions;
mod dpkg;
pub mod ecosystem;
mod holds;
pub mod identity;
pub mod inventory;
mod last_update;
pub mod manifest;
mod ndb;
pub mod origin;
mod package;
mod pacman;
pub mod programs;
pub mod purl;
mod recorded;
pub mod repositories;
mod rpm;
mod rpm_header;
mod status;
pub mod version;

pub use component::{Component, Origin, Source, State};
pub use diversions::Aside;
pub use ecosystem::Ecosystem;
pub use holds::Hold;
pub use inventory::Inventory;
pub use last_update::LastUpdate;
pub use package::{Database, Package, PackageManager};
pub use recorded::Recorded;
pub use repositories::{LooseSetting, Loses, Repository};

/// Bytes of the status file.
const STATUS_LIMIT: u64 = 32 << 20;
/// Bytes of one list of files.
const LIST_LIMIT: u64 = 16 << 20;
/// Packages; a large system has 10,000.
const PACKAGES_LIMIT: usize = 100_000;
/// Files of all packages together.
const FILES_LIMIT: usize = 600_000;
/// Bytes that is kept of all databases: some 500,000 files.
const TABLE_LIMIT: usize = 64 << 20;
/// What is said where that is not enough.
const OVER: &str = "it has more packages, or files, than are kept";
/// Longest path, as Linux has them.
const PATH_LIMIT: usize = 4096;

/// The packages of a system and their files.
#[derive(Debug, Default)]
pub struct Packages {
    installed: Vec<Package>,
    /// All paths, one after the other.
    paths: Vec<u8>,
    /// All digests, one after the other.
    digests: Vec<u8>,
    /// Sorted by hash, then by path.
    files: Vec<File>,
    /// Bytes that the packages take.
    taken: usize,
    /// Numbers in `installed`, sorted by name.
    by_name: Vec<u32>,
    /// Files of packages that dpkg was told to put elsewhere, by the path where they would lie.
    aside: BTreeMap<Vec<u8>, Aside>,
    /// Paths that several packages claim, with different digests.
    contested: BTreeMap<Vec<u8>, [u32; 2]>,
    /// Where databases lie.
    databases: Vec<Database>,
    /// Where packages come from.
    repositories: Vec<Repository>,
    /// Settings of apt that ask them for less than they should.
    loose_settings: Vec<LooseSetting>,
    /// What is held back from updates.
    holds: Vec<Hold>,
    /// When packages were last installed or updated.
    last_update: Option<LastUpdate>,
    /// The streams of modules that are enabled.
    modules: Vec<String>,
    /// Whether not all of the database could be read.
    is_partial: bool,
    /// Where the database lies.
    place: Vec<u8>,
    /// Whether /usr/sbin leads to /usr/bin, as in Fedora 42: packages may say either.
    is_sbin_merged: bool,
}

/// What a database says of a path.
#[derive(Clone, Copy, Default)]
struct Owned {
    digest: Option<Recorded>,
    conffile: bool,
    /// Made on the machine, left out when the package was installed, or not needed.
    may_be_missing: bool,
    /// There is a digest of it, but it is not in the list of files.
    is_stray: bool,
}

/// A path that a package owns.
#[derive(Clone, Copy, Debug)]
struct File {
    hash: u64,
    /// Where the path begins in `paths`.
    start: u32,
    /// Number in `installed`.
    package: u32,
    /// Where the digest begins in `digests`.
    digest: u32,
    len: u16,
    /// Bytes of the digest; 0 for none.
    digest_len: u8,
    conffile: bool,
    may_be_missing: bool,
    is_stray: bool,
}

impl Packages {
    pub(super) fn gather(reader: &mut SystemReader<'_>) -> Self {
        let repositories = repositories::gather(reader);
        let place = b"/var/lib/dpkg/info".to_vec();
        let modules = repositories::modules(reader);
        let loose_settings = repositories::loose_settings(reader);
        let mut packages = Self { place, repositories, loose_settings, modules, ..Self::default() };
        dpkg::gather(&mut packages, reader);
        // Debian's `rpm` and `alien` leave an empty database of RPM; one that is not counts, too.
        rpm::gather(&mut packages, reader);
        apk::gather(&mut packages, reader);
        pacman::gather(&mut packages, reader);
        packages.is_sbin_merged = reader.files().is_same(b"/usr/sbin", b"/usr/bin");
        packages.sort();
        packages.settle_diversions();
        packages.find_contested(reader);
        packages.holds = holds::gather(&packages.installed, reader);
        holds::mark(&mut packages.installed, &packages.holds);
        packages.last_update = last_update::gather(&packages, reader);
        packages.tell_silent(reader);
        packages
    }

    /// What another package has put at a diverted path is its own.
    fn settle_diversions(&mut self) {
        let aside = std::mem::take(&mut self.aside);
        self.aside = aside.into_iter().filter(|(path, _)| self.find(path).is_none()).collect();
    }

    /// Paths that two packages brought, each with another digest: one of the two is not what is there.
    fn find_contested(&mut self, reader: &SystemReader<'_>) {
        let is_claim = |file: &&File| file.digest_len > 0 && !file.conffile && !file.may_be_missing;
        let merged: Vec<&[u8]> = MERGED
            .into_iter()
            .filter(|place| {
                let place = place.strip_suffix(b"/").unwrap_or(place);
                reader.files().is_same(place, &[b"/usr", place].concat())
            })
            .collect();
        let mut contested = BTreeMap::new();
        for (file, next) in self.files.iter().zip(self.files.iter().skip(1)) {
            let is_other = is_claim(&file) && is_claim(&next) && file.hash == next.hash;
            if is_other
                && self.path_of(file) == self.path_of(next)
                && self.digest_of(file) != self.digest_of(next)
            {
                let path = self.path_of(file).unwrap_or_default();
                contested.insert(path.to_vec(), [file.package, next.package]);
            }
        }
        for file in self.files.iter().filter(is_claim) {
            let path = self.path_of(file).unwrap_or_default();
            if !merged.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            let other = self.find_exact(&[b"/usr", path].concat()).filter(is_claim);
            if let Some(other) = other.filter(|other| self.digest_of(other) != self.digest_of(file)) {
                contested.insert([b"/usr", path].concat(), [file.package, other.package]);
            }
        }
        self.contested = contested;
    }

    /// Says of packages that name only their vendor whose they are; `distribution` is the system's `ID`.
    pub(super) fn settle_origins(&mut self, distribution: &str) {
        for package in self.installed.iter_mut().filter(|package| package.manager == PackageManager::Rpm) {
            if let Origin::ThirdParty(vendor) = &package.origin {
                package.origin = origin::of_rpm(vendor, distribution);
            }
        }
    }

    /// Notes that there is a database.
    fn found(&mut self, manager: PackageManager, path: &[u8]) {
        self.databases.push(Database { manager, path: path.to_vec() });
    }

    /// Adds a package; its number. `None`, if it goes over a limit.
    fn install(&mut self, package: Package) -> Option<u32> {
        self.taken = self.taken.saturating_add(package.text_len()).saturating_add(2 * size_of::<Package>());
        if self.cost() > TABLE_LIMIT || self.installed.len() >= PACKAGES_LIMIT {
            return None;
        }
        let number = u32::try_from(self.installed.len()).ok()?;
        self.installed.push(package);
        Some(number)
    }

    /// Bytes that all of it takes.
    fn cost(&self) -> usize {
        let files = self.files.len().saturating_mul(size_of::<File>());
        [self.paths.len(), self.digests.len(), files].into_iter().fold(self.taken, usize::saturating_add)
    }

    /// `None`, if it goes over a limit.
    fn push(&mut self, package: u32, path: &[u8], owned: Owned) -> Option<()> {
        if self.cost() > TABLE_LIMIT || self.files.len() >= FILES_LIMIT || path.len() > PATH_LIMIT {
            return None;
        }
        let start = u32::try_from(self.paths.len()).ok()?;
        let digest = u32::try_from(self.digests.len()).ok()?;
        let bytes = owned.digest.as_ref().map(Recorded::bytes).unwrap_or_default();
        let digest_len = u8::try_from(bytes.len()).ok()?;
        self.digests.extend_from_slice(bytes);
        self.paths.extend_from_slice(path);
        let Owned { conffile, may_be_missing, is_stray, .. } = owned;
        let (hash, len) = (hash(path), u16::try_from(path.len()).ok()?);
        self.files.push(File {
            hash,
            start,
            package,
            digest,
            len,
            digest_len,
            conffile,
            may_be_missing,
            is_stray,
        });
        Some(())
    }

    /// Of two owners of one path the one counts that brought it, with its digest; then the order of the packages.
    fn sort(&mut self) {
        let rank = |file: &File| (file.is_stray, file.may_be_missing, file.digest_len == 0);
        self.files.sort_unstable_by_key(|file| (file.hash, rank(file), file.package, file.start));
        let mut by_name: Vec<u32> = (0_u32..).take(self.installed.len()).collect();
        by_name.sort_by_key(|&number| self.name_of(number));
        self.by_name = by_name;
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
        Recorded::from_bytes(self.digest_of(self.find(path)?)?)
    }

    fn digest_of(&self, file: &File) -> Option<&[u8]> {
        self.digests.get(usize::try_from(file.digest).ok()?..)?.get(..usize::from(file.digest_len))
    }

    /// What the file at `path` should be: as recorded, or, where a package's file was put aside and no other package
    /// has one there, what that would be.
    pub fn expected(&self, path: &[u8]) -> Option<Recorded> {
        self.recorded(path).or_else(|| self.aside(path).map(|aside| aside.digest))
    }

    /// The file of a package that was put elsewhere, where no other package has one in its place.
    pub fn aside(&self, path: &[u8]) -> Option<&Aside> {
        if self.aside.is_empty() {
            return None;
        }
        let usr = || self.aside.get(path.strip_prefix(b"/usr").filter(|rest| is_merged(rest))?);
        let root = || is_merged(path).then(|| self.aside.get(&[b"/usr", path].concat()))?;
        self.aside.get(path).or_else(usr).or_else(root)
    }

    /// The package whose file was put aside.
    pub fn package_aside(&self, aside: &Aside) -> Option<&Package> {
        self.installed.get(usize::try_from(aside.package).ok()?)
    }

    /// Whether packages contradict each other.
    pub fn has_contested(&self) -> bool {
        !self.contested.is_empty()
    }

    /// The packages that claim `path`, each with another digest.
    pub fn contested(&self, path: &[u8]) -> Option<[&Package; 2]> {
        let [one, other] = *self.contested.get(path)?;
        Some([self.installed.get(one as usize)?, self.installed.get(other as usize)?])
    }

    /// Whether `path` is registered as a configuration file (conffile).
    pub fn is_conffile(&self, path: &[u8]) -> bool {
        self.find(path).is_some_and(|file| file.conffile)
    }

    /// Whether not all packages could be read: what is not among them may be installed all the same.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Where the database lies.
    pub fn place(&self) -> &[u8] {
        &self.place
    }

    /// The databases that are there, whether or not they name a package.
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// Where packages come from.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// Settings of apt that ask all repositories for less than they should.
    pub fn loose_settings(&self) -> &[LooseSetting] {
        &self.loose_settings
    }

    /// What is held back from updates.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// When packages were last installed or updated, as far as anything says it.
    pub fn last_update(&self) -> Option<&LastUpdate> {
        self.last_update.as_ref()
    }

    /// The streams of modules that are enabled: `nodejs:18`.
    pub fn modules(&self) -> &[String] {
        &self.modules
    }

    /// What installs the packages of the system, where one is known.
    pub fn manager(&self) -> Option<PackageManager> {
        self.installed.first().map(|package| package.manager)
    }

    /// All paths that packages brought and need, with the package's name, in a fixed order.
    pub fn paths(&self) -> impl Iterator<Item = (&[u8], &str)> {
        self.files.iter().filter(|file| !file.may_be_missing).filter_map(|file| {
            let package = self.installed.get(usize::try_from(file.package).ok()?)?;
            Some((self.path_of(file)?, package.name.as_str()))
        })
    }

    /// The version of the package `name`; of several of that name the first in the order of the database.
    pub fn version_of(&self, name: &str) -> Option<&str> {
        let first = self.by_name.partition_point(|&number| self.name_of(number) < name);
        let package = self.by_name.get(first).and_then(|&number| self.installed.get(number as usize))?;
        (package.name == name).then_some(package.version.as_str())
    }

    fn name_of(&self, number: u32) -> &str {
        self.installed.get(number as usize).map_or("", |package| package.name.as_str())
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

    /// The file at `path`, or at its other name where /bin, /lib and /sbin are links into /usr, or sbin to bin.
    fn find(&self, path: &[u8]) -> Option<&File> {
        let merged = |path: &[u8]| match path.strip_prefix(b"/usr").filter(|rest| is_merged(rest)) {
            Some(merged) => self.find_exact(merged),
            None if is_merged(path) => self.find_exact(&[b"/usr", path].concat()),
            None => None,
        };
        let either = |path: &[u8]| self.find_exact(path).or_else(|| merged(path));
        let in_sbin = || {
            let name = path.strip_prefix(b"/usr/bin/").filter(|_| self.is_sbin_merged)?;
            either(&[b"/usr/sbin/", name].concat())
        };
        either(path).or_else(in_sbin)
    }

    fn find_exact(&self, path: &[u8]) -> Option<&File> {
        let hash = hash(path);
        let first = self.files.partition_point(|file| file.hash < hash);
        let candidates = self.files.get(first..)?.iter().take_while(|file| file.hash == hash);
        candidates.into_iter().find(|file| self.path_of(file) == Some(path))
    }

    fn path_of(&self, file: &File) -> Option<&[u8]> {
        let start = usize::try_from(file.start).ok()?;
        self.paths.get(start..)?.get(..usize::from(file.len))
    }
}

/// Directories that are links into /usr, where it is merged.
const MERGED: [&[u8]; 6] = [b"/bin/", b"/sbin/", b"/lib/", b"/lib64/", b"/lib32/", b"/libx32/"];

/// Whether a merged system reaches this path through /usr, too.
fn is_merged(path: &[u8]) -> bool {
    MERGED.iter().any(|directory| path.starts_with(directory))
}

/// The same in every run, as `DefaultHasher::new` has no seed.
fn hash(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(path);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

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
        Packages::gather(&mut SystemReader::new(&shelf))
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
        let packages = Packages::gather(&mut SystemReader::new(&shelf));
        assert_eq!(packages.owner(b"/etc/issue"), Some("base-files"));
        assert!(packages.recorded(b"/etc/issue").is_some());
    }
}
