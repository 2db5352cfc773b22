//! Configuration that includes other files: how much of it is read, and what becomes of the rest.
//!
//! A few hundred bytes that include themselves ten times are ten to the power of the depth. So a file is not opened
//! again while it is being read, and files and lines are counted over all levels; what is over is a gap, and decides
//! nothing.

use super::Subject;
use super::subject::ConfigFile;
use crate::budget::Budget;
use crate::finding::GapKind;

/// The reading of one configuration, over all its files.
pub(super) struct Includes<'s, 'a> {
    subject: &'s Subject<'a>,
    /// The program that reads it: "sudo".
    reader: &'static str,
    files: u32,
    lines: u64,
    /// The files that are being read, the outermost first.
    open: Vec<Vec<u8>>,
    has_ended: bool,
}

impl<'s, 'a> Includes<'s, 'a> {
    pub(super) fn new(subject: &'s Subject<'a>, reader: &'static str) -> Self {
        let Budget { included_files, included_lines, .. } = subject.budget;
        Self {
            subject,
            reader,
            files: included_files,
            lines: included_lines,
            open: Vec::new(),
            has_ended: false,
        }
    }

    /// Opens a file that is included, or the first one. `None` if there is no such file, or if it must not be read:
    /// then the subject knows. Each call that returns a page wants a call of [`Includes::close`].
    pub(super) fn open(&mut self, path: &[u8]) -> Option<ConfigFile> {
        let place = self
            .subject
            .view()
            .and_then(|view| view.lookup(path))
            .map_or_else(|| path.to_vec(), |(place, _)| place);
        if self.open.contains(&place) {
            let reason = format!("it includes itself: {} does not read on from there", self.reader);
            self.subject.tell(path, GapKind::Damaged, reason);
            return None;
        }
        let page = match self.subject.page(path.to_vec()) {
            Ok(page) => page?,
            Err((path, why)) => {
                self.subject.doubt(&path, why);
                return None;
            }
        };
        match self.files.checked_sub(1) {
            Some(fewer) => self.files = fewer,
            None => {
                self.end(path, &format!("more than {} files", self.subject.budget.included_files));
                return None;
            }
        }
        self.open.push(place);
        Some(page)
    }

    /// The file that was opened last is at its end.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Counts a line; `false` if there are too many.
    pub(super) fn line(&mut self) -> bool {
        if let Some(fewer) = self.lines.checked_sub(1) {
            self.lines = fewer;
            return true;
        }
        let path = self.open.last().cloned().unwrap_or_default();
        self.end(&path, &format!("more than {} lines", self.subject.budget.included_lines));
        false
    }

    fn end(&mut self, path: &[u8], over: &str) {
        if !std::mem::replace(&mut self.has_ended, true) {
            let reason = format!("the configuration of {} has {over}: the rest was not read", self.reader);
            self.subject.tell(path, GapKind::OverLimit, reason);
        }
    }
}
