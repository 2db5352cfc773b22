//! Mounts: fstab(5), systemd's mount units, and the partitions of the image.

use super::evaluate::Judged;
use super::schema::MountOption;
use super::subject::{Unreadable, shown};
use super::{Evidence, Outcome, Subject, Verdict};
use assay_disk::tree::fstab;

/// systemd itself mounts it, before it reads fstab.
const SHARED_MEMORY: &str = "/dev/shm";

/// A mount and its options.
struct Mount {
    path: Vec<u8>,
    options: Vec<u8>,
}

pub(super) fn mounted(path: &str, subject: &Subject<'_>) -> Judged {
    if let Some(mount) = find(path, subject)? {
        return Ok(Outcome::of(true, Evidence::at(&mount.path, format!("mounts {path}"))));
    }
    let own = subject.tree.volumes().iter().any(|volume| volume.mount.as_deref() == Some(path.as_bytes()));
    let said = if own { "is a file system of its own" } else { "is no file system of its own" };
    Ok(Outcome::of(own, Evidence::at(path.as_bytes(), said)))
}

pub(super) fn option(rule: &MountOption, subject: &Subject<'_>) -> Judged {
    let Some(mount) = find(&rule.path, subject)? else {
        return Ok(Outcome::new(Verdict::NotApplicable, Evidence::at(rule.path.as_bytes(), "is no mount")));
    };
    let has =
        mount.options.split(|&byte| byte == b',').any(|option| option.trim_ascii() == rule.option.as_bytes());
    Ok(Outcome::of(has, Evidence::at(&mount.path, format!("options {}", shown(&mount.options)))))
}

/// What mounts `path`: a line of fstab, else a unit that is not only a vendor's and off.
fn find(path: &str, subject: &Subject<'_>) -> Result<Option<Mount>, Unreadable> {
    let mut found = None;
    if let Some(page) = subject.page(b"/etc/fstab".to_vec())? {
        let content: Vec<u8> = page.lines().flat_map(|(_, line)| [line, b"\n"].concat()).collect();
        for line in fstab::parse(&content) {
            let mount = line.mount.strip_suffix(b"/").unwrap_or(&line.mount);
            if mount == path.as_bytes() {
                found = Some(Mount { path: b"/etc/fstab".to_vec(), options: line.options });
            }
        }
    }
    if found.is_some() {
        return Ok(found);
    }
    if path == SHARED_MEMORY && subject.metadata(b"/usr/lib/systemd/systemd")?.is_some() {
        let (path, options) = (b"/usr/lib/systemd/systemd".to_vec(), b"nosuid,nodev".to_vec());
        return Ok(Some(Mount { path, options }));
    }
    let name = format!("{}.mount", path.trim_start_matches('/').replace('-', "\\x2d").replace('/', "-"));
    if super::units::state(&name, subject)? != super::schema::UnitState::Enabled {
        return Ok(None);
    }
    for directory in super::units::DIRECTORIES {
        let Some(page) = subject.page(format!("{directory}/{name}").into_bytes())? else { continue };
        let options = page.lines().filter_map(|(_, line)| line.strip_prefix(b"Options=")).last();
        return Ok(Some(Mount { options: options.unwrap_or_default().to_vec(), path: page.path.clone() }));
    }
    Ok(None)
}
