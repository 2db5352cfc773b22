//! Files that are not what the image's own package database says.
//!
//! **Finds** programs, libraries, units and PAM modules whose digest is not the one that dpkg, RPM or apk recorded, and
//! programs that are owned and missing, of any size; `--compare-packages all` compares every file that has a digest,
//! data, too. Something else in the place of a program, a link or a device, differs as well; so does what lies where a
//! package's file was diverted by hand. The files are compared while they are read (`facts.compared`). Programs of
//! packages that have no digest are a gap.
//!
//! **Why it matters:** a replaced sshd or sudo is a back door with a harmless name.
//!
//! **Does not find** what was replaced together with the database: both come from the image, so equal is not proved
//! genuine.
//!
//! **References:** dpkg(1), --verify; debsums(1); MITRE ATT&CK T1554.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Sink, SystemDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Gap, GapKind, Location, Loss, Severity};
use crate::packages::Package;
use crate::remedies;
use assay_disk::bytes::Span;
use assay_disk::fs::holes::Content;
use assay_disk::fs::{FileType, FsError, Metadata};
use assay_disk::text::{Escaped, hex};
use assay_disk::tree::{EntryId, Placement, Tree};

/// Largest file that is compared as a whole, in bytes; larger ones are read again.
pub const WHOLE: u64 = 8 << 20;
/// Bytes of a large file in memory at once.
const PIECE: usize = 128 << 10;
/// Missing programs that are named, and commands for them.
const NAMED: usize = 20;
const RESTORED: usize = 5;
/// Programs without a digest that are named.
const UNKNOWN: usize = 5;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// What somebody would replace: programs, libraries, units, setuid programs, PAM modules.
    #[default]
    Essential,
    /// Every file that has a digest.
    All,
    /// Nothing.
    Nothing,
}

/// The detector.
pub struct Integrity {
    extent: Extent,
    changed: Arc<Advisory>,
    missing: Arc<Advisory>,
}

impl Integrity {
    /// Compares so much.
    pub fn new(extent: Extent) -> Self {
        let advisory = |id: &str, title: &str, severity, why: &str, remedy: &str| {
            Arc::new(Advisory {
                id: id.into(),
                category: Category::Integrity,
                title: title.into(),
                severity,
                why: why.into(),
                remedy: remedy.into(),
                references: vec!["https://attack.mitre.org/techniques/T1554/".into()],
            })
        };
        Self {
            extent,
            changed: advisory(
                "package-file-changed",
                "File that differs from the image's own package database",
                Severity::High,
                "It is not what its package brought: it was replaced, patched by hand, or damaged.",
                "Install its package anew (the finding names the command), and find out what changed the file before \
                 the image is used.",
            ),
            missing: advisory(
                "package-program-missing",
                "Programs that their packages brought, and that are not there",
                Severity::Info,
                "They were deleted by hand: mostly to save room, at times to stop what watches.",
                "Install their packages anew (the finding names the command), unless they were taken out on purpose.",
            ),
        }
    }
}

/// Where a file lies that somebody would replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What lets people in, or everything up.
    Door,
    Program,
    Library,
    Unit,
    /// Anything else: compared only with all.
    Other,
}

impl Part {
    pub(super) fn of(path: &[u8], mode: u16) -> Self {
        let path = path.strip_prefix(b"/usr").unwrap_or(path);
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let in_one = |places: &[&[u8]]| places.iter().any(|place| path.starts_with(place));
        let library = memchr::memmem::find(name, b".so").is_some() && in_one(&[b"/lib"]);
        if mode & 0o6000 != 0 && mode & 0o111 != 0 || is_door(name, library) {
            Self::Door
        } else if library {
            Self::Library
        } else if in_one(&[b"/lib/systemd/system/", b"/lib/systemd/user/"]) {
            Self::Unit
        } else if mode & 0o111 != 0
            && (in_one(&[b"/bin/", b"/sbin/", b"/libexec/", b"/games/", b"/etc/init.d/"])
                || in_one(&[b"/lib/", b"/lib64/"]) && !is_module(name))
        {
            Self::Program
        } else {
            Self::Other
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Door => Severity::Critical,
            Self::Program | Self::Library => Severity::High,
            Self::Unit => Severity::Medium,
            Self::Other => Severity::Low,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Door => "program or library that decides who gets in",
            Self::Program => "program",
            Self::Library => "library",
            Self::Unit => "unit",
            Self::Other => "other file",
        }
    }
}

