//! Opens the volumes of an image one after the other: which file system each holds, and what stays closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

mod areas;
mod beside;
mod deleted;
mod subvolumes;
mod unopened;

pub(in crate::system) use unopened::At;

use super::pool::Role as PoolRole;
use super::{FreeSpace, VolumeSummary};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::fs::{self, FileSystem, FsError};
use crate::gap::{Gap, GapKind, Location, Loss};
use crate::image;
use crate::text::Escaped;
use crate::tree::mount::Hint;
use crate::tree::occupancy::Taken;
use crate::tree::walk::gap_kind;
use crate::tree::{Mounted, Tree};
use crate::volume;
use crate::volume::stack::{Device, Role};

/// What is gathered while the volumes are opened.
#[derive(Default)]
pub(super) struct Opening {
    volumes: Vec<VolumeSummary>,
    mounted: Vec<Mounted>,
    hints: Vec<Hint>,
    /// For each of `mounted`: its index in `volumes`.
    places: Vec<usize>,
    gaps: Vec<Gap>,
    notes: Vec<(String, String)>,
    known: bool,
    /// File systems that were found where another one is, and are no volumes yet.
    others: Vec<beside::Other>,
    /// How many were tried.
    tried: usize,
    /// Whether free space is looked at.
    deleted: bool,
    /// Files that are no more, until the places of their file systems are known.
    came_back: Vec<deleted::CameBack>,
}

/// What came out of it.
pub(super) struct Opened {
    pub(super) volumes: Vec<VolumeSummary>,
    /// For each volume of the tree: its index in `volumes`.
    pub(super) places: Vec<usize>,
    pub(super) tree: Tree,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<(String, String)>,
}

impl Opening {
    /// `known`: whether the image is known to be a disk before any volume is; `deleted`: whether free space is looked at.
    pub(super) fn new(known: bool, deleted: bool) -> Self {
        Self { known, deleted, ..Self::default() }
    }

    /// Takes what was said of `place` while its table was read.
    pub(super) fn notes(&mut self, place: &str, notes: Vec<volume::Note>) {
        for note in notes {
            if note.loss == Loss::Nothing {
                self.notes.push((place.to_owned(), note.text));
            } else {
                self.gaps.push(volume_gap(None, place, GapKind::Damaged, None, note.text));
            }
        }
    }

    /// Takes what was said of the image's file.
    pub(super) fn image_notes(&mut self, notes: &[image::Note]) {
        for note in notes {
            if note.loss == Loss::Nothing {
                self.notes.push(("image".to_owned(), note.text.clone()));
            } else {
                let gap = volume_gap(None, "image", note.kind, None, note.text.clone());
                self.gaps.push(Gap { loss: note.loss, ..gap });
            }
        }
    }

    /// The tree of all file systems; `None` where nothing was found that is known.
    pub(super) fn finish(mut self) -> Option<Opened> {
        if !self.known {
            return None;
        }
        let mut tree = Tree::new(self.mounted, &self.hints);
        let mut volumes = self.volumes;
        for (index, mounted) in self.places.iter().zip(tree.volumes()) {
            let is_root = mounted.mount.as_deref() == Some(b"");
            if let Some(summary) =
                volumes.get_mut(*index).filter(|summary| summary.mount.is_none() || is_root)
            {
                summary.mount =
                    mounted.mount.as_ref().map(|at| if at.is_empty() { b"/".to_vec() } else { at.clone() });
                summary.mount_source = mounted.mount_source;
            }
        }
        deleted::mount(&mut tree, &mut self.places, self.came_back);
        let mut gaps = self.gaps;
        gaps.extend(tree.gaps());
        let mut notes = self.notes;
        notes.extend(subvolumes::notes(&tree));
        Some(Opened { volumes, places: self.places, tree, gaps, notes })
    }

    /// Opens the partition or logical volume at `index` of `devices`, with the others of its file system.
    pub(super) fn device(&mut self, devices: &[Device], index: usize, role: &PoolRole, budget: &Budget) {
        let Some(device) = devices.get(index) else { return };
        let volume = &device.volume;
        let mut summary = VolumeSummary {
            partition: volume.number,
            name: device.name.clone(),
            offset: volume.span.offset,
            size: volume.span.len,
            missing: device.missing,
            places: device.places.clone(),
            content: "unknown".to_owned(),
            purpose: volume.type_name().map(str::to_owned),
            ..VolumeSummary::default()
        };
        for note in &device.notes {
            self.notes.push((place_name(volume.number, &named(device, "")), note.clone()));
        }
        self.cut(device);
        match &device.role {
            Role::Content => self.content(devices, device, role, &mut summary, budget),
            Role::Part { kind, unclaimed, beside } => {
                self.known = true;
                (*kind).clone_into(&mut summary.content);
                summary.unclaimed = Some(unclaimed.iter().fold(0, |sum, span| sum.saturating_add(span.len)));
                if self.deleted {
                    let name = named(device, "free");
                    let at = At { partition: volume.number, name: &name, place: self.volumes.len() };
                    let (_, written) = self.raw(&device.source, unclaimed, &at, budget);
                    summary.free = Some(FreeSpace { recovered: 0, written });
                }
                summary.read = true;
                if *beside {
                    self.beside(device, kind, &mut summary, budget);
                }
            }
            Role::Closed { kind, gap, reason } => {
                self.known = true;
                (*kind).clone_into(&mut summary.content);
                self.closed(device, kind, *gap, reason);
                self.beside(device, kind, &mut summary, budget);
            }
        }
        self.volumes.push(summary);
        self.others(device, budget);
    }

