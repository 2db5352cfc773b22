//! What the configuration of a machine mounts over its own directories: bind mounts, overlays, file systems in files,
//! extensions of systemd. The covered files stay in the tree; beside the machine as it starts there is another system
//! as it looks then.

use std::collections::BTreeMap;

use super::fstab::{self, FstabLine};
use super::unit_files::{self, Setting, place_of_unit};
use super::{EntryId, SystemKind, SystemRoot, Tree, View};
use crate::budget::Budget;
use crate::gap::{Gap, GapKind, Location, Loss};
use crate::text::Escaped;

mod extensions;
mod sensitive;

use sensitive::Sensitive;

/// Largest fstab that is read, in bytes.
const FSTAB_LIMIT: u64 = 1 << 20;
/// File systems that come over a network or out of a program.
const REMOTE: [&[u8]; 15] = [
    b"nfs",
    b"nfs4",
    b"cifs",
    b"smb3",
    b"smbfs",
    b"9p",
    b"virtiofs",
    b"ceph",
    b"glusterfs",
    b"lustre",
    b"afs",
    b"ocfs2",
    b"gfs2",
    b"davfs",
    b"sshfs",
];
/// File systems without content of their own.
const MADE_UP: [&[u8]; 12] = [
    b"swap",
    b"proc",
    b"sysfs",
    b"devpts",
    b"devtmpfs",
    b"cgroup",
    b"cgroup2",
    b"debugfs",
    b"securityfs",
    b"hugetlbfs",
    b"mqueue",
    b"efivarfs",
];

/// What covers a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoverKind {
    /// A directory or file of another place.
    Bind,
    /// Several directories in layers.
    Overlay,
    /// A file system in a file.
    File,
    /// Nothing, in memory.
    Memory,
    /// What comes over a network, or out of a program.
    Remote,
    /// A device that is not in the image.
    Device,
    /// An extension of systemd, over /usr, /opt or /etc.
    Extension,
}

impl CoverKind {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind mount",
            Self::Overlay => "overlay",
            Self::File => "file system in a file",
            Self::Memory => "file system in memory",
            Self::Remote => "file system of another machine",
            Self::Device => "device that is not in the image",
            Self::Extension => "system extension",
        }
    }
}

/// A mount that hides a part of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// What is hidden, in the machine.
    pub place: Vec<u8>,
    /// By what.
    pub kind: CoverKind,
    /// What is seen there instead, as it is written.
    pub source: Vec<u8>,
    /// The file of the configuration, in the machine; for an extension, the extension.
    pub file: Vec<u8>,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// The only unit that sees it.
    pub unit: Option<Vec<u8>>,
}

/// A mount, as it is written.
struct Wanted {
    place: Vec<u8>,
    kind: CoverKind,
    /// Paths of what is mounted; of an overlay the uppermost first.
    sources: Vec<Vec<u8>>,
    shown: Vec<u8>,
    file: Vec<u8>,
    line: Option<u64>,
    /// The machine starts without it.
    is_optional: bool,
}

