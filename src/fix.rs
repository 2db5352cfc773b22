//! The plan of a clean-up: what a script does about the findings of an audit, file by file.
//!
//! The plan touches nothing; [`script::render`] writes it down. It is made of an audit, or of a saved report
//! ([`saved`]), which lacks the content of files: what would be written over in place is then left to a person. Edits are planned on the content that was audited, at
//! offsets and of the same length as what was there: so the script holds no secret, can be run twice, and overwrites a
//! value where it lies on the disk.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Category, Finding, Location};
use crate::remedies::{self, Action, Entry, Machine, Remedy};
use assay_disk::fs::FileType;
use assay_disk::tree::Tree;

pub mod edits;
pub mod saved;
pub mod script;

pub use edits::Edit;

/// Largest file that is edited, in bytes.
const LIMIT: u64 = 16 << 20;
/// Bytes that are searched for the values of one file's findings; with more, a person edits it.
const SEARCHED: u64 = 4 << 30;

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The file is deleted.
    Drop {
        /// Its size at the audit, where another one means that it is another file.
        size: Option<u64>,
    },
    /// The file is cut to no bytes.
    Empty,
    /// Bytes of the file are written over.
    Overwrite {
        /// Its size at the audit.
        size: u64,
        /// What, sorted by offset.
        edits: Vec<Edit>,
    },
    /// No password opens the accounts of this name, in a file like /etc/shadow.
    Lock(Vec<String>),
    /// The file loses its setuid and setgid bits.
    Mode,
    /// The unit is disabled, and its file deleted.
    Unit {
        /// Its size at the audit.
        size: Option<u64>,
    },
    /// Directories of leftovers are emptied.
    Sweep(Vec<String>),
    /// Commands of the running system.
    Run(Vec<String>),
    /// Nothing can be done by a script.
    Nothing,
}

/// When in the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// First: what needs no decision.
    Automatic,
    /// Commented out: a person decides.
    Decide,
    /// What the running machine lives on: its identity, its doors, its logs.
    Last,
    /// The same, where a person decides.
    DecideLast,
    /// Told only.
    Told,
}

/// One step: a place, and all findings that it settles.
#[derive(Debug)]
pub struct Step<'a> {
    /// When.
    pub part: Part,
    /// The path; empty where it is no file.
    pub path: Vec<u8>,
    /// What.
    pub act: Act,
    /// Why: findings, worst first, with what is to be known of each.
    pub findings: Vec<(&'a Finding, Remedy<'static>)>,
}

/// One thing that is asked of a file.
struct Wish<'a> {
    finding: &'a Finding,
    remedy: Remedy<'static>,
    entry: &'static Entry,
    automatic: bool,
}

/// What a plan must know of the files that findings are about.
pub trait Files {
    /// What lies at `location`; none where nothing is known of it.
    fn look(&self, location: &Location) -> Option<Seen>;
    /// The content of the file at `path`, of at most so many bytes; none where it cannot be had.
    fn content(&self, path: &[u8], limit: u64) -> Option<Vec<u8>>;
}

/// A file, from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is.
    pub file_type: FileType,
    /// Bytes of it.
    pub size: u64,
}

impl Files for Tree {
    fn look(&self, location: &Location) -> Option<Seen> {
        let (_, walked) = self.get(self.find_link(&location.path)?)?;
        Some(Seen { file_type: walked.metadata.file_type, size: walked.metadata.size })
    }

    fn content(&self, path: &[u8], limit: u64) -> Option<Vec<u8>> {
        Tree::content(self, self.find_link(path)?, limit).ok()
    }
}

