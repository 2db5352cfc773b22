//! What the user gives beside the program's own rules: `--hashes FILE`, `--published FILE`, `--yara FILE_OR_DIR`.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, user_file};
use crate::audit::PublishedFiles;
use crate::detect;
use crate::detect::listed_files::list::HashLists;

#[cfg(feature = "yara")]
mod yara;

/// Lists and rules of the user.
pub(super) struct Own {
    hashes: Arc<HashLists>,
    published: Arc<HashLists>,
    #[cfg(feature = "yara")]
    yara: Option<Arc<detect::yara::Rules>>,
}

impl Own {
    /// Reads what the flags name.
    pub(super) fn read(lists: &[PathBuf], published: &[PathBuf], rules: &[PathBuf]) -> Result<Self, Failure> {
        #[cfg(not(feature = "yara"))]
        if !rules.is_empty() {
            let how = "cargo install ami-assay --features yara";
            return Err(Failure::usage(format!("--yara: this build has no YARA: {how}")));
        }
        Ok(Self {
            hashes: Arc::new(hashes("--hashes", lists)?),
            published: Arc::new(hashes("--published", published)?),
            #[cfg(feature = "yara")]
            yara: yara::read(rules)?,
        })
    }

    /// What tells them from others.
    pub(super) fn identity(&self) -> Vec<u8> {
        #[cfg(feature = "yara")]
        let rules = self.yara.iter().flat_map(|rules| rules.identity()).collect();
        #[cfg(not(feature = "yara"))]
        let rules = Vec::new();
        [self.hashes.identity().to_vec(), rules].concat()
    }

    /// What counts as published.
    pub(super) fn published(&self) -> PublishedFiles {
        PublishedFiles { lists: Arc::clone(&self.published), ..PublishedFiles::default() }
    }

    /// `options` with them.
    pub(super) fn options(&self, options: detect::Options) -> detect::Options {
        detect::Options {
            hashes: Arc::clone(&self.hashes),
            #[cfg(feature = "yara")]
            yara: self.yara.clone(),
            ..options
        }
    }
}

fn hashes(flag: &str, paths: &[PathBuf]) -> Result<HashLists, Failure> {
    let mut lists = HashLists::default();
    for path in paths {
        let failed =
            |problem: &dyn std::fmt::Display| Failure::usage(format!("{flag} {}: {problem}", path.display()));
        let file = user_file::open(path).map_err(|error| failed(&error))?;
        let name = path.file_name().unwrap_or_else(|| Path::new("-").as_os_str()).to_string_lossy();
        lists.add(&name, BufReader::with_capacity(1 << 16, file)).map_err(|error| failed(&error))?;
    }
    Ok(lists)
}
