//! The kernels of a system, and which of them boots if nobody chooses another.
//!
//! Several kernels are installed at once, and only one of them runs: what is wrong with the others matters less. Boot
//! loaders say which one it is.
//!
//! Source: GRUB's manual ("Simple configuration", "GRUB environment block"), grub.cfg as grub-mkconfig writes it; the Boot
//! Loader Specification (systemd, and Fedora's extension of it); loader.conf(5); GRUB Legacy's menu.lst; Syslinux's
//! wiki, "Config".

use crate::files::{Files, SystemReader};
use crate::packages::Packages;
use crate::packages::inventory::{Boot, Kernel};
use assay_disk::fs::FileType;

mod bls;
mod grub;
mod legacy;

/// Bytes of one file of a boot loader.
const LIMIT: u64 = 4 << 20;
/// Kernels of a system.
const KERNELS: usize = 200;

/// Names of kernels before their release. `vmlinux` is that of some architectures, `bzImage` and `Image` of images made
/// by hand.
const NAMES: [&str; 4] = ["vmlinuz-", "vmlinux-", "kernel-", "Image-"];

/// The kernels of a system, sorted by their release.
pub(super) fn gather(reader: &mut SystemReader<'_>, packages: &Packages) -> Vec<Kernel> {
    let mut releases = releases(reader.files());
    releases.truncate(KERNELS);
    let chosen = chosen(reader, &releases);
    let count = releases.len();
    let kernel = |release: String| {
        let boots = match &chosen {
            Some(chosen) if *chosen == release => Boot::Default,
            Some(_) => Boot::Installed,
            // Nothing else could boot.
            None if count == 1 => Boot::Default,
            None => Boot::Unknown,
        };
        Kernel { package: package(packages, &release), release, boots }
    };
    releases.into_iter().map(kernel).collect()
}

/// The releases of all kernels that lie where boot loaders take them from, or beside their modules.
fn releases(files: &dyn Files) -> Vec<String> {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let mut releases: Vec<String> = files
        .list(b"/boot")
        .into_iter()
        .filter(|(_, kind)| *kind == FileType::Regular)
        .filter_map(|(name, _)| release(&text(&name)).map(str::to_owned))
        .collect();
    for place in [b"/lib/modules".as_slice(), b"/usr/lib/modules"] {
        for (name, _) in files.list(place) {
            let image = |file: &[u8]| [place, b"/", name.as_slice(), b"/", file].concat();
            if [b"vmlinuz".as_slice(), b"vmlinux"].iter().any(|file| files.size(&image(file)).is_some()) {
                releases.push(text(&name));
            }
        }
    }
    releases.sort();
    releases.dedup();
    releases
}

/// The release in the name of a kernel's file; `None` for a rescue image, which is a copy of some kernel.
fn release(name: &str) -> Option<&str> {
    let name = name.rsplit('/').next()?;
    let rest = NAMES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let rest =
        [".efi", ".signed", ".gz"].iter().fold(rest, |rest, end| rest.strip_suffix(end).unwrap_or(rest));
    let is_release = rest.starts_with(|first: char| first.is_ascii_digit());
    (is_release && !rest.ends_with(".hmac") && !rest.ends_with(".old")).then_some(rest)
}

/// The release of the kernel that boots, by the first boot loader that is configured.
fn chosen(reader: &mut SystemReader<'_>, releases: &[String]) -> Option<String> {
    let path = grub::chosen(reader)
        .or_else(|| bls::of_systemd_boot(reader))
        .or_else(|| legacy::grub(reader))
        .or_else(|| legacy::syslinux(reader))?;
    let by_link = || linked(reader.files(), &path);
    let release = release(&path).map(str::to_owned).or_else(by_link)?;
    releases.contains(&release).then_some(release)
}

/// A path without GRUB's device, `(hd0,gpt1)/vmlinuz`, or a variable before it.
fn without_device(path: &str) -> String {
    path.find('/').and_then(|at| path.get(at..)).unwrap_or(path).to_owned()
}

/// Where a boot loader names a link (`/vmlinuz`, `/boot/vmlinuz`), the kernel that it leads to.
fn linked(files: &dyn Files, path: &str) -> Option<String> {
    let below_boot = format!("/boot{path}");
    [path, below_boot.as_str()].into_iter().find_map(|path| {
        let target = files.target(path.as_bytes())?;
        release(&String::from_utf8_lossy(&target)).map(str::to_owned)
    })
}

/// The package that brought a kernel.
fn package(packages: &Packages, release: &str) -> Option<(String, String)> {
    let places =
        ["/boot/vmlinuz-{}", "/usr/lib/modules/{}/vmlinuz", "/lib/modules/{}/vmlinuz", "/boot/vmlinux-{}"];
    let owner = |place: &str| packages.package(place.replace("{}", release).as_bytes());
    let package = places.into_iter().find_map(owner)?;
    Some((package.name.clone(), package.version.clone()))
}

#[cfg(test)]
mod tests;
