//! dpkg's database: a stanza a package, and beside it a list of its files and their MD5.
//!
//! Source: dpkg(1), deb-conffiles(5), and dpkg's `doc/`: `status`, `info/NAME.list`, `info/NAME.md5sums`,
//! `diversions`. Distroless images keep a file a package in `status.d`, and their sums beside it.
//!
//! A part of the database without its other part is damage: a package without its list, a list without its package.
//! Programs without a sum are found where the files are compared, for links have none.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::diversions::Diversions;
use super::origin::{self, Deb};
use super::status::{self, Stanza};
use super::{
    Aside, LIST_LIMIT, OVER, Origin, Owned, Package, PackageManager, Packages, Recorded, Repository,
    STATUS_LIMIT,
};
use crate::files::form::Form;
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;
use assay_disk::text::{Escaped, unhex};

/// The file of all packages.
pub(super) const STATUS: &[u8] = b"/var/lib/dpkg/status";
const INFO: &[u8] = b"/var/lib/dpkg/info/";
const SINGLE: &[u8] = b"/var/lib/dpkg/status.d/";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";

pub(super) fn gather(packages: &mut Packages, system: &mut SystemReader<'_>) {
    let before = system.gaps.len();
    let (diversions, diverted) = Diversions::parse(&system.read(DIVERSIONS, LIST_LIMIT).unwrap_or_default());
    let foreign = packages.repositories.iter().filter(|one| !one.is_of_a_distribution());
    let foreign = foreign.flat_map(Repository::hosts).map(str::to_owned).collect();
    let mut reader =
        Reader { packages, foreign, diversions, known: BTreeSet::new(), problems: Problems::default() };
    if let Some(content) = system.read(STATUS, STATUS_LIMIT) {
        reader.packages.found(PackageManager::Dpkg, STATUS);
        let end = reader.all(system, INFO, &content);
        let is_whole = content.is_empty() || content.ends_with(b"\n");
        if let Err(problem) = end.and(if is_whole { Ok(()) } else { Err("it is cut off") }) {
            reader.packages.is_partial = true;
            system.gap(STATUS, GapKind::Damaged, format!("dpkg's database: {problem}"));
        }
        check(system, &content);
    }
    for (name, _) in system.list(b"/var/lib/dpkg/status.d") {
        if name.ends_with(b".md5sums") {
            continue;
        }
        let path = [SINGLE, name.as_slice()].concat();
        let Some(content) = system.read(&path, LIST_LIMIT) else { continue };
        if let Err(problem) = reader.all(system, SINGLE, &content) {
            reader.packages.is_partial = true;
            system.gap(&path, GapKind::Damaged, format!("dpkg's database: {problem}"));
        }
    }
    reader.lost_lists(system);
    let Reader { packages, problems, .. } = reader;
    // A lost list of files leaves open what the package brought, not whether it is there.
    packages.is_partial |= system.gaps.len() > before || problems.is_over;
    problems.tell(system);
    if let Err(problem) = diverted {
        system.gap(DIVERSIONS, GapKind::Damaged, format!("dpkg's diversions: {problem}"));
    }
}

/// Says what of the status file was not understood.
fn check(system: &mut SystemReader<'_>, content: &[u8]) {
    let mut form = Form::default();
    status::check(content, &mut |number, what| form.wrong(number, what));
    form.tell(system, STATUS, "dpkg's status");
}

/// So many packages, and the first of them.
type Count = Option<(usize, String)>;

/// What was wrong: what, of how many packages, and of which first.
#[derive(Default)]
struct Problems {
    without_list: Count,
    bad_list: Count,
    bad_sums: Count,
    without_package: Count,
    is_over: bool,
}

fn count(place: &mut Count, name: &[u8]) {
    let (count, _) = place.get_or_insert_with(|| (0, Escaped(name).to_string()));
    *count = count.saturating_add(1);
}

impl Problems {
    fn tell(self, system: &mut SystemReader<'_>) {
        let problems: [(Count, &dyn Fn(usize) -> String); 4] = [
            (self.without_list, &|count| {
                format!("of {count} packages that are installed the list of files is missing")
            }),
            (self.bad_list, &|count| {
                format!("the lists of files of {count} packages do not have their form")
            }),
            (self.bad_sums, &|count| {
                format!("the recorded digests of {count} packages do not have their form")
            }),
            (self.without_package, &|count| {
                format!("{count} lists of files are of no package that dpkg knows")
            }),
        ];
        for (problem, reason) in problems {
            if let Some((count, first)) = problem {
                system.gap(INFO, GapKind::Damaged, format!("{}: {first}", reason(count)));
            }
        }
        if self.is_over {
            system.gap(STATUS, GapKind::OverLimit, format!("dpkg's database: {OVER}"));
        }
    }
}

/// Puts what the files of the database say into the table of packages.
struct Reader<'p> {
    packages: &'p mut Packages,
    /// Hosts of repositories that are not the distribution's.
    foreign: Vec<String>,
    diversions: Diversions,
    /// The names that lists of files may have.
    known: BTreeSet<Vec<u8>>,
    problems: Problems,
}

