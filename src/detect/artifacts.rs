//! Leftovers of the build, and what starts by itself.
//!
//! **Finds** the files that `signatures/leftovers/` and `signatures/persistence/` describe: the identity of the
//! machine that the image was made on, logs, mail, dumps, files of build tools and of the services of clouds; cron jobs,
//! units, start files, hooks, libraries and modules that do something unusual.
//!
//! **Why it matters:** leftovers tell of the builder, and make every instance the same machine; what starts by itself
//! is how somebody stays on it. What lies there counts, not that it lies there: an empty log is nothing.
//!
//! **Does not find** code in binaries, and members of archives.
//!
//! **References:** AWS, "Best practices for building shared Linux AMIs"; EC2 Image Builder's clean-up script;
//! virt-sysprep(1); MITRE ATT&CK, TA0003 Persistence.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Sink, SystemDetector};
use crate::checks::artifacts::search::{Hit, Told, search};
use crate::checks::artifacts::{Group, file};
use crate::checks::{Artifacts, Subject};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Gap, GapKind, Location, Loss, Secret, Severity};
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, Tree};

/// Findings of one trace; the rest is counted in the last one.
const FINDINGS: usize = 100;
/// Other places that one finding names, and files that an inventory lists.
const PLACES: usize = 50;

/// Looks for traces.
pub struct FileTraces {
    artifacts: Arc<Artifacts>,
}

impl FileTraces {
    /// Looks for `artifacts`.
    pub fn new(artifacts: Arc<Artifacts>) -> Self {
        Self { artifacts }
    }
}

/// What files are one finding: the trace, its level, and what they share.
type Key = (usize, Severity, Option<String>, Vec<u8>);

/// Files of one finding.
struct Files {
    finding: Finding,
    count: u64,
    bytes: u64,
    group: Option<Group>,
    /// Over all files but the first.
    others: Sha256,
}

impl SystemDetector for FileTraces {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        self.artifacts.all.iter().map(|artifact| Arc::clone(&artifact.advisory)).collect()
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        let mut found: BTreeMap<Key, Files> = BTreeMap::new();
        let mut counts: BTreeMap<usize, (usize, u64, Sha256)> = BTreeMap::new();
        let mut cut = Vec::new();
        let subject = Subject::new(tree, facts, &[]);
        search(&self.artifacts, &subject, &mut |told| match told {
            Told::Cut(id, starts) => cut.push((id, starts)),
            Told::Hit(hit) => {
                let (key, size) = (key(&hit, tree), size(tree, hit.id));
                if let Some(files) = found.get_mut(&key) {
                    files.add(tree.location(hit.id), size);
                    return;
                }
                let (of_trace, left_out, rest) = counts.entry(hit.number).or_default();
                if *of_trace >= FINDINGS {
                    *left_out = left_out.saturating_add(1);
                    rest.update(tree.path(hit.id));
                    rest.update([0]);
                    return;
                }
                *of_trace = of_trace.saturating_add(1);
                found.insert(key, Files::new(&hit, tree, facts, size));
            }
        });
        for ((artifact, ..), files) in found {
            let mut finding = files.finished();
            if let Some((_, left @ 1.., rest)) = counts.remove(&artifact) {
                finding = finding.fact(FactKey::FilesLikeItNotListed, left.to_string());
                // Of what only tells of the machine the next build has other files.
                if finding.advisory.category == Category::Persistence {
                    finding.evidence.content = Some(Secret::new(rest.finalize().to_vec()));
                }
            }
            sink.finding(finding);
        }
        cut.into_iter().for_each(|(id, starts)| sink.gap(cut_gap(tree.location(id), starts)));
    }
}

/// What is one finding with `hit`. A file that several snapshots share is one.
fn key(hit: &Hit<'_>, tree: &Tree) -> Key {
    let path = tree.path(hit.id);
    let shared = match hit.artifact.group {
        Some(Group::All | Group::Inventory) => Vec::new(),
        Some(Group::Directory) => {
            path.get(..memchr::memrchr(b'/', &path).unwrap_or(0)).unwrap_or_default().to_vec()
        }
        None => match tree.get(hit.id) {
            Some((mounted, walked)) if walked.first != u64::MAX => {
                format!("{} {} {}", mounted.file_system, walked.first, walked.node.0).into_bytes()
            }
            _ => path,
        },
    };
    (hit.number, hit.severity, hit.because.map(str::to_owned), shared)
}

fn size(tree: &Tree, id: EntryId) -> u64 {
    tree.get(id).map_or(0, |(_, walked)| walked.metadata.size)
}