impl Tree {
    /// Adds the machine as it looks with what it mounts, and for units that see something else, these.
    pub(super) fn find_mounted(&mut self, budget: &Budget) {
        let Some(machine) = self.systems.first().cloned() else { return };
        let view = View::new(self, &machine);
        let (units, over) = unit_files::settings(view, budget.mount_files);
        let mut finder =
            Finder { tree: self, sensitive: Sensitive::of(view), covers: Vec::new(), gaps: Vec::new() };
        if over > 0 {
            finder.gap(
                b"/etc/systemd/system",
                GapKind::OverLimit,
                Loss::Part,
                format!("{over} more units were not read"),
            );
        }
        let mut wanted = of_fstab(view);
        let of_units = of_units(&units);
        wanted.extend(
            of_units.iter().filter_map(|(line, at)| self::wanted(view, line, (&at.path, Some(at.line)))),
        );
        let mut boot =
            SystemRoot { kind: SystemKind::Mounted, name: b"/ with its mounts".to_vec(), ..machine.clone() };
        let mut is_other = finder.apply(&mut boot, wanted, None);
        is_other |= finder.extensions(&mut boot);
        let mut systems = Vec::new();
        for (unit, settings) in &units {
            let wanted = of_service(settings);
            let mut own =
                SystemRoot { name: [b"/ as ", unit.as_slice(), b" sees it"].concat(), ..boot.clone() };
            if !wanted.is_empty() && finder.apply(&mut own, wanted, Some(unit)) {
                systems.push(own);
            }
            systems.extend(finder.root_of(settings));
        }
        let Finder { covers, gaps, .. } = finder;
        if is_other {
            systems.insert(0, boot);
        }
        let room = budget.systems.saturating_sub(self.systems.len());
        self.covers = covers;
        self.unsettled.extend(gaps);
        if systems.len() > room {
            let reason =
                format!("{} more units see other directories than the machine", systems.len() - room);
            self.unsettled.push(gap(b"/etc/systemd/system", GapKind::OverLimit, Loss::Part, reason));
        }
        systems.truncate(room);
        let rest = self.systems.split_off(1.min(self.systems.len()));
        self.systems.extend(systems);
        self.systems.extend(rest);
    }

    /// What hides a part of the machine.
    pub fn covers(&self) -> &[Cover] {
        &self.covers
    }
}

struct Finder<'t> {
    tree: &'t Tree,
    sensitive: Sensitive,
    covers: Vec<Cover>,
    gaps: Vec<Gap>,
}

impl Finder<'_> {
    /// Mounts what is wanted in `system`, and says whether anything of it is in the image.
    fn apply(&mut self, system: &mut SystemRoot, wanted: Vec<Wanted>, unit: Option<&[u8]>) -> bool {
        let mut is_other = false;
        for mount in wanted {
            let view = View::new(self.tree, system);
            let place = view.locate(&mount.place).map_or_else(|_| tidy(&mount.place), |found| found.path);
            if place == b"/" {
                continue;
            }
            let same = |source: &Vec<u8>| view.locate(source).is_ok_and(|found| found.path == place);
            let layers: Option<Vec<EntryId>> = match mount.kind {
                CoverKind::Bind | CoverKind::Overlay | CoverKind::Extension => {
                    // A directory that is mounted on itself hides nothing.
                    if mount.sources.iter().all(same) {
                        continue;
                    }
                    mount.sources.iter().map(|source| view.find(source)).collect()
                }
                CoverKind::File => mount.sources.first().and_then(|file| self.roots_in(view, file)),
                CoverKind::Memory | CoverKind::Remote | CoverKind::Device => None,
            };
            let is_sensitive = self.sensitive.has(&place);
            let is_own_device = mount.kind == CoverKind::Device;
            if is_sensitive && !is_own_device {
                self.covers.push(Cover {
                    place: place.clone(),
                    kind: mount.kind,
                    source: mount.shown.clone(),
                    file: mount.file.clone(),
                    line: mount.line,
                    unit: unit.map(<[u8]>::to_vec),
                });
            }
            match layers.filter(|layers| !layers.is_empty()) {
                Some(layers) => {
                    system.mounts.insert(place, layers);
                    is_other = true;
                }
                None if is_sensitive && mount.kind != CoverKind::Memory => self.unresolved(&mount, &place),
                None => {}
            }
        }
        is_other
    }

    /// Says that what is mounted over a place that counts is not in the image.
    fn unresolved(&mut self, mount: &Wanted, place: &[u8]) {
        // The disk of homes is another disk; the system itself is not.
        let is_elsewhere =
            mount.kind == CoverKind::Device && (self.sensitive.is_home(place) || mount.is_optional);
        let is_filled = self.tree.machine().is_some_and(|machine| !machine.list(place).is_empty());
        let is_folder =
            self.tree.volumes.first().is_some_and(|volume| volume.fs.identity().kind == "directory");
        if mount.kind == CoverKind::Device && is_filled && is_folder {
            return; // a folder is audited with what is mounted in it
        }
        let loss = if is_elsewhere { Loss::Nothing } else { Loss::Directory };
        let reason = format!(
            "{} mounts {} over it, which is not in the image",
            Escaped(&mount.file),
            Escaped(&mount.shown)
        );
        self.gap(place, GapKind::Missing, loss, reason);
    }

    fn gap(&mut self, path: &[u8], kind: GapKind, loss: Loss, reason: String) {
        self.gaps.push(gap(path, kind, loss, reason));
    }

    /// The roots of the file systems in a file.
    fn roots_in(&self, view: View<'_>, file: &[u8]) -> Option<Vec<EntryId>> {
        let id = view.find(file)?;
        let volumes = (0_u32..).zip(&self.tree.volumes).filter(|(_, mounted)| mounted.outer() == Some(id));
        Some(volumes.map(|(volume, _)| EntryId { volume, index: 0 }).collect())
    }

    /// The root that a unit runs in.
    fn root_of(&self, settings: &[Setting]) -> Option<SystemRoot> {
        let machine = self.tree.machine()?;
        let last = |key: &[u8]| settings.iter().rfind(|setting| setting.key == key);
        let root = if let Some(setting) = last(b"RootDirectory") {
            machine.find(&setting.value).filter(|&id| self.tree.is_directory(id))?
        } else {
            self.roots_in(machine, &last(b"RootImage")?.value)?.first().copied()?
        };
        (root != machine.system().root)
            .then(|| SystemRoot::new(SystemKind::Other, self.tree.path(root), root))
    }
}

