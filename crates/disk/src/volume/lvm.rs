//! LVM2: physical volumes -> volume groups -> logical volumes.
//!
//! Read are linear, striped, mirrored and RAID volumes from metadata in text form ("LVM2"); thin volumes,
//! caches, VDO, snapshots and what else the kernel keeps in forms of its own are closed, with their type.
//! The one before it, "lvm1", is not read.

mod group;
pub(super) mod label;
mod mapping;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bytes::{Source, Span, spans};
use crate::text::Escaped;

pub(super) use group::Group;
use group::Kind;
pub(super) use label::Label;
use mapping::{Devices, Mapper};

use super::logical::{Closed, Logical};

/// A physical volume found on a device.
pub(super) struct PhysicalVolume {
    /// Index of the device.
    pub(super) device: usize,
    pub(super) uuid: String,
    /// Where its data lies.
    pub(super) data: Vec<Span>,
    /// What is wrong with its metadata.
    pub(super) problems: Vec<String>,
    source: Arc<dyn Source>,
}

impl PhysicalVolume {
    pub(super) fn new(device: usize, label: &Label, problems: Vec<String>, source: Arc<dyn Source>) -> Self {
        let room = source.len();
        let whole = |span: &Span| {
            let len = if span.len == 0 { room.saturating_sub(span.offset) } else { span.len };
            Span::new(span.offset, len)
        };
        let data = label.data.iter().map(whole).collect();
        Self { device, uuid: label.uuid.clone(), data, problems, source }
    }
}

/// The logical volumes of `group` that a machine would show, and those hidden ones that are part of none.
pub(super) fn volumes(group: &Group, physical: &[PhysicalVolume]) -> Vec<Logical> {
    let devices: Devices =
        physical.iter().map(|pv| (pv.uuid.clone(), (pv.device, Arc::clone(&pv.source)))).collect();
    let snapshots = snapshots(group);
    let parts: BTreeSet<&str> = group
        .logical
        .iter()
        .flat_map(|(name, volume)| volume.parts().filter(move |part| *part != name.as_str()))
        .collect();
    let mut mapper = Mapper::new(group, &devices);
    let mut volumes = Vec::new();
    for (name, volume) in &group.logical {
        let is_snapshot = volume.segments.iter().any(|segment| matches!(segment.kind, Kind::Snapshot { .. }));
        let is_part = !volume.visible && parts.contains(name.as_str());
        if is_snapshot || is_part && !snapshots.contains_key(name.as_str()) {
            continue;
        }
        let content = match snapshots.get(name.as_str()) {
            Some(origin) => Err(Closed::unsupported(format!(
                "a snapshot of {}: only the origin is read",
                Escaped(origin.as_bytes())
            ))),
            None if !volume.visible => {
                Err(Closed::unsupported("a hidden volume that belongs to no other: no machine shows it"))
            }
            None => mapper.volume(name, 0),
        };
        let extents = volume.segments.iter().fold(0_u64, |sum, segment| sum.saturating_add(segment.count));
        volumes.push(Logical {
            name: format!("LV {}/{}", Escaped(group.name.as_bytes()), Escaped(name.as_bytes())),
            paths: paths(group, name, &volume.uuid),
            size: extents.saturating_mul(group.extent),
            content,
        });
    }
    volumes
}

/// For each store of a snapshot: of what.
fn snapshots(group: &Group) -> BTreeMap<&str, &str> {
    let segments = group.logical.values().flat_map(|volume| &volume.segments);
    let stores = segments.filter_map(|segment| match &segment.kind {
        Kind::Snapshot { origin, store } => Some((store.as_str(), origin.as_str())),
        _ => None,
    });
    stores.collect()
}

/// The names that udev and device-mapper give a logical volume.
fn paths(group: &Group, name: &str, uuid: &str) -> Vec<String> {
    let doubled = |name: &str| name.replace('-', "--");
    let mapper = format!("{}-{}", doubled(&group.name), doubled(name));
    vec![
        format!("/dev/{}/{name}", group.name),
        format!("/dev/mapper/{mapper}"),
        format!("/dev/disk/by-id/dm-name-{mapper}"),
        format!("/dev/disk/by-id/dm-uuid-LVM-{}{uuid}", group.uuid),
    ]
}

/// The parts of a physical volume's data that no logical volume uses, hidden ones included.
pub(super) fn free(group: &Group, physical: &PhysicalVolume) -> Vec<Span> {
    let Some((name, described)) = group.physical.iter().find(|(_, pv)| pv.uuid == physical.uuid) else {
        return physical.data.clone();
    };
    let mut used: Vec<Span> = Vec::new();
    for segment in group.logical.values().flat_map(|volume| &volume.segments) {
        let areas = match &segment.kind {
            Kind::Striped(_, areas) | Kind::Mirror(areas) => areas,
            _ => continue,
        };
        let stripes = if matches!(segment.kind, Kind::Mirror(_)) { 1 } else { areas.len() as u64 };
        let len = segment.count.div_ceil(stripes.max(1)).saturating_mul(group.extent);
        let here = areas.iter().filter(|area| area.volume == *name);
        used.extend(here.map(|area| {
            let start = area.extent.saturating_mul(group.extent);
            Span::new(described.start.saturating_add(start), len)
        }));
    }
    let data = Span::new(described.start, described.count.saturating_mul(group.extent));
    spans::join(&mut used);
    spans::outside(&used, data)
}
