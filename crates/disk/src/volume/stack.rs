//! From partitions to logical volumes: md arrays and LVM groups are put together, and looked into again,
//! for an array may hold a physical volume, and a logical volume another table.
//!
//! The way is bounded: a device knows how many others it is made of, one above the other, and the number of
//! all devices has a limit. Whatever cannot be put together stays as a closed device, with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::logical::{Closed, Logical};
use super::lvm::{self, Group, Label, PhysicalVolume};
use super::md::{self, Leg, Member};
use super::{Note, Scheme, Table, Volume, note};
use crate::bytes::{Source, Span, Window};
use crate::gap::{GapKind, Loss};
use crate::text::Escaped;

/// How many devices may lie above each other, the partition included.
const MAX_DEPTH: u32 = 6;
/// Devices of one image.
const MAX_DEVICES: usize = 4096;

/// A partition, a logical volume, an array, or a partition in one of these.
#[derive(Clone)]
pub struct Device {
    /// What a partition table says of it; for a logical volume the partition that holds all of its bytes,
    /// if there is one, and the place of its first byte.
    pub volume: Volume,
    /// Its bytes; none, where it is closed.
    pub source: Arc<dyn Source>,
    /// "LV vg/root", "md 0"; `None` for a partition.
    pub name: Option<String>,
    /// Paths under `/dev` by which fstab may mean it.
    pub paths: Vec<String>,
    /// Where its bytes lie in the image; empty where that is not simple.
    pub places: Vec<Span>,
    /// Bytes that it should have, and the image has not.
    pub missing: u64,
    /// What it is for.
    pub role: Role,
    /// What was found while it was opened: nothing was lost.
    pub notes: Vec<String>,
    depth: u32,
}

/// What a device is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It may hold a file system.
    Content,
    /// Other devices are made of it.
    Part {
        /// "LVM2 physical volume", "md RAID member".
        kind: &'static str,
        /// The parts of it that no other device uses.
        unclaimed: Vec<Span>,
        /// Whether its first bytes belong to none of them, so that something else may begin there.
        beside: bool,
    },
    /// It cannot be read.
    Closed {
        /// What it is.
        kind: &'static str,
        /// Why.
        gap: GapKind,
        /// The same in words.
        reason: String,
    },
}

const LVM: &str = "LVM2 physical volume";
const MD: &str = "md RAID member";

/// All devices of an image: its partitions in order, then what is made of them.
pub fn assemble(source: &Arc<dyn Source>, table: &Table) -> (Vec<Device>, Vec<Note>) {
    let mut builder = Builder::default();
    for volume in &table.volumes {
        builder.devices.push(partition(source, volume));
    }
    builder.run();
    (builder.devices, builder.notes)
}

impl Device {
    /// The image as a whole.
    pub fn whole(source: &Arc<dyn Source>) -> Self {
        partition(source, &super::whole(source.len()))
    }
}

fn partition(source: &Arc<dyn Source>, volume: &Volume) -> Device {
    let window = Window::new(Arc::clone(source), volume.span);
    Device {
        missing: volume.span.len.saturating_sub(window.len()),
        places: vec![window.span()],
        source: Arc::new(window),
        volume: volume.clone(),
        name: None,
        paths: Vec::new(),
        role: Role::Content,
        notes: Vec::new(),
        depth: 1,
    }
}

#[derive(Default)]
struct Builder {
    devices: Vec<Device>,
    /// Devices before this one were looked at.
    seen: usize,
    legs: Vec<Leg>,
    physical: Vec<PhysicalVolume>,
    /// By UUID: the newest text of each group.
    groups: BTreeMap<String, Group>,
    /// What was put together already.
    arrays_done: BTreeSet<[u8; 16]>,
    groups_done: BTreeSet<String>,
    notes: Vec<Note>,
}

impl Builder {
    fn run(&mut self) {
        loop {
            self.look();
            // What is whole comes first: it may hold what others lack.
            let more = self.arrays(true) || self.groups(true) || self.arrays(false) || self.groups(false);
            if !more {
                break;
            }
        }
        self.orphans();
    }

    /// A physical volume of no group: what lies in it cannot be put together.
    fn orphans(&mut self) {
        for physical in &self.physical {
            let known = self.groups.values().any(|group| group.members().any(|uuid| uuid == physical.uuid));
            let Some(device) = self.devices.get_mut(physical.device).filter(|_| !known) else { continue };
            let (gap, reason) = match physical.problems.first() {
                Some(problem) => (GapKind::Damaged, problem.clone()),
                None => (GapKind::Unsupported, "it belongs to no volume group".to_owned()),
            };
            device.role = Role::Closed { kind: LVM, gap, reason };
        }
    }

