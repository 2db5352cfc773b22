//! A file: its record, and those that it goes on in.

use std::collections::BTreeSet;

use super::record::{Attribute, FileRecord, NUMBER, kind};
use super::reparse::{self, Reparse};
use super::value::Value;
use super::volume::Volume;
use super::wof;
use crate::bytes::Record;
use crate::fs::utf16;
use crate::fs::{FileType, FsError, Metadata, Time};

/// Windows allows no longer list of attributes, in bytes.
pub(super) const LIST_LIMIT: u64 = 256 << 10;
/// Largest reparse point, in bytes; Windows allows 16 KiB.
const REPARSE_LIMIT: u64 = 64 << 10;

const READ_ONLY: u32 = 1;
const SYSTEM: u32 = 4;
/// Flags of files whose content is not on the volume: "offline", and two of "recall on access".
const NOT_HERE: u32 = 0x1000 | 0x4_0000 | 0x40_0000;
const INTERIX_LINK: &[u8] = b"IntxLNK\x01";
/// Bytes of the longest link of Interix, with its mark.
const INTERIX_LIMIT: u64 = 8 + 2 * 4096;
/// The namespace of names that exist for MS-DOS alone.
const DOS: u8 = 2;

/// A file, directory or other entry.
pub(super) struct File {
    pub(super) number: u64,
    pub(super) sequence: u16,
    pub(super) is_directory: bool,
    pub(super) attributes: Vec<Attribute>,
    /// Why attributes may be missing.
    pub(super) damage: Option<FsError>,
    pub(super) reparse: Option<Reparse>,
}

/// An entry of the list of attributes that do not fit into one record.
pub(super) struct Listed {
    pub(super) kind: u32,
    /// First cluster of the value that is mapped there.
    pub(super) first: u64,
    pub(super) record: u64,
}

/// Decodes a list of attributes.
pub(super) fn list(bytes: &[u8]) -> Result<Vec<Listed>, FsError> {
    let record = Record::new("attribute list", bytes);
    let (mut entries, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let len = usize::from(record.u16_le(at.saturating_add(4))?);
        let entry = record.part("entry of an attribute list", at, len)?;
        let (kind, first) = (entry.u32_le(0)?, entry.u64_le(8)?);
        entries.push(Listed { kind, first, record: entry.u64_le(16)? & NUMBER });
        at = at.saturating_add(len);
    }
    Ok(entries)
}

impl File {
    pub(super) fn read(volume: &Volume, number: u64) -> Result<Self, FsError> {
        let record = volume.record(number)?;
        if !record.in_use || record.base != 0 {
            let problem = if record.in_use { "it is a part of another file" } else { "it is not in use" };
            return Err(FsError::corrupt("file record", number, problem));
        }
        Ok(Self::of(volume, number, record))
    }

    /// Puts a deleted file together, from records that are not in use.
    pub(super) fn deleted(volume: &Volume, number: u64) -> Result<Self, FsError> {
        let record = volume.unused_record(number)?;
        if record.in_use || record.base != 0 {
            return Err(FsError::corrupt("file record", number, "is no deleted file"));
        }
        Ok(Self::of(volume, number, record))
    }

    fn of(volume: &Volume, number: u64, record: FileRecord) -> Self {
        let in_use = record.in_use;
        let FileRecord { sequence, is_directory, attributes, .. } = record;
        let mut file = Self { number, sequence, is_directory, attributes, damage: None, reparse: None };
        file.damage = file.gather(volume, in_use).err();
        match file.read_reparse(volume) {
            Ok(reparse) => file.reparse = reparse,
            Err(error) => file.damage = file.damage.or(Some(error)),
        }
        file
    }

    /// Takes the attributes of the other records.
    fn gather(&mut self, volume: &Volume, in_use: bool) -> Result<(), FsError> {
        let Some(list) = self.attributes.iter().find(|one| one.kind == kind::ATTRIBUTE_LIST) else {
            return Ok(());
        };
        let bytes = Value::assemble(volume, self.number, &[list])?.whole(volume, LIST_LIMIT)?;
        let others: BTreeSet<u64> = self::list(&bytes)?.iter().map(|entry| entry.record).collect();
        for other in others.into_iter().filter(|&other| other != self.number) {
            let record = if in_use { volume.record(other)? } else { volume.unused_record(other)? };
            if record.in_use != in_use || record.base != self.number {
                let problem = format!("a part of file record {} should be here", self.number);
                return Err(FsError::corrupt("file record", other, problem));
            }
            self.attributes.extend(record.attributes);
        }
        Ok(())
    }

