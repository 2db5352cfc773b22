//! Which files there are, in the order of their paths.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::hit::Problem;
use super::{Options, Scan};

/// A file to be looked at.
pub(super) struct Found {
    /// Its path for the report: relative to the root, with `/`.
    pub(super) path: String,
    pub(super) on_disk: PathBuf,
}

/// All files under the roots. Links are not followed; what `.gitignore` names is left out, but for a root itself.
pub(super) fn files(roots: &[PathBuf], options: &Options, scan: &mut Scan) -> Vec<Found> {
    let mut found = Vec::new();
    for root in roots {
        let prefix = if roots.len() > 1 { plain(root) } else { String::new() };
        under(root, &prefix, options, &mut found, scan);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.on_disk == b.on_disk);
    found
}

fn under(root: &Path, prefix: &str, options: &Options, found: &mut Vec<Found>, scan: &mut Scan) {
    let follow = options.follow_ignore_files;
    let mut builder = WalkBuilder::new(root);
    builder.standard_filters(false).follow_links(false).parents(follow).git_ignore(follow).require_git(false);
    builder.filter_entry(|entry| entry.file_name() != ".git");
    for entry in builder.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                let path = relative(root, entry.path(), prefix);
                found.push(Found { path, on_disk: entry.into_path() });
            }
            Ok(_) => {}
            Err(error) => scan.problems.push(Problem {
                path: plain(root).into_bytes(),
                line: None,
                reason: format!("A folder could not be read: {error}."),
            }),
        }
    }
}

fn relative(root: &Path, path: &Path, prefix: &str) -> String {
    let inner = plain(path.strip_prefix(root).unwrap_or(path));
    match (prefix, inner.as_str()) {
        ("", "") => path.file_name().map(|name| plain(Path::new(name))).unwrap_or_default(),
        ("", _) => inner,
        (_, "") => prefix.to_owned(),
        _ => format!("{}/{inner}", prefix.trim_end_matches('/')),
    }
}

fn plain(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/").replace("//", "/")
}
