//! ISO 9660: optical discs, installers and live systems.
//!
//! A disc may describe its files three times. Rock Ridge's names count where it has them, then Joliet's,
//! then the plain ones (in lower case and without versions, as Linux shows them). A file is known by the
//! place of its directory record.
//!
//! Not read, and said: files packed by zisofs, interleaved files, a UDF file system beside it. Of several
//! sessions the first descriptors count, which writers of images keep up to date; a session behind what they
//! describe is said.
//!
//! Reference: ECMA-119; Joliet Specification; IEEE P1281 and P1282.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Driver, FileSystem, FileType, FsError, Identity, Node, NodeId, Note, Usage, Visit};
use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::gap::Loss;
use descriptor::Volume;
use record::Entry;
use rock_ridge::Fields;

mod descriptor;
mod node;
mod record;
mod rock_ridge;

/// The driver of ISO 9660.
pub const DRIVER: Driver = Driver { name: "iso9660", probe, by_backup: false, open };

/// Directory records do not cross these.
const SECTOR: u64 = 2048;

fn probe(source: &dyn Source) -> bool {
    read_vec(source, descriptor::START + 1, 5).is_ok_and(|mark| mark == b"CD001")
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a driver")]
fn open(source: Arc<dyn Source>, _: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Iso::open(&source)?))
}

/// Which names count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// So many bytes of each record's own area are to be skipped.
    RockRidge(u8),
    Joliet,
    Plain,
}

struct Iso {
    source: Arc<dyn Source>,
    volume: Volume,
    names: Names,
    /// Whether there is a UDF file system, too.
    udf: bool,
    /// Where another session behind this one has its descriptors.
    later: Option<u64>,
    notes: Vec<Note>,
}

impl Iso {
    fn open(source: &Arc<dyn Source>) -> Result<Self, FsError> {
        let found = descriptor::read(&**source)?;
        let missing = || FsError::corrupt("volume descriptor", descriptor::START, "none is the primary one");
        let primary = found.primary.ok_or_else(missing)?;
        let mut notes = Vec::new();
        let mut note = |loss, text: String| notes.push(Note { loss, text });
        if let Some(sector) = found.el_torito {
            note(Loss::Nothing, format!("boots by El Torito, catalogue in sector {sector}"));
        }
        let (total, there) = (primary.total, source.len());
        if there < total {
            let text = format!("the disc is {total} bytes long, but only {there} bytes of it are there");
            note(Loss::Part, text);
        }
        let mut iso = Self {
            source: Arc::clone(source),
            volume: primary,
            names: Names::Plain,
            udf: found.udf,
            later: descriptor::later(&**source, total),
            notes: Vec::new(),
        };
        iso.names = match (iso.announced()?, found.joliet) {
            (Some(skip), _) => Names::RockRidge(skip),
            (None, Some(joliet)) => {
                iso.volume = Volume { label: iso.volume.label, ..joliet };
                Names::Joliet
            }
            (None, None) => Names::Plain,
        };
        iso.notes = notes;
        if iso.entry(iso.volume.root)?.is_dir {
            return Ok(iso);
        }
        Err(FsError::corrupt("directory record at", iso.volume.root, "the root is no directory"))
    }

    /// Whether the root's own record announces Rock Ridge.
    fn announced(&self) -> Result<Option<u8>, FsError> {
        let root = self.entry(self.volume.root)?;
        let own = Entry::read(&*self.source, root.place, self.volume.block)?;
        Ok(rock_ridge::read(&*self.source, self.volume.block, &own.system_use)?.announced)
    }

    fn entry(&self, at: u64) -> Result<Entry, FsError> {
        Entry::read(&*self.source, at, self.volume.block)
    }

    /// The record behind `entry` in its directory: in the next sector, where this one is full.
    fn behind(&self, entry: &Entry) -> Result<Entry, FsError> {
        let at = entry.at.saturating_add(entry.len.into());
        let mut len = [0];
        self.source.read_exact_at(at, &mut len)?;
        self.entry(if len == [0] { at.next_multiple_of(SECTOR) } else { at })
    }

