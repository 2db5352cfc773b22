//! A file of a package database, read piece by piece: databases of several hundred MiB exist, and an image may claim
//! any size.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use crate::archive::sqlite::Pages;
use crate::files::Files;
use assay_disk::fs::FsError;

/// Bytes of a piece that is kept.
const PIECE: u64 = 64 << 10;
/// Pieces that are kept: 16 MiB.
const KEPT: usize = 256;

/// An open database.
pub(super) struct DatabaseFile<'a> {
    files: &'a dyn Files,
    path: Vec<u8>,
    len: u64,
    pieces: RefCell<Pieces>,
}

#[derive(Default)]
struct Pieces {
    by_number: BTreeMap<u64, Vec<u8>>,
    /// In the order they came.
    order: VecDeque<u64>,
    /// The first error of the file system.
    error: Option<FsError>,
}

impl<'a> DatabaseFile<'a> {
    /// `None`, if there is no such file.
    pub(super) fn open(files: &'a dyn Files, path: &[u8]) -> Option<Self> {
        let len = files.size(path)?;
        Some(Self { files, path: path.to_vec(), len, pieces: RefCell::default() })
    }

    /// The first error of the file system, if there was one.
    pub(super) fn into_error(self) -> Option<FsError> {
        self.pieces.into_inner().error
    }

    fn fill(&self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let mut filled = 0;
        while let Some(rest) = dst.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.files.read_at(&self.path, offset.saturating_add(filled as u64), rest)? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        Ok(filled)
    }

    /// A run of bytes of the file.
    fn run(&self, offset: u64, len: u64) -> Result<Vec<u8>, FsError> {
        let len = len.min(self.len.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        let filled = self.fill(offset, &mut bytes)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn small(&self, offset: u64, len: usize) -> Result<Vec<u8>, FsError> {
        let mut bytes = Vec::with_capacity(len);
        let mut at = offset;
        while bytes.len() < len {
            let (number, within) = (at / PIECE, at % PIECE);
            let mut pieces = self.pieces.borrow_mut();
            if !pieces.by_number.contains_key(&number) {
                let piece = self.run(number.saturating_mul(PIECE), PIECE)?;
                pieces.keep(number, piece);
            }
            let piece = pieces.by_number.get(&number).map(Vec::as_slice).unwrap_or_default();
            let rest =
                usize::try_from(within).ok().and_then(|within| piece.get(within..)).unwrap_or_default();
            let taken = rest.len().min(len.saturating_sub(bytes.len()));
            bytes.extend(rest.get(..taken).unwrap_or_default());
            if taken == 0 {
                break;
            }
            at = at.saturating_add(taken as u64);
        }
        Ok(bytes)
    }
}

impl Pieces {
    fn keep(&mut self, number: u64, piece: Vec<u8>) {
        if self.order.len() >= KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_number.remove(&oldest);
        }
        self.order.push_back(number);
        self.by_number.insert(number, piece);
    }
}

impl Pages for DatabaseFile<'_> {
    fn size(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Option<Cow<'_, [u8]>> {
        let read =
            if len as u64 > 2 * PIECE { self.run(offset, len as u64) } else { self.small(offset, len) };
        match read {
            Ok(bytes) => Some(Cow::Owned(bytes)),
            Err(error) => {
                self.pieces.borrow_mut().error.get_or_insert(error);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    #[test]
    fn any_run_of_bytes_is_that_of_the_file() {
        let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let mut shelf = Shelf::default();
        shelf.0.insert(b"/d".to_vec(), content.clone());
        let file = DatabaseFile::open(&shelf, b"/d").unwrap();
        for (at, len) in
            [(0, 10), (65_530, 20), (100_000, 131_073), (299_990, 20), (0, 400_000), (300_000, 5)]
        {
            let end = content.len().min(at + len);
            assert_eq!(&*file.read(at as u64, len).unwrap(), &content[at..end], "{at} {len}");
        }
        assert!(DatabaseFile::open(&shelf, b"/e").is_none());
    }
}
