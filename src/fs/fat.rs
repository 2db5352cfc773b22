//! FAT12, FAT16 and FAT32: the EFI system partition.
//!
//! The tree is listed once with the `fatfs` crate, which is neither `Sync` nor bounded: it reads through a
//! budget, its panics are errors, and the content of small volumes like this is kept in memory while it is
//! listed. A volume that is too large for that is not supported.

use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::table::{Listed, Listing};
use super::{
    Driver, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place, Time,
    Usage, Visit,
};
use crate::budget::Budget;
use crate::bytes::{Record, Source, Span, read_vec};
use crate::finding::Loss;

/// The driver of FAT.
pub const DRIVER: Driver = Driver { name: "vfat", probe, open: open_boxed };

/// Largest volume that is read, in bytes of data; system partitions are far smaller.
const LIMIT: u64 = 1 << 30;
/// Bytes of all files that are kept.
const CONTENT_LIMIT: u64 = 512 << 20;
const DEPTH: u32 = 64;

struct Fat {
    listing: Listing<Vec<u8>>,
    identity: Identity,
    usage: Usage,
    notes: Vec<Note>,
}

fn probe(source: &dyn Source) -> bool {
    let Ok(boot) = read_vec(source, 0, 512) else { return false };
    let record = Record::new("boot sector", &boot);
    let word = |at| record.u16_le(at).unwrap_or(0);
    let byte = |at| record.u8(at).unwrap_or(0);
    let jump = byte(0) == 0xeb || byte(0) == 0xe9;
    let named = [54, 82].into_iter().any(|at| record.bytes(at, 3).is_ok_and(|mark| mark == b"FAT"));
    jump && named
        && word(510) == 0xaa55
        && matches!(word(11), 512 | 1024 | 2048 | 4096)
        && byte(13).is_power_of_two()
        && word(14) > 0
        && (1..=4).contains(&byte(16))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a driver")]
fn open_boxed(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    let budget = *budget;
    let opened = catch_unwind(AssertUnwindSafe(|| open(&source, &budget)));
    let fat =
        opened.unwrap_or_else(|_| Err(FsError::corrupt("FAT volume", 0, "its reader gave up on it")))?;
    Ok(Box::new(fat))
}

fn open(source: &Arc<dyn Source>, budget: &Budget) -> Result<Fat, FsError> {
    if source.len() > LIMIT {
        return Err(FsError::Unsupported(format!("a FAT volume of {} bytes", source.len())));
    }
    let reader = Bounded {
        source: Arc::clone(source),
        at: 0,
        left: source.len().saturating_mul(2).saturating_add(64 << 20),
        cache: Vec::new(),
        cached_at: 0,
    };
    let broken = |error: io::Error| FsError::corrupt("FAT volume", 0, error.to_string());
    let volume = fatfs::FileSystem::new(reader, fatfs::FsOptions::new()).map_err(broken)?;
    let mut fat = Fat {
        listing: Listing {
            entries: vec![Listed {
                name: Vec::new(),
                metadata: directory(),
                children: Vec::new(),
                content: Vec::new(),
            }],
        },
        identity: Identity {
            kind: "vfat",
            uuid: Some(format!("{:04X}-{:04X}", volume.volume_id() >> 16, volume.volume_id() & 0xffff)),
            label: Some(volume.volume_label().trim().as_bytes().to_vec())
                .filter(|label| !label.is_empty() && label != b"NO NAME"),
            last_mounted: None,
        },
        usage: Usage { total: source.len(), free: 0, block: volume.cluster_size(), data: None },
        notes: Vec::new(),
    };
    let mut kept = 0;
    fat.list(&volume.root_dir(), 0, 0, &mut kept, budget);
    if let Ok(stats) = volume.stats() {
        fat.usage.free = u64::from(stats.free_clusters()).saturating_mul(u64::from(stats.cluster_size()));
    }
    Ok(fat)
}

type Directory<'a> = fatfs::Dir<'a, Bounded>;

impl Fat {
    fn list(&mut self, dir: &Directory<'_>, index: u32, depth: u32, kept: &mut u64, budget: &Budget) {
        for entry in dir.iter() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    return self.lost(
                        Loss::Directory,
                        format!("a directory could not be listed to its end: {error}"),
                    );
                }
            };
            let name = entry.file_name().into_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if self.listing.entries.len() as u64 >= budget.entries.min(1 << 20) || depth >= DEPTH {
                return self.lost(
                    Loss::Directory,
                    "more entries, or deeper directories, than a FAT volume should have".to_owned(),
                );
            }
            let shown = crate::text::Escaped(&name).to_string();
            let mut metadata = directory();
            let mut content = Vec::new();
            if !entry.is_dir() {
                let size = entry.len();
                metadata = Metadata { file_type: FileType::Regular, size, mode: 0o644, ..metadata };
                // What was read counts, not what an entry claims: a lie must not hide the files after it.
                let room = CONTENT_LIMIT.saturating_sub(*kept);
                let read = entry.to_file().take(size.min(room)).read_to_end(&mut content);
                *kept = kept.saturating_add(content.len() as u64);
                if read.is_err() || (content.len() as u64) < size {
                    self.lost(
                        Loss::File,
                        format!("{shown}: {} of {size} bytes could be read", content.len()),
                    );
                }
            }
            let child = self.listing.add(index, Listed { name, metadata, children: Vec::new(), content });
            if entry.is_dir() {
                self.list(&entry.to_dir(), child, depth.saturating_add(1), kept, budget);
            }
        }
    }

    fn lost(&mut self, loss: Loss, text: String) {
        self.notes.push(Note { loss, text });
    }

    fn entry(&self, id: NodeId) -> Result<&Listed<Vec<u8>>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is none"))
    }
}

