//! Fields of entries: they lie once in the file, whatever number of entries has them, and may be packed.

use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

use assay_disk::bytes::{ReadError, Record, Source, read_vec};
use assay_disk::compression::{Method, xz_stream};

use super::object::{HEAD, Kind, Object};

/// Bytes of a field that are kept: what is longer is a core dump, and no text.
const LONGEST: usize = 64 << 10;
/// Bytes of an entry's fields that are kept.
const ENTRY: usize = 8 << 20;
/// Bytes of packed content that are looked at.
const PACKED: u64 = 1 << 20;
/// Bytes that an LZ4 block may unpack to: it comes out whole or not at all.
const LZ4: usize = 8 << 20;
/// Memory of an XZ decoder.
const XZ_MEMORY: u64 = 16 << 20;
/// How many times its own length a journal may unpack to, beyond the first part: fields are shared by entries.
const RATIO: u64 = 64;
const FREE: u64 = 64 << 20;
/// Fields that are kept: most entries share their machine, their boot, their unit.
const KEPT: usize = 4096;
/// Bytes of a field that is kept.
const KEPT_LENGTH: usize = 256;

/// Reads fields by their places.
pub(super) struct Fields<'a> {
    source: &'a dyn Source,
    is_compact: bool,
    /// Those that were met, with their hashes.
    kept: HashMap<u64, (u64, Rc<[u8]>)>,
    /// Bytes that may still come out of packed and long fields.
    left: u64,
    /// Bytes of the entry at hand.
    entry: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a dyn Source, is_compact: bool) -> Self {
        let left = source.len().saturating_mul(RATIO).saturating_add(FREE);
        Self { source, is_compact, kept: HashMap::new(), left, entry: 0 }
    }

    /// The next entry begins.
    pub(super) fn begin(&mut self) {
        self.entry = 0;
    }

    /// The field whose object is at `offset` and has this hash; none, where there is none, or a limit is met.
    pub(super) fn read(&mut self, offset: u64, hash: Option<u64>) -> Result<Option<Vec<u8>>, ReadError> {
        let field = match self.kept.get(&offset) {
            Some((own, field)) => (*own, field.to_vec()),
            None => match self.load(offset)? {
                Some(loaded) => loaded,
                None => return Ok(None),
            },
        };
        let (own, field) = field;
        self.entry = self.entry.saturating_add(field.len());
        let is_it = hash.is_none_or(|hash| hash == own) && self.entry <= ENTRY;
        Ok(is_it.then_some(field))
    }

    fn load(&mut self, offset: u64) -> Result<Option<(u64, Vec<u8>)>, ReadError> {
        let head: usize = if self.is_compact { 72 } else { 64 };
        let room = self.source.len().saturating_sub(offset);
        if !offset.is_multiple_of(8) || room < head as u64 {
            return Ok(None);
        }
        // Most fields are short: the head and the field are one read.
        let first = read_vec(self.source, offset, usize::try_from(room.min(256)).unwrap_or(head))?;
        let object = first.get(..HEAD).and_then(|bytes| Object::parse(bytes, offset, self.is_compact));
        let Some(object) = object.filter(|object| object.kind == Kind::Data && object.size <= room) else {
            return Ok(None);
        };
        let hash = Record::new("journal data", &first).u64_le(16).unwrap_or_default();
        let len = object.size.saturating_sub(head as u64);
        let wanted = if object.flags == 0 { len.min(LONGEST as u64) } else { len };
        if wanted > PACKED {
            return Ok(None);
        }
        let wanted = usize::try_from(wanted).unwrap_or(0);
        let payload = match first.get(head..head.saturating_add(wanted)) {
            Some(payload) => payload.to_vec(),
            None => {
                let Some(left) = self.left.checked_sub(wanted as u64) else { return Ok(None) };
                self.left = left;
                read_vec(self.source, offset.saturating_add(head as u64), wanted)?
            }
        };
        let Some(field) = self.unpacked(payload, object.flags) else { return Ok(None) };
        if field.len() <= KEPT_LENGTH {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(offset, (hash, field.as_slice().into()));
        }
        Ok(Some((hash, field)))
    }

    /// The first bytes of what is packed; none where it is damaged, or the journal has unpacked too much.
    fn unpacked(&mut self, payload: Vec<u8>, flags: u8) -> Option<Vec<u8>> {
        let mut field = match flags {
            0 => return Some(payload),
            1 => prefix(xz_stream(payload.as_slice(), XZ_MEMORY).ok()?, self.left)?,
            2 => lz4(&payload, self.left)?,
            _ => prefix(zstd::stream::read::Decoder::with_buffer(payload.as_slice()).ok()?, self.left)?,
        };
        self.left = self.left.saturating_sub(field.len() as u64);
        field.truncate(LONGEST);
        Some(field)
    }
}

/// The first bytes that a decoder gives.
fn prefix(decoder: impl Read, left: u64) -> Option<Vec<u8>> {
    let mut field = Vec::new();
    let limit = LONGEST as u64;
    decoder.take(limit.min(left)).read_to_end(&mut field).ok()?;
    (!field.is_empty()).then_some(field)
}

/// systemd puts the length (64 bits) before the block.
fn lz4(payload: &[u8], left: u64) -> Option<Vec<u8>> {
    let (len, block) = payload.split_first_chunk::<8>()?;
    let len =
        usize::try_from(u64::from_le_bytes(*len)).ok().filter(|&len| len <= LZ4 && len as u64 <= left)?;
    // A byte of a block makes 255 at most.
    let is_possible = len <= block.len().saturating_mul(255);
    let mut field = vec![0; if is_possible { len } else { return None }];
    let unpacked = Method::Lz4.unpack(block, &mut field).ok()?;
    (unpacked == len && len > 0).then_some(field)
}
