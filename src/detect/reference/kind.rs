//! Which files are compared with a reference, and how bad it is when they differ.

use super::super::integrity::Part;
use crate::finding::Severity;
use assay_disk::fs::{FileType, Metadata};

/// What a file is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Runs with the rights of its owner.
    Privileged,
    /// Decides who gets in, or starts everything.
    Door,
    Program,
    Library,
    Module,
    Unit,
    Configuration,
}

/// Ends of names of systemd's units.
const UNITS: [&[u8]; 7] = [b".service", b".timer", b".socket", b".path", b".mount", b".target", b".conf"];

impl Kind {
    /// `None`, where a file is not compared.
    pub(super) fn of(path: &[u8], metadata: &Metadata) -> Option<Self> {
        let is_link = metadata.file_type == FileType::Symlink;
        if metadata.file_type != FileType::Regular && !is_link {
            return None;
        }
        // A link has no mode of its own.
        let mode = if is_link { 0 } else { metadata.mode };
        let is_privileged = mode & 0o6000 != 0 && mode & 0o111 != 0;
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let within = |places: &[&[u8]]| places.iter().any(|place| path.starts_with(place));
        Some(match Part::of(path, if is_link && is_in_bin(path) { 0o755 } else { mode }) {
            _ if is_privileged => Self::Privileged,
            Part::Door => Self::Door,
            _ if is_module(name) => Self::Module,
            Part::Library => Self::Library,
            Part::Unit => Self::Unit,
            Part::Program => Self::Program,
            Part::Other if within(&[b"/etc/systemd/"]) && UNITS.iter().any(|end| name.ends_with(end)) => {
                Self::Unit
            }
            Part::Other if is_library(name) => Self::Library,
            Part::Other if within(&[b"/boot/vmlinuz", b"/boot/initr"]) => Self::Module,
            Part::Other if within(&[b"/etc/"]) => Self::Configuration,
            Part::Other if mode & 0o111 != 0 => Self::Program,
            Part::Other => return None,
        })
    }

    pub(super) fn severity(self, is_missing: bool) -> Severity {
        match self {
            Self::Unit | Self::Program | Self::Privileged | Self::Door if is_missing => Severity::Low,
            _ if is_missing => Severity::Info,
            Self::Privileged | Self::Door => Severity::High,
            Self::Program | Self::Library | Self::Module | Self::Unit => Severity::Medium,
            Self::Configuration => Severity::Low,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Privileged => "setuid or setgid program",
            Self::Door => "program or library that decides who gets in",
            Self::Program => "program",
            Self::Library => "library",
            Self::Module => "kernel or part of it",
            Self::Unit => "unit",
            Self::Configuration => "configuration file",
        }
    }

    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Privileged => "setuid or setgid programs",
            Self::Door => "programs and libraries that decide who gets in",
            Self::Program => "programs",
            Self::Library => "libraries",
            Self::Module => "parts of the kernel",
            Self::Unit => "units",
            Self::Configuration => "configuration files",
        }
    }

    /// Whether it may have capabilities.
    pub(super) fn is_executable(self) -> bool {
        matches!(self, Self::Privileged | Self::Door | Self::Program)
    }
}

fn is_in_bin(path: &[u8]) -> bool {
    memchr::memmem::find(path, b"bin/").is_some()
}

/// `x.so`, `x.so.1`.
fn is_library(name: &[u8]) -> bool {
    name.ends_with(b".so") || memchr::memmem::find(name, b".so.").is_some()
}

/// `x.ko`, packed or not.
fn is_module(name: &[u8]) -> bool {
    let ends: [&[u8]; 4] = [b".ko", b".ko.xz", b".ko.zst", b".ko.gz"];
    ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_place_mode_and_name() {
        let of = |path: &str, file_type, mode| Kind::of(path.as_bytes(), &Metadata::bare(file_type, mode, 1));
        for (path, mode, kind) in [
            ("/opt/x/helper", 0o4755, Some(Kind::Privileged)),
            ("/usr/sbin/sshd", 0o755, Some(Kind::Door)),
            ("/usr/lib/security/pam_unix.so", 0o644, Some(Kind::Door)),
            ("/opt/tool/run.sh", 0o755, Some(Kind::Program)),
            ("/usr/local/lib/libx.so.2", 0o644, Some(Kind::Library)),
            ("/usr/lib/modules/6.1/kernel/x.ko.xz", 0o644, Some(Kind::Module)),
            ("/etc/systemd/system/x.service", 0o644, Some(Kind::Unit)),
            ("/etc/hosts", 0o644, Some(Kind::Configuration)),
            ("/usr/share/doc/x", 0o644, None),
        ] {
            assert_eq!(of(path, FileType::Regular, mode), kind, "{path}");
        }
        assert_eq!(of("/usr/bin/awk", FileType::Symlink, 0o777), Some(Kind::Program));
        assert_eq!(of("/usr/share/x", FileType::Symlink, 0o777), None);
        assert_eq!(of("/usr/bin", FileType::Directory, 0o755), None);
    }
}
