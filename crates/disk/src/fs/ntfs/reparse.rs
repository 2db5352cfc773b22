//! Reparse points: entries that are something else than they look.
//!
//! Reference: [MS-FSCC], section 2.1.2.

use super::wof::Algorithm;
use crate::bytes::Record;
use crate::fs::{FileType, FsError, utf16};

const MOUNT_POINT: u32 = 0xa000_0003;
const SYMLINK: u32 = 0xa000_000c;
const WOF: u32 = 0x8000_0017;
const CLOUD: u32 = 0x9000_001a;
const DEDUP: u32 = 0x8000_0013;
const APP_EXEC_LINK: u32 = 0x8000_001b;
const LX_SYMLINK: u32 = 0xa000_001d;
const AF_UNIX: u32 = 0x8000_0023;
const LX_FIFO: u32 = 0x8000_0024;
const LX_CHR: u32 = 0x8000_0025;
const LX_BLK: u32 = 0x8000_0026;

/// What a reparse point makes of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reparse {
    /// A symbolic link or a junction, to a path with slashes.
    Link(Vec<u8>),
    /// A special file of the Windows Subsystem for Linux.
    Special(FileType),
    /// Packed by Windows ("compact OS"), in a stream of the file.
    Packed(Algorithm),
    /// A filter of Windows fetches the content from somewhere.
    Elsewhere(String),
    /// A mark that leaves the content where it is.
    Mark,
}

/// Whether this is the reparse point of OneDrive and its like.
pub(super) fn is_cloud(bytes: &[u8]) -> bool {
    Record::new("reparse point", bytes).u32_le(0).is_ok_and(|tag| tag & 0xffff_0fff == CLOUD)
}

/// Decodes the value of a reparse point.
pub(super) fn parse(bytes: &[u8]) -> Result<Reparse, FsError> {
    let record = Record::new("reparse point", bytes);
    let tag = record.u32_le(0)?;
    let data = record.part("reparse point", 8, record.u16_le(4)?.into())?;
    Ok(match tag {
        MOUNT_POINT => link(&data, 8)?,
        SYMLINK => link(&data, 12)?,
        // A version, and the target in UTF-8.
        LX_SYMLINK => Reparse::Link(data.bytes(4, data.len().saturating_sub(4))?.to_vec()),
        AF_UNIX => Reparse::Special(FileType::Socket),
        LX_FIFO => Reparse::Special(FileType::Fifo),
        LX_CHR => Reparse::Special(FileType::CharDevice),
        LX_BLK => Reparse::Special(FileType::BlockDevice),
        WOF => wof(&data)?,
        APP_EXEC_LINK => Reparse::Mark,
        DEDUP => Reparse::Elsewhere("deduplicated, in the chunk store of the volume".into()),
        _ => Reparse::Elsewhere(format!("reparse tag {tag:#010x}")),
    })
}

/// The target of a link whose names begin at `names`.
fn link(data: &Record<'_>, names: usize) -> Result<Reparse, FsError> {
    let name = |at: usize| -> Result<Vec<u8>, FsError> {
        let start = names.saturating_add(data.u16_le(at)?.into());
        Ok(utf16::path(data.bytes(start, data.u16_le(at + 2)?.into())?))
    };
    let (target, shown) = (name(0)?, name(4)?);
    Ok(Reparse::Link(path(if target.is_empty() { &shown } else { &target })))
}

/// `\??\C:\Users` as `/Users`: drive C is taken for the volume that Windows starts from. Other drives keep
/// their letter as a first part, volumes their name.
fn path(target: &[u8]) -> Vec<u8> {
    let (rest, absolute) = match target.strip_prefix(b"\\??\\") {
        Some(rest) => (rest, true),
        None => (target, target.get(1) == Some(&b':')),
    };
    let on_c = rest.strip_prefix(b"C:").or_else(|| rest.strip_prefix(b"c:"));
    let rest = on_c.unwrap_or(rest);
    let mut path = Vec::with_capacity(rest.len() + 1);
    if absolute && rest.first() != Some(&b'\\') {
        path.push(b'/');
    }
    path.extend(rest.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }));
    path
}

fn wof(data: &Record<'_>) -> Result<Reparse, FsError> {
    // Version 1, provider "file", version 1, algorithm.
    if (data.u32_le(0)?, data.u32_le(4)?) != (1, 2) {
        return Ok(Reparse::Elsewhere(format!("in a Windows image (WOF provider {})", data.u32_le(4)?)));
    }
    Ok(Algorithm::numbered(data.u32_le(12)?)
        .map_or_else(|| Reparse::Elsewhere("packed by an unknown algorithm (WOF)".into()), Reparse::Packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_to(tag: u32, flags: &[u8], target: &str) -> Reparse {
        let name: Vec<u8> = target.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let len = u16::try_from(name.len()).unwrap();
        let data = [&[0, 0][..], &len.to_le_bytes(), &len.to_le_bytes(), &[0, 0], flags, &name].concat();
        let size = u16::try_from(data.len()).unwrap();
        parse(&[&tag.to_le_bytes()[..], &size.to_le_bytes(), &[0, 0], &data].concat()).unwrap()
    }

    #[test]
    fn links_have_paths_with_slashes() {
        let link = |text: &str| Reparse::Link(text.into());
        assert_eq!(link_to(MOUNT_POINT, &[], r"\??\C:\Users\Public"), link("/Users/Public"));
        assert_eq!(link_to(MOUNT_POINT, &[], r"\??\D:\x"), link("/D:/x"));
        assert_eq!(link_to(SYMLINK, &[1, 0, 0, 0], r"..\a\ü"), link("../a/ü"));
        assert_eq!(link_to(SYMLINK, &[0; 4], r"C:\x"), link("/x"));
        assert_eq!(link_to(MOUNT_POINT, &[], r"\??\Volume{1}\"), link("/Volume{1}/"));
    }

    #[test]
    fn what_is_elsewhere_is_named() {
        let value = [&0x9000_101a_u32.to_le_bytes()[..], &[0; 4]].concat();
        assert_eq!(parse(&value).unwrap(), Reparse::Elsewhere("reparse tag 0x9000101a".into()));
        let wof =
            [&WOF.to_le_bytes()[..], &[16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]].concat();
        assert!(matches!(parse(&wof).unwrap(), Reparse::Packed(_)));
        assert!(parse(&wof[..20]).is_err());
    }
}
