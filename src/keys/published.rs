//! Private keys that everybody has: test keys that well-known libraries ship. They are no leak of an image.

use std::sync::LazyLock;

use serde::Deserialize;

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
    fn the_list_is_valid() {
        assert_eq!(published_by("SHA256:none"), None);
        let of = published_by("SHA256:dTcaxasoqGOwJ1wQtBE2rQlY5N+QU6WEYcf4GbUZ6Kk");
        assert!(of.is_some_and(|of| of.contains("Netty")));
    }
}
