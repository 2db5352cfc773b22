//! Programs that run with more rights than who starts them.
//!
//! **Finds** setuid and setgid programs and programs with capabilities that are not on the list of what distributions
//! ship (`signatures/privileges/programs.toml`), or that no package brought: copies of shells, interpreters and
//! editors first.
//!
//! **Why it matters:** a hidden setuid shell is the simplest way back to root for whoever has any account.
//!
//! **Does not find** a usual program that was replaced: that is the comparison with the package database; nor bits that
//! a mount with `nosuid` makes void.
//!
//! **References:** capabilities(7); MITRE ATT&CK T1548.001; GTFOBins.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Collector, Sink, SystemDetector};
use crate::checks::artifacts::file::{is_hidden, is_temporary};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Secret, Severity};
use assay_disk::fs::{FileType, Metadata};
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, Mounted, Tree};

mod capabilities;
pub mod devices;
pub mod path_order;
pub(super) mod table;

pub(crate) use capabilities::Capabilities;
use table::Programs;

/// Largest program that is compared with the system's shells, in bytes.
const SHELL_LIMIT: u64 = 16 << 20;
/// Programs that are told one by one; more are counted.
const FINDINGS: usize = 200;
/// Bytes of a program that is only counted, by which it is known.
const HEAD: usize = 16 << 10;
/// The shells that copies are made of.
const SHELLS: [&[u8]; 7] =
    [b"/bin/bash", b"/bin/dash", b"/bin/sh", b"/bin/zsh", b"/bin/ksh", b"/bin/busybox", b"/usr/bin/bash"];

/// The detector.
pub struct Privileges {
    programs: &'static Programs,
    setuid: Arc<Advisory>,
    capability: Arc<Advisory>,
}

impl Default for Privileges {
    fn default() -> Self {
        Self {
            programs: Programs::embedded(),
            setuid: Arc::new(Advisory {
                id: "setuid-program".into(),
                category: Category::Privilege,
                title: "Unusual setuid or setgid program".into(),
                severity: Severity::High,
                why: "Whoever starts it, from any account, has the rights of its owner or group.".into(),
                remedy: "chmod ug-s FILE, or delete it; find out who set the bit.".into(),
                references: vec!["https://attack.mitre.org/techniques/T1548/001/".into()],
            }),
            capability: Arc::new(Advisory {
                id: "file-capability".into(),
                category: Category::Privilege,
                title: "Unusual program with capabilities".into(),
                severity: Severity::High,
                why: "Whoever starts it, from any account, has these rights of root.".into(),
                remedy: "setcap -r FILE, unless the program needs it.".into(),
                references: vec!["https://man7.org/linux/man-pages/man7/capabilities.7.html".into()],
            }),
        }
    }
}

/// A program with more rights.
struct Program<'p> {
    tree: &'p Tree,
    facts: &'p Facts,
    id: EntryId,
    metadata: &'p Metadata,
    /// In the system that it belongs to: the machine, or the container or image that it lies in.
    path: Vec<u8>,
    /// In the running machine.
    full: Vec<u8>,
    /// Whether the package database tells of it.
    in_system: bool,
}

impl SystemDetector for Privileges {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.setuid), Arc::clone(&self.capability)]
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        let mut seen: BTreeSet<(u32, u64)> = BTreeSet::new();
        let (mut told, mut left, mut rest) = (Collector::default(), 0_u64, Sha256::new());
        for id in tree.present() {
            let Some((mounted, walked)) = tree.get(id) else { continue };
            let metadata = &walked.metadata;
            if metadata.file_type != FileType::Regular || metadata.mode & 0o111 == 0 || mounted.is_raw() {
                continue;
            }
            let is_setuid = metadata.mode & 0o4000 != 0 || metadata.mode & 0o2010 == 0o2010;
            // What the inode cannot tell is a gap of the audit, which opens it, too.
            let capabilities = tree.open(id).ok().and_then(|mut node| Capabilities::of(&mut *node));
            if !is_setuid && capabilities.is_none() || !seen.insert((mounted.file_system, walked.node.0)) {
                continue;
            }
            if told.findings.len() >= FINDINGS {
                left = left.saturating_add(1);
                identify(tree, id, metadata, &mut rest);
                continue;
            }
            let program = self.program(tree, facts, id, mounted, metadata);
            if is_setuid {
                self.judge_setuid(&program, &mut told);
            }
            if let Some(capabilities) = capabilities {
                self.judge_capabilities(&program, &capabilities, &mut told);
            }
        }
        if left > 0 {
            let mut finding = Finding::new(&self.setuid).fact(FactKey::ProgramsNotJudged, left.to_string());
            finding.evidence.content = Some(Secret::new(rest.finalize().to_vec()));
            told.finding(finding);
        }
        told.findings.into_iter().for_each(|finding| sink.finding(finding));
    }
}

