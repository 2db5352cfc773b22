//! Files that anybody can have: the list that the program carries, and the lists of the user.
//!
//! The program's own list (`signatures/hashes/published-files.txt`) has a line a file: its size and the first 16 bytes of
//! its SHA-256, sorted, all of one length. It is searched where it lies, so it costs nothing to load, and only a file of
//! a size on the list is digested. Sixteen bytes are enough: to hide a value, somebody would have to find a file with the
//! digest of one that a distribution publishes (2^128 tries by the number of files of that size), or get one of two files
//! with the same half of a digest into the distribution (2^64 tries, and the file with the value could then be read by
//! anybody who asks why).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::detect::listed_files::list::HashLists;
use assay_disk::fs::FsError;
use assay_disk::text::hex;
use assay_disk::tree::{EntryId, Tree};

/// The list of the program.
pub const TEXT: &[u8] = include_bytes!("../../../signatures/hashes/published-files.txt");
/// Bytes of a line: ten digits, a blank, 32 digits, the end of the line.
const LINE: usize = 44;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// What counts as published.
#[derive(Clone, Debug)]
pub struct PublishedFiles {
    /// Whether the program's own list counts.
    pub carried: bool,
    /// The lists of the user.
    pub lists: Arc<HashLists>,
}

impl Default for PublishedFiles {
    fn default() -> Self {
        Self { carried: true, lists: Arc::default() }
    }
}

/// Who says that a file is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The list of the program.
    Carried,
    /// A list or a reference of the user.
    User,
}

impl PublishedFiles {
    /// Whether a file of so many bytes may be on a list.
    pub(super) fn admits(&self, size: u64) -> bool {
        size > 0 && (!self.lists.is_empty() || self.carried && of_size(carried(), size).next().is_some())
    }

    /// Who has the file of this size and digest, if one.
    pub(super) fn source(&self, size: u64, digest: &[u8; 32]) -> Option<Source> {
        if self.lists.has(digest) {
            return Some(Source::User);
        }
        let line = line(size, digest);
        let is_carried = self.carried && of_size(carried(), size).any(|listed| *listed == line.as_bytes());
        is_carried.then_some(Source::Carried)
    }
}

/// A line of the list, for a file of this size and digest.
pub fn line(size: u64, digest: &[u8; 32]) -> String {
    format!("{size:010} {}\n", hex(digest.get(..16).unwrap_or_default()))
}

/// The SHA-256 of a file, which is read piece by piece.
///
/// # Errors
/// Of the file system.
pub fn digest(tree: &Tree, id: EntryId) -> Result<[u8; 32], FsError> {
    let mut node = tree.open(id)?;
    let (mut hasher, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], 0_u64);
    loop {
        let read = node.read_at(at, &mut piece)?;
        if read == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        at = at.saturating_add(read as u64);
    }
}

/// The lines of the program's list, behind the remarks at its start.
fn carried() -> &'static [[u8; LINE]] {
    let mut rest = TEXT;
    while rest.first() == Some(&b'#') {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.saturating_add(1));
        rest = rest.get(end..).unwrap_or_default();
    }
    rest.as_chunks().0
}

/// The lines of files of this size.
fn of_size(lines: &[[u8; LINE]], size: u64) -> impl Iterator<Item = &[u8; LINE]> {
    let start = format!("{size:010} ");
    let first = lines.partition_point(|line| line.get(..start.len()) < Some(start.as_bytes()));
    lines.get(first..).unwrap_or_default().iter().take_while(move |line| line.starts_with(start.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_program_is_sorted_and_of_one_form() {
        let lines = carried();
        assert!(lines.is_sorted_by(|one, other| one < other));
        let bytes = TEXT.len() - lines.len() * LINE;
        assert!(TEXT[..bytes].split_inclusive(|&byte| byte == b'\n').all(|line| line.starts_with(b"#")));
        for line in lines {
            let (size, digest) = std::str::from_utf8(line).unwrap().split_once(' ').unwrap();
            assert!(
                size.parse::<u64>().unwrap() > 0
                    && assay_disk::text::unhex::<16>(digest.trim().as_bytes()).is_some()
            );
        }
    }

    #[test]
    fn a_file_is_on_a_list_by_size_and_digest() {
        let digest: [u8; 32] = Sha256::digest("a").into();
        let own: [u8; LINE] = line(1, &digest).as_bytes().try_into().unwrap();
        let other: [u8; LINE] = line(300, &digest).as_bytes().try_into().unwrap();
        let lines = [own, other];
        assert_eq!(of_size(&lines, 1).collect::<Vec<_>>(), [&own]);
        assert_eq!(of_size(&lines, 300).collect::<Vec<_>>(), [&other]);
        assert_eq!(
            of_size(&lines, 2).count() + of_size(&lines, 30).count() + of_size(&lines, 301).count(),
            0
        );
        // Of more than ten digits.
        assert_eq!(of_size(&lines, 10_000_000_000).count(), 0);
    }
}
