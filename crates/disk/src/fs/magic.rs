//! What a volume holds that cannot be read yet: known by its mark, so that it is named, never passed over.

use crate::bytes::{ReadError, Record, Source, read_vec};
use crate::gap::GapKind;
use marks::{FROM_END, MARKS};

mod marks;

/// Bytes of data that are read to tell whether a volume is blank; a larger one is not called blank.
const BLANK_LIMIT: u64 = 64 << 20;

/// Something known that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Its name.
    pub name: &'static str,
    /// Why it stays closed.
    pub kind: GapKind,
    /// What its header says, for people.
    pub detail: String,
}

/// The content of a volume that is known, and not read.
pub fn recognise(source: &dyn Source) -> Option<Recognised> {
    recognise_but(source, |_| false)
}

/// The same for a member of LVM or md, whose own marks say nothing new.
pub fn recognise_beside_members(source: &dyn Source) -> Option<Recognised> {
    recognise_but(source, |name| name.starts_with("LVM2") || name.starts_with("md "))
}

fn recognise_but(source: &dyn Source, left_out: impl Fn(&str) -> bool) -> Option<Recognised> {
    let marked = |at: u64, mark: &[u8]| read_vec(source, at, mark.len()).is_ok_and(|found| found == mark);
    if let Some(luks) = luks(source) {
        return Some(luks);
    }
    if marked(3, b"-FVE-FS-") {
        let detail = "BitLocker: the key is not in the volume".to_owned();
        return Some(Recognised { name: "BitLocker", kind: GapKind::Encrypted, detail });
    }
    let mut wanted = MARKS.iter().filter(|(.., name)| !left_out(name));
    let known = wanted.find(|(at, mark, _)| marked(*at, mark)).map(|(_, _, name)| *name);
    let name = &known
        .or_else(|| is_core_storage(source).then_some("CoreStorage physical volume"))
        .or_else(|| has_zfs_label(source).then_some("zfs"))
        .or_else(|| at_end(source))?;
    let detail = match *name {
        "swap" => "searched as raw bytes: what was in memory may be scattered over its pages",
        "swap with a hibernation image" => {
            "searched as raw bytes: it holds the memory of the machine, perhaps compressed"
        }
        _ => "not read yet; searched as raw bytes only",
    };
    Some(Recognised { name, kind: GapKind::Unsupported, detail: detail.to_owned() })
}

/// How many bytes [`may_begin_volume`] wants to see.
pub const HEAD: usize = 4608;

/// Marks of what is read, and of partition tables; offset and mark.
const OPENED_MARKS: &[(usize, &[u8])] = &[
    (0, b"hsqs"),
    (0, b"sqsh"),
    (0, b"LUKS\xba\xbe"),
    (3, b"-FVE-FS-"),
    (1080, b"\x53\xef"),
    (1024, b"\xe2\xe1\xf5\xe0"),
    (0, b"XFSB"),
    (510, b"\x55\xaa"),
    (512, b"EFI PART"),
    (4096, b"EFI PART"),
];

/// Whether a file that begins with `head` may be a volume or a disk: cheap, and to be proved by opening it.
/// What shows itself further in (ISO 9660, btrfs) is not seen; swap space is no file system.
pub fn may_begin_volume(head: &[u8]) -> bool {
    let marked = |at: usize, mark: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let known = |&&(at, mark, name): &&(u64, &[u8], &str)| {
        mark.len() >= 4 && !name.starts_with("swap") && usize::try_from(at).is_ok_and(|at| marked(at, mark))
    };
    OPENED_MARKS.iter().any(|&(at, mark)| marked(at, mark)) || MARKS.iter().find(known).is_some()
}

/// What keeps its mark near the end.
fn at_end(source: &dyn Source) -> Option<&'static str> {
    let marked = |before: u64, mark: &[u8]| {
        let at = source.len().checked_sub(before);
        at.is_some_and(|at| read_vec(source, at, mark.len()).is_ok_and(|found| found == mark))
    };
    FROM_END.iter().find(|(before, mark, _)| marked(*before, mark)).map(|(.., name)| *name)
}

/// A mark of two bytes is proved by the version and the type of the block around it.
///
/// Reference: libfvde, "Core Storage (`FileVault` Drive Encryption)", physical volume header.
fn is_core_storage(source: &dyn Source) -> bool {
    let found = read_vec(source, 0, 96).unwrap_or_default();
    let has = |at: usize, mark: &[u8]| found.get(at..).is_some_and(|rest| rest.starts_with(mark));
    has(8, b"\x01\0\x10\0") && has(88, b"CS\x01\0\0\0")
}

/// Whether a slot of the first label's ring holds an uberblock of ZFS, in either order of bytes.
fn has_zfs_label(source: &dyn Source) -> bool {
    let slot = |index: u64| 0x2_0000_u64.saturating_add(index.saturating_mul(1024));
    (0..128).any(|index| {
        let word = read_vec(source, slot(index), 8).unwrap_or_default();
        word == [0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0] || word == [0, 0, 0, 0, 0, 0xba, 0xb1, 0x0c]
    })
}

