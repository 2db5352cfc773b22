//! A file that was opened as a file system: its files are in the tree, and it is read as it stands, too. What lies
//! beside them may be what a program of the system reads.

use super::super::content::{Holes, NodeReader};
use super::gaps::whole_gap;
use super::{CHUNK, Subject, Worker};
use crate::archive::Format;
use crate::detect::{Collector, Sink};
use assay_disk::bytes::Span;
use assay_disk::fs::{Attribute, Extent, FsError, Metadata, Node, Place};
use assay_disk::tree::EntryId;

impl Worker<'_> {
    /// Looks at a file that was opened: like at any other, but for the long runs that are contents of its files.
    pub(super) fn opened(
        &mut self,
        id: EntryId,
        subject: &mut Subject<'_>,
        node: &mut dyn Node,
        search: bool,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        let size = node.metadata().size;
        let limits = (CHUNK as u64, self.shared.budget.file_data);
        let holes = Holes::of(node.extents()?, size, limits.0, limits.1);
        if subject.is_watched {
            subject.is_watched = false;
            self.watch_file(subject, node, &holes, collected)?;
        }
        if size > self.shared.budget.whole_file && !subject.wanted.is_empty() {
            let limit = self.shared.budget.whole_file;
            collected.gap(whole_gap(subject, &format!("it has more than {limit} bytes")));
        } else if !subject.wanted.is_empty() || self.compares(subject, 0) {
            let mut reader = NodeReader::new(node, (0, holes.end)).with(&holes);
            self.stream(subject, &mut reader, 0, false, collected);
            reader.failed.map_or(Ok(()), Err)?;
        }
        if !search {
            return Ok(());
        }
        let alone = Subject { location: subject.location.clone(), wanted: Vec::new(), ..*subject };
        let mut beside = Beside { claims: self.shared.tree.claims(id), extents: Vec::new(), node };
        beside.extents = beside.unclaimed()?;
        let around = Holes::of(&beside.extents, size, limits.0, limits.1);
        let format = self.bytes(&alone, &mut beside, &around, true, collected)?;
        let is_looked_into = |format: &Format| {
            format.file_system().is_some_and(|kind| self.shared.tree.is_opened_as(id, kind))
        };
        match format.filter(|format| !is_looked_into(format)) {
            Some(format) => self.inside(&alone, node, &holes, format, collected),
            None => Ok(()),
        }
    }
}

/// A file without what is searched as content of the files in it.
struct Beside<'n> {
    node: &'n mut dyn Node,
    claims: &'n [Span],
    extents: Vec<Extent>,
}

impl Beside<'_> {
    /// The data of the file that no claim covers.
    fn unclaimed(&mut self) -> Result<Vec<Extent>, FsError> {
        let claims = self.claims;
        let mut found = Vec::new();
        for extent in self.node.extents()? {
            if matches!(extent.place, Place::Hole | Place::Unwritten) {
                continue;
            }
            let (mut at, end) = (extent.start, extent.start.saturating_add(extent.len));
            let first = claims.partition_point(|claim| claim.end().unwrap_or(u64::MAX) <= at);
            for claim in claims.get(first..).unwrap_or_default() {
                if claim.offset >= end {
                    break;
                }
                push(&mut found, at, claim.offset);
                at = at.max(claim.end().unwrap_or(u64::MAX));
            }
            push(&mut found, at, end);
        }
        Ok(found)
    }
}

fn push(found: &mut Vec<Extent>, from: u64, to: u64) {
    if from < to {
        found.push(Extent { start: from, len: to.saturating_sub(from), place: Place::Opaque });
    }
}

impl Node for Beside<'_> {
    fn metadata(&self) -> &Metadata {
        self.node.metadata()
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(&self.extents)
    }

    /// What is claimed reads as zeros.
    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let end = offset.saturating_add(dst.len() as u64);
        let first = self.claims.partition_point(|claim| claim.end().unwrap_or(u64::MAX) <= offset);
        let next = self.claims.get(first).filter(|claim| claim.offset < end);
        let (is_claimed, until) = match next {
            Some(claim) if claim.offset <= offset => (true, claim.end().unwrap_or(u64::MAX)),
            Some(claim) => (false, claim.offset),
            None => (false, end),
        };
        let room = usize::try_from(until.min(end).min(self.metadata().size).saturating_sub(offset));
        let dst = dst.get_mut(..room.unwrap_or(0)).unwrap_or_default();
        if is_claimed {
            dst.fill(0);
            return Ok(dst.len());
        }
        self.node.read_at(offset, dst)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        self.node.read_link()
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        self.node.xattrs()
    }

    fn damage(&self) -> Option<String> {
        self.node.damage()
    }
}
