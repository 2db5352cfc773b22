//! Private keys that everybody has: test keys that well-known libraries ship. They are no leak of an image.

use std::collections::HashSet;
use std::sync::LazyLock;

use assay_disk::text::unhex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    fingerprint: String,
    of: String,
}

/// The file of the list of other values: SHA-256, what it is and who publishes it.
pub const VALUES: &str = include_str!("../../signatures/hashes/published-values.txt");

/// Whether well-known software publishes the value.
pub fn is_published(value: &[u8]) -> bool {
    static LIST: LazyLock<HashSet<[u8; 32]>> = LazyLock::new(|| VALUES.lines().filter_map(sum).collect());
    LIST.contains::<[u8; 32]>(&Sha256::digest(value.trim_ascii()).into())
}

/// The sum that a line begins with; none of a comment.
fn sum(line: &str) -> Option<[u8; 32]> {
    unhex(line.split(' ').next()?.as_bytes())
}

/// The file of the list.
pub const TEXT: &str = include_str!("../../signatures/hashes/published-keys.toml");

/// Whose published key has this fingerprint, if one.
#[expect(clippy::expect_used, reason = "the embedded list is held by a test, not by an image")]
pub fn published_by(fingerprint: &str) -> Option<&'static str> {
    static LIST: LazyLock<Vec<Key>> =
        LazyLock::new(|| toml::from_str::<File>(TEXT).expect("the embedded list is valid").key);
    LIST.iter().find(|key| key.fingerprint == fingerprint).map(|key| key.of.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_values_is_a_sum_or_a_comment() {
        let lines = || VALUES.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        assert!(lines().count() > 300 && lines().all(|line| sum(line).is_some()));
        // The key of Azure's emulator, as its documentation has it.
        let emulator =
            ["Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6", "tq/K1SZFPTOtr/KBHBeksoGMGw=="]
                .concat();
        assert!(is_published(emulator.as_bytes()) && !is_published(b"Zk83hd92Hs71Lq0P"));
    }

    #[test]
    fn the_list_is_valid() {
        assert_eq!(published_by("SHA256:none"), None);
        let of = published_by("SHA256:dTcaxasoqGOwJ1wQtBE2rQlY5N+QU6WEYcf4GbUZ6Kk");
        assert!(of.is_some_and(|of| of.contains("Netty")));
    }
}
