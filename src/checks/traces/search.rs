//! Goes over the tree once, for all traces.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::super::{Subject, Verdict, judge};
use super::file::File;
use super::places::{Homes, Lowered};
use super::signs::Shown;
use super::{Trace, Traces};
use crate::finding::{Category, Severity};
use crate::fs::FileType;
use crate::tree::walk::Walked;
use crate::tree::{EntryId, Mounted};

/// A file that a trace is about.
pub struct Hit<'t> {
    /// Number of the trace.
    pub number: usize,
    /// The trace.
    pub trace: &'t Trace,
    /// The entry.
    pub id: EntryId,
    /// How bad.
    pub severity: Severity,
    /// Why it is so bad; none, where no level holds.
    pub because: Option<&'t str>,
    /// What shows it.
    pub shown: Shown,
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
pub fn search<'t>(traces: &'t Traces, subject: &Subject<'_>, tell: &mut dyn FnMut(Told<'t>)) {
    let mut search = Search {
        traces,
        subject,
        homes: Homes::of(&subject.facts.accounts),
        applies: traces.all.iter().map(|_| OnceCell::new()).collect(),
        tell,
    };
    for (volume, mounted) in (0_u32..).zip(subject.tree.volumes()) {
        if !mounted.is_plain {
            search.volume(volume, mounted);
        }
    }
}

struct Search<'s, 't> {
    traces: &'t Traces,
    subject: &'s Subject<'s>,
    homes: Homes,
    /// Whether a trace is about this system.
    applies: Vec<OnceCell<bool>>,
    tell: &'s mut dyn FnMut(Told<'t>),
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
            self.traces.places.candidates(name, directory.unwrap_or_default(), &mut candidates);
            if candidates.is_empty() && inherited.is_empty() {
                continue;
            }
            let path = mounted.path_inside(index);
            let lowered = Lowered::new(&path);
            let is_directory = walked.metadata.file_type == FileType::Directory;
            if is_directory {
                let more = self.traces.places.fitting(&candidates, &lowered, &self.homes, true);
                if !more.is_empty() || !inherited.is_empty() {
                    below.insert(index, inherited.iter().copied().chain(more).collect());
                }
            }
            let mut fitting = self.traces.places.fitting(&candidates, &lowered, &self.homes, false);
            fitting.extend(inherited.iter());
            fitting.sort_unstable();
            fitting.dedup();
            if !fitting.is_empty() {
                self.entry(EntryId { volume, index }, walked, &path, &lowered, &fitting);
            }
        }
    }

    fn entry(&mut self, id: EntryId, walked: &Walked, path: &[u8], lowered: &Lowered, fitting: &[u32]) {
        let file = File::new(self.subject, id, path, &walked.metadata, walked.target.as_deref());
        let (mut hit_any, mut starts) = (false, false);
        for &number in fitting {
            let number = number as usize;
            let Some(trace) = self.traces.all.get(number) else { continue };
            let wanted = trace.file.admits(&walked.metadata)
                && !trace.except.iter().any(|pattern| pattern.covers(lowered, &self.homes))
                && self.applies(number, trace);
            if !wanted {
                continue;
            }
            starts |= trace.advisory.category == Category::Persistence;
            if let Some(hit) = self.judge(number, trace, &file) {
                hit_any = true;
                (self.tell)(Told::Hit(hit));
            }
        }
        if file.is_cut() && !hit_any {
            (self.tell)(Told::Cut(id, starts));
        }
    }

    fn judge<'t>(&self, number: usize, trace: &'t Trace, file: &File<'_>) -> Option<Hit<'t>> {
        let mut shown = trace.file.judge(file, &self.traces.commands)?;
        let levels = trace.levels.iter();
        let level =
            levels.filter_map(|level| Some((level, level.file.judge(file, &self.traces.commands)?))).next();
        let (severity, because) = match &level {
            Some((level, _)) => (level.severity, Some(level.because.as_str())),
            None => (trace.severity?, None),
        };
        if let Some((_, of_level)) = level {
            shown.line = of_level.line.or(shown.line);
            shown.facts.extend(of_level.facts);
        }
        Some(Hit { number, trace, id: file.id, severity, because, shown })
    }

    fn applies(&self, number: usize, trace: &Trace) -> bool {
        let Some(when) = &trace.when else { return true };
        let judge = || judge::judge(when, self.subject).verdict == Verdict::Pass;
        self.applies.get(number).is_some_and(|known| *known.get_or_init(judge))
    }
}
