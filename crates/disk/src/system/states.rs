//! Further states of a disk, and further disks, that one image file holds: snapshots, the second disk of an OVA. Each is
//! opened like the disk itself, and its files lie under `snapshot NAME!`.

use super::opening::{Opened, volume_gap};
use super::{System, open_disk};
use crate::budget::Budget;
use crate::gap::{Gap, GapKind};
use crate::image::State;
use crate::tree::Mounted;

/// Opens a state and adds its file systems to the system, under names of their own.
pub(super) fn open(system: &mut System, state: &State, deleted: bool, budget: &Budget) {
    let used = system
        .tree
        .volumes()
        .iter()
        .fold(0, |sum: u64, one| sum.saturating_add(one.walk.entries.len() as u64));
    let bytes = system.tree.volumes().iter().fold(0, |sum: u64, one| sum.saturating_add(one.walk.bytes));
    let budget = Budget {
        entries: budget.entries.saturating_sub(used),
        entry_bytes: budget.entry_bytes.saturating_sub(bytes),
        ..*budget
    };
    let Some((opened, ..)) = open_disk(&state.source, &[], &[], deleted, &budget) else {
        let reason = "no partition table and no file system that is known: it is not looked at".to_owned();
        let size = Some(state.source.len());
        return system.gaps.push(volume_gap(None, &state.name, GapKind::Unsupported, size, reason));
    };
    let Opened { volumes, places, tree, gaps, notes } = opened;
    let base = system.volumes.len();
    let first = u32::try_from(system.tree.volumes().len()).unwrap_or(u32::MAX);
    let prefix = prefix(&state.name);
    let in_state = |mut gap: Gap| {
        let name = gap.location.volume.take().unwrap_or_default();
        gap.location.volume = Some(named(&state.name, &name));
        if !gap.location.path.is_empty() {
            gap.location.path = [&prefix[..], &gap.location.path].concat();
        }
        gap
    };
    system.gaps.extend(gaps.into_iter().map(in_state));
    system.notes.extend(notes.into_iter().map(|(place, note)| (named(&state.name, &place), note)));
    for mut volume in volumes {
        volume.inside = true;
        volume.name = Some(named(&state.name, volume.name.as_deref().unwrap_or_default()));
        volume.mount = Some([&prefix[..], volume.mount.as_deref().unwrap_or_default()].concat());
        volume.mount_source = Some("in the image file");
        system.volumes.push(volume);
    }
    system.places.extend(places.into_iter().map(|place| place.saturating_add(base)));
    for mounted in tree.into_volumes() {
        system.tree.nest(moved(mounted, &state.name, &prefix, first));
    }
    system.states.push(prefix);
}

fn moved(mounted: Mounted, state: &str, prefix: &[u8], first: u32) -> Mounted {
    let inside = match (&mounted.mount, &mounted.subvolume, mounted.partition) {
        (Some(mount), ..) => mount.clone(),
        (None, Some(subvolume), _) => subvolume.path.clone(),
        (None, None, Some(number)) => format!("/partition {number}!").into_bytes(),
        (None, None, None) => Vec::new(),
    };
    Mounted {
        name: named(state, &mounted.name),
        mount: Some([prefix, &inside].concat()),
        mount_source: Some("in the image file"),
        file_system: mounted.file_system.wrapping_add(first << 12),
        ..mounted
    }
}

fn named(state: &str, name: &str) -> String {
    if name.is_empty() { state.to_owned() } else { format!("{state}: {name}") }
}

/// What the paths of a state begin with.
fn prefix(name: &str) -> Vec<u8> {
    format!("{}!", name.replace(['/', '!'], "_")).into_bytes()
}