impl Files {
    fn new(hit: &Hit<'_>, tree: &Tree, facts: &Facts, size: u64) -> Self {
        let mut finding = Finding::new(&hit.artifact.advisory).severity(hit.severity);
        if let Some(because) = hit.because {
            finding = finding.fact(FactKey::Because, because);
        }
        if let Some(place) = &hit.place {
            finding = finding.fact(FactKey::ServesAs, place.shown(tree));
        }
        let location = tree.location(hit.id);
        let group = hit.artifact.group;
        if group == Some(Group::Inventory) {
            finding = finding.fact(FactKey::File, Escaped(&location.path).to_string());
        } else {
            // The lines of leftovers hold whatever was left: their numbers are enough.
            let shown = |(name, _): &&(FactKey, String)| {
                *name != FactKey::Line || hit.artifact.advisory.category == Category::Persistence
            };
            finding.evidence.facts.extend(hit.shown.facts.iter().filter(shown).cloned());
            finding.package = facts.packages.owner(&location.path).map(str::to_owned);
            finding.as_packaged = facts.compared.is_equal(hit.id) == Some(true);
            finding.location = Location { line: hit.shown.line, ..location };
        }
        Self { finding, count: 1, bytes: size, group, others: Sha256::new() }
    }

    fn add(&mut self, location: Location, size: u64) {
        self.count = self.count.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
        self.others.update(&location.path);
        self.others.update(size.to_le_bytes());
        let facts = &mut self.finding.evidence.facts;
        if self.group == Some(Group::Inventory) {
            if facts.len() < PLACES {
                facts.push((FactKey::File, Escaped(&location.path).to_string()));
            }
        } else if self.finding.related_locations.len() < PLACES {
            self.finding.related_locations.push(location);
        }
    }

    fn finished(mut self) -> Finding {
        // One more file that starts is another finding; leftovers are others in each build.
        let starts = self.finding.advisory.category == Category::Persistence;
        if starts && self.count > 1 && self.group == Some(Group::Directory) {
            self.finding.evidence.content = Some(Secret::new(self.others.finalize().to_vec()));
        }
        match self.group {
            None => self.finding,
            Some(_) if self.count == 1 => self.finding,
            Some(Group::Inventory) => self.finding.fact(FactKey::Files, self.count.to_string()),
            Some(_) => self
                .finding
                .fact(FactKey::Files, self.count.to_string())
                .fact(FactKey::Bytes, self.bytes.to_string()),
        }
    }
}

/// What follows in a leftover was searched for secrets; what follows in a start file could start anything.
fn cut_gap(location: Location, starts: bool) -> Gap {
    let loss = if starts { Loss::Part } else { Loss::Nothing };
    let reason =
        format!("only its first {} bytes were compared with traces (its bytes were searched)", file::READ);
    Gap { location, kind: GapKind::OverLimit, loss, bytes: None, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    fn found(memory: Memory) -> Vec<Finding> {
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        FileTraces::new(Arc::new(Artifacts::embedded().unwrap())).inspect(&tree, &facts, &mut found);
        found.findings
    }

    #[test]
    fn logs_of_one_directory_are_one_finding() {
        let memory = Memory::new()
            .file("/var/log/nginx/access.log", "a")
            .file("/var/log/nginx/error.log", "bc")
            .file("/var/log/syslog", "d")
            .file("/var/log/empty.log", "");
        let findings = found(memory);
        let paths: Vec<&[u8]> = findings.iter().map(|finding| finding.location.path.as_slice()).collect();
        assert_eq!(paths, [b"/var/log/syslog".as_slice(), b"/var/log/nginx/access.log"]);
        assert_eq!(findings[1].related_locations.len(), 1);
        assert!(findings[1].evidence.facts.contains(&(FactKey::Bytes, "3".to_owned())));
    }

    #[test]
    fn a_start_file_that_is_too_long_is_a_gap() {
        let memory = Memory::new()
            .file("/etc/cron.d/long", "# nothing\n".repeat(200_000))
            .file("/root/core.x", "x".repeat(2 << 20));
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        FileTraces::new(Arc::new(Artifacts::embedded().unwrap())).inspect(&tree, &facts, &mut found);
        let losses: Vec<_> = found.gaps.iter().map(|gap| (gap.location.path.as_slice(), gap.loss)).collect();
        assert_eq!(losses, [(b"/root/core.x".as_slice(), Loss::Nothing), (b"/etc/cron.d/long", Loss::Part)]);
    }

    #[test]
    fn ten_thousand_logs_are_not_ten_thousand_findings() {
        let mut memory = Memory::new();
        for number in 0..1000 {
            memory = memory.file(&format!("/var/log/{number}/x.log"), "x");
        }
        let findings = found(memory);
        assert_eq!(findings.len(), FINDINGS);
        let left = |finding: &&Finding| finding.evidence.facts.iter().any(|(_, value)| value == "900");
        assert_eq!(findings.iter().filter(left).count(), 1);
    }
}
