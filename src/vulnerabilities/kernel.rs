//! Which packages carry a kernel, and which kernel of a system boots.
//!
//! Much is built out of the sources of Linux: headers, tools, documentation. An advisory on them is about the kernel that
//! runs, so only packages that carry one are compared with it.

use super::ecosystem::OsvEcosystem;
use crate::packages::component::Component;
use crate::packages::inventory::{Boot, InstalledSystem, Kernel};

/// What a package has of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KernelPart {
    /// It has nothing to do with one.
    None,
    /// Its image or its modules.
    Carrier,
    /// It is built from the same sources, and is no kernel: headers, tools, documentation, names for the newest one.
    Companion,
}

/// What a package has of a kernel; `source` is the name of its source package as advisories write it.
pub(super) fn part(ecosystem: OsvEcosystem, component: &Component, source: &str) -> KernelPart {
    let name = component.name.as_str();
    let (is_of_kernel, is_carrier) = match ecosystem {
        OsvEcosystem::Debian | OsvEcosystem::Ubuntu => (is_deb_source(source, name), is_deb_carrier(name)),
        OsvEcosystem::Alpine | OsvEcosystem::Wolfi | OsvEcosystem::Chainguard => {
            (is_apk_source(source), !name.ends_with("-dev") && !name.ends_with("-doc"))
        }
        _ => (is_rpm_source(source) || is_rpm_source(name), is_rpm_carrier(name)),
    };
    match (is_of_kernel, is_carrier) {
        (false, _) => KernelPart::None,
        (true, true) => KernelPart::Carrier,
        (true, false) => KernelPart::Companion,
    }
}

/// `linux`, `linux-6.1`, `linux-aws-6.14`; of flavours only what is called after the kernel, too: `linux-base` and
/// `linux-firmware` are other things.
fn is_deb_source(source: &str, name: &str) -> bool {
    const OTHERS: [&str; 5] =
        ["linux-base", "linux-firmware", "linux-atm", "linux-minidisc", "linux-sound-base"];
    let is_kind = ["image", "modules", "headers", "tools", "libc-dev", "doc", "buildinfo", "cloud-tools"]
        .iter()
        .any(|kind| name.strip_prefix("linux-").is_some_and(|rest| rest.starts_with(kind)));
    source == "linux" || (source.starts_with("linux-") && is_kind && !OTHERS.contains(&source))
}

/// `linux-image-6.1.0-50-amd64`, and not `linux-image-amd64`, which is only a name for the newest.
fn is_deb_carrier(name: &str) -> bool {
    ["linux-image-", "linux-image-unsigned-", "linux-modules-", "linux-modules-extra-"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    }) && !name.ends_with("-dbg")
        && !name.ends_with("-dbgsym")
}

fn is_apk_source(source: &str) -> bool {
    ["lts", "virt", "edge", "rpi", "rpi4", "asahi", "stable", "grsec", "vanilla", "hardened", "elm", "gru"]
        .iter()
        .any(|flavour| source.strip_prefix("linux-") == Some(flavour))
}

/// `kernel`, `kernel6.12`, `kernel-rt`, `kernel-uek`; Photon calls it `linux`.
pub(super) fn is_rpm_source(source: &str) -> bool {
    const OTHERS: [&str; 2] = ["kernel-livepatch", "kernel-srpm-macros"];
    let rest = source.strip_prefix("kernel");
    let is_kernel =
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '5', '6', '7', '8', '9']));
    (is_kernel || source == "linux") && !OTHERS.iter().any(|other| source.starts_with(other))
}

fn is_rpm_carrier(name: &str) -> bool {
    const COMPANIONS: [&str; 11] =
        ["headers", "devel", "tools", "doc", "docs", "abi", "macros", "selftests", "source", "syms", "libs"];
    let mut words = name.split('-');
    let is_kernel = words.next().is_some_and(|first| first.starts_with("kernel") || first == "linux");
    is_kernel && !words.any(|word| COMPANIONS.contains(&word) || word.starts_with("debuginfo"))
}

/// Whether the kernel that a package carries is the one that boots.
pub(super) fn boot(component: &Component, system: &InstalledSystem) -> Boot {
    system.kernels.iter().find(|kernel| is_of(component, kernel)).map_or(Boot::Unknown, |kernel| kernel.boots)
}

