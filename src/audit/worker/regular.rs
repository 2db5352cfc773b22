//! The content of a regular file: all of it, or nothing where the cache knows it as clean.

use std::sync::atomic::Ordering;

use super::super::cache::Cache;
use super::super::content::{Holes, NodeReader, fill};
use super::beside::InMember;
use super::gaps::part_gap;
use super::{CHUNK, Subject, Worker};
use crate::archive::{Format, UnpackMeter};
use crate::detect::{Collector, Sink};
use crate::finding::GapKind;
use assay_disk::fs::{FsError, Node};

impl Worker<'_> {
    /// Looks at the content of a regular file.
    pub(super) fn regular(
        &mut self,
        subject: &mut Subject<'_>,
        node: &mut dyn Node,
        search: bool,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        let size = node.metadata().size;
        let holes = Holes::of(node.extents()?, size, CHUNK as u64, self.shared.budget.file_data);
        if size == 0 || !search && subject.wanted.is_empty() {
            return Ok(());
        }
        if subject.is_watched && !holes.is_empty() {
            // Its holes are passed over below, and belong to its bytes.
            subject.is_watched = false;
            self.watch_file(subject, node, &holes, collected)?;
        }
        match self.shared.cache.filter(|_| search && holes.is_empty()) {
            Some(cache) => self.unless_known(cache, subject, node, &holes, collected),
            None => self.whole(subject, node, &holes, search, collected),
        }
    }

    /// Looks at a file if the cache does not know it; if it is clean, the next audit will.
    fn unless_known(
        &mut self,
        cache: &Cache,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        let mut key = cache.begin(&subject.location.path);
        let mut reader = NodeReader::new(node, (0, holes.end));
        loop {
            let (filled, _) = fill(&mut reader, &mut self.buffer);
            key.write(self.buffer.get(..filled).unwrap_or_default());
            if filled < self.buffer.len() {
                break;
            }
        }
        if let Some(error) = reader.failed {
            return Err(error);
        }
        let key = key.finish_128();
        let is_known = cache.has(key);
        let before = (collected.findings.len(), collected.gaps.len(), self.stirred);
        if is_known {
            self.outcome.coverage.files_known += 1;
            self.outcome.coverage.bytes_known += holes.end;
        }
        self.whole(subject, node, holes, !is_known, collected)?;
        let after = (collected.findings.len(), collected.gaps.len(), self.stirred);
        if !is_known && before == after && node.damage().is_none() {
            cache.add(key);
        }
        Ok(())
    }

    /// Looks at all of a file, and inside of it.
    fn whole(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        search: bool,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        if !search && subject.wanted.is_empty() {
            return Ok(());
        }
        match self.bytes(subject, node, holes, search, collected)?.filter(|_| search) {
            Some(format) => self.inside(subject, node, holes, format, collected),
            None => Ok(()),
        }
    }

    /// Looks at the bytes of a file as they stand; returns the format that its first ones tell.
    pub(super) fn bytes(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        search: bool,
        collected: &mut Collector,
    ) -> Result<Option<&'static Format>, FsError> {
        let size = node.metadata().size;
        let mut reader = NodeReader::new(node, (0, holes.end)).with(holes);
        let format = self.stream(subject, &mut reader, 0, search, collected);
        if let Some(error) = reader.failed {
            return Err(error);
        }
        if search {
            let spent = self.spent(size);
            self.decode_file(subject, node, holes, &spent, collected)?;
            self.outcome.coverage.members += spent.members();
            self.outcome.coverage.bytes_unpacked += spent.bytes();
        }
        if holes.end < size {
            let reason = format!("from byte {} it is not searched: too large", holes.end);
            collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
        }
        Ok(format)
    }

    /// Looks inside of a file, whose holes are zeros to who unpacks it.
    pub(super) fn inside(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        format: &'static Format,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        if !self.may_read_holes(holes) {
            let reason = format!("a {} with {} bytes of holes is not looked into", format.name, holes.bytes);
            collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
            return Ok(());
        }
        let spent = self.spent(node.metadata().size);
        let mut reader = NodeReader::new(node, (0, holes.end));
        // All of its bytes were searched as they stand.
        let at = InMember::of(format);
        self.archive(subject, (format, &at), &mut reader, &spent, 1, collected);
        self.outcome.coverage.members += spent.members();
        self.outcome.coverage.bytes_unpacked += spent.bytes();
        Ok(())
    }

    /// Whether the holes of an archive may be read as zeros: it costs the image nothing to have more of them.
    fn may_read_holes(&self, holes: &Holes) -> bool {
        let budget = self.shared.budget;
        holes.bytes <= budget.archive_holes
            && self.shared.holes.fetch_add(holes.bytes, Ordering::Relaxed).saturating_add(holes.bytes)
                <= budget.archive_holes_total
    }

    fn spent(&self, packed: u64) -> UnpackMeter {
        UnpackMeter::of_image(packed, self.shared.budget, self.shared.unpacked).with_work(&self.work)
    }
}