/// Whether the name is that of a module of a language: package managers of languages bring these up to date beside dpkg.
fn is_module(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 10] =
        [b".js", b".mjs", b".cjs", b".py", b".pl", b".pm", b".rb", b".php", b".cmd", b".sh"];
    ENDS.iter().any(|end| name.ends_with(end))
}

fn is_door(name: &[u8], library: bool) -> bool {
    const PROGRAMS: [&[u8]; 15] = [
        b"sshd",
        b"sshd-session",
        b"sshd-auth",
        b"ssh",
        b"sudo",
        b"su",
        b"login",
        b"passwd",
        b"agetty",
        b"systemd",
        b"cron",
        b"crond",
        b"init",
        b"polkitd",
        b"dropbear",
    ];
    const LIBRARIES: [&[u8]; 7] =
        [b"pam_", b"libpam", b"libc.so", b"libc-", b"ld-linux", b"libnss_", b"liblzma"];
    if library { LIBRARIES.iter().any(|start| name.starts_with(start)) } else { PROGRAMS.contains(&name) }
}

impl Extent {
    /// Whether the file's content is to be compared: what the detector judges, and the modules of kernels, which traces
    /// of rootkits ask for.
    pub fn wants(self, path: &[u8], metadata: &Metadata) -> bool {
        let is_module = || {
            let path = path.strip_prefix(b"/usr").unwrap_or(path);
            path.starts_with(b"/lib/modules/") && memchr::memmem::find(path, b".ko").is_some()
        };
        self.part(path, metadata).is_some() || self != Self::Nothing && is_module()
    }

    /// What part of the system the file is, if it is judged.
    fn part(self, path: &[u8], metadata: &Metadata) -> Option<Part> {
        if self == Self::Nothing || metadata.file_type != FileType::Regular {
            return None;
        }
        let part = Part::of(path, metadata.mode);
        let wanted = match part {
            Part::Other => self == Self::All,
            Part::Door | Part::Program | Part::Library | Part::Unit => true,
        };
        wanted.then_some(part)
    }
}

impl Integrity {
    fn judge(&self, path: &[u8], is_equal: bool, part: Part, facts: &Facts) -> Option<Finding> {
        let contested = facts.packages.contested(path);
        if is_equal && contested.is_none() {
            return None;
        }
        let conffile = is_configuration(path, part, facts);
        let severity = if conffile { Severity::Info } else { part.severity() };
        let finding = Finding::new(&self.changed).severity(severity).fact(FactKey::Is, part.name());
        let finding = if conffile {
            finding.fact(FactKey::Remark, "configuration file of the package")
        } else {
            finding
        };
        let aside = facts.packages.aside(path);
        let package = facts.packages.package(path).or_else(|| facts.packages.package_aside(aside?));
        let finding = match contested {
            Some([one, other]) => {
                finding.fact(FactKey::RecordedDifferentlyBy, format!("{} and {}", one.name, other.name))
            }
            None => finding,
        };
        let finding = match (aside, package) {
            (Some(aside), Some(package)) => finding
                .fact(FactKey::InPlaceOfAFileOf, package.name.clone())
                .fact(FactKey::WhichWasDivertedTo, Escaped(&aside.to).to_string())
                .fact(
                    FactKey::DivertedBy,
                    aside.by.as_ref().map_or_else(|| "hand".to_owned(), |by| Escaped(by).to_string()),
                ),
            _ => finding,
        };
        let finding = finding
            .fact(FactKey::Version, package.map(|package| package.version.clone()).unwrap_or_default());
        Some(match package.and_then(|package| remedies::reinstall(package, facts)) {
            Some(command) => finding.fact(FactKey::Restore, command),
            None => finding,
        })
    }

    /// A program or library in whose place something else lies than a regular file.
    fn displaced(&self, tree: &Tree, id: EntryId, facts: &Facts, sink: &mut dyn Sink) {
        let Some((_, walked)) = tree.get(id) else { return };
        let path = tree.path(id);
        let Some(recorded) = facts.packages.expected(&path) else { return };
        // apk records the digest of a link's target. What diverts a file often puts a link to its own in its place,
        // which is compared there.
        let is_own = || facts.packages.recorded(&tree.path(tree.find(&path)?));
        let is_equal = walked.target.as_ref().is_some_and(|target| recorded.is_of(target))
            || facts.packages.aside(&path).is_some() && is_own().is_some();
        // What lies there has another mode.
        let part = Part::of(&path, 0o755);
        let wanted = part != Part::Other || self.extent == Extent::All;
        if let Some(finding) = self.judge(&path, is_equal, part, facts).filter(|_| wanted) {
            let what = match &walked.target {
                Some(target) => format!("a symbolic link to {}", Escaped(target)),
                None if walked.metadata.file_type == FileType::Directory => "a directory".to_owned(),
                None => "a special file".to_owned(),
            };
            let mut finding = finding.fact(FactKey::Now, what);
            finding.location = tree.location(id);
            finding.package = facts.packages.owner(&path).map(str::to_owned);
            sink.finding(finding);
        }
    }
}

