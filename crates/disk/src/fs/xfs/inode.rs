//! The inode: its core, and the two forks behind it.
//!
//! Reference: *XFS Algorithms & Data Structures*, "On-disk Inode"; `struct xfs_dinode`.

use super::checksum;
use crate::bytes::Record;
use crate::fs::{FileType, FsError, Metadata, Time};

/// `di_flags`: the content lies on the realtime device.
pub(super) const REALTIME: u16 = 1;
/// `di_flags2`: times count nanoseconds from the earliest moment 32 bits can tell.
const BIGTIME: u64 = 8;
/// `di_flags2`: the wide counters of extents are used.
const NREXT64: u64 = 16;

/// How a fork keeps what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// In the inode.
    Local,
    /// A list of extents in the inode.
    Extents,
    /// The root of a tree of extents.
    Btree,
    /// A device number, or something that is no content.
    Other(u8),
}

impl Format {
    fn parse(code: u8) -> Self {
        match code {
            1 => Self::Local,
            2 => Self::Extents,
            3 => Self::Btree,
            code => Self::Other(code),
        }
    }
}

/// One of the two forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForkKind {
    /// The content.
    Data,
    /// The extended attributes.
    Attributes,
}

/// A fork: where the content, or the attributes, are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fork<'a> {
    pub(super) format: Format,
    /// Number of extents, as the inode claims it.
    pub(super) extents: u64,
    pub(super) bytes: &'a [u8],
}

/// An inode, decoded.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) metadata: Metadata,
    pub(super) flags: u16,
    /// The next of the inodes that were deleted while open.
    pub(super) next_unlinked: u32,
    record: Vec<u8>,
    /// Where the core ends and the forks begin.
    core: usize,
    /// Bytes of the data fork.
    data_len: usize,
    formats: (Format, Format),
    counts: (u64, u64),
}

impl Inode {
    /// The numbers of a device, as the data fork has them.
    pub(super) fn device(&self) -> Option<(u32, u32)> {
        if !matches!(self.metadata.file_type, FileType::BlockDevice | FileType::CharDevice) {
            return None;
        }
        let bytes = self.record.get(self.core..self.core.checked_add(4)?)?;
        let number = u32::from_be_bytes(bytes.try_into().ok()?);
        Some((number >> 18, number & 0x3_ffff))
    }

    /// Decodes the record of inode `number`.
    pub(super) fn parse(number: u64, bytes: Vec<u8>) -> Result<Self, FsError> {
        let record = Record::new("inode", &bytes);
        let corrupt = |problem: String| FsError::corrupt("inode", number, problem);
        if record.bytes(0, 2)? != b"IN" {
            return Err(corrupt(format!("magic {:#06x}", record.u16_be(0)?)));
        }
        let (mode, version) = (record.u16_be(2)?, record.u8(4)?);
        let file_type =
            file_type(mode).ok_or_else(|| corrupt(format!("mode {mode:#o} is of no known type")))?;
        let flags2 = if version >= 3 { record.u64_be(120)? } else { 0 };
        let metadata = metadata(&record, file_type, mode, version, flags2)?;
        let core = if version >= 3 { 176 } else { 100 };
        let room = bytes.len().saturating_sub(core);
        let fork_offset = usize::from(record.u8(82)?).saturating_mul(8);
        if fork_offset > room {
            return Err(corrupt(format!("attributes at {fork_offset} of {room} bytes")));
        }
        let counts = if flags2 & NREXT64 == 0 {
            (record.u32_be(76)?.into(), record.u16_be(80)?.into())
        } else {
            (record.u64_be(24)?, record.u32_be(76)?.into())
        };
        let has_attributes = fork_offset > 0;
        Ok(Self {
            number,
            metadata,
            flags: record.u16_be(90)?,
            next_unlinked: record.u32_be(96)?,
            core,
            data_len: if has_attributes { fork_offset } else { room },
            formats: (Format::parse(record.u8(5)?), Format::parse(record.u8(83)?)),
            counts: (counts.0, if has_attributes { counts.1 } else { 0 }),
            record: bytes,
        })
    }

    /// The fork of the content, or of the attributes.
    pub(super) fn fork(&self, kind: ForkKind) -> Fork<'_> {
        let forks = self.record.get(self.core..).unwrap_or_default();
        let (data, attributes) = forks.split_at_checked(self.data_len).unwrap_or((forks, &[]));
        match kind {
            ForkKind::Data => Fork { format: self.formats.0, extents: self.counts.0, bytes: data },
            ForkKind::Attributes => {
                Fork { format: self.formats.1, extents: self.counts.1, bytes: attributes }
            }
        }
    }

    /// The record as it is on the disk.
    pub(super) fn record(&self) -> Record<'_> {
        Record::new("inode", &self.record)
    }

    /// Whether the checksum is right, and the record that of this inode.
    pub(super) fn is_sound(&self) -> bool {
        let record = Record::new("inode", &self.record);
        self.core == 176
            && record.u64_be(152).is_ok_and(|number| number == self.number)
            && checksum::matches(&self.record, checksum::INODE)
    }
}