    /// Finds out what the devices are that were not looked at.
    fn look(&mut self) {
        while let Some(device) = self.devices.get(self.seen).cloned() {
            let index = self.seen;
            self.seen = self.seen.saturating_add(1);
            if !matches!(device.role, Role::Content) {
                continue;
            }
            if let Some(role) = self.role(index, &device)
                && let Some(device) = self.devices.get_mut(index)
            {
                device.role = role;
            }
        }
    }

    fn role(&mut self, index: usize, device: &Device) -> Option<Role> {
        let source = &device.source;
        let closed = |kind, gap, reason: String| Some(Role::Closed { kind, gap, reason });
        let too_deep = || format!("devices are made of each other more than {MAX_DEPTH} deep");
        let is_deep = device.depth >= MAX_DEPTH;
        match Member::read(&**source) {
            Some(_) if is_deep => return closed(MD, GapKind::OverLimit, too_deep()),
            Some(Ok(member)) => {
                let leg = Leg { device: index, member, source: Arc::clone(source) };
                let beside = !leg.is_first();
                self.legs.push(leg);
                // An old mark of one must not hide the other.
                if let Some(Ok(label)) = Label::read(&**source).filter(|_| beside) {
                    self.physical_volume(index, &label, source);
                }
                return Some(Role::Part { kind: MD, unclaimed: Vec::new(), beside });
            }
            Some(Err(error)) => return closed(MD, GapKind::Damaged, error),
            None => {}
        }
        match Label::read(&**source) {
            Some(_) if is_deep => return closed(LVM, GapKind::OverLimit, too_deep()),
            Some(Ok(label)) => return Some(self.physical_volume(index, &label, source)),
            Some(Err(error)) => return closed(LVM, GapKind::Damaged, error),
            None => {}
        }
        self.partitions(index, device)
    }

    fn physical_volume(&mut self, index: usize, label: &Label, source: &Arc<dyn Source>) -> Role {
        let (texts, problems) = label.texts(&**source);
        self.notes.extend(problems.iter().map(|problem| note(Loss::Nothing, problem)));
        for text in texts {
            match Group::parse(&text) {
                Ok(group) => self.group(group),
                Err(problem) => self.notes.push(note(Loss::Volume, problem)),
            }
        }
        let physical = PhysicalVolume::new(index, label, problems, Arc::clone(source));
        if self.physical.iter().any(|known| known.uuid == physical.uuid) {
            let reason = "another physical volume has the same UUID".to_owned();
            return Role::Closed { kind: LVM, gap: GapKind::Unsupported, reason };
        }
        let unclaimed = physical.data.clone();
        self.physical.push(physical);
        Role::Part { kind: LVM, unclaimed, beside: true }
    }

    /// Keeps the newest description of a group.
    fn group(&mut self, group: Group) {
        let name = || Escaped(group.name.as_bytes()).to_string();
        match self.groups.get(&group.uuid) {
            Some(known) if known.seqno != group.seqno => {
                let (new, old) = (known.seqno.max(group.seqno), known.seqno.min(group.seqno));
                let text = format!("volume group {}: metadata {new} is read, {old} is out of date", name());
                self.notes.push(note(Loss::Nothing, text));
                if known.seqno > group.seqno {
                    return;
                }
            }
            Some(_) => return,
            None => {}
        }
        self.groups.insert(group.uuid.clone(), group);
    }

    /// A logical device may have a partition table of its own.
    fn partitions(&mut self, index: usize, device: &Device) -> Option<Role> {
        device.name.as_ref()?;
        let table = super::read(&device.source);
        if table.scheme == Scheme::None {
            return None;
        }
        let name = device.name.clone().unwrap_or_default();
        if device.depth >= MAX_DEPTH {
            let reason = format!("devices are made of each other more than {MAX_DEPTH} deep");
            return Some(Role::Closed { kind: "partition table", gap: GapKind::OverLimit, reason });
        }
        for part in &table.notes {
            self.notes.push(note(part.loss, format!("{name}: {}", part.text)));
        }
        for volume in &table.volumes {
            let number = volume.number.unwrap_or_default();
            let places = vec![(index, volume.span)];
            let inner = partition(&device.source, volume);
            let paths =
                device.paths.iter().flat_map(|path| [format!("{path}p{number}"), format!("{path}{number}")]);
            let mut inner =
                Device { name: Some(format!("{name} partition {number}")), paths: paths.collect(), ..inner };
            inner.depth = device.depth.saturating_add(1);
            self.settle(&mut inner, &places);
            inner.volume.number = self.partition_of(&places);
            self.add(inner);
        }
        Some(Role::Part { kind: "partition table", unclaimed: table.unclaimed, beside: false })
    }

