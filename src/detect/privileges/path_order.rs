//! Programs that stand in the way of others.
//!
//! **Finds** programs in /usr/local that have the name of a program of the system: they come earlier in PATH, so they
//! are started in its place. Programs of logins, of rights and of looking at the machine are bad; others are told at a
//! low level, as many are there on purpose.
//!
//! **Why it matters:** a false sudo takes passwords, a false sshd lets in.
//!
//! **Does not find** aliases and functions of shells.
//!
//! **References:** MITRE ATT&CK T1574.007.

use std::sync::Arc;

use crate::detect::{Sink, SystemDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;

/// Programs that are told one by one.
const FINDINGS: usize = 50;
/// Directories that come first in PATH, and those that they come before.
const FIRST: [&[u8]; 2] = [b"/usr/local/sbin", b"/usr/local/bin"];
const THEN: [&[u8]; 4] = [b"/usr/sbin", b"/usr/bin", b"/sbin", b"/bin"];
/// Programs that nobody has a reason to replace quietly.
const SENSITIVE: [&[u8]; 38] = [
    b"sshd",
    b"ssh",
    b"sudo",
    b"su",
    b"login",
    b"agetty",
    b"passwd",
    b"doas",
    b"pkexec",
    b"sh",
    b"bash",
    b"dash",
    b"systemctl",
    b"systemd",
    b"init",
    b"cron",
    b"crond",
    b"ls",
    b"ps",
    b"ss",
    b"netstat",
    b"lsof",
    b"top",
    b"who",
    b"w",
    b"last",
    b"id",
    b"find",
    b"cat",
    b"mount",
    b"chpasswd",
    b"useradd",
    b"usermod",
    b"dpkg",
    b"apt",
    b"apt-get",
    b"rpm",
    b"gpg",
];

/// The detector.
pub struct PathOrder {
    advisory: Arc<Advisory>,
}

impl Default for PathOrder {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "program-before-system".into(),
                category: Category::Persistence,
                title: "Program that is started in the place of one of the system".into(),
                severity: Severity::High,
                why: "It comes earlier in PATH than the program of the same name: whoever types the name starts it."
                    .into(),
                remedy: "Find out what put it there; delete it, or give it another name.".into(),
                references: vec!["https://attack.mitre.org/techniques/T1574/007/".into()],
            }),
        }
    }
}

impl SystemDetector for PathOrder {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        let mut left = FINDINGS;
        for directory in FIRST {
            for (name, kind) in tree.list(directory) {
                let is_program = matches!(kind, FileType::Regular | FileType::Symlink);
                let found = is_program.then(|| self.judge(tree, facts, directory, &name)).flatten();
                if let (Some(finding), Some(fewer)) = (found, left.checked_sub(1)) {
                    left = fewer;
                    sink.finding(finding);
                }
            }
        }
    }
}

impl PathOrder {
    fn judge(&self, tree: &Tree, facts: &Facts, directory: &[u8], name: &[u8]) -> Option<Finding> {
        let below = |directory: &[u8]| [directory, b"/", name].concat();
        let path = below(directory);
        let own = tree.find(&path)?;
        let (_, walked) = tree.get(own)?;
        if walked.metadata.file_type != FileType::Regular || walked.metadata.mode & 0o111 == 0 {
            return None;
        }
        let hidden =
            THEN.iter().map(|then| below(then)).find(|other| tree.find(other).is_some_and(|id| id != own))?;
        // What a package brought is as its distribution wants it; a link of it leads to a program of another one.
        let is_owned = |path: &[u8]| facts.packages.owner(path).is_some();
        if is_owned(&path) || is_owned(&tree.path(own)) {
            return None;
        }
        let severity = if SENSITIVE.contains(&name) { Severity::High } else { Severity::Info };
        let mut finding = Finding::new(&self.advisory)
            .severity(severity)
            .fact(FactKey::InsteadOf, Escaped(&hidden).to_string())
            .fact(FactKey::Mode, format!("{:04o}", walked.metadata.mode));
        finding.location = tree.location(tree.find_link(&path).unwrap_or(own));
        Some(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    #[test]
    fn a_program_that_comes_first_is_found_by_what_it_stands_for() {
        let memory = Memory::new()
            .file("/usr/sbin/sshd", "x")
            .file("/usr/bin/python3", "x")
            .file("/usr/local/sbin/sshd", "y")
            .with(|metadata| metadata.mode = 0o755)
            .file("/usr/local/bin/python3", "y")
            .with(|metadata| metadata.mode = 0o755)
            .file("/usr/local/bin/own", "y")
            .with(|metadata| metadata.mode = 0o755);
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let mut found = Collector::default();
        PathOrder::default().inspect(&tree, &Facts::default(), &mut found);
        let told: Vec<_> = found.findings.iter().map(|f| (f.location.path.as_slice(), f.severity)).collect();
        let expected =
            [(&b"/usr/local/sbin/sshd"[..], Severity::High), (b"/usr/local/bin/python3", Severity::Info)];
        assert_eq!(told, expected);
    }
}