/// What makes a program this one, where it is only counted: its place, its rights, and how it begins.
fn identify(tree: &Tree, id: EntryId, metadata: &Metadata, hash: &mut Sha256) {
    let mut head = vec![0; HEAD];
    let read = tree.open(id).and_then(|mut node| node.read_at(0, &mut head)).unwrap_or(0);
    let path = tree.path(id);
    hash.update((path.len() as u64).to_le_bytes());
    hash.update(path);
    hash.update(format!(" {:o} {} {} {} ", metadata.mode, metadata.uid, metadata.gid, metadata.size));
    hash.update(head.get(..read).unwrap_or_default());
}

impl Privileges {
    fn program<'p>(
        &self,
        tree: &'p Tree,
        facts: &'p Facts,
        id: EntryId,
        mounted: &Mounted,
        metadata: &'p Metadata,
    ) -> Program<'p> {
        let full = tree.path(id);
        let inside = mounted.path_inside(id.index);
        let path = self.programs.below_root(&inside).map_or_else(|| inside.clone(), <[u8]>::to_vec);
        let in_system = mounted.is_placed() && path == inside && facts.packages.count() > 0;
        Program { tree, facts, id, metadata, path, full, in_system }
    }

    fn judge_setuid(&self, program: &Program<'_>, sink: &mut dyn Sink) {
        let owned = program.facts.packages.owner(&program.full);
        if self.programs.is_usual(&program.path) && (owned.is_some() || !program.in_system) {
            return;
        }
        let user = program.metadata.mode & 0o4000 != 0;
        let Some((severity, because)) = self.reason(program, owned.is_some()) else { return };
        let mut finding = Finding::new(&self.setuid)
            .severity(if user && program.metadata.uid == 0 {
                severity
            } else {
                severity.min(Severity::Medium)
            })
            .fact(FactKey::Because, because)
            .fact(FactKey::Mode, format!("{:04o}", program.metadata.mode))
            .fact(FactKey::Owner, format!("user {}, group {}", program.metadata.uid, program.metadata.gid));
        finding.package = owned.map(str::to_owned);
        finding.as_packaged = program.is_as_packaged();
        finding.location = program.tree.location(program.id);
        sink.finding(finding);
    }

    /// How bad it is, and why.
    fn reason(&self, program: &Program<'_>, owned: bool) -> Option<(Severity, String)> {
        let name = program.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        if let Some(shell) = program.shell() {
            return Some((Severity::Critical, format!("it is a copy of {}", Escaped(shell))));
        }
        if self.programs.is_shell(name) {
            return Some((
                Severity::Critical,
                "it runs any command, or reads and writes any file".to_owned(),
            ));
        }
        if program.metadata.mode & 0o002 != 0 {
            return Some((Severity::Critical, "everybody may change it".to_owned()));
        }
        if is_hidden(&program.path) || is_temporary(&program.path) {
            return Some((Severity::Critical, "it lies hidden, or where everybody may write".to_owned()));
        }
        if program.facts.accounts.home_of(&program.path).is_some_and(|account| account.uid >= Some(1000)) {
            return Some((Severity::High, "it lies in a home".to_owned()));
        }
        Some(match (program.in_system, owned) {
            (true, false) => (Severity::High, "no package brought it".to_owned()),
            (true, true) => (Severity::High, "no distribution that is known ships such a program".to_owned()),
            (false, _) => (Severity::Medium, "it is none of those that distributions ship so".to_owned()),
        })
    }

    fn judge_capabilities(&self, program: &Program<'_>, capabilities: &Capabilities, sink: &mut dyn Sink) {
        let extra = self.programs.unusual(&program.path, capabilities);
        let owned = program.facts.packages.owner(&program.full).is_some();
        if extra.is_empty() {
            return;
        }
        let name = program.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let strong = extra.iter().any(|name| capabilities::is_strong(name));
        let (severity, because) = match (strong, self.programs.is_shell(name) || program.shell().is_some()) {
            (true, true) => {
                (Severity::Critical, "it runs any command, or reads and writes any file, with them")
            }
            (true, false) if owned => (Severity::High, "they are as good as root"),
            (true, false) => (Severity::High, "they are as good as root, and no package brought it"),
            (false, _) => (Severity::Low, "it is none of those that distributions ship so"),
        };
        let mut finding = Finding::new(&self.capability)
            .severity(severity)
            .fact(FactKey::Because, because)
            .fact(FactKey::Capabilities, capabilities.to_string());
        finding.package = program.facts.packages.owner(&program.full).map(str::to_owned);
        finding.as_packaged = program.is_as_packaged();
        finding.location = program.tree.location(program.id);
        sink.finding(finding);
    }
}

