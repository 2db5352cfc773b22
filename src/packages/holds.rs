//! Packages that are held back from updates.
//!
//! Source: dpkg(1) (`hold`, which apt-mark(8) sets), the versionlock plugins of yum and dnf, dnf5's
//! `versionlock.toml`, zypper's `/etc/zypp/locks`, `IgnorePkg` of pacman.conf(5), versions in apk-world(5).

use std::collections::BTreeSet;

use super::{Package, PackageManager, State, dpkg};
use crate::files::{SystemReader, lines};
use crate::finding::Location;

/// Bytes of one file, and names of it.
const LIMIT: u64 = 1 << 20;
const NAMES: usize = 10_000;

/// Packages that one file holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Their names, or patterns of names, sorted.
    pub names: Vec<String>,
    /// The file. The inventory completes it.
    pub location: Location,
}

/// How a file names what is held.
type Form = fn(&str) -> Option<&str>;

const FILES: [(&[u8], Form); 6] = [
    (b"/etc/yum/pluginconf.d/versionlock.list", versionlock),
    (b"/etc/dnf/plugins/versionlock.list", versionlock),
    (b"/etc/dnf/versionlock.toml", toml),
    (b"/etc/zypp/locks", zypper),
    (b"/etc/pacman.conf", pacman),
    (b"/etc/apk/world", apk),
];

/// What is held, a file after the other.
pub(super) fn gather(installed: &[Package], reader: &mut SystemReader<'_>) -> Vec<Hold> {
    let of_dpkg = installed.iter().filter(|package| package.manager == PackageManager::Dpkg);
    let of_dpkg = of_dpkg.filter(|package| package.state == State::Held).map(|package| package.name.clone());
    let mut holds: Vec<Hold> = hold(dpkg::STATUS, of_dpkg).into_iter().collect();
    for (file, form) in FILES {
        let Some(content) = reader.read(file, LIMIT) else { continue };
        let lines = lines(&content).filter_map(|(_, line)| std::str::from_utf8(line).ok());
        let names = lines.filter_map(|line| form(line.trim())).flat_map(str::split_whitespace);
        holds.extend(hold(file, names.map(str::to_owned)));
    }
    holds
}

/// Marks the packages that are held by their names.
pub(super) fn mark(installed: &mut [Package], holds: &[Hold]) {
    let is_held = |name: &str| {
        holds.iter().any(|hold| hold.names.binary_search_by(|one| one.as_str().cmp(name)).is_ok())
    };
    for package in installed.iter_mut().filter(|package| package.state == State::Installed) {
        if is_held(&package.name) {
            package.state = State::Held;
        }
    }
}

fn hold(file: &[u8], names: impl Iterator<Item = String>) -> Option<Hold> {
    let names: BTreeSet<String> = names.take(NAMES).collect();
    let location = Location { path: file.to_vec(), ..Location::default() };
    (!names.is_empty()).then(|| Hold { names: names.into_iter().collect(), location })
}

/// `bash-0:4.2.46-34.el7.*` or `0:bash-4.2.46-34.el7.*`: the name is what stands before version and release. `!` before
/// it shuts a version out, which holds nothing.
fn versionlock(line: &str) -> Option<&str> {
    if line.is_empty() || line.starts_with(['#', '!']) {
        return None;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let line = line.split_once(':').filter(|(epoch, _)| is_number(epoch)).map_or(line, |(_, rest)| rest);
    let name = line.rsplitn(3, '-').nth(2);
    Some(name.unwrap_or(line))
}

/// `name = "bash"`, of a `[[packages]]`.
fn toml(line: &str) -> Option<&str> {
    assigned(line, "name").map(|value| value.trim_matches(['"', '\'']))
}

/// `solvable_name: bash`.
fn zypper(line: &str) -> Option<&str> {
    line.strip_prefix("solvable_name:").map(str::trim)
}

/// `IgnorePkg = linux linux-headers`.
fn pacman(line: &str) -> Option<&str> {
    assigned(line, "IgnorePkg")
}

/// `bash=5.2.15-r5`. A package that is only wanted has no version.
fn apk(line: &str) -> Option<&str> {
    line.split_once('=')
        .map(|(name, _)| name.trim_end_matches(['<', '>', '~', '!']))
        .filter(|name| !name.is_empty())
}

fn assigned<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.strip_prefix(name)?.trim_start().strip_prefix('=').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;
    use crate::packages::Packages;

    fn held(path: &str, content: &str) -> Vec<String> {
        let shelf = Shelf::default().with(path, content);
        gather(&[], &mut SystemReader::new(&shelf)).into_iter().flat_map(|hold| hold.names).collect()
    }

    #[test]
    fn each_package_manager_has_its_own_way_to_hold_a_package() {
        let yum = "# a\n0:kernel-4.14.1-2.amzn2.*\n!bash-0:5-1.*\n";
        assert_eq!(held("/etc/yum/pluginconf.d/versionlock.list", yum), ["kernel"]);
        let dnf = "python3-libs-0:3.9.16-1.el9.*\nplain\n";
        assert_eq!(held("/etc/dnf/plugins/versionlock.list", dnf), ["plain", "python3-libs"]);
        let dnf5 =
            "version = \"1.0\"\n[[packages]]\nname = \"bash\"\n[[packages.conditions]]\nkey = \"evr\"\n";
        assert_eq!(held("/etc/dnf/versionlock.toml", dnf5), ["bash"]);
        assert_eq!(held("/etc/zypp/locks", "type: package\nsolvable_name: kernel*\n"), ["kernel*"]);
        assert_eq!(held("/etc/pacman.conf", "#IgnorePkg = a\nIgnorePkg   = linux zfs\n"), ["linux", "zfs"]);
        assert_eq!(held("/etc/apk/world", "bash=5.2-r0\ncurl\nnginx~=1.2\n"), ["bash", "nginx"]);
    }

    #[test]
    fn dpkgs_status_says_what_is_on_hold() {
        let status =
            "Package: a\nStatus: hold ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\n";
        let shelf = Shelf::default().with("/var/lib/dpkg/status", status);
        let packages = Packages::gather(&mut SystemReader::new(&shelf));
        assert_eq!(packages.holds().iter().flat_map(|hold| &hold.names).collect::<Vec<_>>(), ["a"]);
    }
}
