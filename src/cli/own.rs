//! What the user looks for beside the program's own rules: `--hashes FILE`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use crate::detect;
use crate::detect::listed_files::list::HashLists;

/// Lists of the user.
pub(super) struct Own {
    hashes: Arc<HashLists>,
}

impl Own {
    /// Reads what the flags name.
    pub(super) fn read(lists: &[PathBuf]) -> Result<Self, Failure> {
        Ok(Self { hashes: Arc::new(hashes(lists)?) })
    }

    /// What tells them from others.
    pub(super) fn identity(&self) -> Vec<u8> {
        self.hashes.identity().to_vec()
    }

    /// `options` with them.
    pub(super) fn options(&self, options: detect::Options) -> detect::Options {
        detect::Options { hashes: Arc::clone(&self.hashes), ..options }
    }
}

fn hashes(paths: &[PathBuf]) -> Result<HashLists, Failure> {
    let mut lists = HashLists::default();
    for path in paths {
        let failed = |problem: &dyn std::fmt::Display| {
            Failure::usage(format!("--hashes {}: {problem}", path.display()))
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        let name = path.file_name().unwrap_or_else(|| Path::new("-").as_os_str()).to_string_lossy();
        lists.add(&name, BufReader::with_capacity(1 << 16, file)).map_err(|error| failed(&error))?;
    }
    Ok(lists)
}
