//! The four checksums of btrfs. Which one is used is a matter of the whole file system.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use sha2::Sha256;

use crate::fs::FsError;

/// An algorithm for metadata and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    Crc32c,
    Xxhash64,
    Sha256,
    Blake2b,
}

impl Checksum {
    /// The algorithm with this number in the superblock.
    pub(super) fn from_code(code: u16) -> Result<Self, FsError> {
        Ok(match code {
            0 => Self::Crc32c,
            1 => Self::Xxhash64,
            2 => Self::Sha256,
            3 => Self::Blake2b,
            _ => return Err(FsError::Unsupported(format!("checksums of type {code}"))),
        })
    }

    /// Bytes of one checksum in the tree of checksums.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Crc32c => 4,
            Self::Xxhash64 => 8,
            Self::Sha256 | Self::Blake2b => 32,
        }
    }

    /// Whether `stored` begins with the checksum of `bytes`.
    pub(super) fn matches(self, bytes: &[u8], stored: &[u8]) -> bool {
        match self {
            Self::Crc32c => stored.starts_with(&crc32c::crc32c(bytes).to_le_bytes()),
            Self::Xxhash64 => stored.starts_with(&twox_hash::XxHash64::oneshot(0, bytes).to_le_bytes()),
            Self::Sha256 => stored.starts_with(&Sha256::digest(bytes)),
            Self::Blake2b => stored.starts_with(&Blake2b::<U32>::digest(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let hex = |text: &str| -> Vec<u8> {
            let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        };
        assert!(Checksum::Crc32c.matches(b"123456789", &0xe306_9283_u32.to_le_bytes()));
        assert!(Checksum::Xxhash64.matches(b"", &0xef46_db37_51d8_e999_u64.to_le_bytes()));
        let sha = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(Checksum::Sha256.matches(b"abc", &sha));
        let blake = hex("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
        assert!(Checksum::Blake2b.matches(b"abc", &blake));
        assert!(!Checksum::Blake2b.matches(b"abd", &blake));
        assert!(!Checksum::Crc32c.matches(b"123456789", b""));
    }
}
