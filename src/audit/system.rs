//! From the image to the tree: partitions, file systems, and what cannot be opened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::{Subject, VolumeSummary, ledger, nested};
use crate::budget::Budget;
use crate::bytes::{Source, Span, Window};
use crate::finding::{Gap, GapKind, Location, Loss};
use crate::fs::{self, FileSystem, FsError};
use crate::image::{self, ImageError};
use crate::tree::mount::Hint;
use crate::tree::walk::{gap_kind, walk};
use crate::tree::{Mounted, Tree};
use crate::volume::{self, Volume};

/// What to audit.
#[derive(Clone, Debug)]
pub enum Target {
    /// An image file or a block device.
    Image(PathBuf),
    /// A mounted tree.
    Rootfs(PathBuf),
    /// An image in memory.
    Bytes {
        /// How the report calls it.
        name: String,
        /// The image.
        data: Vec<u8>,
    },
}

/// Why nothing could be audited at all.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The image file cannot be opened.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The directory cannot be read.
    #[error("{path}: {error}")]
    Rootfs {
        /// The directory.
        path: String,
        /// Why.
        error: FsError,
    },
    /// There is nothing in it that this program knows.
    #[error("{0}: no partition table and no file system that is known: is it a disk image?")]
    Nothing(String),
}

/// An opened image: its tree, its layout, and what stayed closed.
pub struct System {
    /// What was opened.
    pub subject: Subject,
    /// Every partition, in the order of the disk.
    pub volumes: Vec<VolumeSummary>,
    /// The entries of all file systems.
    pub tree: Tree,
    /// What could not be opened or walked.
    pub gaps: Vec<Gap>,
    /// Things to know: (where, what).
    pub notes: Vec<(String, String)>,
    /// Outside of all partitions: zeros, and other bytes.
    pub outside: (u64, u64),
    /// For each volume of the tree: its index in `volumes`.
    pub(super) places: Vec<usize>,
}

impl System {
    /// Opens the target and walks its file systems.
    ///
    /// # Errors
    /// [`AuditError`], if there is nothing to audit.
    pub fn open(target: &Target, budget: &Budget) -> Result<Self, AuditError> {
        match target {
            Target::Rootfs(path) => open_rootfs(path, budget),
            Target::Image(path) => {
                let image = image::open(path)?;
                open_image(&path.display().to_string(), &image.source, budget)
            }
            Target::Bytes { name, data } => {
                let source: Arc<dyn Source> = Arc::new(data.clone());
                open_image(name, &source, budget)
            }
        }
    }
}

fn open_rootfs(path: &Path, budget: &Budget) -> Result<System, AuditError> {
    let name = path.display().to_string();
    let fs =
        fs::host::open(path, budget).map_err(|error| AuditError::Rootfs { path: name.clone(), error })?;
    let subject = Subject { name: name.clone(), layout: "directory".to_owned(), ..Subject::default() };
    let (harmless, losses): (Vec<_>, Vec<_>) =
        fs.notes().into_iter().partition(|note| note.loss == Loss::Nothing);
    let notes = harmless.into_iter().map(|note| (name.clone(), note.text)).collect();
    let tree = Tree::of(Arc::from(fs), budget);
    let mut gaps = tree.gaps();
    for note in losses {
        let mut gap = volume_gap(None, "directory", GapKind::HostFailed, None, note.text);
        gap.loss = note.loss;
        gaps.push(gap);
    }
    let entries = tree.ids().count() as u64;
    let content = "directory".to_owned();
    let volume = VolumeSummary {
        content,
        mount: Some(b"/".to_vec()),
        entries,
        read: true,
        ..VolumeSummary::default()
    };
    let (outside, places) = ((0, 0), vec![0]);
    let mut system = System { subject, volumes: vec![volume], tree, gaps, notes, outside, places };
    nested::open(&mut system, budget);
    Ok(system)
}

/// What is gathered while the volumes are opened, one after the other.
#[derive(Default)]
struct Opening {
    volumes: Vec<VolumeSummary>,
    mounted: Vec<Mounted>,
    hints: Vec<Hint>,
    /// For each of `mounted`: its index in `volumes`.
    places: Vec<usize>,
    gaps: Vec<Gap>,
    notes: Vec<(String, String)>,
    known: bool,
}

fn open_image(name: &str, source: &Arc<dyn Source>, budget: &Budget) -> Result<System, AuditError> {
    let table = volume::read(source);
    let layout = table.scheme.name().to_owned();
    let subject = Subject { name: name.to_owned(), size: source.len(), layout, sector: table.sector };
    let mut opening = Opening { known: table.scheme != volume::Scheme::None, ..Opening::default() };
    for note in table.notes {
        if note.loss == Loss::Nothing {
            opening.notes.push(("partition table".to_owned(), note.text));
        } else {
            opening.gaps.push(volume_gap(None, "partition table", GapKind::Damaged, None, note.text));
        }
    }
    for volume in &table.volumes {
        opening.volume(source, volume, budget);
    }
    let mut outside = (0_u64, 0_u64);
    for span in table.unclaimed {
        let (blank, other) = opening.blank_and_other(source, span, None);
        outside = (outside.0.saturating_add(blank), outside.1.saturating_add(other));
    }
    if !opening.known {
        return Err(AuditError::Nothing(name.to_owned()));
    }
    let tree = Tree::new(opening.mounted, &opening.hints);
    let mut volumes = opening.volumes;
    for (index, mounted) in opening.places.iter().zip(tree.volumes()) {
        if let Some(summary) = volumes.get_mut(*index) {
            summary.mount =
                mounted.mount.as_ref().map(|at| if at.is_empty() { b"/".to_vec() } else { at.clone() });
            summary.mount_source = mounted.mount_source;
        }
    }
    let mut gaps = opening.gaps;
    gaps.extend(tree.gaps());
    let mut system =
        System { subject, volumes, tree, gaps, notes: opening.notes, outside, places: opening.places };
    nested::open(&mut system, budget);
    Ok(system)
}

