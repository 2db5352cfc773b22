//! What lets somebody in, or up, by the configuration of the system.
//!
//! **Finds** what `signatures/checks/access.toml` describes: sshd that takes passwords which work, what cloud-init
//! turns on at first boot, sudo without a password, hosts that are trusted, files of the system that others may
//! change, PAM that lets everybody in.
//!
//! **Why it matters:** no secret need leak where the door is open.
//!
//! **Does not find** what only hardens (`--benchmark` does), nor decides what could not be read: that is a gap
//! already.
//!
//! **References:** sshd_config(5), sudoers(5), pam.d(5), cloud-init's reference of modules.

use std::sync::Arc;

use super::{Signatures, Sink, SystemDetector};
use crate::budget::Budget;
use crate::checks::{self, Check, Outcome, Subject, Verdict};
use crate::facts::Facts;
use crate::finding::{Advisory, FactKey, Finding};
use assay_disk::tree::{Place, Tree};

/// Runs the checks that are on by default.
pub struct Access {
    checks: Vec<Check>,
    budget: Budget,
}

impl Access {
    /// Runs those that are on by default in `signatures`, which were read once: there is no error to tell of.
    pub fn new(signatures: &Signatures, budget: &Budget) -> Self {
        Self { checks: checks::defaults(&signatures.checks).unwrap_or_default(), budget: *budget }
    }
}

impl SystemDetector for Access {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        self.checks.iter().map(|check| Arc::clone(&check.advisory)).collect()
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        for system in 0..tree.systems().len().max(1) {
            self.system(&Subject::of(tree, facts, system, &[]).within(&self.budget), sink);
        }
    }
}

impl Access {
    fn system(&self, subject: &Subject<'_>, sink: &mut dyn Sink) {
        for check in &self.checks {
            let outcome = check.evaluate(subject);
            if outcome.verdict == Verdict::Fail {
                let outcomes = if check.counts_places() { by_file(outcome) } else { vec![outcome] };
                for outcome in outcomes {
                    let mut finding = check.finding(&outcome);
                    complete(&mut finding, subject);
                    sink.finding(finding);
                }
            }
        }
        subject.gaps().into_iter().for_each(|gap| sink.gap(gap));
    }
}

/// The outcome parted by the files that show it: each is a place of its own to mend.
fn by_file(outcome: Outcome) -> Vec<Outcome> {
    let mut parted: Vec<Outcome> = Vec::new();
    for evidence in outcome.evidence {
        let same = |known: &&mut Outcome| known.evidence.iter().any(|other| other.path == evidence.path);
        match parted.iter_mut().find(same) {
            Some(known) => known.evidence.push(evidence),
            None => parted.push(Outcome { verdict: outcome.verdict, evidence: vec![evidence] }),
        }
    }
    // Of many files the first have findings of their own, and the others one.
    if parted.len() > Outcome::SHOWN {
        let rest = parted.split_off(Outcome::SHOWN);
        let evidence = rest.into_iter().flat_map(|outcome| outcome.evidence).collect();
        parted.push(Outcome { verdict: outcome.verdict, evidence });
    }
    parted
}

/// The volume and the inode of the finding's path; that of the file itself, where links or mounts lead to it.
fn complete(finding: &mut Finding, subject: &Subject<'_>) {
    let (Some(view), path) = (subject.view(), finding.location.path.clone()) else { return };
    let found = view.find(&path).or_else(|| view.find_link(&path));
    let line = finding.location.line;
    if let Some(id) = found.filter(|_| !path.is_empty()) {
        finding.location = subject.tree.location(id);
        finding.location.line = line;
        // In a merged /usr both are one path.
        if finding.location.path != path && finding.location.path.strip_prefix(b"/usr") != Some(&path) {
            let place = Place { system: subject.system, path };
            finding.evidence.facts.push((FactKey::ServesAs, place.shown(subject.tree)));
        }
    } else if !path.is_empty() {
        finding.location.path = view.system().below(&path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::fs::memory::Memory;

    #[test]
    fn the_first_value_of_an_included_file_opens_the_door() {
        let memory = Memory::new()
            .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\n")
            .file("/etc/shadow", "root:$y$j9T$a$b:1::::::\n")
            .with(|metadata| metadata.mode = 0o640)
            .file("/usr/sbin/sshd", "")
            .file("/etc/ssh/sshd_config", "Include sshd_config.d/*.conf\nPermitRootLogin no\n")
            .file("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PermitRootLogin yes\n");
        let tree = Tree::of(Arc::new(memory), &Budget::default().disk);
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        Access::new(&Signatures::embedded().unwrap(), &Budget::default()).inspect(&tree, &facts, &mut found);
        let ids: Vec<&str> = found.findings.iter().map(|finding| finding.advisory.id.as_str()).collect();
        assert_eq!(ids, ["ssh-root-password", "ssh-password-login"]);
        assert_eq!(found.findings[0].location.path, b"/etc/ssh/sshd_config.d/50-cloud-init.conf");
        assert_eq!(found.findings[0].location.line, Some(1));
    }

    #[test]
    fn every_file_that_trusts_hosts_is_a_finding() {
        let memory = Memory::new()
            .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\na:x:1000:1000::/srv/a:/bin/bash\n")
            .file("/etc/hosts.equiv", "+ +\n")
            .file("/root/.rhosts", "build1 root\n")
            .file("/srv/a/.shosts", "build1 a\n");
        let tree = Tree::of(Arc::new(memory), &Budget::default().disk);
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        Access::new(&Signatures::embedded().unwrap(), &Budget::default()).inspect(&tree, &facts, &mut found);
        let paths: Vec<&[u8]> = found
            .findings
            .iter()
            .filter(|finding| finding.advisory.id == "trusted-hosts")
            .map(|finding| finding.location.path.as_slice())
            .collect();
        assert_eq!(paths, [&b"/etc/hosts.equiv"[..], b"/root/.rhosts", b"/srv/a/.shosts"]);
    }
}
