//! `--cache FILE`: read before the audit, written after it.

use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::output::{self, Place};
use super::user_rules::Own;
use super::{Failure, engine, user_file};
use crate::audit::Cache;
use crate::detect::Signatures;

/// A cache, and where it is kept.
pub(super) struct Kept {
    pub(super) cache: Arc<Cache>,
    place: Place,
    /// Whether there is one, written under other rules: it is not used.
    pub(super) is_outdated: bool,
}

/// Reads the cache at `path`; a new one where there is none, or where it was written under other rules.
pub(super) fn open(path: &Path, signatures: &Signatures, own: &Own) -> Result<Kept, Failure> {
    let shown = path.display();
    let rules = engine::cache_rules(signatures, own);
    let place = output::place(path)?;
    if matches!(place, Place::Stream(_)) {
        return Err(Failure::usage(format!("--cache {shown}: is no file that can be written anew")));
    }
    let read = match user_file::open(path) {
        Ok(file) => Cache::read(BufReader::new(file), rules)
            .map_err(|problem| Failure::usage(format!("--cache {shown}: {problem}"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Kept { cache: Arc::new(Cache::new(rules)), place, is_outdated: false });
        }
        Err(error) => Err(Failure::usage(format!("--cache {shown}: {error}"))),
    };
    let known = read?;
    let is_outdated = known.is_none();
    Ok(Kept { cache: Arc::new(known.unwrap_or_else(|| Cache::new(rules))), place, is_outdated })
}

impl Kept {
    /// Writes the cache for the next audit; only its owner may read it, as with its seed a file could be hidden.
    pub(super) fn save(&self) -> Result<(), Failure> {
        output::write(&self.place, &self.cache.write(), true)
    }
}
