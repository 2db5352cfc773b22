//! What differs from a trusted image that the user names (`--reference IMAGE`).
//!
//! **Finds** each program, library, kernel module, unit, setuid file and file of /etc that is new, changed (content, type,
//! target, mode, owner, capabilities) or missing. Files of a package that the other image has in another version, or not
//! at all, are one finding a package; of the rest the worst are named, and the others counted.
//!
//! **Why it matters:** the package database of an image can be changed together with its files; another image cannot.
//!
//! **Does not find** data, documents and scripts without an executable bit outside of /etc; nor does equality say that
//! the reference is sound. Content is compared where the sizes are equal, for different sizes say enough.
//!
//! **References:** MITRE ATT&CK T1554.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Sink, SystemDetector};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Gap, GapKind, Location, Loss, Severity};
use crate::packages::Packages;
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{EntryId, Tree};

mod comparison;
mod kind;

use comparison::{Outcome, compare};
use kind::Kind;

/// Findings about single files, and about packages.
const LISTED: usize = 100;
/// Files that could not be compared, which are named.
const GAPS: usize = 20;

/// A trusted image.
pub struct Reference {
    /// How the report calls it.
    pub name: String,
    /// Its files.
    pub tree: Tree,
    /// What of it could not be read.
    pub gaps: Vec<Gap>,
    packages: Packages,
}

impl Reference {
    /// Reads its package database.
    pub fn new(name: String, tree: Tree, mut gaps: Vec<Gap>) -> Self {
        let (facts, more) = Facts::gather(&tree);
        gaps.extend(more);
        Self { name, tree, gaps, packages: facts.packages }
    }

    /// Whether it has the file `id` of `tree`, bit for bit, at the same path.
    pub(crate) fn has(&self, tree: &Tree, id: EntryId, path: &[u8]) -> bool {
        let Some(other) = self.tree.find_link(path) else { return false };
        let (Some((_, one)), Some((_, two))) = (tree.get(id), self.tree.get(other)) else { return false };
        let is_file = [&one.metadata, &two.metadata].iter().all(|it| it.file_type == FileType::Regular);
        let is_alike = is_file && one.metadata.size == two.metadata.size;
        is_alike && comparison::is_same_content(tree, id, &self.tree, other).unwrap_or(false)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The detector.
pub struct Differences {
    reference: Option<Arc<Reference>>,
    new: Arc<Advisory>,
    changed: Arc<Advisory>,
    missing: Arc<Advisory>,
    package: Arc<Advisory>,
    more: Arc<Advisory>,
}

impl Differences {
    /// Compares with a reference, if there is one.
    pub fn new(reference: Option<Arc<Reference>>) -> Self {
        let advisory = |id: &str, title: &str, severity, why: &str| {
            Arc::new(Advisory {
                id: id.into(),
                category: Category::Integrity,
                title: title.into(),
                severity,
                why: why.into(),
                remedy: "Find out what made the difference. If nobody meant it, build the image anew from the reference."
                    .into(),
                references: vec!["https://attack.mitre.org/techniques/T1554/".into()],
            })
        };
        let changed = "A file that decides what runs is not as in the image that you trust.";
        Self {
            reference,
            new: advisory(
                "reference-file-new",
                "File that the reference does not have",
                Severity::Medium,
                "Something that runs, or decides what runs, came in after the image that you trust.",
            ),
            changed: advisory(
                "reference-file-changed",
                "File that differs from the reference",
                Severity::Medium,
                changed,
            ),
            missing: advisory(
                "reference-file-missing",
                "File of the reference that is not there",
                Severity::Low,
                "It was taken out: to save room, or to stop what watches.",
            ),
            package: advisory(
                "reference-package-differs",
                "Package whose version differs from the reference",
                Severity::Medium,
                "Its files differ, and another version explains it; the version is what the image says of itself.",
            ),
            more: advisory(
                "reference-more-differences",
                "More files that differ from the reference",
                Severity::Medium,
                "There are too many to name; is the reference of another release?",
            ),
        }
    }
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    New,
    Changed,
    Missing,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Missing => "missing",
        }
    }
}

/// A file that differs; sorted by how bad it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    severity: std::cmp::Reverse<Severity>,
    kind: Kind,
    what: What,
    path: Vec<u8>,
    /// In the image, or for a missing file in the reference.
    id: EntryId,
    /// What is not equal.
    how: String,
}