    fn fields(&self, entry: &Entry) -> Result<Fields, FsError> {
        let Names::RockRidge(skip) = self.names else { return Ok(Fields::default()) };
        let skip = if entry.at == self.volume.root || entry.is_dot() { 0 } else { skip };
        let area = entry.system_use.get(skip.into()..).unwrap_or_default();
        rock_ridge::read(&*self.source, self.volume.block, area)
    }

    fn name(&self, entry: &Entry, fields: &Fields) -> Vec<u8> {
        match self.names {
            Names::Joliet => {
                let units = entry.name.chunks_exact(2).map(|pair| {
                    u16::from_be_bytes([
                        pair.first().copied().unwrap_or(0),
                        pair.get(1).copied().unwrap_or(0),
                    ])
                });
                let name: String = char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                without_version(name.as_bytes()).to_vec()
            }
            _ => match &fields.name {
                Some(name) => name.clone(),
                None => plain_name(&entry.name),
            },
        }
    }

    /// The record of a directory that was moved: its own, where it lies now.
    fn moved(&self, entry: Entry, fields: &Fields) -> Result<Entry, FsError> {
        let Some(child) = fields.child else { return Ok(entry) };
        let place = u64::from(child).saturating_mul(self.volume.block.into());
        let own = self.entry(place)?;
        Ok(Entry { place, size: own.size, is_dir: true, ..entry })
    }

    /// The entries of the directory whose content is at `dir`.
    fn list(&self, dir: &Entry, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let end = dir.place.saturating_add(dir.size.into());
        let mut sector = dir.place;
        let mut goes_on = false;
        while sector < end {
            let bytes = read_vec(&*self.source, sector, usize::try_from(SECTOR).unwrap_or(0))?;
            let mut at = 0;
            while let Some(&len) = bytes.get(at).filter(|&&len| len != 0) {
                let record = bytes.get(at..).unwrap_or_default();
                let entry = Entry::parse(record, sector.saturating_add(at as u64), self.volume.block)?;
                at += usize::from(len);
                let is_part = std::mem::replace(&mut goes_on, entry.goes_on);
                if entry.is_dot() || is_part {
                    continue;
                }
                let fields = self.fields(&entry)?;
                if fields.relocated {
                    continue;
                }
                let name = self.name(&entry, &fields);
                let kind = (entry.is_dir && fields.posix.is_none()).then_some(FileType::Directory);
                if visit(&name, NodeId(entry.at), kind) == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
            sector = sector.saturating_add(SECTOR);
        }
        Ok(())
    }
}

/// A plain name as Linux shows it: `README.TXT;1` is `readme.txt`.
fn plain_name(name: &[u8]) -> Vec<u8> {
    let name = without_version(name);
    name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase()
}

fn without_version(name: &[u8]) -> &[u8] {
    name.strip_suffix(b";1").unwrap_or(name)
}

impl FileSystem for Iso {
    fn identity(&self) -> Identity {
        let label = Some(self.volume.label.clone()).filter(|label| !label.is_empty());
        Identity { kind: "iso9660", label, ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage { total: self.volume.total, free: 0, block: self.volume.block, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(self.volume.root)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let entry = self.entry(dir.0)?;
        let fields = self.fields(&entry)?;
        let entry = self.moved(entry, &fields)?;
        if !entry.is_dir {
            return Err(FsError::corrupt("directory record at", dir.0, "is no directory"));
        }
        self.list(&entry, visit)
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let mut entry = self.entry(id.0)?;
        if id.0 == self.volume.root {
            // The root's fields stand in its own record, not in the descriptor.
            let own = self.entry(entry.place)?;
            entry = Entry { at: id.0, ..own };
        }
        let fields = self.fields(&entry)?;
        let entry = self.moved(entry, &fields)?;
        Ok(Box::new(node::IsoNode::new(self, entry, fields)?))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn unread(&self) -> Vec<String> {
        let udf =
            self.udf.then(|| "there is a UDF file system beside ISO 9660, which is not read".to_owned());
        let later = self.later.map(|at| {
            format!("a later session begins at byte {at}; its files are searched as raw bytes only")
        });
        udf.into_iter().chain(later).collect()
    }

    fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_look_as_on_linux() {
        assert_eq!(plain_name(b"README.TXT;1"), b"readme.txt");
        assert_eq!(plain_name(b"VMLINUZ.;1"), b"vmlinuz");
        assert_eq!(plain_name(b"BOOT"), b"boot");
    }
}
