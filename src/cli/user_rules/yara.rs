//! `--yara FILE_OR_DIR`: which files of rules there are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::{Failure, user_file};
use crate::detect::yara::Rules;

/// Endings of the files of a folder that are read.
const ENDINGS: [&str; 3] = ["yar", "yara", "rules"];

/// Compiles the rules at `paths`; `None` where there are no paths.
pub(super) fn read(paths: &[PathBuf]) -> Result<Option<Arc<Rules>>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let failed =
            |problem: &dyn std::fmt::Display| Failure::usage(format!("--yara {}: {problem}", path.display()));
        if !path.is_dir() {
            files.push((path.display().to_string(), user_file::text(path).map_err(|error| failed(&error))?));
            continue;
        }
        let before = files.len();
        for file in folder(path).map_err(|error| failed(&error))? {
            let text = user_file::text(&file)
                .map_err(|error| Failure::usage(format!("--yara {}: {error}", file.display())))?;
            files.push((file.display().to_string(), text));
        }
        if files.len() == before {
            return Err(failed(&"no file that ends in .yar, .yara or .rules"));
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let compiled = Rules::compile(&files);
    compiled
        .map(|rules| Some(Arc::new(rules)))
        .map_err(|problem| Failure::usage(format!("--yara: {problem}")))
}

/// The files of rules in a folder, in order.
fn folder(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    let is_rules = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        path.is_file() && ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(is_rules).collect();
    files.sort();
    Ok(files)
}
