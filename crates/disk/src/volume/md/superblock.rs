//! The superblock of a member of an md array, in its five forms.
//!
//! Reference: the kernel's `include/uapi/linux/raid/md_p.h`; places as in `super_90_load` and
//! `super_1_load` of `drivers/md/md.c`.

use crate::bytes::{Record, Source, Span, Truncated, read_vec};
use crate::text::Escaped;

const MAGIC: u32 = 0xa92b_4efc;
const SECTOR: u64 = 512;
/// The last 64 KiB that are whole have the superblock 0.90.
const RESERVED: u64 = 64 << 10;
const FEATURES_KNOWN: u32 = 0x1fff;

/// What a member says of itself and of its array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::volume) struct Member {
    /// "0.90", "1.0", "1.1", "1.2".
    pub(super) version: &'static str,
    /// The array's UUID.
    pub(super) array: [u8; 16],
    /// Name of the array with its host ("server:0"), or its number.
    pub(super) name: String,
    /// -1: linear, 0, 1, 4, 5, 6, 10.
    pub(super) level: i32,
    pub(super) layout: u32,
    /// Bytes of a chunk.
    pub(super) chunk: u64,
    /// Number of members that hold data.
    pub(super) legs: u32,
    /// Bytes that each member gives, for the levels where all give the same.
    pub(super) size: u64,
    /// Where the member's data lies in it.
    pub(super) data: Span,
    /// Its place in the array; `None` for a spare, failed or journal device.
    pub(super) role: Option<u32>,
    /// Counts the changes: members behind the others are out of date.
    pub(super) events: u64,
    /// Whether all members agreed when it was written.
    pub(super) clean: bool,
    /// Why its data cannot be taken as it is: "being rebuilt", "being reshaped", …
    pub(super) obstacle: Option<&'static str>,
}

impl Member {
    /// The superblock in one of its places: `None` where there is no mark, an error where the mark is there
    /// and the rest is wrong.
    pub(in crate::volume) fn read(source: &dyn Source) -> Option<Result<Self, String>> {
        let len = source.len();
        let late = (len / SECTOR).checked_sub(16).map(|sector| (sector & !7).saturating_mul(SECTOR));
        let places = [("1.2", Some(4096)), ("1.1", Some(0)), ("1.0", late)];
        let mut problem = None;
        for (version, at) in places {
            let Some(at) = at else { continue };
            match read_1(source, version, at) {
                Ok(Some(member)) => return Some(Ok(member)),
                Ok(None) => {}
                Err(error) => problem = Some(error),
            }
        }
        let old = (len & !(RESERVED - 1)).checked_sub(RESERVED);
        match old.map_or(Ok(None), |at| read_090(source, at)) {
            Ok(Some(member)) => return Some(Ok(member)),
            Ok(None) => {}
            Err(error) => problem = Some(error),
        }
        problem.map(Err)
    }
}

/// The sum of all 32-bit words with the carries added, without the word at `skip`.
fn checksum(bytes: &[u8], skip: usize) -> u32 {
    let mut sum = 0_u64;
    for (index, word) in bytes.chunks(4).enumerate() {
        if index * 4 != skip {
            let mut whole = [0; 4];
            whole.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
            sum = sum.wrapping_add(u64::from(u32::from_le_bytes(whole)));
        }
    }
    let folded = (sum & 0xffff_ffff).wrapping_add(sum >> 32) & 0xffff_ffff;
    u32::try_from(folded).unwrap_or_default()
}

fn sectors(sectors: u64) -> u64 {
    sectors.saturating_mul(SECTOR)
}

fn level(raw: u32) -> i32 {
    i32::from_le_bytes(raw.to_le_bytes())
}

fn read_1(source: &dyn Source, version: &'static str, at: u64) -> Result<Option<Member>, String> {
    // The table of roles has one entry a device; mdadm keeps it within 4 KiB.
    let room = source.len().saturating_sub(at).min(4096);
    let Ok(bytes) = read_vec(source, at, usize::try_from(room).unwrap_or(0)) else { return Ok(None) };
    let record = Record::new("md superblock", &bytes);
    if record.u32_le(0) != Ok(MAGIC) || record.u32_le(4) != Ok(1) || record.u64_le(144) != Ok(at / SECTOR) {
        return Ok(None);
    }
    parse_1(&record, version).map_err(|error| error.to_string())?.map(Some)
}

fn parse_1(record: &Record<'_>, version: &'static str) -> Result<Result<Member, String>, Truncated> {
    let devices = record.u32_le(220)? as usize;
    let whole = record.bytes(0, devices.saturating_mul(2).saturating_add(256))?;
    let (stored, found) = (record.u32_le(216)?, checksum(whole, 216));
    if stored != found {
        return Ok(Err(format!("md superblock {version}: checksum {stored:#x} stored, {found:#x} computed")));
    }
    let features = record.u32_le(8)?;
    let place = record.u32_le(160)? as usize;
    let role = match record.u16_le(place.saturating_mul(2).saturating_add(256)) {
        Ok(role) if place < devices && role < 0xfffd => Some(u32::from(role)),
        _ => None,
    };
    let name = record.bytes(32, 32)?;
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    let obstacle = match features {
        f if f & !FEATURES_KNOWN != 0 => Some("of a kind with unknown features"),
        f if f & 4 != 0 => Some("being reshaped"),
        f if f & 2 != 0 => Some("being rebuilt"),
        f if f & 512 != 0 => Some("written through a journal"),
        _ => None,
    };
    let clean = record.u64_le(208)? == u64::MAX;
    Ok(Ok(Member {
        version,
        array: record.array(16)?,
        name: Escaped(name).to_string(),
        level: level(record.u32_le(72)?),
        layout: record.u32_le(76)?,
        chunk: sectors(record.u32_le(88)?.into()),
        legs: record.u32_le(92)?,
        size: sectors(record.u64_le(80)?),
        data: Span::new(sectors(record.u64_le(128)?), sectors(record.u64_le(136)?)),
        role,
        events: record.u64_le(200)?,
        clean,
        obstacle,
    }))
}