impl SystemDetector for Differences {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        [&self.new, &self.changed, &self.missing, &self.package, &self.more].map(Arc::clone).to_vec()
    }

    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        let Some(reference) = &self.reference else { return };
        tell_gaps(reference, sink);
        if reference.tree.find(b"/").is_none() {
            let reason =
                format!("the reference {} has no root file system: nothing was compared", reference.name);
            sink.gap(gap(Location::default(), GapKind::Missing, Loss::Volume, reason));
            return;
        }
        let mut found = Found { packages: [&facts.packages, &reference.packages], ..Found::of(facts) };
        found.here(tree, reference);
        found.missing(tree, reference);
        found.tell(self, tree, facts, sink);
    }
}

fn gap(location: Location, kind: GapKind, loss: Loss, reason: String) -> Gap {
    Gap { location, kind, loss, bytes: None, reason }
}

/// One gap for all that the reference has.
fn tell_gaps(reference: &Reference, sink: &mut dyn Sink) {
    let losses: Vec<&Gap> = reference.gaps.iter().filter(|gap| gap.loss > Loss::Nothing).collect();
    if let Some(first) = losses.first() {
        let reason = format!(
            "of the reference {} {} places could not be read, and what differs there is not known; the first is {}: {}",
            reference.name,
            losses.len(),
            Escaped(&first.location.path),
            first.reason
        );
        sink.gap(gap(Location::default(), first.kind, Loss::Part, reason));
    }
}

/// All that differs, within limits.
struct Found<'a> {
    /// Of the image, and of the reference.
    packages: [&'a Packages; 2],
    /// The worst of those that no package's version explains.
    listed: Vec<Difference>,
    counts: BTreeMap<(Kind, What), u64>,
    /// By package: the worst of its files, and how many differ.
    by_package: BTreeMap<String, (Difference, u64)>,
    gaps: Vec<Gap>,
    more_gaps: u64,
}

impl<'a> Found<'a> {
    fn of(facts: &'a Facts) -> Self {
        Self {
            packages: [&facts.packages; 2],
            listed: Vec::new(),
            counts: BTreeMap::new(),
            by_package: BTreeMap::new(),
            gaps: Vec::new(),
            more_gaps: 0,
        }
    }

    /// New and changed files.
    fn here(&mut self, tree: &Tree, reference: &Reference) {
        let unread = unread(&reference.tree);
        for (id, path, kind) in compared(tree) {
            match reference.tree.find_link(&path) {
                None if is_under(&unread, &path) => {}
                None => self.add(kind, What::New, path, id, String::new()),
                Some(other) => match compare(tree, id, &reference.tree, other, kind) {
                    Outcome::Equal => {}
                    Outcome::Differs(how) => self.add(kind, What::Changed, path, id, how),
                    Outcome::Unknown(error) => {
                        self.more_gaps = self.more_gaps.saturating_add(u64::from(self.gaps.len() >= GAPS));
                        if self.gaps.len() < GAPS {
                            let reason = format!("it was not compared with the reference: {error}");
                            self.gaps.push(gap(tree.location(id), gap_kind(&error), Loss::File, reason));
                        }
                    }
                },
            }
        }
    }

    /// Files of the reference that are not there.
    fn missing(&mut self, tree: &Tree, reference: &Reference) {
        let unread = unread(tree);
        for (id, path, kind) in compared(&reference.tree) {
            if tree.find_link(&path).is_none() && !is_under(&unread, &path) {
                self.add(kind, What::Missing, path, id, String::new());
            }
        }
    }

    fn add(&mut self, kind: Kind, what: What, path: Vec<u8>, id: EntryId, how: String) {
        let severity = std::cmp::Reverse(kind.severity(what == What::Missing));
        let difference = Difference { severity, kind, what, path, id, how };
        if let Some(name) = self.other_version(&difference) {
            let entry = self.by_package.entry(name).or_insert_with(|| (difference.clone(), 0));
            entry.1 = entry.1.saturating_add(1);
            if difference < entry.0 {
                entry.0 = difference;
            }
            return;
        }
        let count = self.counts.entry((kind, what)).or_default();
        *count = count.saturating_add(1);
        self.listed.push(difference);
        if self.listed.len() >= 2 * LISTED {
            self.listed.sort_unstable();
            self.listed.truncate(LISTED);
        }
    }

    /// The file's package, where the two images have another version of it, or one of them has none.
    fn other_version(&self, difference: &Difference) -> Option<String> {
        let [here, there] = self.packages;
        let owner = match difference.what {
            What::Missing => there.package(&difference.path)?,
            What::New | What::Changed => here.package(&difference.path)?,
        };
        (here.version_of(&owner.name) != there.version_of(&owner.name)).then(|| owner.name.clone())
    }

