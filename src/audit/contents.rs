//! Contents that were searched already in this audit: the same bytes under many names, in archives and beside
//! them, are searched once, and what was found is reported at every place.
//!
//! Contents are told apart by XXH3 with 128 bits, under a seed that each audit draws anew: an image cannot be
//! made so that one content of it passes for another.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use twox_hash::XxHash3_128;

use crate::rules::Match;

/// Tables with a lock each, so that threads seldom wait for each other.
const TABLES: usize = 64;
/// Contents that one table keeps: with all tables, those of a system with a million files.
const KEPT: usize = 1 << 14;
/// Matches of a content that are kept; one with more is searched anew.
const MATCHES: usize = 64;

/// What the search of a content found.
#[derive(Clone)]
pub(super) struct Searched {
    pub(super) matches: Arc<[Match]>,
    /// Matches that were only counted.
    pub(super) dropped: u64,
    /// What the search cost, in nanoseconds by a table.
    pub(super) work: u64,
    /// Keywords around which nothing was searched.
    pub(super) passed_over: u64,
    /// Whether there is base64 in it.
    pub(super) has_base64: bool,
}

/// The contents of one audit.
pub(super) struct Contents {
    seed: u64,
    tables: Vec<Mutex<HashMap<u128, Searched>>>,
}

impl Contents {
    /// None yet.
    pub(super) fn new() -> Self {
        let tables = std::iter::repeat_with(Mutex::default).take(TABLES).collect();
        Self { seed: random(), tables }
    }

    /// What tells `bytes` apart.
    pub(super) fn key(&self, bytes: &[u8]) -> u128 {
        XxHash3_128::oneshot_with_seed(self.seed, bytes)
    }

    /// What was found in the content of this key, if it was searched.
    pub(super) fn find(&self, key: u128) -> Option<Searched> {
        let table = self.table(key)?.lock().unwrap_or_else(PoisonError::into_inner);
        table.get(&key).cloned()
    }

    /// Keeps what was found.
    pub(super) fn keep(&self, key: u128, searched: &Searched) {
        if searched.matches.len() > MATCHES {
            return;
        }
        let Some(table) = self.table(key) else { return };
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() < KEPT {
            table.insert(key, searched.clone());
        }
    }

    fn table(&self, key: u128) -> Option<&Mutex<HashMap<u128, Searched>>> {
        let [first, ..] = key.to_le_bytes();
        self.tables.get(usize::from(first) % TABLES)
    }
}

/// A number that no image can know.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