impl Reader<'_> {
    /// Adds the packages of a status file; what is wrong with the file.
    fn all(
        &mut self,
        system: &mut SystemReader<'_>,
        directory: &[u8],
        content: &[u8],
    ) -> Result<(), &'static str> {
        status::each(content, &mut |stanza| {
            if directory == INFO {
                self.known.insert(stanza.name.to_vec());
                self.known.insert([stanza.name, b":", stanza.architecture].concat());
            }
            if stanza.is_installed() && self.package(system, directory, stanza).is_none() {
                self.problems.is_over = true;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    }

    /// Lists of files whose package the status file does not have: it was cut, or the package taken out.
    fn lost_lists(&mut self, system: &SystemReader<'_>) {
        if self.problems.is_over {
            return;
        }
        for (name, _) in system.list(b"/var/lib/dpkg/info") {
            if let Some(package) = name.strip_suffix(b".list").filter(|name| !self.known.contains(*name)) {
                count(&mut self.problems.without_package, package);
            }
        }
    }

    /// Adds a package, with the files that its list and its sums in `directory` name. `None`, if it goes over a limit.
    fn package(
        &mut self,
        system: &mut SystemReader<'_>,
        directory: &[u8],
        stanza: &Stanza<'_>,
    ) -> Option<()> {
        let before = system.gaps.len();
        let sums = info(system, directory, stanza, b".md5sums").unwrap_or_default();
        let list = info(system, directory, stanza, b".list");
        let origin = self.origin(stanza, list.as_deref().unwrap_or(&sums));
        let number = self.packages.install(Package { origin, ..stanza.package() })?;
        // One that cannot be read is a gap already.
        if list.is_none() && directory == INFO && system.gaps.len() == before {
            count(&mut self.problems.without_list, stanza.name);
        }
        if list.as_ref().is_some_and(|list| !is_list(list)) {
            count(&mut self.problems.bad_list, stanza.name);
        }
        let (mut digests, is_whole) = digests(&sums);
        if !is_whole {
            count(&mut self.problems.bad_sums, stanza.name);
        }
        let conffiles: HashMap<&[u8], Option<[u8; 16]>> = stanza.conffiles().collect();
        let list = list.unwrap_or_default();
        for path in files_of(&list) {
            let path = plain(path);
            let relative = path.strip_prefix(b"/").unwrap_or(&path);
            let conffile = conffiles.get(&*path);
            let digest = digests.remove(relative).or_else(|| conffile.copied().flatten()).map(Recorded::Md5);
            let owned = Owned { digest, conffile: conffile.is_some(), ..Owned::default() };
            self.file(number, stanza.name, &path, owned)?;
        }
        // What the sums name beside the list: of another package, which took it over, or taken out of the list.
        let mut rest: Vec<_> = digests.into_iter().collect();
        rest.sort_unstable();
        for (relative, digest) in rest {
            let path = [b"/", &*relative].concat();
            let conffile = conffiles.contains_key(path.as_slice());
            let is_stray = !list.is_empty();
            let owned =
                Owned { digest: Some(Recorded::Md5(digest)), conffile, may_be_missing: is_stray, is_stray };
            self.file(number, stanza.name, &path, owned)?;
        }
        Some(())
    }

    /// Who made a package, by its stanza and its list of files.
    fn origin(&self, stanza: &Stanza<'_>, list: &[u8]) -> Origin {
        let [maintainer, version] = [stanza.maintainer, stanza.version].map(String::from_utf8_lossy);
        let has = |file: &[u8]| memchr::memmem::find(list, file).is_some();
        // A package that was made for Debian alone has no revision, and its changelog is the only one.
        let is_native = !stanza.version.contains(&b'-') && has(b"/changelog.gz") && has(b"/copyright");
        let has_changelog = has(b"/changelog.Debian") || is_native || has_linked_documents(list, stanza.name);
        let deb = Deb { maintainer: &maintainer, version: &version, has_changelog };
        origin::of_deb(deb, &self.foreign)
    }

    /// Adds a file where it lies: another package, or the administrator, may have put it elsewhere.
    fn file(&mut self, number: u32, name: &[u8], path: &[u8], owned: Owned) -> Option<()> {
        let Some((to, by)) = self.diversions.of(path, name) else {
            return self.packages.push(number, path, owned);
        };
        if let Some(digest) = owned.digest {
            let aside = Aside { package: number, digest, to: to.to_vec(), by: by.map(<[u8]>::to_vec) };
            self.packages.aside.entry(path.to_vec()).or_insert(aside);
        }
        self.packages.push(number, to, Owned { may_be_missing: true, ..owned })
    }
}

/// Whether a package's documents are a link to those of another package of the same source: nothing lies below them.
fn has_linked_documents(list: &[u8], name: &[u8]) -> bool {
    let place = [b"/usr/share/doc/", name].concat();
    let own = || list.split(|&byte| byte == b'\n').filter(|line| line.starts_with(&place));
    own().any(|line| line == place) && !own().any(|line| line.get(place.len()) == Some(&b'/'))
}

/// Whether all lines of a list are paths, and it is not cut off.
fn is_list(list: &[u8]) -> bool {
    let lines = list.strip_suffix(b"\n").unwrap_or_default();
    !lines.contains(&0) && lines.split(|&byte| byte == b'\n').all(|line| line.starts_with(b"/"))
}

/// The digests of a file of sums, by paths without their first slash, and whether all of it was read.
fn digests(sums: &[u8]) -> (HashMap<Cow<'_, [u8]>, [u8; 16]>, bool) {
    let mut digests = HashMap::new();
    let mut whole = sums.is_empty() || sums.ends_with(b"\n");
    for (_, line) in lines(sums).filter(|(_, line)| !line.is_empty()) {
        let Some((path, digest)) = sum(line) else {
            whole = false;
            continue;
        };
        whole &= digests.insert(path, digest).is_none_or(|other| other == digest);
    }
    (digests, whole)
}

/// `name.list`, or `name:amd64.list` for packages that can be installed for two architectures.
fn info(
    system: &mut SystemReader<'_>,
    directory: &[u8],
    stanza: &Stanza<'_>,
    suffix: &[u8],
) -> Option<Vec<u8>> {
    let plain = [directory, stanza.name, suffix].concat();
    let with_architecture = [directory, stanza.name, b":", stanza.architecture, suffix].concat();
    let (first, second) =
        if stanza.multi_arch_same { (with_architecture, plain) } else { (plain, with_architecture) };
    system.read(&first, LIST_LIMIT).or_else(|| system.read(&second, LIST_LIMIT))
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

/// A path without its first slash, and its digest.
fn sum(line: &[u8]) -> Option<(Cow<'_, [u8]>, [u8; 16])> {
    let digest = unhex(line.get(..32)?)?;
    let path = line.get(32..).filter(|rest| rest.starts_with(b" "))?.trim_ascii_start();
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let path = match plain(path) {
        Cow::Borrowed(path) => Cow::Borrowed(path.strip_prefix(b"/").unwrap_or(path)),
        Cow::Owned(path) => Cow::Owned(path.strip_prefix(b"/").unwrap_or(&path).to_vec()),
    };
    (!path.is_empty()).then_some((path, digest))
}

/// A path without doubled slashes and without parts that are a dot.
fn plain(path: &[u8]) -> Cow<'_, [u8]> {
    let is_odd = |pair: &[u8]| memchr::memmem::find(path, pair).is_some();
    if !is_odd(b"//") && !is_odd(b"/./") {
        return Cow::Borrowed(path);
    }
    let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let joined = parts.collect::<Vec<_>>().join(&b'/');
    Cow::Owned(if path.starts_with(b"/") { [b"/", joined.as_slice()].concat() } else { joined })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn gathered(list: Option<&str>, sums: &str) -> (Packages, Vec<String>) {
        let mut shelf = Shelf::default()
            .with("/var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n")
            .with("/var/lib/dpkg/info/a.md5sums", sums);
        if let Some(list) = list {
            shelf = shelf.with("/var/lib/dpkg/info/a.list", list);
        }
        let mut system = SystemReader::new(&shelf);
        let packages = Packages::gather(&mut system);
        (packages, system.gaps.into_iter().map(|gap| gap.reason).collect())
    }

    const SUM: &str = "0123456789abcdef0123456789abcdef  bin/a\n";

    #[test]
    fn a_package_without_its_list_is_a_gap() {
        let (packages, gaps) = gathered(None, SUM);
        assert_eq!(gaps, ["of 1 packages that are installed the list of files is missing: a"]);
        assert!(!packages.is_partial());
        assert!(packages.recorded(b"/bin/a").is_some(), "its sums name files, too");
        assert_eq!(gathered(Some("/.\n/bin/a\n"), SUM).1, [""; 0]);
    }

    #[test]
    fn digests_that_are_cut_or_none_are_a_gap() {
        for sums in [SUM.trim_end(), SUM.get(1..).unwrap(), "x\n", &SUM.replace("  bin/a", "")] {
            let (packages, gaps) = gathered(Some("/.\n/bin/a\n"), sums);
            assert_eq!(gaps, ["the recorded digests of 1 packages do not have their form: a"], "{sums}");
            assert!(!packages.is_partial());
        }
    }

    #[test]
    fn a_status_file_of_endless_packages_ends() {
        let status = "Package:a\n\n".repeat(400_000);
        let shelf = Shelf::default().with("/var/lib/dpkg/status", &status);
        let mut system = SystemReader::new(&shelf);
        let packages = Packages::gather(&mut system);
        assert!(packages.count() < 400_000 && packages.cost() < super::super::TABLE_LIMIT + 4096);
        assert!(system.gaps.iter().any(|gap| gap.kind == GapKind::OverLimit) && packages.is_partial());
    }
}
