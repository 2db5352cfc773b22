//! Where the files lie that say what the system is, and of which kind each is.

use super::Kind;
use crate::files::SystemReader;
use assay_disk::fs::FileType;

/// Files of which the audit takes that they are not there from that there is no file of the name.
pub(super) const NAMED: [(&[u8], &str); 12] = [
    (b"/etc/passwd", "passwd"),
    (b"/etc/shadow", "shadow"),
    (b"/etc/group", "group"),
    (b"/etc/gshadow", "gshadow"),
    (b"/etc/os-release", "os-release"),
    (b"/etc/fstab", "fstab"),
    (b"/etc/sudoers", "sudoers"),
    (b"/etc/crontab", "a crontab"),
    (b"/etc/ssh/sshd_config", "sshd_config"),
    (b"/etc/nsswitch.conf", "nsswitch.conf"),
    (b"/var/lib/dpkg/status", "dpkg's status"),
    (b"/lib/apk/db/installed", "apk's database"),
];

/// Files by name.
const FILES: [(&str, Kind); 31] = [
    ("/etc/gshadow", Kind::Gshadow),
    ("/etc/os-release", Kind::OsRelease),
    ("/usr/lib/os-release", Kind::OsRelease),
    ("/etc/hostname", Kind::Hostname),
    ("/etc/ssh/sshd_config", Kind::Sshd),
    ("/usr/etc/ssh/sshd_config", Kind::Sshd),
    ("/etc/sudoers", Kind::Sudoers),
    ("/etc/crontab", Kind::SystemCron),
    ("/etc/fstab", Kind::Fstab),
    ("/etc/pam.conf", Kind::Text),
    ("/etc/anacrontab", Kind::Text),
    ("/etc/doas.conf", Kind::Text),
    ("/etc/environment", Kind::Text),
    ("/etc/inittab", Kind::Text),
    ("/etc/ld.so.conf", Kind::Text),
    ("/etc/ld.so.preload", Kind::Text),
    ("/etc/login.defs", Kind::Text),
    ("/etc/logrotate.conf", Kind::Text),
    ("/etc/nsswitch.conf", Kind::Text),
    ("/etc/profile", Kind::Text),
    ("/etc/rc.local", Kind::Text),
    ("/etc/securetty", Kind::Text),
    ("/etc/shells", Kind::Text),
    ("/etc/ssh/ssh_config", Kind::Text),
    ("/etc/subuid", Kind::Text),
    ("/etc/sudo.conf", Kind::Text),
    ("/etc/sysctl.conf", Kind::Text),
    ("/etc/cloud/cloud.cfg", Kind::Text),
    ("/etc/audit/auditd.conf", Kind::Text),
    ("/etc/selinux/config", Kind::Text),
    ("/etc/default/grub", Kind::Text),
];

/// Files in directories, by the ends of their names (none: all).
const DIRECTORIES: [(&str, &[&str], Kind); 27] = [
    ("/etc/ssh/sshd_config.d", &[".conf"], Kind::Sshd),
    ("/etc/sudoers.d", &[], Kind::Sudoers),
    ("/etc/pam.d", &[], Kind::Pam),
    ("/usr/etc/pam.d", &[], Kind::Pam),
    ("/usr/share/pam.d", &[], Kind::Pam),
    ("/usr/lib/pam.d", &[], Kind::Pam),
    ("/etc/cron.d", &[], Kind::SystemCron),
    ("/var/spool/cron", &[], Kind::UserCron),
    ("/var/spool/cron/crontabs", &[], Kind::UserCron),
    ("/var/spool/cron/tabs", &[], Kind::UserCron),
    ("/etc/crontabs", &[], Kind::UserCron),
    ("/etc/systemd/system", UNITS, Kind::Unit),
    ("/usr/local/lib/systemd/system", UNITS, Kind::Unit),
    ("/usr/lib/systemd/system", UNITS, Kind::Unit),
    ("/lib/systemd/system", UNITS, Kind::Unit),
    ("/etc/systemd/user", UNITS, Kind::Unit),
    ("/usr/lib/systemd/user", UNITS, Kind::Unit),
    ("/etc/systemd", &[".conf"], Kind::Unit),
    ("/etc/security", &[".conf"], Kind::Text),
    ("/etc/sysctl.d", &[".conf"], Kind::Text),
    ("/etc/modprobe.d", &[".conf"], Kind::Text),
    ("/etc/modules-load.d", &[".conf"], Kind::Text),
    ("/etc/ld.so.conf.d", &[".conf"], Kind::Text),
    ("/etc/profile.d", &[".sh"], Kind::Text),
    ("/etc/cloud/cloud.cfg.d", &[".cfg"], Kind::Text),
    ("/etc/audit/rules.d", &[".rules"], Kind::Text),
    ("/etc/polkit-1/rules.d", &[".rules"], Kind::Text),
];

/// Units of systemd.
const UNITS: &[&str] =
    &[".service", ".socket", ".timer", ".path", ".mount", ".automount", ".swap", ".target"];
/// What editors and package managers leave beside a file, which no program reads.
const ASIDE: [&str; 9] = ["~", ".bak", ".orig", ".old", ".rpmnew", ".rpmsave", ".rpmorig", ".pacnew", ".swp"];

/// Every file of a known kind that is there.
pub(super) fn all(reader: &SystemReader<'_>) -> Vec<(Vec<u8>, Kind)> {
    let mut all: Vec<(Vec<u8>, Kind)> = FILES.iter().map(|&(path, kind)| (path.into(), kind)).collect();
    let mut looked_into: Vec<&str> = Vec::new();
    for (directory, ends, kind) in DIRECTORIES {
        let is_known = |known: &&str| reader.files().is_same(known.as_bytes(), directory.as_bytes());
        if looked_into.iter().any(is_known) {
            continue;
        }
        looked_into.push(directory);
        for (name, found) in reader.list(directory.as_bytes()) {
            let path = [directory.as_bytes(), b"/", &name].concat();
            match found {
                FileType::Directory if kind == Kind::Unit && name.ends_with(b".d") => {
                    all.extend(drop_ins(reader, &path));
                }
                // A link to a unit is another name of it.
                FileType::Regular => all.extend(wanted(&name, ends, kind).then_some((path, kind))),
                FileType::Symlink if kind != Kind::Unit => {
                    all.extend(wanted(&name, ends, kind).then_some((path, kind)));
                }
                _ => {}
            }
        }
    }
    all
}

fn drop_ins(reader: &SystemReader<'_>, directory: &[u8]) -> Vec<(Vec<u8>, Kind)> {
    let files = reader.list(directory).into_iter();
    let files = files.filter(|(name, kind)| *kind == FileType::Regular && name.ends_with(b".conf"));
    files.map(|(name, _)| ([directory, b"/", &name].concat(), Kind::Unit)).collect()
}

/// Whether the program whose directory it is reads a file of this name.
fn wanted(name: &[u8], ends: &[&str], kind: Kind) -> bool {
    let is_aside = ASIDE.iter().any(|end| name.ends_with(end.as_bytes()))
        || memchr::memmem::find(name, b".dpkg-").is_some()
        || name.starts_with(b".")
        || name == b"README";
    let is_passed_over = kind == Kind::Sudoers && name.contains(&b'.');
    !is_aside && !is_passed_over && (ends.is_empty() || ends.iter().any(|end| name.ends_with(end.as_bytes())))
}
