//! An image as a whole: all its volumes opened, one tree of all their files, and what stayed closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::fs::holes::source_bytes;
use crate::fs::{self, FsError};
use crate::gap::{Gap, GapKind, Loss};
use crate::image::{self, Image, ImageError};
use crate::progress::{Progress, Quiet};
use crate::tree::Tree;
use crate::volume;

pub mod ledger;
mod nested;
mod opening;
mod pool;
mod states;
mod summary;

pub use ledger::Ledger;
use opening::{At, Opened, Opening, open_guarded, volume_gap};
pub use summary::{FreeSpace, Subject, VolumeSummary};

/// Bytes of memory that the entries of an image may take whatever its size, and for each of its bytes.
const ENTRIES: u64 = 256 << 20;
const ENTRIES_PER_BYTE: u64 = 24;

/// What to open.
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

/// How an image is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the image's file may.
    pub image: image::Options,
    /// Whether free space is looked at, and files that were deleted come back.
    pub deleted: bool,
}

/// Why nothing could be opened at all.
#[derive(Debug, Error)]
pub enum OpenError {
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
    pub places: Vec<usize>,
    /// What the paths of further states and disks begin with.
    pub states: Vec<Vec<u8>>,
}

impl System {
    /// Opens the target and walks its file systems.
    ///
    /// # Errors
    /// [`OpenError`], if nothing in it is known.
    pub fn open(target: &Target, budget: &Budget) -> Result<Self, OpenError> {
        Self::open_with(target, budget, &Options::default(), &Quiet)
    }

    /// Like [`System::open`], with what the user allows an image, and telling how far it is unpacked.
    ///
    /// # Errors
    /// [`OpenError`], if nothing in it is known.
    pub fn open_with(
        target: &Target,
        budget: &Budget,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, OpenError> {
        let told = |step| match step {
            image::Step::Begin(bytes) => progress.begin("unpacking the image", bytes),
            image::Step::Advance(bytes) => progress.advance(bytes),
        };
        match target {
            Target::Rootfs(path) => open_rootfs(path, budget),
            Target::Image(path) => {
                let of_image = image::Options { is_disk: may_be_disk, ..options.image.clone() };
                let image = image::open(path, &of_image, budget, &told)?;
                progress.begin("reading directories", 0);
                open_image(&path.display().to_string(), &image, options.deleted, budget)
            }
            Target::Bytes { name, data } => {
                let source: Arc<dyn Source> = Arc::new(data.clone());
                let image = Image::plain(name.clone(), source, "raw".to_owned());
                open_image(name, &image, options.deleted, budget)
            }
        }
    }
}

impl System {
    /// Finds the systems in the tree, now that all its file systems are in it.
    fn settle(&mut self, budget: &Budget) {
        self.tree.settle(budget);
        self.gaps.extend(self.tree.place_gaps().iter().cloned());
    }
}

fn open_rootfs(path: &Path, budget: &Budget) -> Result<System, OpenError> {
    let name = path.display().to_string();
    let fs = fs::host::open(path, budget).map_err(|error| OpenError::Rootfs { path: name.clone(), error })?;
    let subject = Subject {
        name: name.clone(),
        format: "directory".to_owned(),
        layout: "directory".to_owned(),
        ..Subject::default()
    };
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
    let (outside, places, states) = ((0, 0), vec![0], Vec::new());
    let mut system = System { subject, volumes: vec![volume], tree, gaps, notes, outside, places, states };
    nested::open(&mut system, budget);
    system.settle(budget);
    Ok(system)
}

fn open_image(name: &str, image: &Image, deleted: bool, budget: &Budget) -> Result<System, OpenError> {
    // File systems in files have their entries from the same bytes.
    let room = source_bytes(&*image.source).saturating_mul(ENTRIES_PER_BYTE).saturating_add(ENTRIES);
    let budget = &Budget { entry_bytes: budget.entry_bytes.min(room), ..*budget };
    let opened = open_disk(&image.source, &image.notes, &image.beside, deleted, budget);
    let (opened, table, outside) = opened.ok_or_else(|| OpenError::Nothing(name.to_owned()))?;
    let subject = Subject {
        name: name.to_owned(),
        format: image.format.clone(),
        size: image.source.len(),
        layout: table.scheme.name().to_owned(),
        sector: table.sector,
    };
    let Opened { volumes, places, tree, gaps, notes } = opened;
    let states = Vec::new();
    let mut system = System { subject, volumes, tree, gaps, notes, outside, places, states };
    for state in &image.states {
        states::open(&mut system, state, deleted, budget);
    }
    for file in image.files.iter().filter(|file| is_raw_disk(file, budget)) {
        let state = image::State { name: "file as a raw disk".to_owned(), source: Arc::clone(file) };
        let text =
            "the image file is a disk by its own tables, and another one as it stands; both are looked at";
        system.notes.push(("image".to_owned(), text.to_owned()));
        states::open(&mut system, &state, deleted, budget);
    }
    nested::open(&mut system, budget);
    system.settle(budget);
    Ok(system)
}

/// Whether an image file as it stands is a disk, too: it has a partition table, or a file system that opens.
fn is_raw_disk(file: &Arc<dyn Source>, budget: &Budget) -> bool {
    let opens = |driver: &fs::Driver| (driver.probe)(&**file) && open_guarded(driver, file, budget).is_ok();
    volume::read(file).scheme != volume::Scheme::None || fs::DRIVERS.iter().any(opens)
}

/// What lies outside of partitions: zeros, and other bytes.
type Outside = (u64, u64);

/// Opens what a disk holds; `None` where nothing of it is known.
fn open_disk(
    source: &Arc<dyn Source>,
    of_image: &[image::Note],
    beside: &[(&'static str, Arc<dyn Source>, Vec<Span>)],
    deleted: bool,
    budget: &Budget,
) -> Option<(Opened, volume::Table, Outside)> {
    let mut table = volume::read(source);
    let mut opening = Opening::new(table.scheme != volume::Scheme::None, deleted);
    let (devices, notes) = volume::stack::assemble(source, &table);
    opening.image_notes(of_image);
    opening.notes("partition table", std::mem::take(&mut table.notes));
    opening.notes("logical volumes", notes);
    let roles = pool::roles(&devices);
    for (index, role) in roles.iter().enumerate() {
        opening.device(&devices, index, role, budget);
    }
    let outside = opening.outside(source, &table.unclaimed, budget);
    for (name, source, spans) in beside {
        opening.raw(source, spans, &At { partition: None, name, place: usize::MAX }, budget);
    }
    Some((opening.finish()?, table, outside))
}

/// Whether these first bytes may be of a disk: something in them is known.
fn may_be_disk(head: &Arc<dyn Source>) -> bool {
    let table = volume::read(head);
    let is_known = |source: &Arc<dyn Source>| {
        fs::DRIVERS.iter().any(|driver| (driver.probe)(&**source))
            || fs::magic::recognise(&**source).is_some()
    };
    table.scheme != volume::Scheme::None || is_known(head) || {
        let (devices, _) = volume::stack::assemble(head, &table);
        devices.iter().any(|device| device.role != volume::stack::Role::Content)
    }
}