    /// Says what is not in the image.
    fn cut(&mut self, device: &Device) {
        let (cut, size) = (device.missing, device.volume.span.len);
        if cut > 0 {
            let what = if device.name.is_some() { "volume" } else { "partition" };
            let reason = format!("the image is cut short: {cut} of the {what}'s {size} bytes are not in it");
            let name = named(device, if device.name.is_some() { "" } else { "partition" });
            self.gaps.push(volume_gap(device.volume.number, &name, GapKind::Missing, Some(cut), reason));
        }
    }

    /// A mark of LVM or md must not hide a file system, which leaves its first bytes free: both are read.
    fn beside(&mut self, device: &Device, kind: &str, summary: &mut VolumeSummary, budget: &Budget) {
        let readable = fs::DRIVERS.iter().any(|driver| (driver.probe)(&*device.source));
        let known = fs::magic::recognise_beside_members(&*device.source);
        if !readable && known.is_none() {
            return;
        }
        let name = named(device, kind);
        let text = format!("it is marked as {kind} and as something else; both are looked at");
        self.notes.push((place_name(device.volume.number, &name), text));
        // Its bytes are counted as those of what lies beside the mark.
        (summary.read, summary.unclaimed) = (false, None);
        match known.filter(|_| !readable) {
            Some(found) => {
                self.raw_volume(device, found.name, summary, budget);
                self.closed(device, found.name, found.kind, &found.detail);
            }
            None => self.content(&[], device, &PoolRole::Alone, summary, budget),
        }
    }

    fn content(
        &mut self,
        devices: &[Device],
        device: &Device,
        role: &PoolRole,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let source = &device.source;
        let drivers = fs::drivers_of(&**source);
        match (role, drivers.split_first()) {
            (PoolRole::Later(first), _) => self.member(*first, device, summary),
            (PoolRole::First(pool, members), _) => {
                let sources = members.iter().filter_map(|&member| devices.get(member));
                let sources: Vec<_> = sources.map(|member| Arc::clone(&member.source)).collect();
                let pooled = sources.iter().fold(0_u64, |sum, source| sum.saturating_add(source.len()));
                summary.pooled = pooled.saturating_sub(source.len());
                let opened = guarded(|| (pool.open)(&sources, budget));
                if let Ok(fs) = &opened {
                    self.areas_of_devices(device, &sources, &**fs, budget);
                }
                self.opened(device, pool.name, opened, summary, budget);
            }
            (PoolRole::Alone, Some((driver, others))) => {
                self.opened(device, driver.name, open_guarded(driver, source, budget), summary, budget);
                self.marked_twice(device, driver.name, others, budget);
            }
            (PoolRole::Alone, None) => self.unopened(device, summary, budget),
        }
    }

    fn opened(
        &mut self,
        device: &Device,
        name: &str,
        opened: Result<Box<dyn FileSystem>, FsError>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        self.known = true;
        match opened {
            Ok(fs) => {
                self.mount(device, &Arc::from(fs), summary, budget);
                if summary.pooled == 0 {
                    let end = summary.usage.total;
                    let rest = Span::new(end, device.source.len().saturating_sub(end));
                    let name = named(device, "behind the file system");
                    let at = At { partition: device.volume.number, name: &name, place: self.volumes.len() };
                    summary.beyond = self.rest(&device.source, &[rest], &at, budget);
                }
            }
            Err(error) => {
                self.raw_volume(device, name, summary, budget);
                self.closed(device, name, gap_kind(&error), &error.to_string());
            }
        }
    }

    /// A volume whose file system was opened with an earlier one.
    fn member(&mut self, first: usize, device: &Device, summary: &mut VolumeSummary) {
        let Some(first) = self.volumes.get(first) else { return };
        (summary.content, summary.read, summary.inside) = (first.content.clone(), first.read, true);
        let text = match first.partition {
            Some(number) => format!("a part of the file system of partition {number}"),
            None => "a part of the file system of another volume".to_owned(),
        };
        self.notes.push((place_name(device.volume.number, &named(device, &summary.content)), text));
    }