/// The steps for `findings` of `machine`, whose files are looked up in `files`.
pub fn plan<'a>(findings: &'a [Finding], machine: &Machine, files: &dyn Files) -> Vec<Step<'a>> {
    let mut wishes: BTreeMap<Vec<u8>, (Location, Vec<Wish<'a>>)> = BTreeMap::new();
    let mut steps = Vec::new();
    for finding in findings {
        for place in places(finding) {
            let at = Finding { location: place.clone(), ..finding.clone() };
            let remedy = remedies::remedy(&at, machine);
            match remedy.entry {
                Some(entry) if !place.path.is_empty() => {
                    let automatic = remedies::Remedies::embedded().obstacle(&at, machine).is_none();
                    let of_path = || (place.clone(), Vec::new());
                    let (_, all) = wishes.entry(place.path.clone()).or_insert_with(of_path);
                    all.push(Wish { finding, remedy, entry, automatic });
                }
                _ => steps.push(Step {
                    part: Part::Told,
                    path: place.path.clone(),
                    act: Act::Nothing,
                    findings: vec![(finding, remedy)],
                }),
            }
        }
    }
    for (location, wishes) in wishes.into_values() {
        of_file(&location, wishes, files, &mut steps);
    }
    let steps = joined(steps);
    let mut steps = without_settled(steps);
    steps.sort_by_key(|step| (step.part, std::cmp::Reverse(worst(step)), step.path.clone()));
    steps
}

fn worst(step: &Step<'_>) -> Option<crate::finding::Severity> {
    step.findings.iter().map(|(finding, _)| finding.severity).max()
}

/// The places that a finding is about: those of a group of leftovers, and other names of the same file.
fn places(finding: &Finding) -> impl Iterator<Item = &Location> {
    let own = &finding.location;
    let same = move |more: &&Location| {
        finding.advisory.category == Category::Leftover
            || (more.inode.is_some() && (more.inode, &more.volume) == (own.inode, &own.volume))
    };
    std::iter::once(own).chain(finding.related_locations.iter().filter(same))
}

