//! What is mounted over the system itself.
//!
//! **Finds** mounts of fstab, mount units, services and extensions that hide /etc, root's home, programs, homes, or
//! what holds them: bind mounts, overlays, file systems in files, in memory or of other machines. What lies beneath and
//! what covers it are both looked at, where they are in the image.
//!
//! **Why it matters:** whoever looks at the disk sees other accounts, keys and programs than the machine has.
//!
//! **Does not find** mounts that programs make when they run; volumes of the image with their own place are none.
//!
//! **References:** fstab(5), systemd.mount(5), systemd.exec(5), systemd-sysext(8).

use std::sync::Arc;

use super::{Sink, SystemDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::text::Escaped;
use assay_disk::tree::{Cover, CoverKind, Tree};

/// Mounts that are told one by one.
const FINDINGS: usize = 100;

/// The detector.
pub struct Mounts {
    advisory: Arc<Advisory>,
}

impl Default for Mounts {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "mount-hides-system".into(),
                category: Category::Persistence,
                title: "Mount over a part of the system".into(),
                severity: Severity::High,
                why: "The machine runs with other files than the ones that lie there: accounts, keys or programs \
                      that nobody sees who looks at its disk."
                    .into(),
                remedy: "Find out what needs it; remove the line or the unit, and put the files where they belong."
                    .into(),
                references: vec!["https://man7.org/linux/man-pages/man5/fstab.5.html".into()],
            }),
        }
    }
}

impl SystemDetector for Mounts {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        for cover in tree.covers().iter().take(FINDINGS) {
            sink.finding(self.finding(cover, tree, facts));
        }
    }
}

impl Mounts {
    fn finding(&self, cover: &Cover, tree: &Tree, facts: &Facts) -> Finding {
        let mut finding = Finding::new(&self.advisory)
            .fact(FactKey::Hides, Escaped(&cover.place).to_string())
            .fact(FactKey::Shows, Escaped(&cover.source).to_string())
            .fact(FactKey::Kind, cover.kind.name());
        if let Some(unit) = &cover.unit {
            finding = finding.fact(FactKey::SeenBy, Escaped(unit).to_string());
        }
        if let Some(id) = tree.find(&cover.file) {
            finding.location = tree.location(id);
        }
        finding.location.line = cover.line;
        finding.package = facts.packages.owner(&finding.location.path).map(str::to_owned);
        // An extension adds to what is there; what a package brings is as its distribution wants it.
        if finding.package.is_some() {
            finding.severity(Severity::Low)
        } else if cover.kind == CoverKind::Extension {
            finding.severity(Severity::Medium)
        } else {
            finding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    fn found(memory: Memory) -> Vec<String> {
        let memory =
            memory.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/srv/ada:/bin/sh\n");
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        Mounts::default().inspect(&tree, &facts, &mut found);
        let hides =
            |finding: &Finding| finding.evidence.facts.first().map(|(_, value)| value.clone()).unwrap();
        found.findings.iter().map(hides).collect()
    }

    fn of_fstab(line: &str) -> Vec<String> {
        found(Memory::new().file("/opt/e/x", "").file("/etc/fstab", line).directory("/usr/bin"))
    }

    #[test]
    fn what_hides_the_system_is_found() {
        for (line, hidden) in [
            ("/opt/e /etc none bind 0 0", "/etc"),
            ("/opt/e /etc/ssh none rbind 0 0", "/etc/ssh"),
            ("/opt/e /root none bind", "/root"),
            ("/opt/e /srv/ada none bind", "/srv/ada"),
            ("/opt/e /srv none bind", "/srv"),
            ("/opt/e /home/ none bind", "/home"),
            ("/opt/e //usr/./bin none bind", "/usr/bin"),
            ("overlay /etc overlay lowerdir=/etc,upperdir=/opt/e,workdir=/opt/w", "/etc"),
            ("tmpfs /root tmpfs mode=700", "/root"),
            ("server:/h /home nfs4 defaults", "/home"),
        ] {
            assert_eq!(of_fstab(line), [hidden], "{line}");
        }
    }

    #[test]
    fn usual_mounts_are_none() {
        for line in [
            "UUID=1 / ext4 defaults 0 1",
            "UUID=2 /home ext4 defaults 0 1",
            "/dev/mapper/vg-usr /usr xfs defaults 0 0",
            "UUID=3 /home btrfs subvol=@home 0 0",
            "tmpfs /tmp tmpfs nosuid 0 0",
            "/opt/e /srv/www none bind 0 0",
            "/etc /etc none bind,ro 0 0",
            "/swap none swap sw 0 0",
            "proc /proc proc defaults",
        ] {
            assert!(of_fstab(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn units_that_hide_something_are_found() {
        let unit = |path: &str, text: &str| found(Memory::new().file("/opt/e/x", "").file(path, text));
        let mount = "[Mount]\nWhat=/opt/e\nWhere=/etc\nType=none\nOptions=bind\n";
        assert_eq!(unit("/etc/systemd/system/etc.mount", mount), ["/etc"]);
        let service = "[Service]\nBindPaths=-/opt/e:/etc:norbind /opt/e:/srv/x\n";
        assert_eq!(unit("/etc/systemd/system/ssh.service.d/x.conf", service), ["/etc"]);
        let service = "[Service]\nTemporaryFileSystem=/etc:ro\n";
        assert_eq!(unit("/usr/lib/systemd/system/a.service", service), ["/etc"]);
        let stock =
            "[Service]\nBindReadOnlyPaths=/etc/machine-id /etc/resolv.conf\nTemporaryFileSystem=/run\n";
        assert!(unit("/usr/lib/systemd/system/b.service", stock).is_empty());
    }
}