fn gap(path: &[u8], kind: GapKind, loss: Loss, reason: String) -> Gap {
    let location = Location { path: path.to_vec(), ..Location::default() };
    Gap { location, kind, loss, bytes: None, reason }
}

/// A path without `//`, `.` and a slash at its end.
fn tidy(path: &[u8]) -> Vec<u8> {
    let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let tidy: Vec<u8> = parts.flat_map(|part| [b"/", part].concat()).collect();
    if tidy.is_empty() { b"/".to_vec() } else { tidy }
}

fn of_fstab(view: View<'_>) -> Vec<Wanted> {
    let Ok(Some(text)) = view.read(b"/etc/fstab", FSTAB_LIMIT) else { return Vec::new() };
    let lines = (1_u64..).zip(text.split(|&byte| byte == b'\n'));
    let lines = lines.filter_map(|(number, line)| Some((number, fstab::parse(line).pop()?)));
    lines.filter_map(|(number, line)| wanted(view, &line, (b"/etc/fstab", Some(number)))).collect()
}

/// What a line of fstab, or a mount unit, mounts; nothing for what is a volume of the image.
fn wanted(view: View<'_>, line: &FstabLine, at: (&[u8], Option<u64>)) -> Option<Wanted> {
    let place = tidy(&line.mount);
    if !line.mount.starts_with(b"/") || MADE_UP.contains(&line.fstype.as_slice()) {
        return None;
    }
    let options: Vec<&[u8]> = line.options.split(|&byte| byte == b',').collect();
    let is_bind = options.iter().any(|option| matches!(*option, b"bind" | b"rbind"))
        || matches!(line.fstype.as_slice(), b"bind" | b"rbind");
    let is_layered = matches!(line.fstype.as_slice(), b"overlay" | b"overlayfs" | b"aufs" | b"unionfs")
        || options.iter().any(|option| option.starts_with(b"lowerdir="));
    let is_path = line.spec.starts_with(b"/") && !line.spec.starts_with(b"/dev/");
    let is_remote = REMOTE.contains(&line.fstype.as_slice())
        || line.fstype.starts_with(b"fuse")
        || line.spec.starts_with(b"//")
        || memchr::memmem::find(&line.spec, b":/").is_some();
    let is_placed =
        || view.tree().volumes.iter().any(|volume| volume.mount.as_deref() == Some(place.as_slice()));
    let (kind, sources) = if is_layered {
        (CoverKind::Overlay, layers(&options))
    } else if is_bind {
        (CoverKind::Bind, vec![line.spec.clone()])
    } else if matches!(line.fstype.as_slice(), b"tmpfs" | b"ramfs") {
        (CoverKind::Memory, Vec::new())
    } else if is_remote {
        (CoverKind::Remote, Vec::new())
    } else if is_path {
        (CoverKind::File, vec![line.spec.clone()])
    } else if is_placed() {
        return None;
    } else {
        (CoverKind::Device, Vec::new())
    };
    let is_optional = options.iter().any(|option| matches!(*option, b"noauto" | b"nofail"));
    let (file, number) = at;
    Some(Wanted {
        place,
        kind,
        sources,
        shown: line.spec.clone(),
        file: file.to_vec(),
        line: number,
        is_optional,
    })
}

