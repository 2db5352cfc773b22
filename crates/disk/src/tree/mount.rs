//! Which file system is mounted where, as the image's own /etc/fstab says.

use super::fstab::{self, FstabLine};
use super::{Mounted, Tree, subvolume};
use crate::fs::FileType;

/// Largest fstab that is read, in bytes.
const FSTAB_LIMIT: u64 = 1 << 20;

/// What the partition table says of a file system's place, in the order of the file systems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Number of the partition.
    pub number: Option<u32>,
    /// `PARTUUID`.
    pub uuid: Option<String>,
    /// `PARTLABEL`.
    pub label: Option<String>,
    /// Where the partition's type says it belongs.
    pub mount: Option<&'static str>,
    /// Paths under `/dev` of a logical volume or array.
    pub devices: Vec<String>,
}

/// Gives each file system its place: the root by what it holds, the others by fstab, then by where they
/// were mounted last, the partition's type, and the label, as far as the root has such a directory.
pub(super) fn place(volumes: &mut Vec<Mounted>, hints: &[Hint]) {
    let Some((root, why)) = find_root(volumes, hints).or_else(|| only_one(volumes)) else { return };
    set(volumes, root, b"", why);
    let tree = Tree::assemble(std::mem::take(volumes));
    let lines = match tree.read(b"/etc/fstab", FSTAB_LIMIT) {
        Ok(Some(text)) => fstab::parse(&text),
        _ => Vec::new(),
    };
    let mut places: Vec<(usize, Vec<u8>, &'static str)> = Vec::new();
    let is_directory = |path: &[u8]| {
        tree.lookup(path).is_some_and(|(_, metadata)| metadata.file_type == FileType::Directory)
    };
    let mut claim = |index: usize, path: &[u8], source: &'static str, must_exist: bool| {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let free = index != root && path.len() > 1 && path.first() == Some(&b'/');
        let taken = places.iter().any(|(other, at, _)| *other == index || at == path);
        if free && !taken && (!must_exist || is_directory(path)) {
            places.push((index, path.to_vec(), source));
        }
    };
    let hint = |index: usize| hints.get(index).cloned().unwrap_or_default();
    for line in &lines {
        for (index, mounted) in tree.volumes.iter().enumerate() {
            if names(line, mounted, &hint(index)) && subvolume::names(line, mounted) {
                claim(index, &line.mount, "fstab", false);
            }
        }
    }
    // What the table or a label says means the subvolume that is mounted by default.
    let usual = |mounted: &Mounted| mounted.subvolume.as_ref().is_none_or(|subvolume| subvolume.is_default);
    for (index, mounted) in tree.volumes.iter().enumerate().filter(|(_, mounted)| usual(mounted)) {
        let identity = mounted.fs.identity();
        if let Some(path) = &identity.last_mounted {
            claim(index, path, "last mounted there", true);
        }
        if let Some(path) = hint(index).mount {
            claim(index, path.as_bytes(), "partition type", true);
        }
        if let Some(path) = identity.label.as_deref().and_then(by_label) {
            claim(index, path, "label", true);
        }
    }
    for (index, mounted) in tree.volumes.iter().enumerate() {
        if let Some(path) = subvolume::usual_place(mounted).filter(|path| tree.list(path).is_empty()) {
            claim(index, &path, "name of the subvolume", true);
        }
    }
    *volumes = tree.volumes;
    for (index, path, source) in places {
        set(volumes, index, &path, source);
    }
    subvolume::place_nested(volumes);
}

fn set(volumes: &mut [Mounted], index: usize, path: &[u8], source: &'static str) {
    if let Some(mounted) = volumes.get_mut(index) {
        mounted.mount = Some(path.to_vec());
        mounted.mount_source = Some(source);
    }
}

/// What the root of a Linux system holds.
const LINUX: [&[&[u8]]; 7] = [
    &[b"etc", b"fstab"],
    &[b"etc", b"passwd"],
    &[b"etc", b"os-release"],
    &[b"usr", b"bin"],
    &[b"usr", b"lib"],
    &[b"etc"],
    &[b"ostree", b"deploy"],
];
/// What the system volume of Windows holds; its names have no case.
const WINDOWS: [&[&[u8]]; 4] = [
    &[b"windows", b"system32", b"config"],
    &[b"windows", b"system32", b"ntoskrnl.exe"],
    &[b"windows", b"explorer.exe"],
    &[b"windows", b"system32"],
];