    fn read_reparse(&self, volume: &Volume) -> Result<Option<Reparse>, FsError> {
        if !self.attributes.iter().any(|one| one.kind == kind::REPARSE_POINT) {
            return self.read_interix(volume);
        }
        let bytes = self.value(volume, kind::REPARSE_POINT, b"")?.whole(volume, REPARSE_LIMIT)?;
        let parsed = reparse::parse(&bytes)?;
        // A file of the cloud that is here in full.
        let here = self.standard_information().1 & NOT_HERE == 0;
        Ok(Some(if here && reparse::is_cloud(&bytes) { Reparse::Mark } else { parsed }))
    }

    /// A symbolic link as Interix and ntfs-3g make it: a system file of a mark and the target.
    fn read_interix(&self, volume: &Volume) -> Result<Option<Reparse>, FsError> {
        let len = self.size(0);
        let may_be = self.standard_information().1 & SYSTEM != 0 && !self.is_directory;
        if self.number < 16 || !may_be || !(10..INTERIX_LIMIT).contains(&len) {
            return Ok(None);
        }
        let bytes = self.value(volume, kind::DATA, b"")?.whole(volume, INTERIX_LIMIT)?;
        Ok(bytes.strip_prefix(INTERIX_LINK).map(|target| Reparse::Link(utf16::path(target))))
    }

    /// The value of an attribute.
    ///
    /// # Errors
    /// [`FsError`], if there is none, or it makes no sense.
    pub(super) fn value(&self, volume: &Volume, kind: u32, name: &[u8]) -> Result<Value, FsError> {
        let pieces: Vec<&Attribute> =
            self.attributes.iter().filter(|one| one.kind == kind && one.name == name).collect();
        if let (true, Some(error)) = (pieces.is_empty(), &self.damage) {
            return Err(error.clone());
        }
        Value::assemble(volume, self.number, &pieces)
    }

    /// The content: of the stream `number`, or of the file itself (0).
    pub(super) fn content(&self, volume: &Volume, number: u64) -> Result<Value, FsError> {
        let name = match number.checked_sub(1).and_then(|index| usize::try_from(index).ok()) {
            None => Vec::new(),
            Some(index) => self.streams().into_iter().nth(index).ok_or_else(|| {
                FsError::corrupt("file record", self.number, format!("it has no stream {number}"))
            })?,
        };
        if let Some(error) = &self.damage {
            return Err(error.clone());
        }
        if !self.attributes.iter().any(|one| one.kind == kind::DATA && one.name == name) {
            return self.without_content();
        }
        let value = self.value(volume, kind::DATA, &name)?;
        match &self.reparse {
            Some(Reparse::Packed(algorithm)) if name.is_empty() => {
                let packed = self.value(volume, kind::DATA, &wof::stream_name())?;
                Ok(Value::wof(value.size, wof::Packed::open(volume, *algorithm, packed, value.size)?))
            }
            Some(Reparse::Elsewhere(why)) if name.is_empty() && value.size > 0 => Err(FsError::Unsupported(
                format!("file record {}: its content is elsewhere: {why}", self.number),
            )),
            _ => Ok(value),
        }
    }

    /// Only indexes, streams and links have no content of their own; of another file it was lost.
    fn without_content(&self) -> Result<Value, FsError> {
        let excuses = [kind::INDEX_ROOT, kind::DATA, kind::REPARSE_POINT];
        if self.attributes.iter().any(|one| excuses.contains(&one.kind)) {
            return Ok(Value::memory(Vec::new()));
        }
        Err(FsError::corrupt("file record", self.number, "it has no content"))
    }

