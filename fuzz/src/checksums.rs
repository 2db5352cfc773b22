//! Checksums of patched structures made right again: with a wrong one a reader stops at the first look.
//!
//! Where the structures are is found once, in the sound image; what is counted follows the patched bytes.

use crate::Patched;

/// A structure with a checksum.
pub struct Sum {
    /// Its first byte in the image.
    pub at: u64,
    /// Its length; a patch anywhere in it makes a new checksum.
    pub len: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// CRC-32C of everything, the field counted as zeros: XFS, VHDX.
    Crc32c {
        field: usize,
    },
    /// CRC-32C of what lies behind the field's 32 bytes.
    Btrfs,
    /// The complement of CRC-32C: of what lies before the superblock's field in ext, of everything in its journal.
    Ext,
    Journal,
    /// A block of fast commits, which ends with the sum of its records.
    FastCommits,
    /// A record of the XFS log: none is as good as a right one.
    Log,
    /// The boot region of exFAT, and a set of entries.
    ExfatBoot,
    ExfatSet,
    /// An LVM label, and a header of metadata with its text.
    LvmLabel,
    LvmArea,
    /// Superblocks of md.
    Md1,
    Md0,
    /// Header and entries of a GPT; the header's place.
    Gpt {
        header: u64,
    },
    /// Footer and header of VHD.
    Vhd {
        field: usize,
    },
    /// A header of tar.
    Tar,
}

/// The structures of a sound image.
pub fn find(bytes: &[u8]) -> Vec<Sum> {
    let mut sums = Vec::new();
    let fsid = bytes.get(65_536 + 32..65_536 + 48).filter(|_| bytes.get(65_600..65_608) == Some(b"_BHRfS_M"));
    let node = u64::from(le32(bytes, 65_536 + 148));
    let geometry = Xfs::of(bytes);
    for at in (0..bytes.len()).step_by(512) {
        let unit = &bytes[at..bytes.len().min(at + 512)];
        if unit.iter().all(|&byte| byte == 0) {
            continue;
        }
        let mut add = |len: u64, kind: Kind| sums.push(Sum { at: at as u64, len, kind });
        if fsid.is_some() && at % 4096 == 0 && unit.get(32..48) == fsid {
            add(if unit.get(64..72) == Some(b"_BHRfS_M") { 4096 } else { node }, Kind::Btrfs);
        }
        if let Some((len, field)) = geometry.as_ref().and_then(|xfs| xfs.structure(unit)) {
            add(len, if field == 0 { Kind::Log } else { Kind::Crc32c { field } });
        }
        common(bytes, at, unit, &mut add);
    }
    let exfat = if bytes.get(3..11) == Some(b"EXFAT   ") { bytes.len() } else { 0 };
    for at in (0..exfat).step_by(32) {
        let count = bytes.get(at + 1).copied().unwrap_or_default();
        let len = (usize::from(count) + 1) * 32;
        let set = bytes.get(at..at + len).filter(|set| set[0] == 0x85 && (2..19).contains(&count));
        if set.is_some_and(|set| exfat_set(set).to_le_bytes() == set[2..4]) {
            sums.push(Sum { at: at as u64, len: len as u64, kind: Kind::ExfatSet });
        }
    }
    sums
}