/// The directories of an overlay, the uppermost first.
fn layers(options: &[&[u8]]) -> Vec<Vec<u8>> {
    let value = |name: &[u8]| options.iter().rev().find_map(|option| option.strip_prefix(name));
    let upper = value(b"upperdir=").into_iter();
    let lower = value(b"lowerdir=").into_iter().flat_map(|dirs| dirs.split(|&byte| byte == b':'));
    upper.chain(lower).filter(|dir| !dir.is_empty()).map(<[u8]>::to_vec).collect()
}

/// What mount units mount.
fn of_units(units: &BTreeMap<Vec<u8>, Vec<Setting>>) -> Vec<(FstabLine, Setting)> {
    let mut found = Vec::new();
    for (name, settings) in units.iter().filter(|(name, _)| name.ends_with(b".mount")) {
        let value = |key: &[u8]| settings.iter().rfind(|setting| setting.key == key);
        let Some(what) = value(b"What") else { continue };
        let text = |key: &[u8]| value(key).map(|setting| setting.value.clone());
        let Some(mount) = text(b"Where").or_else(|| place_of_unit(name)) else { continue };
        let line = FstabLine {
            spec: what.value.clone(),
            mount,
            fstype: text(b"Type").unwrap_or_else(|| b"auto".to_vec()),
            options: text(b"Options").unwrap_or_default(),
        };
        found.push((line, what.clone()));
    }
    found
}

/// What a unit sees elsewhere: `BindPaths=` and its kin.
fn of_service(settings: &[Setting]) -> Vec<Wanted> {
    let mut found = Vec::new();
    for setting in settings {
        let kind = match setting.key.as_slice() {
            b"BindPaths" | b"BindReadOnlyPaths" => CoverKind::Bind,
            b"TemporaryFileSystem" => CoverKind::Memory,
            _ => continue,
        };
        for word in setting.value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            let word = word.strip_prefix(b"-").unwrap_or(word);
            let word = word.strip_prefix(b"+").unwrap_or(word);
            let mut parts = word.split(|&byte| byte == b':');
            let source = parts.next().unwrap_or_default();
            let place = if kind == CoverKind::Bind { parts.next().unwrap_or(source) } else { source };
            // What is bound to its own place hides nothing.
            let is_itself = kind == CoverKind::Bind && tidy(place) == tidy(source);
            if place.starts_with(b"/") && !place.contains(&b'%') && !is_itself {
                found.push(Wanted {
                    place: tidy(place),
                    kind,
                    sources: if kind == CoverKind::Bind { vec![source.to_vec()] } else { Vec::new() },
                    shown: word.to_vec(),
                    file: setting.path.clone(),
                    line: Some(setting.line),
                    is_optional: false,
                });
            }
        }
    }
    found
}