impl Opening {
    fn volume(&mut self, source: &Arc<dyn Source>, volume: &Volume, budget: &Budget) {
        let window: Arc<dyn Source> = Arc::new(Window::new(Arc::clone(source), volume.span));
        let mut summary = VolumeSummary {
            partition: volume.number,
            offset: volume.span.offset,
            size: volume.span.len,
            missing: volume.span.len.saturating_sub(window.len()),
            content: "unknown".to_owned(),
            purpose: volume.type_name().map(str::to_owned),
            ..VolumeSummary::default()
        };
        let cut = summary.missing;
        if cut > 0 {
            let reason = format!(
                "the image is cut short: {cut} of the partition's {} bytes are not in it",
                volume.span.len
            );
            self.gaps.push(volume_gap(volume.number, "partition", GapKind::Missing, Some(cut), reason));
        }
        match fs::DRIVERS.iter().find(|driver| (driver.probe)(&*window)) {
            Some(driver) => {
                self.known = true;
                match open_guarded(driver, &window, budget) {
                    Ok(fs) => {
                        self.mount(volume, Arc::from(fs), &mut summary, budget);
                        let end = summary.usage.total;
                        let rest = Span::new(end, window.len().saturating_sub(end));
                        summary.beyond = self.blank_and_other(&window, rest, volume.number);
                    }
                    Err(error) => {
                        driver.name.clone_into(&mut summary.content);
                        self.closed(volume, driver.name, gap_kind(&error), &error.to_string());
                    }
                }
            }
            None => self.unopened(volume, &window, &mut summary),
        }
        self.volumes.push(summary);
    }

    fn mount(
        &mut self,
        volume: &Volume,
        fs: Arc<dyn FileSystem>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let identity = fs.identity();
        identity.kind.clone_into(&mut summary.content);
        let label =
            identity.label.as_ref().map(|label| crate::text::Escaped(label).to_string()).unwrap_or_default();
        let name = format!("{} {label}", identity.kind).trim_end().to_owned();
        let walk = walk(&*fs, budget);
        summary.label = identity.label;
        summary.uuid = identity.uuid;
        summary.usage = fs.usage();
        summary.occupied = walk.occupied;
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
        let number = volume.number;
        let mount = volume.well_known_mount();
        self.hints.push(Hint { number, uuid: volume.uuid.clone(), label: volume.label.clone(), mount });
        self.places.push(self.volumes.len());
        self.mounted.push(Mounted {
            fs,
            walk,
            partition: number,
            name,
            mount: None,
            mount_source: None,
            outer: None,
        });
    }

    /// A volume without a driver: named if it is known, left alone if it is blank or boot code.
    fn unopened(&mut self, volume: &Volume, window: &Arc<dyn Source>, summary: &mut VolumeSummary) {
        if let Some(found) = fs::magic::recognise(&**window) {
            self.known = true;
            found.name.clone_into(&mut summary.content);
            self.closed(volume, found.name, found.kind, &found.detail);
        } else if matches!(fs::magic::is_blank(&**window), Ok(Some(true))) {
            "empty".clone_into(&mut summary.content);
            summary.read = true;
        } else if volume.is_boot_code() {
            "boot code".clone_into(&mut summary.content);
            self.notes.push((
                place_name(volume.number, "boot code"),
                "boot code without a file system is not examined".to_owned(),
            ));
        } else {
            self.closed(volume, "unknown", GapKind::Unsupported, "no file system that is known");
        }
    }

    /// Of a part of `source` that no file system claims: zeros, and other bytes.
    fn blank_and_other(
        &mut self,
        source: &Arc<dyn Source>,
        span: Span,
        partition: Option<u32>,
    ) -> (u64, u64) {
        ledger::blank_and_other(&**source, span).unwrap_or_else(|error| {
            let reason = error.to_string();
            self.gaps.push(volume_gap(
                partition,
                "outside of file systems",
                gap_kind(&error.into()),
                Some(span.len),
                reason,
            ));
            (0, span.len)
        })
    }

    fn closed(&mut self, volume: &Volume, name: &str, kind: GapKind, reason: &str) {
        let reason = if reason.is_empty() { name.to_owned() } else { format!("{name}: {reason}") };
        self.gaps.push(volume_gap(volume.number, name, kind, Some(volume.span.len), reason));
    }
}

/// Opens a file system; a panic in a parser is an error like another.
pub(super) fn open_guarded(
    driver: &fs::Driver,
    window: &Arc<dyn Source>,
    budget: &Budget,
) -> Result<Box<dyn FileSystem>, FsError> {
    catch_unwind(AssertUnwindSafe(|| (driver.open)(Arc::clone(window), budget))).unwrap_or_else(|_| {
        Err(FsError::corrupt("file system", 0, "its reader panicked: please report this"))
    })
}

fn place_name(partition: Option<u32>, name: &str) -> String {
    match partition {
        Some(number) => format!("partition {number} ({name})"),
        None => name.to_owned(),
    }
}

fn volume_gap(partition: Option<u32>, name: &str, kind: GapKind, bytes: Option<u64>, reason: String) -> Gap {
    let location = Location { partition, volume: Some(name.to_owned()), ..Location::default() };
    Gap { location, kind, loss: Loss::Volume, bytes, reason }
}
