//! What was found in bytes of a file system that belong to no file: where it is a copy of what a file holds, it is one
//! more place of that; what is left is found where no file is.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{FactKey, Finding, Location};
use assay_disk::fs::{Area, FileType, Place};
use assay_disk::tree::{EntryId, Tree};

/// Further places of a finding that are told.
const PLACES: usize = 20;

/// Joins what was found beside files with what was found in them.
pub(super) fn join(tree: &Tree, findings: &mut Vec<Finding>) {
    let areas = areas(tree);
    if areas.is_empty() {
        return;
    }
    let (beside, mut kept): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(|finding| areas.contains_key(&key(&finding.location)));
    let mut known: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for (index, finding) in kept.iter().enumerate() {
        learn(&mut known, finding, index);
    }
    for mut finding in beside {
        if let Some(&(area, id)) = areas.get(&key(&finding.location)) {
            place(tree, id, area, &mut finding);
        }
        let owners: Option<BTreeSet<usize>> = finding
            .evidence
            .secrets
            .iter()
            .map(|secret| known.get(secret.reveal().trim_ascii()).copied())
            .collect();
        let owner = owners.and_then(|owners| owners.into_iter().next()).and_then(|index| kept.get_mut(index));
        match owner {
            Some(owner) if owner.related_locations.len() < PLACES => {
                owner.related_locations.push(finding.location);
            }
            Some(_) => {}
            None => {
                learn(&mut known, &finding, kept.len());
                kept.push(finding);
            }
        }
    }
    *findings = kept;
}

fn learn(known: &mut BTreeMap<Vec<u8>, usize>, finding: &Finding, index: usize) {
    for secret in &finding.evidence.secrets {
        known.entry(secret.reveal().trim_ascii().to_vec()).or_insert(index);
    }
}

type Key = (Option<u32>, Option<String>, Vec<u8>, Option<u64>);

fn key(location: &Location) -> Key {
    (location.partition, location.volume.clone(), location.path.clone(), location.inode)
}

/// The files that are no files: by their places.
fn areas(tree: &Tree) -> BTreeMap<Key, (Area, EntryId)> {
    let mut areas = BTreeMap::new();
    for (volume, mounted) in (0_u32..).zip(tree.volumes()).filter(|(_, mounted)| mounted.is_raw()) {
        for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
            let name = mounted.walk.name(walked);
            let area = Area::ALL.into_iter().find(|area| name == format!("<{}>", area.name()).as_bytes());
            let is_file = walked.metadata.file_type == FileType::Regular;
            if let Some(area) = area.filter(|_| is_file) {
                let id = EntryId { volume, index };
                areas.insert(key(&tree.location(id)), (area, id));
            }
        }
    }
    areas
}

/// Says where in the volume it lies: lines of what is put together from many places mean nothing.
fn place(tree: &Tree, id: EntryId, area: Area, finding: &mut Finding) {
    finding.location.line = None;
    finding.evidence.facts.push((FactKey::InNoFile, area.name().to_owned()));
    let Some(offset) = finding.location.offset else { return };
    let Ok(mut node) = tree.open(id) else { return };
    let extents = node.extents().unwrap_or_default();
    let index = extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= offset);
    finding.location.offset = extents.get(index).and_then(|extent| match extent.place {
        Place::Disk(at) => Some(at.saturating_add(offset.saturating_sub(extent.start))),
        _ => None,
    });
}
