//! dpkg's database: a stanza a package, and beside it a list of its files and their MD5.
//!
//! Source: dpkg(1), deb-conffiles(5), and dpkg's `doc/`: `status`, `info/NAME.list`, `info/NAME.md5sums`,
//! `diversions`. Distroless images keep a file a package in `status.d`, and their sums beside it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::status::{self, Stanza};
use super::{LIST_LIMIT, OVER, Owned, Packages, Recorded, STATUS_LIMIT};
use crate::facts::form::Form;
use crate::facts::{Desk, lines};
use crate::finding::GapKind;
use crate::text::{Escaped, unhex};

const STATUS: &[u8] = b"/var/lib/dpkg/status";
const INFO: &[u8] = b"/var/lib/dpkg/info/";
const SINGLE: &[u8] = b"/var/lib/dpkg/status.d/";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";

pub(super) fn gather(packages: &mut Packages, desk: &mut Desk<'_>) {
    let before = desk.gaps.len();
    let mut problems = Problems::default();
    if let Some(content) = desk.read(STATUS, STATUS_LIMIT) {
        all(packages, desk, INFO, &content, &mut problems);
        check(desk, &content);
    }
    for (name, _) in desk.list(b"/var/lib/dpkg/status.d") {
        if name.ends_with(b".md5sums") {
            continue;
        }
        let path = [SINGLE, name.as_slice()].concat();
        let Some(content) = desk.read(&path, LIST_LIMIT) else { continue };
        all(packages, desk, SINGLE, &content, &mut problems);
    }
    // Three lines each: from, to, the package.
    let diversions = desk.read(DIVERSIONS, LIST_LIMIT).unwrap_or_default();
    let paths = lines(&diversions).filter(|(number, path)| number % 3 != 0 && !path.is_empty());
    packages.diverted = paths.map(|(_, path)| path.to_vec()).collect();
    // A lost list of files leaves open what the package brought, not whether it is there.
    packages.is_partial |= desk.gaps.len() > before || problems.is_over;
    problems.tell(desk);
}

/// Says what of the status file was not understood, or is not in it: packages that have a list of files beside it.
fn check(desk: &mut Desk<'_>, content: &[u8]) {
    let mut form = Form::default();
    status::check(content, &mut |number, what| form.wrong(number, what));
    let names = status::names(content);
    let lists = desk.list(INFO.strip_suffix(b"/").unwrap_or(INFO));
    let mut lost: Vec<&[u8]> = lists.iter().filter_map(|(name, _)| name.strip_suffix(b".list")).collect();
    lost.retain(|name| !names.contains(name.split(|&byte| byte == b':').next().unwrap_or_default()));
    if let Some(first) = lost.first() {
        let count = lost.len();
        form.wrong(0, format!("{count} packages with a list of files are not in it: {}", Escaped(first)));
    }
    form.tell(desk, STATUS, "dpkg's status");
}

/// What was wrong: what, of how many packages, and of which first.
#[derive(Default)]
struct Problems {
    without_list: Option<(usize, String)>,
    bad_sums: Option<(usize, String)>,
    is_over: bool,
}

impl Problems {
    fn count(place: &mut Option<(usize, String)>, stanza: &Stanza<'_>) {
        let (count, _) = place.get_or_insert_with(|| (0, Escaped(stanza.name).to_string()));
        *count = count.saturating_add(1);
    }

    fn tell(self, desk: &mut Desk<'_>) {
        if let Some((count, first)) = self.without_list {
            let reason =
                format!("of {count} packages that are installed the list of files is missing: {first}");
            desk.gap(INFO, GapKind::Damaged, reason);
        }
        if let Some((count, first)) = self.bad_sums {
            let reason = format!("the recorded digests of {count} packages do not have their form: {first}");
            desk.gap(INFO, GapKind::Damaged, reason);
        }
        if self.is_over {
            desk.gap(STATUS, GapKind::OverLimit, format!("dpkg's database: {OVER}"));
        }
    }
}

/// Adds the packages of a status file.
fn all(
    packages: &mut Packages,
    desk: &mut Desk<'_>,
    directory: &[u8],
    content: &[u8],
    problems: &mut Problems,
) {
    status::each(content, &mut |stanza| match package(packages, desk, directory, stanza, problems) {
        Some(()) => ControlFlow::Continue(()),
        None => {
            problems.is_over = true;
            ControlFlow::Break(())
        }
    });
}