impl SystemDetector for Integrity {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.changed), Arc::clone(&self.missing)]
    }

    /// The files that differ, those that are left out, and those that are missing.
    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        if self.extent == Extent::Nothing || facts.packages.count() == 0 {
            return;
        }
        let mut unknown = Unknown::default();
        for id in tree.ids() {
            let Some((mounted, walked)) = tree.get(id) else { continue };
            let metadata = &walked.metadata;
            if mounted.placement != Placement::Disk {
                continue;
            }
            if metadata.file_type != FileType::Regular {
                self.displaced(tree, id, facts, sink);
                continue;
            }
            match facts.compared.is_equal(id) {
                Some(is_equal) => self.compared(tree, id, is_equal, metadata, facts, sink),
                // What could not be read is a gap of the audit already.
                None => unknown.add(tree, id, metadata, facts),
            }
        }
        unknown.tell(facts, sink);
        self.missing(tree, facts, sink);
    }
}

impl Integrity {
    fn compared(
        &self,
        tree: &Tree,
        id: EntryId,
        is_equal: bool,
        metadata: &Metadata,
        facts: &Facts,
        sink: &mut dyn Sink,
    ) {
        // Most files are equal; few paths have more than one owner.
        if is_equal && !facts.packages.has_contested() {
            return;
        }
        let path = tree.path(id);
        let Some(part) = self.extent.part(&path, metadata) else { return };
        if let Some(finding) = self.judge(&path, is_equal, part, facts) {
            let digest = || digest_of(tree, id).ok();
            let mut finding = told_apart(finding, &path, part, facts, digest);
            finding.location = tree.location(id);
            finding.package = facts.packages.owner(&path).map(str::to_owned);
            sink.finding(finding);
        }
    }

    fn missing(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        let mut by_package: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
        let programs = facts.packages.paths().filter(|(path, _)| {
            let path = path.strip_prefix(b"/usr").unwrap_or(path);
            path.starts_with(b"/bin/") || path.starts_with(b"/sbin/")
        });
        for (path, package) in programs {
            let there = tree.find_link(path).is_some();
            if !there {
                by_package.entry(package).or_default().push(path);
            }
        }
        let count: usize = by_package.values().map(Vec::len).sum();
        if count == 0 {
            return;
        }
        let named =
            by_package.iter().flat_map(|(package, paths)| paths.iter().map(move |path| (package, path)));
        let named: Vec<String> =
            named.take(NAMED).map(|(package, path)| format!("{} of {package}", Escaped(path))).collect();
        let finding = Finding::new(&self.missing)
            .fact(FactKey::Missing, named.join(", "))
            .fact(FactKey::Files, count.to_string());
        let restore =
            restore(by_package.values().filter_map(|paths| facts.packages.package(paths.first()?)), facts);
        sink.finding(if restore.is_empty() {
            finding
        } else {
            finding.fact(FactKey::Restore, restore.join("; "))
        });
    }
}

/// Programs that packages own, and of which nothing is recorded.
#[derive(Default)]
struct Unknown {
    count: u64,
    named: Vec<String>,
}

impl Unknown {
    fn add(&mut self, tree: &Tree, id: EntryId, metadata: &Metadata, facts: &Facts) {
        // Few places have programs: their names are asked for first.
        let path = tree.path(id);
        let part = Part::of(&path, metadata.mode);
        if part == Part::Other
            || is_configuration(&path, part, facts)
            || facts.packages.expected(&path).is_some()
        {
            return;
        }
        let Some(package) = facts.packages.owner(&path) else { return };
        self.count = self.count.saturating_add(1);
        if self.named.len() < UNKNOWN {
            self.named.push(format!("{} of {package}", Escaped(&path)));
        }
    }

    fn tell(self, facts: &Facts, sink: &mut dyn Sink) {
        if self.count == 0 {
            return;
        }
        let more = if self.count > self.named.len() as u64 { ", …" } else { "" };
        let reason = format!(
            "{} programs and libraries of packages have no digest in the package database, so they were not compared: \
             {}{more}",
            self.count,
            self.named.join(", ")
        );
        let location = Location { path: facts.packages.place().to_vec(), ..Location::default() };
        sink.gap(Gap { location, kind: GapKind::Damaged, loss: Loss::Part, bytes: None, reason });
    }
}

