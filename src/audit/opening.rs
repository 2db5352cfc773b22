//! Opens the volumes of an image one after the other: which file system each holds, and what stays closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::VolumeSummary;
use crate::budget::Budget;
use crate::bytes::Source;
use crate::finding::{Gap, GapKind, Location, Loss};
use crate::fs::{self, FileSystem, FsError};
use crate::text::Escaped;
use crate::tree::mount::Hint;
use crate::tree::walk::{gap_kind, walk};
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
}

/// What came out of it.
pub(super) struct Opened {
    pub(super) volumes: Vec<VolumeSummary>,
    pub(super) tree: Tree,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<(String, String)>,
}

impl Opening {
    /// `known`: whether the image is known to be a disk before any volume is.
    pub(super) fn new(known: bool) -> Self {
        Self { known, ..Self::default() }
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

    /// The tree of all file systems; `None` where nothing was found that is known.
    pub(super) fn finish(self) -> Option<Opened> {
        if !self.known {
            return None;
        }
        let tree = Tree::new(self.mounted, &self.hints);
        let mut volumes = self.volumes;
        for (index, mounted) in self.places.into_iter().zip(tree.volumes()) {
            if let Some(summary) = volumes.get_mut(index) {
                summary.mount =
                    mounted.mount.as_ref().map(|at| if at.is_empty() { b"/".to_vec() } else { at.clone() });
                summary.mount_source = mounted.mount_source;
            }
        }
        let mut gaps = self.gaps;
        gaps.extend(tree.gaps());
        Some(Opened { volumes, tree, gaps, notes: self.notes })
    }

    /// Opens one partition or logical volume.
    pub(super) fn device(&mut self, device: &Device, budget: &Budget) {
        let volume = &device.volume;
        let mut summary = VolumeSummary {
            partition: volume.number,
            name: device.name.clone(),
            offset: volume.span.offset,
            size: volume.span.len,
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
            Role::Content => self.content(device, &mut summary, budget),
            Role::Part { kind, unclaimed, beside } => {
                self.known = true;
                (*kind).clone_into(&mut summary.content);
                summary.free = unclaimed.iter().fold(0, |sum, span| sum.saturating_add(span.len));
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
        summary.read = false;
        match known.filter(|_| !readable) {
            Some(found) => self.closed(device, found.name, found.kind, &found.detail),
            None => self.content(device, summary, budget),
        }
    }

    fn content(&mut self, device: &Device, summary: &mut VolumeSummary, budget: &Budget) {
        let source = &device.source;
        match fs::DRIVERS.iter().find(|driver| (driver.probe)(&**source)) {
            Some(driver) => {
                self.known = true;
                match open_guarded(driver, source, budget) {
                    Ok(fs) => self.mount(device, Arc::from(fs), summary, budget),
                    Err(error) => {
                        driver.name.clone_into(&mut summary.content);
                        self.closed(device, driver.name, gap_kind(&error), &error.to_string());
                    }
                }
            }
            None => self.unopened(device, summary),
        }
    }

    fn mount(
        &mut self,
        device: &Device,
        fs: Arc<dyn FileSystem>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let volume = &device.volume;
        let identity = fs.identity();
        identity.kind.clone_into(&mut summary.content);
        let label = identity.label.as_ref().map(|label| Escaped(label).to_string()).unwrap_or_default();
        let name = named(device, format!("{} {label}", identity.kind).trim_end());
        let walk = walk(&*fs, budget);
        summary.label = identity.label;
        summary.uuid = identity.uuid;
        summary.free = fs.usage().free;
        summary.entries = walk.entries.len() as u64;
        summary.read = true;
        for note in fs.notes() {
            if note.loss == Loss::Nothing {
                self.notes.push((place_name(volume.number, &name), note.text));
            } else {
                let mut gap = volume_gap(volume.number, &name, GapKind::Damaged, None, note.text);
                gap.loss = note.loss;
                self.gaps.push(gap);
            }
        }
        self.hints.push(Hint {
            // A logical volume is not meant where its partition is.
            number: volume.number.filter(|_| device.name.is_none()),
            uuid: volume.uuid.clone(),
            label: volume.label.clone(),
            mount: volume.well_known_mount(),
            devices: device.paths.clone(),
        });
        self.places.push(self.volumes.len());
        let partition = volume.number;
        self.mounted.push(Mounted { fs, walk, partition, name, mount: None, mount_source: None });
    }

    /// A volume without a driver: named if it is known, left alone if it is blank or boot code.
    fn unopened(&mut self, device: &Device, summary: &mut VolumeSummary) {
        let volume = &device.volume;
        if let Some(found) = fs::magic::recognise(&*device.source) {
            self.known = true;
            found.name.clone_into(&mut summary.content);
            self.closed(device, found.name, found.kind, &found.detail);
        } else if matches!(fs::magic::is_blank(&*device.source), Ok(Some(true))) {
            "empty".clone_into(&mut summary.content);
            summary.read = true;
        } else if volume.is_boot_code() {
            "boot code".clone_into(&mut summary.content);
            self.notes.push((
                place_name(volume.number, &named(device, "boot code")),
                "boot code without a file system is not examined".to_owned(),
            ));
        } else {
            self.closed(device, "unknown", GapKind::Unsupported, "no file system that is known");
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
fn open_guarded(
    driver: &fs::Driver,
    window: &Arc<dyn Source>,
    budget: &Budget,
) -> Result<Box<dyn FileSystem>, FsError> {
    catch_unwind(AssertUnwindSafe(|| (driver.open)(Arc::clone(window), budget))).unwrap_or_else(|_| {
        Err(FsError::corrupt("file system", 0, "its reader panicked: please report this"))
    })
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
