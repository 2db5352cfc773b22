//! `--cache FILE`: files in which an earlier audit found nothing, so that the next image of a line is searched
//! only where it changed.
//!
//! A file is known by XXH3 (128 bits) of its path and its content under the cache's own seed. It is kept only if
//! nothing in it asked for judgement: no match of a rule, no gap, no member that a detector wanted to see. So
//! whatever was found is searched again each time, and only what was clean is passed over. Whoever can write the
//! cache can hide a file from the search: it is to be trusted like the program itself.
//!
//! The file: `MAGIC`, the digest of the rules (32 bytes), the seed (8), the number of keys (8), and the keys
//! (16 each, in order), all numbers little-endian.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use twox_hash::xxhash3_128::Hasher;

use super::contents::random;

/// What a cache begins with; the last byte is the version.
const MAGIC: &[u8; 16] = b"assay knows it\0\x01";
/// Keys that a cache may hold.
const LIMIT: usize = 8 << 20;

/// What makes a cache useless: other rules, limits or another program.
pub type Rules = [u8; 32];

/// Files known to be clean.
#[derive(Debug)]
pub struct Cache {
    rules: Rules,
    seed: u64,
    /// In order.
    known: Vec<u128>,
    fresh: Mutex<Vec<u128>>,
}

impl Cache {
    /// A cache that knows nothing.
    pub fn new(rules: Rules) -> Self {
        Self { rules, seed: random(), known: Vec::new(), fresh: Mutex::default() }
    }

    /// Reads a cache; `None` if it was written under other rules.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(mut from: impl Read, rules: Rules) -> Result<Option<Self>, String> {
        let mut head = [0; 64];
        from.read_exact(&mut head).map_err(|_| "is no cache: too short".to_owned())?;
        let (magic, rest) = head.split_at(MAGIC.len());
        let (written, rest) = rest.split_at(rules.len());
        if magic != MAGIC {
            return Err("is no cache of this program".to_owned());
        }
        if written != rules {
            return Ok(None);
        }
        let number = |at: usize| {
            let bytes = rest.get(at..).and_then(|rest| rest.first_chunk());
            u64::from_le_bytes(bytes.copied().unwrap_or_default())
        };
        let (seed, count) = (number(0), number(8));
        if count > LIMIT as u64 {
            return Err(format!("says it has {count} entries, more than a cache may have"));
        }
        let mut keys = Vec::new();
        from.take(count.saturating_mul(16).saturating_add(1))
            .read_to_end(&mut keys)
            .map_err(|error| error.to_string())?;
        let (keys, rest) = keys.as_chunks();
        if keys.len() as u64 != count || !rest.is_empty() {
            return Err(format!("is cut or changed: it has not {count} entries"));
        }
        let known: Vec<u128> = keys.iter().map(|key| u128::from_le_bytes(*key)).collect();
        if !known.is_sorted() {
            return Err("is changed: its entries are not in order".to_owned());
        }
        Ok(Some(Self { rules, seed, known, fresh: Mutex::default() }))
    }

    /// What the next audit is to know.
    pub fn write(&self) -> Vec<u8> {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<u128> = self.known.iter().chain(&*fresh).copied().take(LIMIT).collect();
        keys.sort_unstable();
        keys.dedup();
        let count = (keys.len() as u64).to_le_bytes();
        let head = [&MAGIC[..], &self.rules, &self.seed.to_le_bytes(), &count].concat();
        head.into_iter().chain(keys.iter().flat_map(|key| key.to_le_bytes())).collect()
    }

    /// Begins the key of the file at `path`.
    pub(super) fn begin(&self, path: &[u8]) -> Hasher {
        let mut hasher = Hasher::with_seed(self.seed);
        hasher.write(&(path.len() as u64).to_le_bytes());
        hasher.write(path);
        hasher
    }

    /// Whether the file of this key was clean.
    pub(super) fn has(&self, key: u128) -> bool {
        self.known.binary_search(&key).is_ok()
    }

    /// Keeps a clean file.
    pub(super) fn add(&self, key: u128) {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(key);
    }
}

/// What a cache depends on: the program, its rules, and whatever else is in `parts`.
pub fn rules(parts: &[&[u8]]) -> Rules {
    let mut digest = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION").as_bytes()].iter().chain(parts) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Cache {
        let cache = Cache::new([7; 32]);
        for key in [5, 3, 5, u128::MAX] {
            cache.add(key);
        }
        cache
    }

    #[test]
    fn what_was_clean_is_known_to_the_next_audit() {
        let cache = filled();
        let read = Cache::read(&cache.write()[..], [7; 32]).unwrap().unwrap();
        assert!(read.has(3) && read.has(5) && read.has(u128::MAX) && !read.has(4));
        assert_eq!(read.seed, cache.seed);
        assert_eq!(read.write(), cache.write());
    }

    #[test]
    fn a_cache_of_other_rules_is_not_used() {
        assert!(Cache::read(&filled().write()[..], [8; 32]).unwrap().is_none());
    }

    #[test]
    fn what_is_no_cache_or_was_changed_is_an_error() {
        let written = filled().write();
        for cut in 0..written.len() {
            assert!(Cache::read(&written[..cut], [7; 32]).is_err(), "{cut}");
        }
        let mut longer = written.clone();
        longer.push(0);
        assert!(Cache::read(&longer[..], [7; 32]).is_err());
        let mut many = written;
        many[56..64].fill(0xff);
        assert!(Cache::read(&many[..], [7; 32]).is_err());
    }

    #[test]
    fn a_key_tells_path_and_content_apart() {
        let cache = filled();
        let key = |path: &[u8], content: &[u8]| {
            let mut hasher = cache.begin(path);
            hasher.write(content);
            hasher.finish_128()
        };
        assert_eq!(key(b"/a", b"bc"), key(b"/a", b"bc"));
        assert_ne!(key(b"/a", b"bc"), key(b"/ab", b"c"));
        assert_ne!(key(b"/a", b"bc"), key(b"/a", b"bd"));
    }
}
