//! Goes over the tree once, for all traces.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::{Subject, Verdict, evaluate};
use super::conditions::Shown;
use super::file::File;
use super::places::{Homes, Lowered};
use super::{Artifact, Artifacts};
use crate::finding::{Category, Severity};
use assay_disk::fs::FileType;
use assay_disk::tree::walk::Walked;
use assay_disk::tree::{EntryId, Mounted, Place};

/// A file that a trace is about.
pub struct Hit<'t> {
    /// Number of the trace.
    pub number: usize,
    /// The trace.
    pub artifact: &'t Artifact,
    /// The entry.
    pub id: EntryId,
    /// How bad.
    pub severity: Severity,
    /// Why it is so bad; none, where no level holds.
    pub because: Option<&'t str>,
    /// What shows it.
    pub shown: Shown,
    /// The name by which it was found, where that is not its own: the system, and the path there.
    pub place: Option<Place>,
}

/// What is told during a search.
pub enum Told<'t> {
    /// A file.
    Hit(Hit<'t>),
    /// A file of which only the first part was compared, with no hit; whether it starts by itself, so that the rest
    /// could do anything.
    Cut(EntryId, bool),
}

/// Looks for every trace in every file system of the tree.
pub fn search<'t>(artifacts: &'t Artifacts, subject: &Subject<'_>, tell: &mut dyn FnMut(Told<'t>)) {
    let others: Vec<Subject<'_>> = (1..subject.tree.systems().len())
        .map(|system| Subject::of(subject.tree, subject.facts, system, &[]))
        .collect();
    let systems =
        std::iter::once(subject).chain(&others).map(|subject| Asked::new(artifacts, subject)).collect();
    let mut search = Search { artifacts, systems, met: HashSet::new(), links: Vec::new(), tell };
    let volumes = subject.tree.file_volumes();
    volumes.clone().for_each(|(volume, mounted)| search.volume(volume, mounted));
    // What was found by its own name is not told by another one.
    search.follow_links();
    volumes.for_each(|(volume, mounted)| search.further(volume, mounted));
}

/// A system that traces are asked of.
struct Asked<'s> {
    subject: &'s Subject<'s>,
    homes: Homes,
    /// Whether a trace is about this system.
    applies: Vec<OnceCell<bool>>,
}

impl<'s> Asked<'s> {
    fn new(artifacts: &Artifacts, subject: &'s Subject<'s>) -> Self {
        let homes = Homes::of(&subject.facts.accounts);
        Self { subject, homes, applies: artifacts.all.iter().map(|_| OnceCell::new()).collect() }
    }

    fn applies(&self, number: usize, artifact: &Artifact) -> bool {
        let Some(when) = &artifact.when else { return true };
        let evaluate = || evaluate::evaluate(when, self.subject).verdict == Verdict::Pass;
        self.applies.get(number).is_some_and(|known| *known.get_or_init(evaluate))
    }
}

struct Search<'s, 't> {
    artifacts: &'t Artifacts,
    /// The machine first.
    systems: Vec<Asked<'s>>,
    /// Files with further names, and the traces that they were hits of.
    met: HashSet<(usize, EntryId)>,
    /// Links whose own names fit places, with the traces of these.
    links: Vec<(EntryId, Vec<u8>, Vec<u32>)>,
    tell: &'s mut dyn FnMut(Told<'t>),
}

/// A name of an entry, and the traces whose places it fits.
struct Named<'n> {
    system: usize,
    path: &'n [u8],
    lowered: &'n Lowered,
    fitting: &'n [u32],
    is_further: bool,
}

