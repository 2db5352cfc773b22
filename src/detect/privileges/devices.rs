//! Device nodes that give away what they stand for.
//!
//! **Finds** nodes of block devices outside of /dev, and of memory (/dev/mem, /dev/kmem, /dev/port) outside of it; and
//! such nodes anywhere that everybody may read or write.
//!
//! **Why it matters:** whoever reads the disk past its file system reads every file; whoever writes it is root.
//!
//! **Does not find** devices that a running machine makes.
//!
//! **References:** mknod(2), mem(4).

use std::sync::Arc;

use crate::detect::{Sink, SystemDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::fs::FileType;
use assay_disk::tree::{EntryId, Tree};

/// Nodes that are told one by one.
const FINDINGS: usize = 100;
/// The major number of memory, and its minor numbers that give it away: mem, kmem, port.
const MEMORY: (u32, [u32; 3]) = (1, [1, 2, 4]);

/// The detector.
pub struct Devices {
    advisory: Arc<Advisory>,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "device-node".into(),
                category: Category::Privilege,
                title: "Device node of a disk or of memory".into(),
                severity: Severity::High,
                why: "Whoever may read it reads all files past their modes; whoever may write it is root."
                    .into(),
                remedy: "rm FILE; find out what made it.".into(),
                references: vec!["https://man7.org/linux/man-pages/man4/mem.4.html".into()],
            }),
        }
    }
}

impl SystemDetector for Devices {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn inspect(&self, tree: &Tree, _: &Facts, sink: &mut dyn Sink) {
        let found = tree.present().filter_map(|id| self.judge(tree, id));
        found.take(FINDINGS).for_each(|finding| sink.finding(finding));
    }
}

impl Devices {
    fn judge(&self, tree: &Tree, id: EntryId) -> Option<Finding> {
        let (_, walked) = tree.get(id)?;
        let kind = match walked.metadata.file_type {
            FileType::BlockDevice => "a disk",
            FileType::CharDevice => "memory",
            _ => return None,
        };
        let numbers = tree.open(id).ok().and_then(|node| node.device());
        let is_memory = numbers.is_some_and(|(major, minor)| major == MEMORY.0 && MEMORY.1.contains(&minor));
        // A layer of a container marks what is deleted by a device 0:0.
        if walked.metadata.file_type == FileType::CharDevice && !is_memory {
            return None;
        }
        let path = tree.path(id);
        let is_among = |path: &[u8]| path.starts_with(b"/dev/");
        let is_in_place = is_among(&path) || tree.places(id).iter().any(|place| is_among(&place.path));
        let mode = walked.metadata.mode;
        let severity = match (is_in_place, mode & 0o006 != 0) {
            (true, false) => return None,
            (_, true) => Severity::Critical,
            (false, false) => Severity::Medium,
        };
        let mut finding = Finding::new(&self.advisory)
            .severity(severity)
            .fact(FactKey::Device, kind)
            .fact(FactKey::Mode, format!("{mode:04o}"))
            .fact(FactKey::Owner, format!("user {}, group {}", walked.metadata.uid, walked.metadata.gid));
        if let Some((major, minor)) = numbers {
            finding = finding.fact(FactKey::Numbers, format!("{major}:{minor}"));
        }
        finding.location = tree.location(id);
        Some(finding)
    }
}