/// The steps of one file.
fn of_file<'a>(at: &Location, wishes: Vec<Wish<'a>>, files: &dyn Files, steps: &mut Vec<Step<'a>>) {
    let path = at.path.as_slice();
    let Some(seen) = files.look(at) else {
        // There is no such file: what to do is only told.
        let (part, act) = (Part::Told, || Act::Nothing);
        let step = |wish: Wish<'a>| Step {
            part,
            path: path.to_vec(),
            act: act(),
            findings: vec![(wish.finding, wish.remedy)],
        };
        return steps.extend(wishes.into_iter().map(step));
    };
    let is_directory = seen.file_type == FileType::Directory;
    let size = (seen.file_type == FileType::Regular).then_some(seen.size);
    let edited = wishes.iter().filter(|wish| wish.edits()).count() as u64;
    let content = match size {
        Some(size) if edited > 0 && size <= LIMIT && size.saturating_mul(edited) <= SEARCHED => {
            files.content(path, LIMIT).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let mut kept: Vec<(Act, Part, Wish<'a>)> = Vec::new();
    for wish in wishes {
        let act = if is_directory && wish.entry.action != Action::Sweep {
            Act::Run(wish.remedy.commands.clone())
        } else {
            wish.act(size, &content)
        };
        let automatic =
            wish.automatic && !matches!(act, Act::Nothing) && (!is_directory || matches!(act, Act::Sweep(_)));
        let act = if act == Act::Nothing { Act::Run(wish.remedy.commands.clone()) } else { act };
        kept.push((act, part(automatic, wish.entry.last), wish));
    }
    // What a deleted file held needs no other care; an emptied one neither.
    let automatic = |part: Part| matches!(part, Part::Automatic | Part::Last);
    for whole in [Act::is_drop as fn(&Act) -> bool, Act::is_empty] {
        if let Some(at) = kept.iter().position(|(act, part, _)| whole(act) && automatic(*part)) {
            let (act, part, wish) = kept.swap_remove(at);
            let (same, others): (Vec<_>, Vec<_>) =
                kept.into_iter().partition(|(act, ..)| !matches!(act, Act::Sweep(_)));
            let mut findings = vec![(wish.finding, wish.remedy)];
            findings.extend(same.into_iter().map(|(.., wish)| (wish.finding, wish.remedy)));
            steps.push(Step { part, path: path.to_vec(), act, findings });
            kept = others;
            break;
        }
    }
    for (act, part, wish) in kept {
        let path = if matches!(act, Act::Sweep(_)) { Vec::new() } else { path.to_vec() };
        steps.push(Step { part, path, act, findings: vec![(wish.finding, wish.remedy)] });
    }
}

fn part(automatic: bool, last: bool) -> Part {
    match (automatic, last) {
        (true, false) => Part::Automatic,
        (true, true) => Part::Last,
        (false, false) => Part::Decide,
        (false, true) => Part::DecideLast,
    }
}

impl Act {
    fn is_drop(&self) -> bool {
        matches!(self, Self::Drop { .. } | Self::Unit { .. })
    }

    fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

impl Wish<'_> {
    fn edits(&self) -> bool {
        matches!(
            self.entry.action,
            Action::Value | Action::Key | Action::Comment | Action::Blank | Action::Off
        )
    }

    /// What is done about a file of this size and content.
    fn act(&self, size: Option<u64>, content: &[u8]) -> Act {
        let known = if self.entry.growing { None } else { size };
        let overwrite = |edits: Vec<Edit>| match size {
            Some(size) if !edits.is_empty() && size == content.len() as u64 => Act::Overwrite { size, edits },
            _ => Act::Nothing,
        };
        match self.entry.action {
            Action::Remove => Act::Drop { size: known },
            Action::Empty => Act::Empty,
            Action::Unit => Act::Unit { size: known },
            Action::Mode => Act::Mode,
            Action::Lock => self.finding.subject.clone().map_or(Act::Nothing, |name| Act::Lock(vec![name])),
            Action::Sweep => Act::Sweep(self.entry.trees.clone()),
            Action::Run | Action::Look => Act::Run(self.remedy.commands.clone()),
            Action::Value => overwrite(edits::values(self.finding, content)),
            Action::Key => {
                let edits = edits::values(self.finding, content);
                if edits::are_all(&edits, content) { Act::Drop { size: known } } else { overwrite(edits) }
            }
            Action::Comment | Action::Blank | Action::Off => {
                let line = self.finding.location.line;
                let edit = line.and_then(|line| edits::line(self.entry.action, line, content));
                overwrite(edit.into_iter().collect())
            }
        }
    }
}

/// Steps that do the same to one place become one, with all their findings.
fn joined(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let mut joined: Vec<Step<'_>> = Vec::new();
    let mut known: BTreeMap<(Part, Vec<u8>, String), usize> = BTreeMap::new();
    for step in steps {
        let key = (step.part, step.path.clone(), step.act.key());
        match known.get(&key).and_then(|&at| joined.get_mut(at)) {
            Some(same) => {
                same.act.take_up(step.act);
                same.findings.extend(step.findings);
            }
            None => {
                known.insert(key, joined.len());
                joined.push(step);
            }
        }
    }
    for step in &mut joined {
        step.findings.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
        step.findings.dedup_by(|a, b| std::ptr::eq(a.0, b.0));
        if let Act::Overwrite { edits, .. } = &mut step.act {
            *edits = edits::merged(std::mem::take(edits));
        }
    }
    joined
}

impl Act {
    /// What is the same for acts that can be one.
    fn key(&self) -> String {
        match self {
            Self::Overwrite { .. } => "overwrite".to_owned(),
            Self::Lock(_) => "lock".to_owned(),
            Self::Nothing => "nothing".to_owned(),
            other => format!("{other:?}"),
        }
    }

    fn take_up(&mut self, other: Self) {
        match (self, other) {
            (Self::Overwrite { edits, .. }, Self::Overwrite { edits: more, .. }) => edits.extend(more),
            (Self::Lock(names), Self::Lock(more)) => names.extend(more),
            _ => {}
        }
    }
}

/// Without decisions about files that are deleted anyway.
fn without_settled(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let gone: BTreeSet<Vec<u8>> = steps
        .iter()
        .filter(|step| matches!(step.part, Part::Automatic | Part::Last))
        .filter(|step| step.act.is_drop() || step.act.is_empty())
        .map(|step| step.path.clone())
        .collect();
    let open = |step: &Step<'_>| {
        !matches!(step.part, Part::Decide | Part::DecideLast)
            || step.path.is_empty()
            || !gone.contains(&step.path)
    };
    steps.into_iter().filter(open).collect()
}