/// The file system that holds the system, and why: the one with most of the marks of a root. Of equals the
/// one that its own fstab means (snapshots of a root have them all, too), then the default subvolume, then
/// what is no snapshot, then the first.
fn find_root(volumes: &[Mounted], hints: &[Hint]) -> Option<(usize, &'static str)> {
    let scores: Vec<(usize, &'static str)> = volumes.iter().map(score).collect();
    let best = scores.iter().map(|(marks, _)| *marks).max().filter(|&best| best > 0)?;
    let rank = |index: usize| {
        let mounted = volumes.get(index);
        let subvolume = mounted.and_then(|mounted| mounted.subvolume.as_ref());
        let own = mounted.is_some_and(|mounted| is_its_own_root(mounted, hints.get(index)));
        let default = subvolume.is_none_or(|subvolume| subvolume.is_default);
        let snapshot = subvolume.is_some_and(|subvolume| subvolume.is_snapshot);
        (!own, !default, snapshot, index)
    };
    let equals = scores.iter().enumerate().filter(|(_, (marks, _))| *marks == best);
    equals.map(|(index, (_, why))| (index, *why)).min_by_key(|&(index, _)| rank(index))
}

/// How many marks of a root a file system has, and of which kind they are.
fn score(mounted: &Mounted) -> (usize, &'static str) {
    let child = |at: u32, part: &&[u8]| mounted.walk.child(at, part);
    let in_any_case = |at: u32, part: &&[u8]| child_in_any_case(mounted, at, part);
    let linux = LINUX.iter().filter(|path| path.iter().try_fold(0, child).is_some());
    let windows = WINDOWS.iter().filter(|path| path.iter().try_fold(0, in_any_case).is_some());
    (linux.count(), "holds /etc").max((windows.count(), "holds /Windows"))
}

/// The child of this name of the entry at `index`; `name` is in lower case, the child's in any.
fn child_in_any_case(mounted: &Mounted, index: u32, name: &[u8]) -> Option<u32> {
    let children = mounted.walk.get(index)?.children.clone();
    children.into_iter().find(|&child| {
        let entry = mounted.walk.get(child);
        entry.is_some_and(|entry| mounted.walk.name(entry).eq_ignore_ascii_case(name))
    })
}

/// The file system that is alone: whatever it holds, its paths are those of the image.
fn only_one(volumes: &[Mounted]) -> Option<(usize, &'static str)> {
    let mut all = volumes.iter().enumerate().filter(|(_, mounted)| !mounted.is_raw());
    let (first, _) = all.next()?;
    all.next().is_none().then_some((first, "the only file system"))
}

/// Whether its own /etc/fstab mounts it as the root.
fn is_its_own_root(mounted: &Mounted, hint: Option<&Hint>) -> bool {
    let file = [&b"etc"[..], b"fstab"];
    let entry =
        file.iter().try_fold(0, |at, part| mounted.walk.child(at, part)).and_then(|at| mounted.walk.get(at));
    let Some(entry) = entry.filter(|entry| entry.metadata.size <= FSTAB_LIMIT) else { return false };
    let mut text = vec![0; usize::try_from(entry.metadata.size).unwrap_or_default()];
    let read = mounted.fs.node(entry.node).and_then(|mut node| node.read_at(0, &mut text));
    let hint = hint.cloned().unwrap_or_default();
    let means = |line: &FstabLine| {
        line.mount == b"/" && names(line, mounted, &hint) && subvolume::names(line, mounted)
    };
    read.is_ok() && fstab::parse(&text).iter().any(means)
}

/// Whether the first field of an fstab line means this file system.
fn names(line: &FstabLine, mounted: &Mounted, hint: &Hint) -> bool {
    let spec = String::from_utf8_lossy(&line.spec).into_owned();
    let identity = mounted.fs.identity();
    let same = |value: &str, own: Option<&str>| {
        own.is_some_and(|own| own.eq_ignore_ascii_case(value.trim_matches('"')))
    };
    let label = identity.label.as_ref().map(|label| String::from_utf8_lossy(label).into_owned());
    let keyed = [
        ("UUID=", identity.uuid.as_deref()),
        ("LABEL=", label.as_deref()),
        ("PARTUUID=", hint.uuid.as_deref()),
        ("PARTLABEL=", hint.label.as_deref()),
        ("/dev/disk/by-uuid/", identity.uuid.as_deref()),
        ("/dev/disk/by-label/", label.as_deref()),
        ("/dev/disk/by-partuuid/", hint.uuid.as_deref()),
        ("/dev/disk/by-partlabel/", hint.label.as_deref()),
    ];
    for (prefix, own) in keyed {
        if let Some(value) = spec.strip_prefix(prefix) {
            return same(value, own);
        }
    }
    hint.devices.contains(&spec) || device_number(&spec).is_some_and(|number| hint.number == Some(number))
}

/// The partition's number in a device's name: `/dev/sda1`, `/dev/xvdf2`, `/dev/nvme0n1p15`, `/dev/vda3`.
fn device_number(spec: &str) -> Option<u32> {
    let name = spec.strip_prefix("/dev/")?;
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = match name.strip_prefix("nvme") {
        Some(rest) => rest.split_once('p')?.1,
        None if ["sd", "xvd", "vd", "hd"].iter().any(|disk| name.starts_with(disk)) => digits,
        None => return None,
    };
    number.parse().ok()
}

/// Where a file system of this label usually belongs.
fn by_label(label: &[u8]) -> Option<&'static [u8]> {
    Some(match label.to_ascii_lowercase().as_slice() {
        b"boot" | b"bootfs" => b"/boot",
        b"efi" | b"esp" | b"uefi" | b"efi system" => b"/boot/efi",
        b"home" => b"/home",
        b"var" => b"/var",
        b"opt" => b"/opt",
        b"srv" => b"/srv",
        b"usr" => b"/usr",
        b"tmp" => b"/tmp",
        b"data" => b"/data",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_partition_is_read_from_its_device() {
        assert_eq!(device_number("/dev/xvda1"), Some(1));
        assert_eq!(device_number("/dev/nvme0n1p15"), Some(15));
        assert_eq!(device_number("/dev/nvme0n1"), None);
        assert_eq!(device_number("/dev/mapper/rhel-root"), None);
    }
}
