//! Which subvolume is mounted where.

use std::collections::{BTreeMap, BTreeSet};

use super::Mounted;
use super::fstab::FstabLine;
use crate::fs::Subvolume;

/// Gives subvolumes that lie in another one their place in that, unless something else is mounted there.
pub(super) fn place_nested(volumes: &mut [Mounted]) {
    let mut taken: BTreeSet<Vec<u8>> = volumes.iter().filter_map(|mounted| mounted.mount.clone()).collect();
    loop {
        let mut places: BTreeMap<(u32, u64), (Vec<u8>, Vec<u8>)> = BTreeMap::new();
        for mounted in volumes.iter() {
            if let (Some(mount), Some(subvolume)) = (&mounted.mount, &mounted.subvolume) {
                places.insert((mounted.file_system, subvolume.id), (mount.clone(), subvolume.path.clone()));
            }
        }
        let mut found = false;
        for mounted in volumes.iter_mut().filter(|mounted| mounted.mount.is_none()) {
            let place = mounted.subvolume.as_ref().and_then(|subvolume| {
                let (mount, path) = places.get(&(mounted.file_system, subvolume.parent?))?;
                Some([mount, subvolume.path.strip_prefix(path.as_slice())?].concat())
            });
            if let Some(place) = place.filter(|place| taken.insert(place.clone())) {
                (mounted.mount, mounted.mount_source) = (Some(place), Some("subvolume"));
                found = true;
            }
        }
        if !found {
            return;
        }
    }
}

/// Whether the options of an fstab line mean this part of a file system.
pub(super) fn names(line: &FstabLine, mounted: &Mounted) -> bool {
    mounted.subvolume.as_ref().is_none_or(|subvolume| mean(&line.options, subvolume))
}

/// Whether mount options mean the subvolume; without `subvol=` and `subvolid=` it is the default one.
fn mean(options: &[u8], subvolume: &Subvolume) -> bool {
    let value = |name: &[u8]| {
        options.split(|&byte| byte == b',').filter_map(|option| option.strip_prefix(name)).next_back()
    };
    if let Some(path) = value(b"subvol=") {
        let parts = |path: &'_ [u8]| -> Vec<Vec<u8>> {
            path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect()
        };
        return parts(path) == parts(&subvolume.path);
    }
    match value(b"subvolid=") {
        // 0 is another name of the top level.
        Some(b"0") => subvolume.path.is_empty(),
        Some(number) => number == subvolume.id.to_string().as_bytes(),
        None => subvolume.is_default,
    }
}

/// Where a subvolume that is no snapshot belongs by its name.
pub(super) fn usual_place(mounted: &Mounted) -> Option<Vec<u8>> {
    let subvolume = mounted.subvolume.as_ref().filter(|subvolume| !subvolume.is_snapshot)?;
    by_name(&subvolume.path)
}

/// As installers call them: `@home`, `home`, and `@/home` are for `/home`.
fn by_name(path: &[u8]) -> Option<Vec<u8>> {
    let name = path.strip_prefix(b"/")?;
    let name = name.strip_prefix(b"@").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    (!name.is_empty()).then(|| [b"/", name].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::NodeId;

    fn subvolume(id: u64, path: &[u8], is_default: bool) -> Subvolume {
        let path = path.to_vec();
        Subvolume { id, path, root: NodeId(0), parent: None, is_default, is_snapshot: false }
    }

    #[test]
    fn options_mean_a_subvolume_by_path_by_number_or_not_at_all() {
        let home = subvolume(257, b"/@home", false);
        assert!(mean(b"rw,subvol=@home,compress=zstd", &home));
        assert!(mean(b"subvol=/@home/", &home));
        assert!(mean(b"subvolid=257", &home));
        assert!(!mean(b"subvol=@", &home));
        assert!(!mean(b"subvolid=25", &home));
        assert!(!mean(b"defaults", &home));
        assert!(mean(b"defaults", &subvolume(256, b"/@", true)));
        assert!(mean(b"subvolid=0", &subvolume(5, b"", false)));
        assert!(mean(b"subvol=/", &subvolume(5, b"", false)));
    }

    #[test]
    fn names_that_installers_use_are_places() {
        for path in [&b"/@home"[..], b"/home", b"/@/home"] {
            assert_eq!(by_name(path).unwrap(), b"/home");
        }
        assert_eq!(by_name(b"/@"), None);
        assert_eq!(by_name(b""), None);
    }
}