/// Whether the file is configuration, which is meant to be changed. That the database calls a program so, outside of
/// /etc, does not make it one.
fn is_configuration(path: &[u8], part: Part, facts: &Facts) -> bool {
    facts.packages.is_conffile(path) && (part == Part::Other || path.starts_with(b"/etc/"))
}

/// The finding with the digest of what is there now, so that a baseline which knows one change does not know the next.
/// Not of configuration and data: with a digest of the rest, a short password in them could be guessed.
fn told_apart(
    finding: Finding,
    path: &[u8],
    part: Part,
    facts: &Facts,
    digest: impl FnOnce() -> Option<(FactKey, String)>,
) -> Finding {
    if part == Part::Other || is_configuration(path, part, facts) {
        return finding;
    }
    match digest() {
        Some((name, digest)) => finding.fact(name, digest),
        None => finding,
    }
}

/// The digest of a file, with its name. Of one that is mostly holes that of its data with the places it lies at: who
/// hashes zeros that lie nowhere hashes for hours.
fn digest_of(tree: &Tree, id: EntryId) -> Result<(FactKey, String), FsError> {
    let mut node = tree.open(id)?;
    let size = node.metadata().size;
    let content = Content::of(&mut *node)?;
    let (is_dense, all) = (content.is_dense(), [Span::new(0, size)]);
    let parts = if is_dense { all.as_slice() } else { content.data.as_slice() };
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE]);
    for part in parts {
        if !is_dense {
            hasher.update(part.offset.to_le_bytes());
        }
        let end = part.offset.saturating_add(part.len);
        let mut at = part.offset;
        while at < end {
            let room = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
            let read = node.read_at(at, piece.get_mut(..room).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            hasher.update(piece.get(..read).unwrap_or_default());
            at = at.saturating_add(read as u64);
        }
    }
    if !is_dense {
        hasher.update(size.to_le_bytes());
    }
    let name = if is_dense { FactKey::Sha256 } else { FactKey::Sha256OfItsDataWithoutHoles };
    Ok((name, hex(&hasher.finalize())))
}

/// The commands that install packages anew, one a package, the first few.
fn restore<'p>(packages: impl Iterator<Item = &'p Package>, facts: &Facts) -> Vec<String> {
    packages.filter_map(|package| remedies::reinstall(package, facts)).take(RESTORED).collect()
}

#[cfg(test)]
mod tests {
    use md5::Md5;

    use super::*;
    use crate::detect::Collector;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    fn tree(content: &str, recorded: &str) -> Tree {
        let sum = hex(&Md5::digest(recorded.as_bytes()));
        let memory = Memory::new()
            .file("/usr/sbin/sshd", content)
            .with(|metadata| metadata.mode = 0o755)
            .file(
                "/var/lib/dpkg/status",
                "Package: ssh\nStatus: install ok installed\nArchitecture: all\nVersion: 9\n",
            )
            .file(
                "/var/lib/dpkg/info/ssh.list",
                "/.\n/usr/sbin/sshd\n/usr/bin/gone\n/usr/bin/moved\n/usr/bin/ssh\n",
            )
            .link("/usr/bin/ssh", "/tmp/ssh")
            .file("/var/lib/dpkg/info/ssh.md5sums", format!("{sum}  usr/sbin/sshd\n{sum}  usr/bin/ssh\n"))
            .file("/var/lib/dpkg/diversions", "/usr/bin/moved\n/usr/bin/moved.distrib\nother\n");
        Tree::of(Arc::new(memory), &Budget::default())
    }

    fn inspected(content: &str, recorded: &str, extent: Extent) -> Vec<(String, Severity)> {
        let found = findings(content, recorded, extent);
        found.iter().map(|finding| (finding.advisory.id.clone(), finding.severity)).collect()
    }

    #[test]
    fn another_change_of_the_same_program_is_another_finding() {
        let digest = |content: &str| {
            let found = findings(content, "good", Extent::Essential);
            let facts = found[0].evidence.facts.clone();
            facts.into_iter().find(|(name, _)| *name == FactKey::Sha256).unwrap().1
        };
        assert_eq!(digest("evil"), hex(&Sha256::digest("evil")));
        assert_ne!(digest("evil"), digest("more evil"));
        // Read piece by piece it is the same.
        let tree = tree("evil", "good");
        let id = tree.find(b"/usr/sbin/sshd").unwrap();
        assert_eq!(digest_of(&tree, id).unwrap(), (FactKey::Sha256, digest("evil")));
    }