    /// Puts together the arrays that are whole, or those that are left. Whether there was one.
    fn arrays(&mut self, whole: bool) -> bool {
        let mut sets: BTreeMap<[u8; 16], Vec<&Leg>> = BTreeMap::new();
        for leg in self.legs.iter().filter(|leg| !self.arrays_done.contains(&leg.array())) {
            sets.entry(leg.array()).or_default().push(leg);
        }
        let ready: Vec<([u8; 16], Option<Logical>, u32)> = sets
            .into_iter()
            .filter(|(_, legs)| !whole || md::is_whole(legs))
            .map(|(uuid, legs)| (uuid, md::array(&legs), self.depth_of(legs.iter().map(|leg| leg.device))))
            .collect();
        let found = !ready.is_empty();
        for (uuid, logical, depth) in ready {
            self.arrays_done.insert(uuid);
            if let Some(logical) = logical {
                self.logical(logical, depth, "md RAID array");
            }
        }
        found
    }

    /// Puts together the groups that are whole, or those that are left. Whether there was one.
    fn groups(&mut self, whole: bool) -> bool {
        let there = |uuid: &str| self.physical.iter().any(|physical| physical.uuid == uuid);
        let ready: Vec<String> = self
            .groups
            .values()
            .filter(|group| !self.groups_done.contains(&group.uuid))
            .filter(|group| !whole || group.members().all(there))
            .map(|group| group.uuid.clone())
            .collect();
        for uuid in &ready {
            self.groups_done.insert(uuid.clone());
            let Some(group) = self.groups.get(uuid) else { continue };
            let members: Vec<&PhysicalVolume> =
                self.physical.iter().filter(|pv| group.members().any(|uuid| uuid == pv.uuid)).collect();
            let depth = self.depth_of(members.iter().map(|pv| pv.device));
            let free: Vec<(usize, Vec<Span>)> =
                members.iter().map(|physical| (physical.device, lvm::free(group, physical))).collect();
            let volumes = lvm::volumes(group, &self.physical);
            for (index, unclaimed) in free {
                if let Some(device) = self.devices.get_mut(index) {
                    device.role = Role::Part { kind: LVM, unclaimed, beside: true };
                }
            }
            for logical in volumes {
                self.logical(logical, depth, "LVM2 logical volume");
            }
        }
        !ready.is_empty()
    }

    fn depth_of(&self, members: impl Iterator<Item = usize>) -> u32 {
        let depths = members.filter_map(|index| self.devices.get(index)).map(|device| device.depth);
        depths.max().unwrap_or(0).saturating_add(1)
    }

    /// Adds a logical volume as a device.
    fn logical(&mut self, logical: Logical, depth: u32, kind: &'static str) {
        let Logical { name, paths, size, content } = logical;
        let (source, places, missing, role, notes) = match content {
            Ok(opened) => (opened.source, opened.places, opened.missing, Role::Content, opened.notes),
            Err(Closed { kind: gap, reason }) => {
                let source: Arc<dyn Source> = Arc::new(Vec::new());
                (source, Vec::new(), 0, Role::Closed { kind, gap, reason }, Vec::new())
            }
        };
        let number = self.partition_of(&places);
        let volume = Volume { number, ..super::whole(size) };
        let mut device = Device {
            volume,
            source,
            name: Some(name),
            paths,
            places: Vec::new(),
            missing,
            role,
            notes,
            depth,
        };
        self.settle(&mut device, &places);
        self.add(device);
    }

    fn add(&mut self, device: Device) {
        if self.devices.len() < MAX_DEVICES {
            self.devices.push(device);
        } else if self.devices.len() == MAX_DEVICES {
            let name = device.name.unwrap_or_default();
            let text = format!("more than {MAX_DEVICES} devices; {name} and what follows is not looked at");
            if self.notes.last().is_none_or(|last| last.loss != Loss::Volume) {
                self.notes.push(note(Loss::Volume, text));
            }
        }
    }

    /// The partition that holds all places, if it is one.
    fn partition_of(&self, places: &[(usize, Span)]) -> Option<u32> {
        let number = |index: usize| self.devices.get(index)?.volume.number;
        let first = number(places.first()?.0)?;
        places.iter().all(|(index, _)| number(*index) == Some(first)).then_some(first)
    }

    /// Sets where in the image the device lies.
    fn settle(&self, device: &mut Device, places: &[(usize, Span)]) {
        let place = |(index, span): &(usize, Span)| match self.devices.get(*index)?.places.as_slice() {
            [beneath] => Some(Span::new(beneath.offset.saturating_add(span.offset), span.len)),
            _ => None,
        };
        let places: Option<Vec<Span>> = places.iter().map(place).collect();
        device.places = places.unwrap_or_default();
        device.volume.span.offset = device.places.first().map_or(0, |span| span.offset);
    }
}