impl Program<'_> {
    /// Whether it is what the image's own package database says.
    fn is_as_packaged(&self) -> bool {
        self.facts.compared.is_equal(self.id) == Some(true)
    }

    /// The shell of the system that it is a copy of.
    fn shell(&self) -> Option<&'static [u8]> {
        if self.metadata.size > SHELL_LIMIT || self.metadata.size < 4096 {
            return None;
        }
        let mut own: Option<Vec<u8>> = None;
        SHELLS.into_iter().find(|shell| {
            let Some(other) = self.tree.find(shell).filter(|&other| other != self.id) else { return false };
            let size = self.tree.get(other).map(|(_, walked)| walked.metadata.size);
            if size != Some(self.metadata.size) {
                return false;
            }
            let read = |id| self.tree.content(id, SHELL_LIMIT).unwrap_or_default();
            let own = own.get_or_insert_with(|| read(self.id));
            !own.is_empty() && *own == read(other)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    fn found(memory: Memory) -> Vec<(String, Severity)> {
        let memory = memory
            .file("/var/lib/dpkg/status", "Package: sudo\nStatus: install ok installed\nArchitecture: all\n")
            .file("/var/lib/dpkg/info/sudo.list", "/.\n/usr/bin/sudo\n/usr/bin/odd\n/usr/bin/find\n");
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        Privileges::default().inspect(&tree, &facts, &mut found);
        let path = |finding: &Finding| String::from_utf8(finding.location.path.clone()).unwrap();
        let mut found: Vec<_> =
            found.findings.iter().map(|finding| (path(finding), finding.severity)).collect();
        found.sort();
        found
    }

    fn setuid(memory: Memory, path: &str, content: &str) -> Memory {
        memory.file(path, content).with(|metadata| metadata.mode = 0o4755)
    }

    #[test]
    fn what_distributions_ship_is_silent_and_the_rest_is_not() {
        let shell = "x".repeat(5000);
        let mut memory = Memory::new().file("/bin/bash", &shell);
        memory = setuid(memory, "/usr/bin/sudo", "a");
        memory = setuid(memory, "/usr/bin/odd", "a");
        memory = setuid(memory, "/usr/bin/find", "a");
        memory = setuid(memory, "/opt/app/helper", "a");
        memory = setuid(memory, "/opt/app/quiet", &shell);
        memory = setuid(memory, "/var/lib/docker/overlay2/ab/diff/usr/bin/su", "a");
        assert_eq!(
            found(memory),
            [
                ("/opt/app/helper".to_owned(), Severity::High),
                ("/opt/app/quiet".to_owned(), Severity::Critical),
                ("/usr/bin/find".to_owned(), Severity::Critical),
                ("/usr/bin/odd".to_owned(), Severity::High),
            ]
        );
    }

    #[test]
    fn a_usual_name_that_no_package_brought_is_told() {
        assert_eq!(
            found(setuid(Memory::new(), "/usr/bin/pkexec", "a")),
            [("/usr/bin/pkexec".to_owned(), Severity::High)]
        );
    }
}
