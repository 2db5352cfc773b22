//! Which subvolume is mounted where.

use std::collections::{BTreeMap, BTreeSet};

use super::Mounted;
use super::fstab::FstabLine;

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

/// Whether the options of an fstab line mean this subvolume; without such options it is the default one.
pub(super) fn names(line: &FstabLine, mounted: &Mounted) -> bool {
    let Some(subvolume) = &mounted.subvolume else { return true };
    let options = || line.options.split(|&byte| byte == b',');
    let value = |name: &[u8]| options().filter_map(|option| option.strip_prefix(name)).next_back();
    let trimmed = |path: &[u8]| {
        path.split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let number =
        value(b"subvolid=").map(|number| std::str::from_utf8(number).ok().and_then(|text| text.parse().ok()));
    match (value(b"subvol="), number) {
        (None, None) => subvolume.is_default,
        // 0 is another name of the top level.
        (None, Some(number)) => {
            number == Some(subvolume.id) || number == Some(0) && subvolume.path.is_empty()
        }
        (Some(path), _) => trimmed(path) == trimmed(&subvolume.path),
    }
}

/// Where a subvolume belongs by its name, as installers call them: `@home`, `home`, and `@/home` are for
/// `/home`.
pub(super) fn usual_place(mounted: &Mounted) -> Option<Vec<u8>> {
    let subvolume = mounted.subvolume.as_ref().filter(|subvolume| !subvolume.is_snapshot)?;
    let name = subvolume.path.strip_prefix(b"/")?;
    let name = name.strip_prefix(b"@").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    (!name.is_empty()).then(|| [b"/", name].concat())
}