fn directory() -> Metadata {
    let never = Time::default();
    Metadata {
        file_type: FileType::Directory,
        size: 0,
        mode: 0o755,
        uid: 0,
        gid: 0,
        links: 1,
        modified: never,
        changed: never,
        accessed: never,
        created: None,
    }
}

/// A source as a file with a position, which fails when the crate reads far more than there is: a loop.
struct Bounded {
    source: Arc<dyn Source>,
    at: u64,
    left: u64,
    /// The piece read last: the crate reads entries in pieces of a few bytes.
    cache: Vec<u8>,
    cached_at: u64,
}

/// Bytes that are read at once.
const PIECE: u64 = 32 << 10;

impl Bounded {
    /// The bytes from `at` on that are in memory, after reading them if need be.
    fn piece(&mut self) -> io::Result<&[u8]> {
        let end = self.cached_at.saturating_add(self.cache.len() as u64);
        if !(self.cached_at..end).contains(&self.at) {
            let len = self.source.len().saturating_sub(self.at).min(PIECE);
            let len = usize::try_from(len).unwrap_or(0);
            self.cache = read_vec(&*self.source, self.at, len).map_err(io::Error::other)?;
            self.cached_at = self.at;
        }
        let skip = usize::try_from(self.at.saturating_sub(self.cached_at)).unwrap_or(usize::MAX);
        Ok(self.cache.get(skip..).unwrap_or_default())
    }
}

impl Read for Bounded {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece()?;
        let read = piece.len().min(dst.len());
        for (to, from) in dst.iter_mut().zip(piece) {
            *to = *from;
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other("its chains loop"))?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl io::Write for Bounded {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Seek for Bounded {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let at = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::Current(by) => self.at.checked_add_signed(by),
            io::SeekFrom::End(by) => self.source.len().checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl FileSystem for Fat {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn usage(&self) -> Usage {
        self.usage
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        self.listing.visit(self.entry(dir)?, visit);
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let entry = self.entry(id)?;
        let extent = Extent { start: 0, len: entry.content.len() as u64, place: Place::Opaque };
        Ok(Box::new(FatNode {
            entry,
            extents: if entry.content.is_empty() { Vec::new() } else { vec![extent] },
        }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Err(FsError::Unsupported("the free clusters of FAT are counted, not listed".to_owned()))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

struct FatNode<'f> {
    entry: &'f Listed<Vec<u8>>,
    extents: Vec<Extent>,
}

impl Node for FatNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.entry.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(&self.extents)
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let mut content = Cursor::new(&self.entry.content);
        content.set_position(offset);
        content.read(dst).map_err(|error| FsError::corrupt("file", offset, error.to_string()))
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        Err(FsError::Unsupported("FAT has no symbolic links".to_owned()))
    }

    fn xattrs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, FsError> {
        Ok(Vec::new())
    }
}