/// Superblock 0.90, in the order of bytes of x86 and ARM.
fn read_090(source: &dyn Source, at: u64) -> Result<Option<Member>, String> {
    let Ok(bytes) = read_vec(source, at, 4096) else { return Ok(None) };
    let record = Record::new("md superblock", &bytes);
    if record.u32_le(0) != Ok(MAGIC) || record.u32_le(4) != Ok(0) {
        return Ok(None);
    }
    let (stored, found) = (record.u32_le(152).unwrap_or(0), checksum(&bytes, 152));
    if stored != found {
        return Err(format!("md superblock 0.90: checksum {stored:#x} stored, {found:#x} computed"));
    }
    parse_090(&record, at).map(Some).map_err(|error| error.to_string())
}

fn parse_090(record: &Record<'_>, at: u64) -> Result<Member, Truncated> {
    let mut array = [0; 16];
    let uuid = [record.array::<4>(20)?, record.array(52)?, record.array(56)?, record.array(60)?];
    array.iter_mut().zip(uuid.as_flattened()).for_each(|(to, from)| *to = *from);
    let state = record.u32_le(3968 + 16)?;
    // Active and in sync, neither failed nor removed.
    let role = (state & 0b1111 == 0b0110).then_some(record.u32_le(3968 + 12)?);
    let chunk = u64::from(record.u32_le(260)?);
    Ok(Member {
        version: "0.90",
        array,
        name: record.u32_le(44)?.to_string(),
        level: level(record.u32_le(28)?),
        layout: record.u32_le(256)?,
        chunk,
        legs: record.u32_le(40)?,
        size: u64::from(record.u32_le(32)?).saturating_mul(1024),
        data: Span::new(0, at),
        role,
        events: u64::from(record.u32_le(160)?) << 32 | u64::from(record.u32_le(156)?),
        clean: record.u32_le(132)? & 1 == 1,
        obstacle: (record.u32_le(8)? > 90).then_some("being reshaped"),
    })
}

#[cfg(test)]
pub(in crate::volume) mod made {
    //! Writes members for the tests.

    use super::{MAGIC, checksum};

    /// The numbers of an array.
    #[derive(Clone, Copy)]
    pub(in crate::volume) struct Numbers {
        pub(in crate::volume) level: i32,
        pub(in crate::volume) layout: u32,
        pub(in crate::volume) chunk: u64,
        pub(in crate::volume) legs: u32,
        /// Bytes that each gives.
        pub(in crate::volume) size: u64,
    }

    fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
        block[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes superblock 1.x to `at` bytes of `disk`, for data of `size` bytes from `data`.
    pub(in crate::volume) fn one(
        disk: &mut [u8],
        at: u64,
        (data, size): (u64, u64),
        numbers: Numbers,
        role: u16,
        events: u64,
    ) {
        let mut block = vec![0; 256 + 2 * 16];
        put(&mut block, 0, &MAGIC.to_le_bytes());
        put(&mut block, 4, &1_u32.to_le_bytes());
        put(&mut block, 16, b"array of a test!");
        put(&mut block, 32, b"host:7");
        put(&mut block, 72, &numbers.level.to_le_bytes());
        put(&mut block, 76, &numbers.layout.to_le_bytes());
        put(&mut block, 80, &(numbers.size / 512).to_le_bytes());
        put(&mut block, 88, &u32::try_from(numbers.chunk / 512).unwrap().to_le_bytes());
        put(&mut block, 92, &numbers.legs.to_le_bytes());
        put(&mut block, 128, &(data / 512).to_le_bytes());
        put(&mut block, 136, &(size / 512).to_le_bytes());
        put(&mut block, 144, &(at / 512).to_le_bytes());
        put(&mut block, 160, &u32::from(role).to_le_bytes());
        put(&mut block, 200, &events.to_le_bytes());
        put(&mut block, 208, &u64::MAX.to_le_bytes());
        put(&mut block, 220, &16_u32.to_le_bytes());
        for device in 0..16_u16 {
            let there = u32::from(device) < numbers.legs;
            let value = if there { device } else { 0xffff };
            put(&mut block, 256 + 2 * usize::from(device), &value.to_le_bytes());
        }
        let sum = checksum(&block, 216);
        put(&mut block, 216, &sum.to_le_bytes());
        put(disk, usize::try_from(at).unwrap(), &block);
    }

    /// Writes superblock 0.90 to the end of `disk`.
    pub(in crate::volume) fn old(disk: &mut [u8], numbers: Numbers, role: u32, events: u32) {
        let mut block = vec![0; 4096];
        let word = |block: &mut Vec<u8>, at: usize, value: u32| put(block, at, &value.to_le_bytes());
        for (at, value) in [
            (0, MAGIC),
            (8, 90),
            (20, 0x1111),
            (28, u32::from_le_bytes(numbers.level.to_le_bytes())),
            (32, u32::try_from(numbers.size / 1024).unwrap()),
            (40, numbers.legs),
            (44, 3),
            (52, 0x2222),
            (132, 1),
            (156, events),
            (256, numbers.layout),
            (260, u32::try_from(numbers.chunk).unwrap()),
            (3968 + 12, role),
            (3968 + 16, 6),
        ] {
            word(&mut block, at, value);
        }
        let sum = checksum(&block, 152);
        word(&mut block, 152, sum);
        let at = (disk.len() & !0xffff) - 0x1_0000;
        put(disk, at, &block);
    }
}
