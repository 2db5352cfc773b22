//! What looks at all bytes of a file or member: digests, rules of the user, words of programs. What wants only some
//! files says so by their first bytes, and costs nothing on the others.

use std::io::{self, Read};

use super::super::content::{Holes, NodeReader, fill};
use super::gaps::part_gap;
use super::{LocatedSink, Subject, Worker};
use crate::detect::{Collector, HEAD, Sink, Stream};
use crate::facts::Facts;
use crate::finding::GapKind;
use assay_disk::fs::{FsError, Node};

/// What looks at the bytes of one file at a time.
pub(super) struct Watch<'a>(Vec<Watching<'a>>);

struct Watching<'a> {
    stream: Box<dyn Stream + 'a>,
    /// Whether it wants the file at hand.
    is_wanted: bool,
}

impl Watch<'_> {
    /// Shows the first bytes of a file to all; none where nobody wants the rest.
    pub(super) fn begun(
        mut self,
        subject: &Subject<'_>,
        facts: &Facts,
        bytes: &[u8],
        idle: &mut Vec<Self>,
    ) -> Option<Self> {
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        for Watching { stream, is_wanted } in &mut self.0 {
            *is_wanted = stream.start(&subject.entry, facts, head);
        }
        if self.0.iter().any(|watching| watching.is_wanted) {
            return Some(self);
        }
        idle.push(self);
        None
    }

    pub(super) fn piece(&mut self, bytes: &[u8]) {
        for watching in self.0.iter_mut().filter(|watching| watching.is_wanted) {
            watching.stream.piece(bytes);
        }
    }
}

impl<'a> Worker<'a> {
    /// What looks at the bytes of `subject`; none where nothing was asked for, or its bytes do not all go by.
    pub(super) fn watch(&mut self, subject: &Subject<'_>, search: bool) -> Option<Watch<'a>> {
        let shared = self.shared;
        let mut wanted = shared.detectors.streams.iter().filter(|detector| detector.is_wanted()).peekable();
        if !search || !subject.is_watched || wanted.peek().is_none() {
            return None;
        }
        // An archive in an archive is watched while its members are.
        let fresh = || wanted.map(|detector| Watching { stream: detector.begin(), is_wanted: false });
        Some(self.idle.pop().unwrap_or_else(|| Watch(fresh().collect())))
    }

    /// All bytes of `subject` went by, or not.
    pub(super) fn unwatch(
        &mut self,
        watch: Option<Watch<'a>>,
        subject: &Subject<'_>,
        is_whole: bool,
        collected: &mut Collector,
    ) {
        let Some(mut watch) = watch else { return };
        let before = collected.components.len();
        let mut sink = LocatedSink { location: &subject.location, collected };
        for watching in watch.0.iter_mut().filter(|watching| watching.is_wanted) {
            watching.stream.end(&subject.entry, is_whole, &mut sink);
        }
        // A file that the cache passed over would not be watched.
        self.stirred += collected.components.len().saturating_sub(before) as u64;
        self.idle.push(watch);
    }

    /// Goes over a file with holes, which are zeros here.
    ///
    /// # Errors
    /// Of the file system.
    pub(super) fn watch_file(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        let all =
            Subject { location: subject.location.clone(), wanted: Vec::new(), is_watched: true, ..*subject };
        let size = node.metadata().size;
        let Some(watch) = self.watch(&all, size > 0) else { return Ok(()) };
        let mut head = [0; HEAD];
        let read = node.read_at(0, &mut head)?;
        let head = head.get(..read).unwrap_or_default();
        let Some(mut watch) = watch.begun(&all, self.shared.facts, head, &mut self.idle) else {
            return Ok(());
        };
        let (budget, data) = (self.shared.budget, holes.data);
        let is_dense = size.saturating_sub(data) <= data.saturating_mul(4);
        if !is_dense && !self.watches_holes || data > budget.file_data {
            let reason = format!(
                "not held against lists, rules and words of programs: {size} bytes, most of them holes"
            );
            collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
            self.idle.push(watch);
            return Ok(());
        }
        let mut reader = NodeReader::new(node, (0, size));
        loop {
            let (filled, read) = fill(&mut reader, &mut self.buffer);
            watch.piece(self.buffer.get(..filled).unwrap_or_default());
            if filled < self.buffer.len() || read.is_err() {
                break;
            }
        }
        let is_whole = reader.failed.is_none() && reader.is_done();
        self.unwatch(Some(watch), &all, is_whole, collected);
        reader.failed.map_or(Ok(()), Err)
    }
}

/// A reader whose bytes are watched.
pub(super) struct Watched<'r, 'a> {
    inner: &'r mut dyn Read,
    watch: Option<Watch<'a>>,
    has_failed: bool,
}

impl<'r, 'a> Watched<'r, 'a> {
    pub(super) fn new(inner: &'r mut dyn Read, watch: Option<Watch<'a>>) -> Self {
        Self { inner, watch, has_failed: false }
    }

    /// Reads what nobody read, and says whether all of it could be.
    pub(super) fn finish(mut self) -> (Option<Watch<'a>>, bool) {
        if self.watch.is_some() {
            let mut rest = vec![0; 64 << 10];
            while let (1.., Ok(())) = fill(&mut self, &mut rest) {}
        }
        (self.watch, !self.has_failed)
    }
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst);
        match (&read, &mut self.watch) {
            (Ok(read), Some(watch)) => watch.piece(dst.get(..*read).unwrap_or_default()),
            (Err(error), _) => self.has_failed |= error.kind() != io::ErrorKind::Interrupted,
            (Ok(_), None) => {}
        }
        read
    }
}