    fn mount(
        &mut self,
        device: &Device,
        fs: &Arc<dyn FileSystem>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let volume = &device.volume;
        let identity = fs.identity();
        identity.kind.clone_into(&mut summary.content);
        let label = identity.label.as_ref().map(|label| Escaped(label).to_string()).unwrap_or_default();
        let content = format!("{} {label}", identity.kind);
        let name = named(device, content.trim_end());
        summary.label = identity.label;
        summary.uuid = identity.uuid;
        summary.usage = fs.usage();
        summary.read = true;
        let file_system = u32::try_from(self.volumes.len()).unwrap_or(u32::MAX);
        let mut taken = Taken::default();
        let used = self.mounted.iter().fold(0, |sum: u64, mounted| sum.saturating_add(mounted.walk.bytes));
        let budget = Budget { entry_bytes: budget.entry_bytes.saturating_sub(used), ..*budget };
        for mut mounted in subvolumes::walks(fs, &budget) {
            taken.join(std::mem::take(&mut mounted.walk.taken));
            summary.entries = summary.entries.saturating_add(mounted.walk.entries.len() as u64);
            summary.occupied = mounted.walk.occupied;
            let path = mounted.subvolume.as_ref().map(|subvolume| subvolume.path.clone()).unwrap_or_default();
            let path = Escaped(path.strip_prefix(b"/").unwrap_or(&path)).to_string();
            let name = named(device, format!("{} {path}", content.trim_end()).trim_end());
            self.hints.push(hint(device));
            self.places.push(self.volumes.len());
            self.mounted.push(Mounted { partition: volume.number, name, file_system, ..mounted });
        }
        if summary.pooled == 0 {
            let at = At { partition: volume.number, name: &name, place: self.volumes.len() };
            self.areas((&device.source, fs), (taken, file_system), &at, summary, &budget);
        }
        for text in fs.unread() {
            self.gaps.push(volume_gap(volume.number, &name, GapKind::Unsupported, None, text));
        }
        for note in fs.notes() {
            if note.loss == Loss::Nothing {
                self.notes.push((place_name(volume.number, &name), note.text));
            } else {
                let mut gap = volume_gap(volume.number, &name, GapKind::Damaged, None, note.text);
                gap.loss = note.loss;
                self.gaps.push(gap);
            }
        }
    }

    fn closed(&mut self, device: &Device, name: &str, kind: GapKind, reason: &str) {
        let reason = if reason.is_empty() { name.to_owned() } else { format!("{name}: {reason}") };
        let volume = &device.volume;
        let gap = volume_gap(volume.number, &named(device, name), kind, Some(volume.span.len), reason);
        self.gaps.push(gap);
    }
}

/// Opens a file system; a panic in a parser is an error like another.
pub(super) fn open_guarded(
    driver: &fs::Driver,
    window: &Arc<dyn Source>,
    budget: &Budget,
) -> Result<Box<dyn FileSystem>, FsError> {
    guarded(|| (driver.open)(Arc::clone(window), budget))
}

fn guarded(
    open: impl FnOnce() -> Result<Box<dyn FileSystem>, FsError>,
) -> Result<Box<dyn FileSystem>, FsError> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        Err(FsError::corrupt("file system", 0, "its reader panicked: please report this"))
    })
}

/// What the partition table and the volume manager say of a device's place.
fn hint(device: &Device) -> Hint {
    let volume = &device.volume;
    Hint {
        // A logical volume is not meant where its partition is.
        number: volume.number.filter(|_| device.name.is_none()),
        uuid: volume.uuid.clone(),
        label: volume.label.clone(),
        mount: volume.well_known_mount(),
        devices: device.paths.clone(),
    }
}

/// How a report calls what a device holds: "ext4 root" of a partition, "LV vg/root (ext4 root)".
fn named(device: &Device, content: &str) -> String {
    match &device.name {
        Some(name) if content.is_empty() => name.clone(),
        Some(name) => format!("{name} ({content})"),
        None => content.to_owned(),
    }
}

fn place_name(partition: Option<u32>, name: &str) -> String {
    match partition {
        Some(number) => format!("partition {number} ({name})"),
        None => name.to_owned(),
    }
}

/// The loss of a volume.
pub(super) fn volume_gap(
    partition: Option<u32>,
    name: &str,
    kind: GapKind,
    bytes: Option<u64>,
    reason: String,
) -> Gap {
    let location = Location { partition, volume: Some(name.to_owned()), ..Location::default() };
    Gap { location, kind, loss: Loss::Volume, bytes, reason }
}
