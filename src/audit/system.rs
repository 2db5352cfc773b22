//! From the image to the tree: partitions, file systems, and what cannot be opened.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::pool::{self, Role};
use super::{Subject, VolumeSummary};
use crate::budget::Budget;
use crate::bytes::{Source, Window};
use crate::finding::{Gap, GapKind, Location, Loss};
use crate::fs::{self, FileSystem, FsError};
use crate::image::{self, ImageError};
use crate::tree::mount::Hint;
use crate::tree::walk::{gap_kind, walk, walk_from};
use crate::tree::{Mounted, Tree};
use crate::volume::{self, Volume};

/// Subvolumes of a file system whose places a note tells.
const SUBVOLUMES_SHOWN: usize = 20;

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
    Ok(System { subject, volumes: vec![volume], tree, gaps, notes })
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
    let window = |volume: &Volume| Arc::new(Window::new(Arc::clone(source), volume.span)) as Arc<dyn Source>;
    let windows: Vec<Arc<dyn Source>> = table.volumes.iter().map(window).collect();
    let roles = pool::roles(&windows);
    for (index, (volume, role)) in table.volumes.iter().zip(roles).enumerate() {
        opening.volume(&windows, index, volume, &role, budget);
    }
    if !opening.known {
        return Err(AuditError::Nothing(name.to_owned()));
    }
    let tree = Tree::new(opening.mounted, &opening.hints);
    let mut volumes = opening.volumes;
    for (index, mounted) in opening.places.into_iter().zip(tree.volumes()) {
        let is_root = mounted.mount.as_deref() == Some(b"");
        if let Some(summary) = volumes.get_mut(index).filter(|summary| summary.mount.is_none() || is_root) {
            summary.mount =
                mounted.mount.as_ref().map(|at| if at.is_empty() { b"/".to_vec() } else { at.clone() });
            summary.mount_source = mounted.mount_source;
        }
    }
    let mut gaps = opening.gaps;
    gaps.extend(tree.gaps());
    let mut notes = opening.notes;
    notes.extend(subvolume_notes(&tree));
    Ok(System { subject, volumes, tree, gaps, notes })
}

impl Opening {
    /// Opens the volume at `index` of `windows`, with the others of its file system.
    fn volume(
        &mut self,
        windows: &[Arc<dyn Source>],
        index: usize,
        volume: &Volume,
        role: &Role,
        budget: &Budget,
    ) {
        let Some(window) = windows.get(index) else { return };
        let cut = volume.span.len.saturating_sub(window.len());
        let mut summary = VolumeSummary {
            partition: volume.number,
            offset: volume.span.offset,
            size: volume.span.len,
            content: "unknown".to_owned(),
            purpose: volume.type_name().map(str::to_owned),
            ..VolumeSummary::default()
        };
        if cut > 0 {
            let reason = format!(
                "the image is cut short: {cut} of the partition's {} bytes are not in it",
                volume.span.len
            );
            self.gaps.push(volume_gap(volume.number, "partition", GapKind::Missing, Some(cut), reason));
        }
        let driver = || fs::DRIVERS.iter().find(|driver| (driver.probe)(&**window));
        match (role, driver()) {
            (Role::Later(first), _) => self.member(*first, volume, &mut summary),
            (Role::First(pool, members), _) => {
                let all: Vec<_> = members.iter().filter_map(|&member| windows.get(member).cloned()).collect();
                let opened = guarded(|| (pool.open)(&all, budget));
                self.opened(volume, pool.name, opened, &mut summary, budget);
            }
            (Role::Alone, Some(driver)) => {
                let opened = guarded(|| (driver.open)(Arc::clone(window), budget));
                self.opened(volume, driver.name, opened, &mut summary, budget);
            }
            (Role::Alone, None) => self.unopened(volume, window, &mut summary),
        }
        self.volumes.push(summary);
    }

    fn opened(
        &mut self,
        volume: &Volume,
        name: &str,
        opened: Result<Box<dyn FileSystem>, FsError>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        self.known = true;
        match opened {
            Ok(fs) => self.mount(volume, &Arc::from(fs), summary, budget),
            Err(error) => {
                name.clone_into(&mut summary.content);
                self.closed(volume, name, gap_kind(&error), &error.to_string());
            }
        }
    }

    /// A volume whose file system was opened with an earlier one.
    fn member(&mut self, first: usize, volume: &Volume, summary: &mut VolumeSummary) {
        let Some(first) = self.volumes.get(first) else { return };
        (summary.content, summary.read) = (first.content.clone(), first.read);
        let text = match first.partition {
            Some(number) => format!("a part of the file system of partition {number}"),
            None => "a part of the file system of another volume".to_owned(),
        };
        self.notes.push((place_name(volume.number, &summary.content), text));
    }

