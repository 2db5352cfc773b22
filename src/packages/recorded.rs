//! The digest that a package database has of a file: MD5 (dpkg, old RPM), SHA-1 (apk) or SHA-2 (RPM).

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use assay_disk::fs::FsError;
use assay_disk::text::unhex;
use assay_disk::tree::{EntryId, Tree};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

/// A recorded digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// 16 bytes.
    Md5([u8; 16]),
    /// 20 bytes.
    Sha1([u8; 20]),
    /// 28 bytes.
    Sha224([u8; 28]),
    /// 32 bytes.
    Sha256([u8; 32]),
    /// 48 bytes.
    Sha384([u8; 48]),
    /// 64 bytes.
    Sha512([u8; 64]),
}

/// Takes the pieces of a file, in order.
struct Comparison {
    recorded: Recorded,
    running: Running,
}

enum Running {
    Md5(Md5),
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Recorded {
    /// A digest in hexadecimal, told by its length.
    pub(super) fn from_hex(text: &[u8]) -> Option<Self> {
        match text.len() {
            32 => unhex(text).map(Self::Md5),
            40 => unhex(text).map(Self::Sha1),
            56 => unhex(text).map(Self::Sha224),
            64 => unhex(text).map(Self::Sha256),
            96 => unhex(text).map(Self::Sha384),
            128 => unhex(text).map(Self::Sha512),
            _ => None,
        }
    }

    /// A digest, told by its length.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            16 => bytes.try_into().ok().map(Self::Md5),
            20 => bytes.try_into().ok().map(Self::Sha1),
            28 => bytes.try_into().ok().map(Self::Sha224),
            32 => bytes.try_into().ok().map(Self::Sha256),
            48 => bytes.try_into().ok().map(Self::Sha384),
            64 => bytes.try_into().ok().map(Self::Sha512),
            _ => None,
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Md5(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Sha224(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
            Self::Sha384(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }

    fn compare(self) -> Comparison {
        let running = match self {
            Self::Md5(_) => Running::Md5(Md5::new()),
            Self::Sha1(_) => Running::Sha1(Sha1::new()),
            Self::Sha224(_) => Running::Sha224(Sha224::new()),
            Self::Sha256(_) => Running::Sha256(Sha256::new()),
            Self::Sha384(_) => Running::Sha384(Sha384::new()),
            Self::Sha512(_) => Running::Sha512(Sha512::new()),
        };
        Comparison { recorded: self, running }
    }

    /// Whether it is the digest of a file, which is read piece by piece.
    ///
    /// # Errors
    /// Of the file system.
    pub fn is_of_file(self, tree: &Tree, id: EntryId) -> Result<bool, FsError> {
        let mut node = tree.open(id)?;
        let (mut comparison, mut piece, mut at) = (self.compare(), vec![0; PIECE], 0_u64);
        loop {
            let read = node.read_at(at, &mut piece)?;
            if read == 0 {
                return Ok(comparison.ends_equal());
            }
            comparison.update(piece.get(..read).unwrap_or_default());
            at = at.saturating_add(read as u64);
        }
    }

    /// Whether it is the digest of `content`.
    pub fn is_of(self, content: &[u8]) -> bool {
        let mut comparison = self.compare();
        comparison.update(content);
        comparison.ends_equal()
    }
}

impl Comparison {
    fn update(&mut self, piece: &[u8]) {
        match &mut self.running {
            Running::Md5(hasher) => hasher.update(piece),
            Running::Sha1(hasher) => hasher.update(piece),
            Running::Sha224(hasher) => hasher.update(piece),
            Running::Sha256(hasher) => hasher.update(piece),
            Running::Sha384(hasher) => hasher.update(piece),
            Running::Sha512(hasher) => hasher.update(piece),
        }
    }

    /// Whether the pieces make the file that was recorded.
    fn ends_equal(self) -> bool {
        let found = match self.running {
            Running::Md5(hasher) => Recorded::Md5(hasher.finalize().into()),
            Running::Sha1(hasher) => Recorded::Sha1(hasher.finalize().into()),
            Running::Sha224(hasher) => Recorded::Sha224(hasher.finalize().into()),
            Running::Sha256(hasher) => Recorded::Sha256(hasher.finalize().into()),
            Running::Sha384(hasher) => Recorded::Sha384(hasher.finalize().into()),
            Running::Sha512(hasher) => Recorded::Sha512(hasher.finalize().into()),
        };
        found == self.recorded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_told_by_its_length() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(Recorded::from_hex(empty.as_bytes()).unwrap().is_of(b""));
        assert!(Recorded::from_hex(b"d41d8cd98f00b204e9800998ecf8427e").unwrap().is_of(b""));
        assert!(!Recorded::from_hex(b"d41d8cd98f00b204e9800998ecf8427e").unwrap().is_of(b"x"));
        assert_eq!(Recorded::from_hex(b"d41d8"), None);
        assert_eq!(Recorded::from_hex(b""), None);
    }
}