fn common(bytes: &[u8], at: usize, unit: &[u8], add: &mut dyn FnMut(u64, Kind)) {
    let has = |offset: usize, mark: &[u8]| unit.get(offset..offset + mark.len()) == Some(mark);
    if at % 1024 == 0 && has(56, b"\x53\xef") {
        add(1024, Kind::Ext);
    } else if has(0, b"\xc0\x3b\x39\x98\0\0\0\x04") {
        add(1024, Kind::Journal);
    } else if at % 1024 == 0 && (has(0, b"\x09\0\x08\0") || has(0, b"\x06\0\xa4\0")) {
        add(1024, Kind::FastCommits);
    } else if has(3, b"EXFAT   ") {
        add(12 * 512, Kind::ExfatBoot);
    } else if has(0, b"LABELONE") {
        add(512, Kind::LvmLabel);
    } else if has(4, b" LVM2 x[5A%r0N*>") {
        add(64 << 10, Kind::LvmArea);
    } else if has(0, b"\xfc\x4e\x2b\xa9\x01\0\0\0") {
        add(512, Kind::Md1);
    } else if has(0, b"\xfc\x4e\x2b\xa9\0\0\0\0") {
        add(4096, Kind::Md0);
    } else if has(0, b"EFI PART") {
        add(512, Kind::Gpt { header: at as u64 });
    } else if has(0, b"conectix") {
        add(512, Kind::Vhd { field: 64 });
    } else if has(0, b"cxsparse") {
        add(1024, Kind::Vhd { field: 36 });
    } else if has(0, b"head") && bytes.starts_with(b"vhdxfile") {
        add(4096, Kind::Crc32c { field: 4 });
    } else if has(0, b"regi") && bytes.starts_with(b"vhdxfile") {
        add(64 << 10, Kind::Crc32c { field: 4 });
    } else if has(257, b"ustar") {
        add(512, Kind::Tar);
    }
    if at == 1024 && bytes.get(512..520) == Some(b"EFI PART") {
        add(16 << 10, Kind::Gpt { header: 512 });
    }
}

/// The sizes of an XFS of version 5.
struct Xfs {
    sector: u64,
    block: u64,
    inode: u64,
}

impl Xfs {
    fn of(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 2).map(|two| u64::from(two[0]) << 8 | u64::from(two[1]));
        let is_5 = bytes.starts_with(b"XFSB") && word(100)? & 15 == 5;
        is_5.then_some(Self { sector: word(102)?, block: word(4)? << 16 | word(6)?, inode: word(104)? })
    }

    /// Length and place of the checksum of what begins with `unit`.
    fn structure(&self, unit: &[u8]) -> Option<(u64, usize)> {
        let (mark, short) = (unit.get(..4)?, unit.get(8..10)?);
        Some(match mark {
            b"XFSB" => (self.sector, 224),
            b"XAGF" => (self.sector, 216),
            b"XAGI" => (self.sector, 312),
            b"XAFL" => (self.sector, 32),
            b"AB3B" | b"AB3C" | b"IAB3" | b"FIB3" | b"RMB3" | b"R3FC" => (self.block, 52),
            b"BMA3" => (self.block, 64),
            b"XDB3" | b"XDD3" | b"XDF3" => (self.block, 4),
            b"XSLM" | b"XARM" => (self.block, 12),
            b"\xfe\xed\xba\xbe" => (32 << 10, 0),
            [b'I', b'N', ..] if unit.get(4) == Some(&3) => (self.inode, 100),
            _ if matches!(short, [0x3d, 0xf1 | 0xff] | [0x3e, 0xbe] | [0x3b, 0xee]) => (self.block, 12),
            _ => return None,
        })
    }
}