    /// The names (UTF-16) of the alternate data streams, sorted. That in which Windows keeps the packed
    /// content of a file is none.
    pub(super) fn streams(&self) -> Vec<Vec<u8>> {
        let packed = matches!(self.reparse, Some(Reparse::Packed(_)));
        let own = wof::stream_name();
        let names = self.attributes.iter().filter(|one| one.kind == kind::DATA).map(|one| &one.name);
        let names: BTreeSet<_> = names.filter(|name| !(name.is_empty() || packed && **name == own)).collect();
        names.into_iter().cloned().collect()
    }

    /// The name of an alternate data stream behind that of its file.
    pub(super) fn stream_path(file: &[u8], stream: &[u8]) -> Vec<u8> {
        [file, b":", &utf16::name(stream)].concat()
    }

    /// What there is to say of stream `number` (0: the file itself). NTFS keeps no mode: 0755 for
    /// directories, 0644 for files, without the right to write where Windows says "read-only".
    pub(super) fn metadata(&self, number: u64) -> Metadata {
        let (times, flags) = self.standard_information();
        let [created, modified, changed, accessed] = times;
        let file_type = match &self.reparse {
            _ if number > 0 => FileType::Regular,
            Some(Reparse::Link(_)) => FileType::Symlink,
            Some(Reparse::Special(special)) => *special,
            _ if self.is_directory => FileType::Directory,
            _ => FileType::Regular,
        };
        let mode = match file_type {
            FileType::Symlink => 0o777,
            FileType::Directory => 0o755,
            _ if flags & READ_ONLY != 0 => 0o444,
            _ => 0o644,
        };
        let size = match file_type {
            FileType::Regular => self.size(number),
            _ => 0,
        };
        let names = self.attributes.iter().filter(|one| {
            let namespace = one.resident().and_then(|value| value.get(65));
            one.kind == kind::FILE_NAME && namespace.is_some_and(|&namespace| namespace != DOS)
        });
        let links = u32::try_from(names.count()).unwrap_or(u32::MAX).max(1);
        let (uid, gid, created) = (0, 0, Some(created));
        Metadata { file_type, size, mode, uid, gid, links, modified, changed, accessed, created }
    }

    /// The size of a stream, as its first piece claims it.
    fn size(&self, number: u64) -> u64 {
        let name = match number.checked_sub(1).and_then(|index| usize::try_from(index).ok()) {
            None => Vec::new(),
            Some(index) => self.streams().into_iter().nth(index).unwrap_or_default(),
        };
        let own = self.attributes.iter().filter(|one| one.kind == kind::DATA && one.name == name);
        own.map(Attribute::claimed_size).max().unwrap_or(0)
    }

    /// Times of creation, of the last change of content and of the record, and of the last access; and flags.
    fn standard_information(&self) -> ([Time; 4], u32) {
        let value = self.attributes.iter().find(|one| one.kind == kind::STANDARD_INFORMATION);
        let record = Record::new("standard information", value.and_then(Attribute::resident).unwrap_or(&[]));
        let times = [0, 8, 16, 24].map(|at| record.u64_le(at).map(time).unwrap_or_default());
        (times, record.u32_le(32).unwrap_or(0))
    }
}

/// A time of Windows: units of 100 nanoseconds since 1601.
pub(super) fn time(ticks: u64) -> Time {
    let seconds = i64::try_from(ticks / 10_000_000).unwrap_or(i64::MAX).saturating_sub(11_644_473_600);
    Time { seconds, nanoseconds: u32::try_from(ticks % 10_000_000 * 100).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_windows_are_ours() {
        assert_eq!(time(116_444_736_000_000_000), Time { seconds: 0, nanoseconds: 0 });
        assert_eq!(time(0).seconds, -11_644_473_600);
        assert_eq!(time(116_444_736_012_345_678), Time { seconds: 1, nanoseconds: 234_567_800 });
    }

    #[test]
    fn an_entry_of_a_list_that_is_no_longer_than_its_length_is_an_error() {
        assert!(list(&[0; 40]).is_err());
        let mut bytes = [0; 32];
        (bytes[0], bytes[4], bytes[16]) = (0x80, 32, 44);
        assert_eq!(list(&bytes).unwrap()[0].record, 44);
    }
}