    fn tell(mut self, detector: &Differences, tree: &Tree, facts: &Facts, sink: &mut dyn Sink) {
        self.listed.sort_unstable();
        self.listed.truncate(LISTED);
        for difference in &self.listed {
            if let Some(count) = self.counts.get_mut(&(difference.kind, difference.what)) {
                *count = count.saturating_sub(1);
            }
            sink.finding(detector.single(difference, tree, facts));
        }
        let mut packages: Vec<(&String, &(Difference, u64))> = self.by_package.iter().collect();
        packages.sort_by(|a, b| (a.1.0.severity, a.0).cmp(&(b.1.0.severity, b.0)));
        let unnamed = packages.split_off(packages.len().min(LISTED));
        for (name, (worst, count)) in packages {
            let mut finding =
                Finding::new(&detector.package).severity(worst.severity.0.min(Severity::Medium));
            finding.location = place(worst, tree);
            finding.package = Some(name.clone());
            let said = |packages: &Packages| packages.version_of(name).unwrap_or("none").to_owned();
            let finding = finding.fact(FactKey::Version, said(self.packages[0]));
            let finding = finding.fact(FactKey::InTheReference, said(self.packages[1]));
            sink.finding(finding.fact(FactKey::Files, count.to_string()));
        }
        self.tell_more(detector, &unnamed, sink);
        self.gaps.drain(..).for_each(|gap| sink.gap(gap));
        if self.more_gaps > 0 {
            let reason = format!("{} more files were not compared with the reference", self.more_gaps);
            sink.gap(gap(Location::default(), GapKind::Damaged, Loss::File, reason));
        }
    }

    /// One finding with the counts of all that is not named.
    fn tell_more(
        &self,
        detector: &Differences,
        packages: &[(&String, &(Difference, u64))],
        sink: &mut dyn Sink,
    ) {
        let left: Vec<_> = self.counts.iter().filter(|(_, count)| **count > 0).collect();
        let of_files = left.iter().map(|((kind, what), _)| kind.severity(*what == What::Missing)).max();
        let of_packages = packages.iter().map(|(_, (worst, _))| worst.severity.0.min(Severity::Medium)).max();
        let Some(severity) = of_files.max(of_packages) else { return };
        let mut counts: Vec<String> = left
            .iter()
            .map(|((kind, what), count)| format!("{count} {} {}", what.name(), kind.plural()))
            .collect();
        if !packages.is_empty() {
            let files = packages.iter().fold(0_u64, |sum, (_, (_, count))| sum.saturating_add(*count));
            counts.push(format!("{files} files of {} packages of another version", packages.len()));
        }
        sink.finding(
            Finding::new(&detector.more).severity(severity).fact(FactKey::NotNamed, counts.join(", ")),
        );
    }
}

impl Differences {
    fn single(&self, difference: &Difference, tree: &Tree, facts: &Facts) -> Finding {
        let advisory = match difference.what {
            What::New => &self.new,
            What::Changed => &self.changed,
            What::Missing => &self.missing,
        };
        let mut finding =
            Finding::new(advisory).severity(difference.severity.0).fact(FactKey::Is, difference.kind.name());
        if !difference.how.is_empty() {
            finding = finding.fact(FactKey::DiffersIn, difference.how.clone());
        }
        finding.location = place(difference, tree);
        finding.package = facts.packages.owner(&difference.path).map(str::to_owned);
        finding
    }
}

fn place(difference: &Difference, tree: &Tree) -> Location {
    match difference.what {
        What::Missing => Location { path: difference.path.clone(), ..Location::default() },
        What::New | What::Changed => tree.location(difference.id),
    }
}

/// The files of the running machine that are compared.
fn compared(tree: &Tree) -> impl Iterator<Item = (EntryId, Vec<u8>, Kind)> {
    tree.present().filter_map(|id| {
        let (mounted, walked) = tree.get(id)?;
        let path = (mounted.is_placed() && !mounted.is_raw()).then(|| tree.path(id))?;
        let kind = Kind::of(&path, &walked.metadata)?;
        Some((id, path, kind))
    })
}

/// Directories that could not be read.
fn unread(tree: &Tree) -> Vec<Vec<u8>> {
    let directories = tree.gaps().into_iter().filter(|gap| gap.loss >= Loss::Directory);
    directories.map(|gap| gap.location.path).collect()
}

/// Whether `path` is one of `directories` or lies in one.
fn is_under(directories: &[Vec<u8>], path: &[u8]) -> bool {
    directories.iter().any(|directory| assay_disk::path::is_under(path, directory))
}

#[cfg(test)]
mod tests;
