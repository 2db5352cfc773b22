//! What happened on a system, in the order of time: the times of all files, and what its records tell.
//!
//! [`gather`] reads a tree; [`Timeline::events`] hands on one event after the other. Where a source has local times,
//! they are converted to UTC by the zone of the system, and each event says how well its time is known.

use std::iter::Peekable;

use assay_disk::tree::{SystemKind, Tree};

use crate::budget::Budget;
use crate::facts::Facts;
use crate::finding::Gap;

mod cloud_init;
mod collector;
pub mod event;
mod file_times;
pub mod filter;
mod history;
pub mod journal;
mod lastlog;
mod log_file;
mod log_lines;
mod login_databases;
pub mod marks;
mod messages;
mod package_logs;
mod places;
pub mod source;
mod stamp;
mod syslog;
#[cfg(test)]
mod tests;
pub mod utmp;
mod zone;

use collector::Collector;
pub use event::{Basis, Event, EventKind, Inode, Macb, Moment, Subject};
use file_times::FileMoment;
pub use file_times::keeps_changes;
pub use filter::Filter;
use marks::Judge;
pub use marks::Mark;
pub use source::Source;

/// The events of an image.
pub struct Timeline {
    /// What records tell, in order.
    records: Vec<Event>,
    /// The times of files, in order.
    files: Vec<FileMoment>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// Reads what `filter` wants of all systems of the tree.
pub fn gather(tree: &Tree, facts: &Facts, filter: &Filter, budget: &Budget) -> Timeline {
    let mut collector = Collector::new(tree, filter, budget);
    for (number, system) in tree.systems().iter().enumerate() {
        // One that is the machine with its mounts has the records of the machine.
        if system.kind != SystemKind::Mounted
            && let Some(view) = tree.view(number)
        {
            collector.system(view, facts.of(number));
        }
    }
    collector.histories(facts);
    let (records, gaps) = collector.finish();
    Timeline { records, files: file_times::gather(tree, filter), gaps }
}

impl Timeline {
    /// How many events there are.
    pub fn len(&self) -> usize {
        self.records.len().saturating_add(self.files.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event that another part of the program knows of: a deletion.
    pub fn add(&mut self, event: Event) {
        let at = self.records.partition_point(|known| known.moment.time <= event.moment.time);
        self.records.insert(at, event);
    }

    /// The events in the order of time; of one time, files come first.
    pub fn events<'t>(&'t self, tree: &'t Tree, facts: &'t Facts) -> Events<'t> {
        let judge = Judge::new(tree, &facts.packages);
        Events { tree, judge, records: self.records.iter().peekable(), files: self.files.iter().peekable() }
    }
}

/// Hands on the events of a [`Timeline`].
pub struct Events<'t> {
    tree: &'t Tree,
    judge: Judge<'t>,
    records: Peekable<std::slice::Iter<'t, Event>>,
    files: Peekable<std::slice::Iter<'t, FileMoment>>,
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let record = self.records.peek().map(|event| event.moment.time);
            match self.files.peek().map(|file| file.time) {
                Some(file) if record.is_none_or(|record| file <= record) => {
                    let moment = self.files.next()?;
                    if let Some(event) = file_times::event(self.tree, moment) {
                        let marks = self.judge.marks(moment.id, moment.time, moment.times);
                        return Some(Event { marks, ..event });
                    }
                }
                _ => return self.records.next().cloned(),
            }
        }
    }
}