/// Adds a package, with the files that its list and its sums in `directory` name. `None`, if it goes over a limit.
fn package(
    packages: &mut Packages,
    desk: &mut Desk<'_>,
    directory: &[u8],
    stanza: &Stanza<'_>,
    problems: &mut Problems,
) -> Option<()> {
    let number = packages.install(stanza.package())?;
    let before = desk.gaps.len();
    let sums = info(desk, directory, stanza, b".md5sums").unwrap_or_default();
    let list = info(desk, directory, stanza, b".list");
    // One that cannot be read is a gap already.
    if list.is_none() && directory == INFO && desk.gaps.len() == before {
        Problems::count(&mut problems.without_list, stanza);
    }
    let mut digests: HashMap<&[u8], [u8; 16]> = HashMap::new();
    let mut whole = sums.is_empty() || sums.ends_with(b"\n");
    for (_, line) in lines(&sums).filter(|(_, line)| !line.is_empty()) {
        match sum(line) {
            Some((path, digest)) => _ = digests.insert(path, digest),
            None => whole = false,
        }
    }
    if !whole {
        Problems::count(&mut problems.bad_sums, stanza);
    }
    let conffiles: HashMap<&[u8], Option<[u8; 16]>> = stanza.conffiles().collect();
    let list = list.unwrap_or_default();
    for path in files_of(&list) {
        let conffile = conffiles.get(path);
        let relative = path.strip_prefix(b"/").unwrap_or(path);
        let digest = digests.remove(relative).or_else(|| conffile.copied().flatten()).map(Recorded::Md5);
        packages.push(number, path, Owned { digest, conffile: conffile.is_some(), may_be_missing: false })?;
    }
    if list.is_empty() {
        let mut rest: Vec<_> = digests.into_iter().collect();
        rest.sort_unstable();
        for (relative, digest) in rest {
            let path = [b"/", relative].concat();
            let conffile = conffiles.contains_key(path.as_slice());
            let digest = Some(Recorded::Md5(digest));
            packages.push(number, &path, Owned { digest, conffile, may_be_missing: false })?;
        }
    }
    Some(())
}

/// `name.list`, or `name:amd64.list` for packages that can be installed for two architectures.
fn info(desk: &mut Desk<'_>, directory: &[u8], stanza: &Stanza<'_>, suffix: &[u8]) -> Option<Vec<u8>> {
    let plain = [directory, stanza.name, suffix].concat();
    let with_architecture = [directory, stanza.name, b":", stanza.architecture, suffix].concat();
    let (first, second) =
        if stanza.multi_arch_same { (with_architecture, plain) } else { (plain, with_architecture) };
    desk.read(&first, LIST_LIMIT).or_else(|| desk.read(&second, LIST_LIMIT))
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
fn sum(line: &[u8]) -> Option<(&[u8], [u8; 16])> {
    let digest = unhex(line.get(..32)?)?;
    let path = line.get(32..).filter(|rest| rest.starts_with(b" "))?.trim_ascii_start();
    let path = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")).unwrap_or(path);
    (!path.is_empty()).then_some((path, digest))
}

#[cfg(test)]
mod tests {
    use super::super::super::shelf::Shelf;
    use super::*;

    fn gathered(list: Option<&str>, sums: &str) -> (Packages, Vec<String>) {
        let mut shelf = Shelf::default()
            .with("/var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n")
            .with("/var/lib/dpkg/info/a.md5sums", sums);
        if let Some(list) = list {
            shelf = shelf.with("/var/lib/dpkg/info/a.list", list);
        }
        let mut desk = Desk::new(&shelf);
        let packages = Packages::gather(&mut desk);
        (packages, desk.gaps.into_iter().map(|gap| gap.reason).collect())
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
        let mut desk = Desk::new(&shelf);
        let packages = Packages::gather(&mut desk);
        assert!(packages.count() < 400_000 && packages.cost() < super::super::TABLE_LIMIT + 4096);
        assert!(desk.gaps.iter().any(|gap| gap.kind == GapKind::OverLimit) && packages.is_partial());
    }
}
