//! Directories by size and worst finding.

use assay_disk::path::outermost;
use std::collections::BTreeMap;

use serde::Serialize;

use super::super::terminal::{size, thousands};
use crate::audit::Directory;
use crate::finding::{Finding, Location, Severity};
use assay_disk::text::Escaped;

/// Directories in the table of the page without scripts.
const ROWS: usize = 40;

/// A directory of the map.
#[derive(Serialize)]
pub(super) struct Node {
    parent: Option<u32>,
    name: String,
    bytes: u64,
    files: u64,
    folded: u64,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) path: String,
    pub(super) size: String,
    pub(super) files: String,
    pub(super) findings: String,
    pub(super) worst: Option<&'static str>,
}

/// The directories, and in which of them each finding is.
pub(super) struct Map<'a> {
    directories: &'a [Directory],
    by_name: BTreeMap<(Option<u32>, &'a [u8]), Vec<u32>>,
}

impl<'a> Map<'a> {
    pub(super) fn new(directories: &'a [Directory]) -> Self {
        let mut by_name: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for (index, directory) in (0_u32..).zip(directories) {
            by_name.entry((directory.parent, directory.name.as_slice())).or_default().push(index);
        }
        Self { directories, by_name }
    }

    /// The nodes, for the script.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let node = |directory: &Directory| Node {
            parent: directory.parent,
            name: name(directory),
            bytes: directory.bytes,
            files: directory.files,
            folded: directory.folded,
        };
        self.directories.iter().map(node).collect()
    }

    /// The last listed directory on the way to what a finding is about.
    pub(super) fn holder(&self, location: &Location) -> Option<u32> {
        let path = outermost(&location.path);
        let mut best: Option<((bool, usize), u32)> = None;
        let tops = (0_u32..).zip(self.directories).filter(|(_, directory)| directory.parent.is_none());
        for (index, top) in tops {
            let base = top.name.strip_suffix(b"/").unwrap_or(&top.name);
            let Some(rest) = path.strip_prefix(base).filter(|rest| rest.starts_with(b"/")) else { continue };
            let same = top.partition == location.partition && Some(&top.volume) == location.volume.as_ref();
            let fit = (same, base.len());
            if best.as_ref().is_none_or(|(known, _)| fit > *known) {
                best = Some((fit, self.deepest(index, rest)));
            }
        }
        best.map(|(_, index)| index)
    }

    fn deepest(&self, top: u32, path: &[u8]) -> u32 {
        let mut at = top;
        for part in path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            match self.by_name.get(&(Some(at), part)).and_then(|found| found.first()) {
                Some(&next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The directories near the top, with the findings under each, for the page without scripts.
    pub(super) fn rows(&self, findings: &[Finding]) -> Vec<Row> {
        let mut under: Vec<(u64, Option<Severity>)> = vec![(0, None); self.directories.len()];
        for finding in findings {
            let mut at = self.holder(&finding.location);
            while let Some(index) = at {
                let Some((count, worst)) = under.get_mut(index as usize) else { break };
                *count = count.saturating_add(1);
                *worst = (*worst).max(Some(finding.severity));
                at = self.directories.get(index as usize).and_then(|directory| directory.parent);
            }
        }
        let depth = |directory: &Directory| match directory.parent {
            None => Some(0),
            Some(parent) => {
                self.directories.get(parent as usize).filter(|above| above.parent.is_none()).map(|_| 1)
            }
        };
        let near = self.directories.iter().zip(under).filter(|(directory, _)| depth(directory).is_some());
        near.take(ROWS).map(|(directory, (count, worst))| self.row(directory, count, worst)).collect()
    }

    fn row(&self, directory: &Directory, findings: u64, worst: Option<Severity>) -> Row {
        let top = directory.parent.and_then(|parent| self.directories.get(parent as usize));
        let base = top.map(|top| Escaped(top.name.strip_suffix(b"/").unwrap_or(&top.name)).to_string());
        let own = name(directory);
        Row {
            path: base.map_or_else(|| own.clone(), |base| format!("{base}/{own}")),
            size: size(directory.bytes),
            files: thousands(directory.files),
            findings: thousands(findings),
            worst: worst.map(Severity::name),
        }
    }
}

/// A directory's name; of the top of a file system, its place and what it is.
fn name(directory: &Directory) -> String {
    let name = Escaped(&directory.name).to_string();
    match directory.parent {
        Some(_) => name,
        None => format!("{name} ({})", Escaped(directory.volume.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(parent: Option<u32>, name: &str, volume: &str) -> Directory {
        let (partition, volume) = (Some(1), volume.to_owned());
        Directory { parent, name: name.into(), partition, volume, bytes: 1, files: 1, folded: 0 }
    }

    #[test]
    fn a_finding_is_in_the_last_directory_that_is_listed() {
        let listed = [
            directory(None, "/", "ext4 root"),
            directory(Some(0), "srv", "ext4 root"),
            directory(None, "/srv/data", "xfs"),
            directory(None, "/", "ext4 other"),
        ];
        let map = Map::new(&listed);
        let at = |path: &str, volume: &str| {
            let volume = Some(volume.to_owned());
            map.holder(&Location { path: path.into(), volume, partition: Some(1), ..Location::default() })
        };
        assert_eq!(at("/srv/small/x", "ext4 root"), Some(1));
        assert_eq!(at("/srv/a.zip!/etc/x", "ext4 root"), Some(1));
        assert_eq!(at("/srv/data/x", "xfs"), Some(2));
        assert_eq!(at("/srv/x", "ext4 other"), Some(3));
        assert_eq!(at("/x", "no such"), Some(0));
        assert_eq!(at("", "swap"), None);
    }
}