fn metadata(
    record: &Record<'_>,
    file_type: FileType,
    mode: u16,
    version: u8,
    flags2: u64,
) -> Result<Metadata, FsError> {
    let time = |offset: usize| -> Result<Time, FsError> {
        Ok(if flags2 & BIGTIME == 0 {
            short_time(i32::from_be_bytes(record.array(offset)?), record.u32_be(offset + 4)?)
        } else {
            big_time(record.u64_be(offset)?)
        })
    };
    Ok(Metadata {
        file_type,
        size: record.u64_be(56)?,
        mode: mode & 0o7777,
        uid: record.u32_be(8)?,
        gid: record.u32_be(12)?,
        links: if version == 1 { record.u16_be(6)?.into() } else { record.u32_be(16)? },
        modified: time(40)?,
        changed: time(48)?,
        accessed: time(32)?,
        created: if version >= 3 { Some(time(144)?) } else { None },
    })
}

fn file_type(mode: u16) -> Option<FileType> {
    Some(match mode >> 12 {
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x4 => FileType::Directory,
        0x6 => FileType::BlockDevice,
        0x8 => FileType::Regular,
        0xA => FileType::Symlink,
        0xC => FileType::Socket,
        _ => return None,
    })
}

fn short_time(seconds: i32, nanoseconds: u32) -> Time {
    Time { seconds: seconds.into(), nanoseconds: nanoseconds.min(999_999_999) }
}

fn big_time(nanoseconds: u64) -> Time {
    let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
    Time {
        seconds: seconds.saturating_add(i32::MIN.into()),
        nanoseconds: u32::try_from(nanoseconds % 1_000_000_000).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[..6].copy_from_slice(&[b'I', b'N', 0x81, 0xED, 3, 2]);
        bytes[8..12].copy_from_slice(&70_000_u32.to_be_bytes());
        bytes[16..20].copy_from_slice(&2_u32.to_be_bytes());
        bytes[76..80].copy_from_slice(&5_u32.to_be_bytes());
        bytes[80..83].copy_from_slice(&[0, 1, 20]);
        bytes[83] = 1;
        bytes[152..160].copy_from_slice(&131_u64.to_be_bytes());
        bytes
    }

    #[test]
    fn forks_lie_behind_the_core() {
        let inode = Inode::parse(131, golden()).unwrap();
        assert_eq!((inode.metadata.mode, inode.metadata.uid, inode.metadata.links), (0o755, 70_000, 2));
        let (data, attributes) = (inode.fork(ForkKind::Data), inode.fork(ForkKind::Attributes));
        assert_eq!((data.format, data.extents, data.bytes.len()), (Format::Extents, 5, 160));
        assert_eq!((attributes.format, attributes.extents), (Format::Local, 1));
        assert_eq!(attributes.bytes.len(), 512 - 176 - 160);
    }

    #[test]
    fn wide_counters_take_the_place_of_the_narrow_ones() {
        let mut bytes = golden();
        bytes[127] = 16;
        bytes[24..32].copy_from_slice(&(1_u64 << 40).to_be_bytes());
        let inode = Inode::parse(131, bytes).unwrap();
        assert_eq!(inode.fork(ForkKind::Data).extents, 1 << 40);
        assert_eq!(inode.fork(ForkKind::Attributes).extents, 5);
    }

    #[test]
    fn nonsense_is_corrupt_with_its_number() {
        let poked = |offset: usize, value: u8| {
            let mut bytes = golden();
            bytes[offset] = value;
            Inode::parse(131, bytes).unwrap_err().to_string()
        };
        assert_eq!(poked(0, 0), "inode 131: magic 0x004e");
        assert_eq!(poked(2, 0), "inode 131: mode 0o355 is of no known type");
        assert_eq!(poked(82, 60), "inode 131: attributes at 480 of 336 bytes");
    }

    #[test]
    fn times_reach_before_1970_and_behind_2038() {
        assert_eq!(short_time(-1, 5), Time { seconds: -1, nanoseconds: 5 });
        assert_eq!(big_time(0).seconds, -(1 << 31));
        let later = big_time(((1 << 31) + (1 << 33)) * 1_000_000_000 + 7);
        assert_eq!(later, Time { seconds: 1 << 33, nanoseconds: 7 });
    }
}