fn is_of(component: &Component, kernel: &Kernel) -> bool {
    let version = component.version.as_deref().unwrap_or_default();
    let is_package =
        kernel.package.as_ref().is_some_and(|(name, known)| *name == component.name && known == version);
    // Debian's packages are called after the release; the release of RPM's is their version.
    let without_epoch = version.split_once(':').map_or(version, |(_, rest)| rest);
    let is_called = !kernel.release.is_empty() && component.name.ends_with(&kernel.release);
    let is_release = !without_epoch.is_empty()
        && kernel
            .release
            .strip_prefix(without_epoch)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '+']));
    is_package || is_called || is_release
}

/// The line of a kernel: `5.15` of `5.15.0-1.amzn2`. Each is a branch of its own, so fixes of one say nothing of another.
pub(super) fn line(version: &str) -> Option<(&str, &str)> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let mut numbers = version.split(['.', '-']);
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::ecosystem::Ecosystem;

    fn of(ecosystem: OsvEcosystem, name: &str, source: &str) -> KernelPart {
        part(ecosystem, &Component::new(Ecosystem::Deb, name, "1"), source)
    }

    #[test]
    fn images_and_modules_carry_a_kernel_and_headers_do_not() {
        for (name, source, part) in [
            ("linux-image-6.1.0-50-amd64", "linux", KernelPart::Carrier),
            ("linux-image-amd64", "linux", KernelPart::Companion),
            ("linux-libc-dev", "linux", KernelPart::Companion),
            ("bpftool", "linux", KernelPart::Companion),
            ("linux-modules-6.14.0-1010-aws", "linux-aws-6.14", KernelPart::Carrier),
            ("linux-headers-6.14.0-1010-aws", "linux-aws-6.14", KernelPart::Companion),
            ("linux-base", "linux-base", KernelPart::None),
            ("linux-firmware", "linux-firmware", KernelPart::None),
            ("util-linux", "util-linux", KernelPart::None),
        ] {
            assert_eq!(of(OsvEcosystem::Ubuntu, name, source), part, "{name}");
        }
        for (name, source, part) in [
            ("kernel-core", "kernel", KernelPart::Carrier),
            ("kernel6.12", "kernel6.12", KernelPart::Carrier),
            ("kernel-uek-modules", "kernel-uek", KernelPart::Carrier),
            ("kernel-headers", "kernel", KernelPart::Companion),
            ("kernel-tools-libs", "kernel", KernelPart::Companion),
            ("perf", "kernel", KernelPart::Companion),
            ("kernel-livepatch-6.1.12-19.43", "kernel-livepatch-6.1.12-19.43", KernelPart::None),
            ("kernel-srpm-macros", "kernel-srpm-macros", KernelPart::None),
        ] {
            assert_eq!(of(OsvEcosystem::Amazon, name, source), part, "{name}");
        }
        assert_eq!(of(OsvEcosystem::Alpine, "linux-lts", "linux-lts"), KernelPart::Carrier);
        assert_eq!(of(OsvEcosystem::Alpine, "linux-lts-dev", "linux-lts"), KernelPart::Companion);
        assert_eq!(of(OsvEcosystem::Alpine, "linux-pam", "linux-pam"), KernelPart::None);
    }

    #[test]
    fn a_package_belongs_to_the_kernel_of_its_name_or_its_version() {
        let kernel = |release: &str, boots| Kernel { release: release.to_owned(), package: None, boots };
        let system = InstalledSystem {
            kernels: vec![
                kernel("6.1.0-50-amd64", Boot::Default),
                kernel("6.1.102-108.amzn2023.x86_64", Boot::Installed),
            ],
            ..InstalledSystem::default()
        };
        let of = |name: &str, version: &str| boot(&Component::new(Ecosystem::Rpm, name, version), &system);
        assert_eq!(of("linux-image-6.1.0-50-amd64", "6.1.176-1"), Boot::Default);
        assert_eq!(of("kernel", "0:6.1.102-108.amzn2023"), Boot::Installed);
        assert_eq!(of("kernel", "6.1.10"), Boot::Unknown);
    }

    #[test]
    fn lines_are_told_apart_by_two_numbers() {
        assert_eq!(line("0:5.15.43-20.123.amzn2"), Some(("5", "15")));
        assert_ne!(line("5.4.190-107.353.amzn2"), line("5.15.43-20.123.amzn2"));
    }
}