/// LUKS 1 and 2: the version, and what the header says of the cipher.
///
/// Reference: LUKS1 and LUKS2 on-disk format specifications.
fn luks(source: &dyn Source) -> Option<Recognised> {
    let header = read_vec(source, 0, usize::try_from(source.len().min(592)).ok()?).ok()?;
    let record = Record::new("LUKS header", &header);
    if record.bytes(0, 6).ok()? != b"LUKS\xba\xbe" {
        return None;
    }
    let text = |at, len| {
        let bytes = record.bytes(at, len).unwrap_or_default();
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        crate::text::Escaped(bytes.get(..end).unwrap_or_default()).to_string()
    };
    let (name, detail) = match record.u16_be(6).ok()? {
        1 => {
            let active = |slot: usize| record.u32_be(208 + slot * 48).is_ok_and(|state| state == 0x00ac_71f3);
            let slots = (0..8).filter(|&slot| active(slot)).count();
            ("LUKS1", format!("cipher {}-{}, {slots} of 8 key slots in use", text(8, 32), text(40, 32)))
        }
        version => {
            // The size of header and JSON area, at most 4 MiB.
            let size = record.u64_be(8).unwrap_or(0).min(4 << 20).min(source.len()).saturating_sub(4096);
            let json = read_vec(source, 4096, usize::try_from(size).unwrap_or(0)).unwrap_or_default();
            let end = json.iter().position(|&byte| byte == 0).unwrap_or(json.len());
            let value: Option<serde_json::Value> =
                serde_json::from_slice(json.get(..end).unwrap_or_default()).ok();
            let slots =
                value.as_ref().and_then(|v| v.get("keyslots")?.as_object()).map_or(0, serde_json::Map::len);
            let cipher = value
                .as_ref()
                .and_then(|v| v.get("segments")?.as_object()?.values().next()?.get("encryption")?.as_str());
            let cipher = crate::text::Escaped(cipher.unwrap_or("unknown").as_bytes()).to_string();
            ("LUKS2", format!("version {version}, cipher {cipher}, {slots} key slots"))
        }
    };
    Some(Recognised { name, kind: GapKind::Encrypted, detail })
}

/// Whether there are only zeros; `None` where that would cost too much reading to say.
///
/// # Errors
/// [`ReadError`], where the source cannot be read.
pub fn is_blank(source: &dyn Source) -> Result<Option<bool>, ReadError> {
    let mut at = 0;
    let mut read = 0_u64;
    while let Some(data) = source.next_data(at)? {
        let end = data.end().unwrap_or(u64::MAX);
        at = data.offset;
        while at < end {
            let len = end.saturating_sub(at).min(1 << 20);
            let bytes = read_vec(source, at, usize::try_from(len).unwrap_or(0))?;
            if bytes.iter().any(|&byte| byte != 0) {
                return Ok(Some(false));
            }
            at = at.saturating_add(len);
            read = read.saturating_add(len);
            if read > BLANK_LIMIT {
                return Ok(None);
            }
        }
    }
    Ok(Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_at_their_places() {
        let mut volume = vec![0; 1 << 18];
        assert_eq!(recognise(&volume), None);
        volume[4086..4096].copy_from_slice(b"SWAPSPACE2");
        assert_eq!(recognise(&volume).unwrap().name, "swap");
        volume[..8].copy_from_slice(b"-rom1fs-");
        volume[4086..4096].fill(0);
        assert_eq!(recognise(&volume).unwrap().name, "romfs");
    }

    #[test]
    fn members_of_firmware_raid_are_known_by_their_end() {
        for (before, mark, name) in FROM_END {
            let mut disk = vec![0; 1 << 18];
            let at = disk.len() - usize::try_from(*before).unwrap();
            disk[at..at + mark.len()].copy_from_slice(mark);
            assert_eq!(recognise(&disk).unwrap().name, *name);
            assert_eq!(recognise(&disk[..disk.len() - 512].to_vec()), None);
        }
    }

    #[test]
    fn core_storage_is_known_by_its_header_as_a_whole() {
        let mut disk = vec![0; 1 << 18];
        disk[88..94].copy_from_slice(b"CS\x01\0\0\0");
        assert_eq!(recognise(&disk), None);
        disk[8..12].copy_from_slice(b"\x01\0\x10\0");
        assert_eq!(recognise(&disk).unwrap().name, "CoreStorage physical volume");
    }

    #[test]
    fn a_file_begins_like_a_volume_by_a_long_mark_only() {
        let mut head = vec![0; HEAD];
        head[..2].copy_from_slice(b"\x85\x19");
        head[4086..4096].copy_from_slice(b"SWAPSPACE2");
        assert!(!may_begin_volume(&head));
        head[1024..1028].copy_from_slice(b"\xe2\xe1\xf5\xe0");
        assert!(may_begin_volume(&head));
        assert!(!may_begin_volume(b"hsq"));
    }

    #[test]
    fn luks_says_its_cipher_and_key_slots() {
        let mut volume = vec![0; 8192];
        volume[..8].copy_from_slice(b"LUKS\xba\xbe\0\x01");
        volume[8..11].copy_from_slice(b"aes");
        volume[40..51].copy_from_slice(b"xts-plain64");
        for slot in [0, 7] {
            volume[208 + slot * 48..][..4].copy_from_slice(&[0, 0xac, 0x71, 0xf3]);
        }
        let found = recognise(&volume).unwrap();
        assert_eq!((found.name, found.kind), ("LUKS1", GapKind::Encrypted));
        assert_eq!(found.detail, "cipher aes-xts-plain64, 2 of 8 key slots in use");
    }

    #[test]
    fn a_blank_volume_is_told_from_one_with_a_byte() {
        assert_eq!(is_blank(&vec![0; 5000]).unwrap(), Some(true));
        let mut volume = vec![0; 5000];
        volume[4999] = 1;
        assert_eq!(is_blank(&volume).unwrap(), Some(false));
    }
}