    fn findings(content: &str, recorded: &str, extent: Extent) -> Vec<Finding> {
        let tree = tree(content, recorded);
        let (mut facts, _) = Facts::gather(&tree);
        let id = tree.find(b"/usr/sbin/sshd").unwrap();
        let (_, walked) = tree.get(id).unwrap();
        if extent.wants(b"/usr/sbin/sshd", &walked.metadata) {
            let recorded = facts.packages.recorded(b"/usr/sbin/sshd").unwrap();
            facts.compared = [(id, recorded.is_of(content.as_bytes()))].into_iter().collect();
        }
        let mut found = Collector::default();
        Integrity::new(extent).inspect(&tree, &facts, &mut found);
        let is_sshd = |finding: &Finding| finding.location.path == b"/usr/sbin/sshd";
        found.findings.into_iter().filter(is_sshd).collect()
    }

    #[test]
    fn a_replaced_sshd_is_critical_and_an_equal_one_is_nothing() {
        let changed = ("package-file-changed".to_owned(), Severity::Critical);
        assert_eq!(inspected("evil", "good", Extent::Essential), [changed]);
        assert_eq!(inspected("good", "good", Extent::Essential), []);
        assert_eq!(inspected("evil", "good", Extent::Nothing), []);
    }

    #[test]
    fn modules_of_kernels_are_compared_for_others_and_not_judged() {
        let metadata = Metadata::bare(FileType::Regular, 0o644, 9);
        for path in [&b"/usr/lib/modules/6.1.0/kernel/x.ko.xz"[..], b"/lib/modules/6.1.0/x.ko"] {
            assert!(Extent::Essential.wants(path, &metadata) && !Extent::Nothing.wants(path, &metadata));
            assert_eq!(Extent::Essential.part(path, &metadata), None);
        }
        assert!(!Extent::Essential.wants(b"/usr/lib/modules/6.1.0/modules.dep", &metadata));
    }

    fn of_system() -> Vec<Finding> {
        let tree = tree("good", "good");
        let (facts, _) = Facts::gather(&tree);
        let mut found = Collector::default();
        Integrity::new(Extent::Essential).inspect(&tree, &facts, &mut found);
        found.findings
    }

    #[test]
    fn missing_programs_are_one_finding_and_diverted_ones_are_none() {
        let found = of_system();
        let missing: Vec<_> =
            found.iter().filter(|finding| finding.advisory.id == "package-program-missing").collect();
        assert_eq!(missing.len(), 1);
        let facts = &missing[0].evidence.facts;
        assert_eq!(facts[0], (FactKey::Missing, "/usr/bin/gone of ssh".to_owned()));
        assert_eq!(facts[2], (FactKey::Restore, "apt-get install --reinstall -- ssh".to_owned()));
    }

    #[test]
    fn a_link_in_the_place_of_a_program_differs() {
        let found = of_system();
        let changed: Vec<_> =
            found.iter().filter(|finding| finding.advisory.id == "package-file-changed").collect();
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0].severity, changed[0].package.as_deref()), (Severity::Critical, Some("ssh")));
        assert!(
            changed[0].evidence.facts.contains(&(FactKey::Now, "a symbolic link to /tmp/ssh".to_owned()))
        );
        let command = (FactKey::Restore, "apt-get install --reinstall -- ssh".to_owned());
        assert!(changed[0].evidence.facts.contains(&command));
    }

    #[test]
    fn a_program_that_was_emptied_differs() {
        let changed = ("package-file-changed".to_owned(), Severity::Critical);
        assert_eq!(inspected("", "good", Extent::Essential), [changed]);
    }

    #[test]
    fn parts_are_told_by_place_and_mode() {
        for (path, mode, part) in [
            ("/usr/lib/x86_64-linux-gnu/security/pam_unix.so", 0o644, Part::Door),
            ("/lib/x86_64-linux-gnu/libz.so.1", 0o644, Part::Library),
            ("/usr/bin/ls", 0o755, Part::Program),
            ("/bin/mount", 0o4755, Part::Door),
            ("/usr/lib/systemd/system/x.service", 0o644, Part::Unit),
            ("/usr/lib/apt/methods/http", 0o755, Part::Program),
            ("/usr/lib/node_modules/npm/bin/x.js", 0o755, Part::Other),
            ("/usr/share/doc/x", 0o644, Part::Other),
        ] {
            assert_eq!(Part::of(path.as_bytes(), mode), part, "{path}");
        }
    }
}
