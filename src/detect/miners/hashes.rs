//! Miners that are known by their SHA-256: `signatures/hashes/miners.toml`.
//!
//! Each entry has the file's size, so that only a file of such a size is hashed at all.

use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use assay_disk::text::unhex;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    program: Vec<Program>,
}

/// A known file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    /// Name and version.
    pub(super) name: String,
    /// In bytes.
    size: usize,
    #[serde(deserialize_with = "digest")]
    sha256: [u8; 32],
    /// Where the hash was published, or how it was made.
    #[expect(dead_code, reason = "demanded of whoever adds an entry, and for people")]
    source: String,
}

/// The file of the list.
pub(in crate::detect) const TEXT: &str = include_str!("../../../signatures/hashes/miners.toml");

#[expect(clippy::expect_used, reason = "the embedded list is held by a test, not by an image")]
fn list() -> &'static [Program] {
    static LIST: LazyLock<Vec<Program>> =
        LazyLock::new(|| toml::from_str::<File>(TEXT).expect("the embedded list is valid").program);
    &LIST
}

/// In hex, as in the lists of the user.
fn digest<'de, D: serde::Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(from)?;
    unhex(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("is no SHA-256"))
}

/// Whether a known miner has so many bytes.
pub(super) fn has_size(size: u64) -> bool {
    list().iter().any(|program| program.size as u64 == size)
}

/// The known miner that `content` is.
pub(super) fn known(content: &[u8]) -> Option<&'static Program> {
    let mut same_size = list().iter().filter(|program| program.size == content.len()).peekable();
    same_size.peek()?;
    let digest = Sha256::digest(content);
    same_size.find(|program| program.sha256 == *digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_valid() {
        for program in list() {
            assert!(program.size > 0, "{}", program.name);
        }
        assert!(known(b"").is_none());
    }
}
