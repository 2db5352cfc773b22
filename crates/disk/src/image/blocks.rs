//! A folder of blocks: a snapshot as the EBS direct APIs hand it out, block by block.
//!
//! The convention: each file holds one block of 512 KiB (524,288 bytes) and is named by the index of the
//! block, in decimal (`1042`, `000001042.block`) or, with `0x` before it, in hexadecimal (`0x412.bin`). What
//! follows the first dot means nothing. A block without a file is zeros. The disk ends with the last block
//! there is. Names that begin with a dot are left out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::bytes::{ReadError, Source, Span, check_bounds};
use crate::text::Escaped;

const BLOCK: u64 = 512 << 10;
/// Highest index: a volume has at most 64 TiB.
const MAX_INDEX: u64 = (64 << 40) / BLOCK;

/// The blocks of a folder.
pub(super) struct Blocks {
    folder: OwnedFd,
    names: BTreeMap<u64, OsString>,
}

/// The disk in the folder; `None` where no file in it is named like a block.
pub(super) fn open(path: &Path) -> Result<Option<Blocks>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut names = BTreeMap::new();
    let mut other = None;
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        let shown = Escaped(name.as_bytes()).to_string();
        let Some(index) = index(name.as_bytes()) else {
            other = Some(shown);
            continue;
        };
        let metadata = entry.metadata().map_err(failed)?;
        if !metadata.is_file() || metadata.len() != BLOCK {
            other = Some(shown);
        } else if index >= MAX_INDEX {
            return Err(format!("{shown}: a volume has at most {MAX_INDEX} blocks"));
        } else if let Some(twin) = names.insert(index, name) {
            return Err(format!("{shown} and {} are the same block", Escaped(twin.as_bytes())));
        }
    }
    match (names.is_empty(), other) {
        (true, _) => Ok(None),
        (false, Some(other)) => Err(format!("{other} is no block of {BLOCK} bytes, though others are")),
        (false, None) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = openat(CWD, path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
            Ok(Some(Blocks { folder, names }))
        }
    }
}

fn index(name: &[u8]) -> Option<u64> {
    let stem = std::str::from_utf8(name.split(|&byte| byte == b'.').next()?).ok()?;
    match stem.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        None if stem.bytes().all(|byte| byte.is_ascii_digit()) => stem.parse().ok(),
        _ => None,
    }
}

impl Blocks {
    fn read(&self, name: &OsString, inside: u64, dst: &mut [u8]) -> std::io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, name.as_os_str(), flags, Mode::empty())?);
        file.read_exact_at(dst, inside)
    }
}

impl Source for Blocks {
    fn len(&self) -> u64 {
        self.names.last_key_value().map_or(0, |(index, _)| index.saturating_add(1).saturating_mul(BLOCK))
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len())?;
        let mut at = offset;
        let mut rest = dst;
        while !rest.is_empty() {
            let (index, inside) = (at / BLOCK, at % BLOCK);
            let room = usize::try_from(BLOCK.saturating_sub(inside)).unwrap_or(usize::MAX);
            let (part, behind) = rest.split_at_mut(rest.len().min(room));
            match self.names.get(&index) {
                Some(name) => {
                    let len = part.len() as u64;
                    let host = |error| ReadError::Host { offset: at, len, error: Arc::new(error) };
                    self.read(name, inside, part).map_err(host)?;
                }
                None => part.fill(0),
            }
            at = at.saturating_add(part.len() as u64);
            rest = behind;
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        let Some((&index, _)) = self.names.range(offset / BLOCK..).next() else { return Ok(None) };
        let start = index.saturating_mul(BLOCK).max(offset);
        let end = index.saturating_add(1).saturating_mul(BLOCK);
        Ok((start < end).then(|| Span::new(start, end.saturating_sub(start))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_indexes() {
        let found: Vec<_> = ["7", "000012.block", "0x1F.bin", "0x", "-1", "a1", "", "12a", "1 "]
            .iter()
            .map(|name| index(name.as_bytes()))
            .collect();
        assert_eq!(found, [Some(7), Some(12), Some(31), None, None, None, None, None, None]);
    }

    #[test]
    fn missing_blocks_are_zeros_and_holes() {
        let dir = tempfile::tempdir().unwrap();
        let block = |byte: u8| vec![byte; usize::try_from(BLOCK).unwrap()];
        fs::write(dir.path().join("1.block"), block(1)).unwrap();
        fs::write(dir.path().join("0x3.block"), block(3)).unwrap();
        fs::write(dir.path().join(".complete"), "").unwrap();
        let blocks = open(dir.path()).unwrap().unwrap();
        assert_eq!(blocks.len(), 4 * BLOCK);
        let around = |at: u64| crate::bytes::read_vec(&blocks, at * BLOCK - 1, 2).unwrap();
        assert_eq!([around(1), around(2), around(3)], [[0, 1], [1, 0], [0, 3]]);
        assert_eq!(blocks.next_data(0).unwrap(), Some(Span::new(BLOCK, BLOCK)));
        assert_eq!(blocks.next_data(2 * BLOCK).unwrap(), Some(Span::new(3 * BLOCK, BLOCK)));
        assert_eq!(blocks.next_data(4 * BLOCK).unwrap(), None);
        fs::write(dir.path().join("5.block"), "short").unwrap();
        assert!(open(dir.path()).err().unwrap().contains("5.block"));
    }
}