impl Sum {
    /// Puts the right checksum into `image`.
    pub(crate) fn renew(&self, image: &mut Patched) {
        let mut bytes = image.get(self.at, self.len as usize);
        let (field, sum): (usize, Vec<u8>) = match self.kind {
            Kind::Crc32c { field } => {
                bytes[field..field + 4].fill(0);
                (field, crc32c::crc32c(&bytes).to_le_bytes().into())
            }
            Kind::Btrfs => (0, crc32c::crc32c(&bytes[32..]).to_le_bytes().into()),
            Kind::Ext => (1020, (!crc32c::crc32c(&bytes[..1020])).to_le_bytes().into()),
            Kind::Journal => {
                bytes[0xfc..0x100].fill(0);
                (0xfc, (!crc32c::crc32c(&bytes)).to_be_bytes().into())
            }
            Kind::FastCommits => {
                let Some((at, sum)) = fast_commits(&bytes) else { return };
                (at, sum.to_le_bytes().into())
            }
            Kind::Log => (32, vec![0; 4]),
            Kind::ExfatBoot => (11 * 512, exfat_boot(&bytes[..11 * 512]).to_le_bytes().repeat(128)),
            Kind::ExfatSet => {
                let count = usize::from(bytes[1]).min(18);
                (2, exfat_set(&image.get(self.at, (count + 1) * 32)).to_le_bytes().into())
            }
            Kind::LvmLabel => (16, lvm(&bytes[20..]).to_le_bytes().into()),
            Kind::LvmArea => {
                let (start, len) = (le32(&bytes, 40) as usize, le32(&bytes, 48) as usize);
                if let Some(text) = bytes.get(start..start.saturating_add(len)) {
                    let sum = lvm(text).to_le_bytes();
                    bytes[56..60].copy_from_slice(&sum);
                }
                image.put(self.at + 56, &bytes[56..60]);
                (0, lvm(&bytes[4..512]).to_le_bytes().into())
            }
            Kind::Md1 => {
                let len = 256 + 2 * (le32(&bytes, 220) as usize).min(2000);
                (216, md(&image.get(self.at, len), 216).to_le_bytes().into())
            }
            Kind::Md0 => (152, md(&bytes, 152).to_le_bytes().into()),
            Kind::Gpt { header } => return gpt(image, header),
            Kind::Vhd { field } => {
                bytes[field..field + 4].fill(0);
                let sum = bytes.iter().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
                (field, (!sum).to_be_bytes().into())
            }
            Kind::Tar => {
                bytes[148..156].fill(b' ');
                let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
                (148, format!("{sum:06o}\0 ").into_bytes())
            }
        };
        image.put(self.at + field as u64, &sum);
    }
}

/// Place and value of the sum in the first tail.
fn fast_commits(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut at = 0;
    loop {
        let head = bytes.get(at..at + 4)?;
        let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
        if head.starts_with(&[8, 0]) {
            let sum = !crc32c::crc32c_append(!0, bytes.get(..at + 8)?);
            return (at + 12 <= bytes.len()).then_some((at + 8, sum));
        }
        at += 4 + len;
    }
}

fn gpt(image: &mut Patched, at: u64) {
    let header = image.get(at, 512);
    let start = u64::from(le32(&header, 72)) * 512;
    let len = (le32(&header, 80) as usize).saturating_mul(le32(&header, 84) as usize);
    if len <= 64 << 10 {
        let sum = crc32fast::hash(&image.get(start, len));
        image.put(at + 88, &sum.to_le_bytes());
    }
    image.put(at + 16, &[0; 4]);
    let len = (le32(&header, 12) as usize).min(512);
    let sum = crc32fast::hash(&image.get(at, len));
    image.put(at + 16, &sum.to_le_bytes());
}

fn lvm(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(!0xf597_a6cf);
    hasher.update(bytes);
    !hasher.finalize()
}

fn md(bytes: &[u8], skip: usize) -> u32 {
    let words = (0..bytes.len()).step_by(4).filter(|at| *at != skip).map(|at| {
        let mut word = [0; 4];
        word.iter_mut().zip(&bytes[at..]).for_each(|(to, from)| *to = *from);
        u64::from(u32::from_le_bytes(word))
    });
    let sum: u64 = words.sum();
    (sum as u32).wrapping_add((sum >> 32) as u32)
}

fn exfat_boot(bytes: &[u8]) -> u32 {
    let counted = bytes.iter().enumerate().filter(|(at, _)| !matches!(at, 106 | 107 | 112));
    counted.fold(0_u32, |sum, (_, byte)| sum.rotate_right(1).wrapping_add(u32::from(*byte)))
}

fn exfat_set(bytes: &[u8]) -> u16 {
    let counted = bytes.iter().enumerate().filter(|(at, _)| !matches!(at, 2 | 3));
    counted.fold(0_u16, |sum, (_, byte)| sum.rotate_right(1).wrapping_add(u16::from(*byte)))
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| u32::from_le_bytes(four.try_into().unwrap_or_default()))
}
