//! The content of a regular file: all of it, its parts with data, or nothing where the cache knows it as clean.

use super::super::cache::Cache;
use super::super::content::{NodeReader, fill, segments};
use super::gaps::{part_gap, whole_gap};
use super::{Subject, Worker};
use crate::archive::Spent;
use crate::detect::{Collected, Sink};
use crate::finding::GapKind;
use crate::fs::{FsError, Node};

impl Worker<'_> {
    /// Looks at the content of a regular file.
    pub(super) fn regular(
        &mut self,
        subject: &mut Subject<'_>,
        node: &mut dyn Node,
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        let size = node.metadata().size;
        let parts = segments(node.extents()?, size);
        if subject.is_watched && parts != [(0, size)] {
            // Its holes are left out below, and belong to its bytes.
            subject.is_watched = false;
            self.watch_file(subject, node, &parts, collected)?;
        }
        if parts.len() > 1 || parts.first().is_some_and(|&(start, _)| start > 0) {
            return self.sparse(subject, node, &parts, search, collected);
        }
        let Some(&(_, len)) = parts.first() else { return Ok(()) };
        match self.shared.cache.filter(|_| search) {
            Some(cache) => self.unless_known(cache, subject, node, len, collected),
            None => self.whole(subject, node, len, search, collected),
        }
    }

    /// Looks at a file if the cache does not know it; if it is clean, the next audit will.
    fn unless_known(
        &mut self,
        cache: &Cache,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        len: u64,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        let mut key = cache.begin(&subject.location.path);
        let mut reader = NodeReader::new(node, (0, len));
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
            self.outcome.coverage.bytes_known += len;
        }
        self.whole(subject, node, len, !is_known, collected)?;
        let after = (collected.findings.len(), collected.gaps.len(), self.stirred);
        if !is_known && before == after && node.damage().is_none() {
            cache.add(key);
        }
        Ok(())
    }

    /// Looks at a file without long holes.
    fn whole(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        len: u64,
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        if !search && subject.wanted.is_empty() {
            return Ok(());
        }
        let mut reader = NodeReader::new(node, (0, len));
        let format = self.stream(subject, &mut reader, 0, search, collected);
        if let Some(error) = reader.failed {
            return Err(error);
        }
        if !search {
            return Ok(());
        }
        let spent = self.spent(len);
        self.decode_file(subject, node, len, &spent, collected)?;
        if let Some(format) = format {
            let mut reader = NodeReader::new(node, (0, len));
            self.archive(subject, format, &mut reader, &spent, 1, collected);
        }
        self.outcome.coverage.members += spent.members();
        self.outcome.coverage.bytes_unpacked += spent.bytes();
        Ok(())
    }

    fn spent(&self, packed: u64) -> Spent {
        Spent::of_image(packed, self.shared.budget, self.shared.unpacked).with_work(&self.work)
    }

    /// A file with long holes: each part with data is searched on its own.
    fn sparse(
        &mut self,
        subject: &Subject<'_>,
        node: &mut dyn Node,
        parts: &[(u64, u64)],
        search: bool,
        collected: &mut Collected,
    ) -> Result<(), FsError> {
        if !subject.wanted.is_empty() {
            collected.gap(whole_gap(subject, "it is sparse, with parts far from each other"));
        }
        let alone = Subject { location: subject.location.clone(), wanted: Vec::new(), ..*subject };
        let mut left = self.shared.budget.file_data;
        for &(start, len) in parts {
            let mut reader = NodeReader::new(node, (start, len.min(left)));
            self.stream(&alone, &mut reader, start, search, collected);
            if let Some(error) = reader.failed {
                return Err(error);
            }
            if search {
                let spent = self.spent(len);
                self.decode_file(&alone, node, start.saturating_add(len.min(left)), &spent, collected)?;
            }
            if len > left {
                let reason =
                    format!("from byte {} it is not searched: too large", start.saturating_add(left));
                collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
                break;
            }
            left = left.saturating_sub(len);
        }
        Ok(())
    }
}