    fn mount(
        &mut self,
        volume: &Volume,
        fs: &Arc<dyn FileSystem>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let identity = fs.identity();
        identity.kind.clone_into(&mut summary.content);
        let label =
            identity.label.as_ref().map(|label| crate::text::Escaped(label).to_string()).unwrap_or_default();
        let name = format!("{} {label}", identity.kind).trim_end().to_owned();
        summary.label = identity.label;
        summary.uuid = identity.uuid;
        summary.free = fs.usage().free;
        summary.read = true;
        for mounted in walks(fs, budget) {
            let file_system = u32::try_from(self.volumes.len()).unwrap_or(u32::MAX);
            summary.entries = summary.entries.saturating_add(mounted.walk.entries.len() as u64);
            let path = mounted.subvolume.as_ref().map(|subvolume| subvolume.path.clone()).unwrap_or_default();
            let path = crate::text::Escaped(path.strip_prefix(b"/").unwrap_or(&path)).to_string();
            let name = format!("{name} {path}").trim_end().to_owned();
            let (number, mount) = (volume.number, volume.well_known_mount());
            self.hints.push(Hint { number, uuid: volume.uuid.clone(), label: volume.label.clone(), mount });
            self.places.push(self.volumes.len());
            self.mounted.push(Mounted { partition: number, name, file_system, ..mounted });
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

    fn closed(&mut self, volume: &Volume, name: &str, kind: GapKind, reason: &str) {
        let reason = if reason.is_empty() { name.to_owned() } else { format!("{name}: {reason}") };
        self.gaps.push(volume_gap(volume.number, name, kind, Some(volume.span.len), reason));
    }
}

/// Opens a file system; a panic in a parser is an error like another.
fn guarded(
    open: impl FnOnce() -> Result<Box<dyn FileSystem>, FsError>,
) -> Result<Box<dyn FileSystem>, FsError> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        Err(FsError::corrupt("file system", 0, "its reader panicked: please report this"))
    })
}

/// The entries of a file system; where it has subvolumes, of each of them, without a place yet. All of
/// them share the limit of entries.
fn walks(fs: &Arc<dyn FileSystem>, budget: &Budget) -> Vec<Mounted> {
    let mounted = |walk, subvolume| Mounted {
        fs: Arc::clone(fs),
        walk,
        partition: None,
        name: String::new(),
        mount: None,
        mount_source: None,
        subvolume,
        file_system: 0,
    };
    let subvolumes = fs.subvolumes();
    if subvolumes.is_empty() {
        return vec![mounted(walk(&**fs, budget), None)];
    }
    let roots = subvolumes.iter().map(|subvolume| subvolume.root).collect();
    let mut budget = *budget;
    let mut found = Vec::new();
    for subvolume in subvolumes {
        let walk = walk_from(&**fs, subvolume.root, &roots, &budget);
        budget.entries = budget.entries.saturating_sub(walk.entries.len() as u64);
        found.push(mounted(walk, Some(subvolume)));
    }
    found
}

/// Where the subvolumes of each file system are, in one sentence.
fn subvolume_notes(tree: &Tree) -> Vec<(String, String)> {
    let mut notes: BTreeMap<u32, (String, Vec<String>)> = BTreeMap::new();
    let all = tree.volumes().iter();
    for (mounted, subvolume) in all.filter_map(|mounted| Some((mounted, mounted.subvolume.as_ref()?))) {
        let shown = |path: &[u8]| crate::text::Escaped(if path.is_empty() { b"/" } else { path }).to_string();
        let place = match &mounted.mount {
            Some(mount) => format!("at {}", shown(mount)),
            None => "not mounted".to_owned(),
        };
        let text = format!("{} ({}) {place}", shown(&subvolume.path), subvolume.id);
        let name = || place_name(mounted.partition, &mounted.name);
        notes.entry(mounted.file_system).or_insert_with(|| (name(), Vec::new())).1.push(text);
    }
    let sentence = |(name, places): (String, Vec<String>)| {
        let more = places.len().saturating_sub(SUBVOLUMES_SHOWN);
        let mut text =
            format!("subvolumes: {}", places.get(..SUBVOLUMES_SHOWN).unwrap_or(&places).join(", "));
        if more > 0 {
            text.push_str(&format!(", and {more} more"));
        }
        (name, text)
    };
    notes.into_values().filter(|(_, places)| places.len() > 1).map(sentence).collect()
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