impl Search<'_, '_> {
    fn volume(&mut self, volume: u32, mounted: &Mounted) {
        // Directories of which traces want everything below, with the numbers of these.
        let mut below: HashMap<u32, Rc<[u32]>> = HashMap::new();
        let mut candidates = Vec::new();
        for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
            let inherited = below.get(&walked.parent).map(Rc::clone).unwrap_or_default();
            let name = mounted.walk.name(walked);
            let directory = mounted.walk.get(walked.parent).map(|parent| mounted.walk.name(parent));
            self.artifacts.places.candidates(name, directory.unwrap_or_default(), &mut candidates);
            if candidates.is_empty() && inherited.is_empty() {
                continue;
            }
            let path = mounted.path_inside(index);
            let lowered = Lowered::new(&path);
            let is_directory = walked.metadata.file_type == FileType::Directory;
            let Some(machine) = self.systems.first() else { return };
            if is_directory {
                let more = self.artifacts.places.fitting(&candidates, &lowered, &machine.homes, true);
                if !more.is_empty() || !inherited.is_empty() {
                    below.insert(index, inherited.iter().copied().chain(more).collect());
                }
            }
            let mut fitting = self.artifacts.places.fitting(&candidates, &lowered, &machine.homes, false);
            fitting.extend(inherited.iter());
            fitting.sort_unstable();
            fitting.dedup();
            if !fitting.is_empty() {
                let id = EntryId { volume, index };
                let (path, lowered) = (path.as_slice(), &lowered);
                self.entry(
                    id,
                    walked,
                    &Named { system: 0, path, lowered, fitting: &fitting, is_further: false },
                );
                if walked.target.is_some() && mounted.is_placed() {
                    self.links.push((id, path.to_vec(), fitting));
                }
            }
        }
    }

    /// Looks where the links at places lead.
    fn follow_links(&mut self) {
        let Some(tree) = self.systems.first().map(|machine| machine.subject.tree) else { return };
        for (id, path, fitting) in std::mem::take(&mut self.links) {
            let lowered = Lowered::new(&path);
            let name =
                Named { system: 0, path: &path, lowered: &lowered, fitting: &fitting, is_further: false };
            if let Some((_, walked)) = tree.get(id) {
                self.linked(id, walked, &name);
            }
        }
    }

    /// Asks for the further names of the entries of a volume.
    fn further(&mut self, volume: u32, mounted: &Mounted) {
        let Some(tree) = self.systems.first().map(|machine| machine.subject.tree) else { return };
        for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
            let id = EntryId { volume, index };
            for place in tree.places(id) {
                let lowered = Lowered::new(&place.path);
                let fitting = self.fitting(&place, &lowered);
                if !fitting.is_empty() {
                    let (system, path) = (place.system, place.path.as_slice());
                    let name = Named { system, path, lowered: &lowered, fitting: &fitting, is_further: true };
                    self.entry(id, walked, &name);
                    self.linked(id, walked, &name);
                }
            }
        }
    }

    /// The traces whose places fit a name: those of files, and those of all that lies below a directory.
    fn fitting(&self, place: &Place, lowered: &Lowered) -> Vec<u32> {
        let Some(asked) = self.systems.get(place.system) else { return Vec::new() };
        let parts: Vec<&[u8]> =
            place.path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).collect();
        let (mut found, mut candidates) = (Vec::new(), Vec::new());
        for (at, name) in parts.iter().enumerate() {
            let directory = at.checked_sub(1).and_then(|above| parts.get(above)).copied().unwrap_or_default();
            self.artifacts.places.candidates(name, directory, &mut candidates);
            if candidates.is_empty() {
                continue;
            }
            let is_last = at.saturating_add(1) == parts.len();
            if is_last {
                found.extend(self.artifacts.places.fitting(&candidates, lowered, &asked.homes, false));
            } else {
                let above = Lowered::new(&parts.get(..=at).unwrap_or_default().join(&b'/'));
                found.extend(self.artifacts.places.fitting(&candidates, &above, &asked.homes, true));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Looks at the file that a link at a place leads to, as if it lay there.
    fn linked(&mut self, link: EntryId, walked: &Walked, name: &Named<'_>) {
        if walked.target.is_none() {
            return;
        }
        let Some(asked) = self.systems.get(name.system) else { return };
        let tree = asked.subject.tree;
        let is_placed = name.is_further || tree.get(link).is_some_and(|(mounted, _)| mounted.is_placed());
        let Some(target) = asked.subject.find(name.path).filter(|&id| is_placed && id != link) else {
            return;
        };
        let Some((mounted, found)) = tree.get(target) else { return };
        if found.metadata.file_type == FileType::Regular && !mounted.is_raw() {
            let follows = |&&number: &&u32| {
                self.artifacts.all.get(number as usize).is_some_and(|artifact| artifact.follows_links)
            };
            let fitting: Vec<u32> = name.fitting.iter().filter(follows).copied().collect();
            self.entry(target, found, &Named { is_further: true, fitting: &fitting, ..*name });
        }
    }

    fn entry(&mut self, id: EntryId, walked: &Walked, name: &Named<'_>) {
        let Some(asked) = self.systems.get(name.system) else { return };
        let mut file = File::new(asked.subject, id, name.path, &walked.metadata, walked.target.as_deref());
        if let Some(machine) = self.systems.first().filter(|_| name.is_further) {
            file = file.named(machine.subject.facts);
        }
        let (mut hit_any, mut starts) = (false, false);
        let mut hits = Vec::new();
        for &number in name.fitting {
            let number = number as usize;
            let Some(artifact) = self.artifacts.all.get(number) else { continue };
            let wanted = artifact.file.admits(&walked.metadata)
                && !artifact.except.iter().any(|pattern| pattern.covers(name.lowered, &asked.homes))
                && asked.applies(number, artifact);
            if !wanted || self.met.contains(&(number, id)) {
                continue;
            }
            starts |= artifact.advisory.category == Category::Persistence;
            if let Some(mut hit) = self.evaluate(number, artifact, &file) {
                hit_any = true;
                if name.is_further {
                    hit.place = Some(Place { system: name.system, path: name.path.to_vec() });
                }
                hits.push(hit);
            }
        }
        let is_cut = file.is_cut() && !hit_any;
        for hit in hits {
            self.met.insert((hit.number, id));
            (self.tell)(Told::Hit(hit));
        }
        if is_cut {
            (self.tell)(Told::Cut(id, starts));
        }
    }

    fn evaluate<'t>(&self, number: usize, artifact: &'t Artifact, file: &File<'_>) -> Option<Hit<'t>> {
        let mut shown = artifact.file.evaluate(file, &self.artifacts.commands)?;
        let levels = artifact.levels.iter();
        let level = levels
            .filter_map(|level| Some((level, level.file.evaluate(file, &self.artifacts.commands)?)))
            .next();
        let (severity, because) = match &level {
            Some((level, _)) => (level.severity, Some(level.because.as_str())),
            None => (artifact.severity?, None),
        };
        if let Some((_, of_level)) = level {
            shown.line = of_level.line.or(shown.line);
            shown.facts.extend(of_level.facts);
        }
        Some(Hit { number, artifact, id: file.id, severity, because, shown, place: None })
    }
}
