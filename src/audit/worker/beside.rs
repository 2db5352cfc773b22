//! An archive in an archive is unpacked while it goes by, and searched as it stands, too: its headers, the names and
//! attributes in them, what lies between its members and behind its end.

use std::cell::Cell;
use std::io::{self, Read};

use super::super::content::{fill, is_blank};
use super::{CHUNK, Shared};
use crate::archive::Format;
use crate::rules::{Match, Scan};

/// Bytes that are searched together.
const PIECE: usize = 256 << 10;

/// Whether the bytes at hand are those of a member that is handed on as it lies in the archive.
#[derive(Debug, Default)]
pub(super) struct InMember {
    is_inside: Cell<bool>,
    /// Members are packed, or read ahead: every byte is searched.
    is_never: bool,
}

impl InMember {
    pub(super) fn of(format: &Format) -> Self {
        Self { is_inside: Cell::new(false), is_never: !format.is_laid_out }
    }

    pub(super) fn set(&self, is_inside: bool) {
        self.is_inside.set(is_inside && !self.is_never);
    }
}

/// A reader whose bytes are searched, but for those of members.
pub(super) struct Beside<'r, 'a> {
    inner: &'r mut dyn Read,
    member: &'r InMember,
    scan: Scan<'a>,
    overlap: usize,
    /// What is not searched yet, the first `repeated` bytes of it for the second time.
    run: Vec<u8>,
    repeated: usize,
    /// Where in the archive the run begins.
    base: u64,
    at: u64,
    searched: u64,
}

/// What was found beside the members.
pub(super) struct Found {
    pub(super) matches: Vec<Match>,
    pub(super) dropped: u64,
    pub(super) searched: u64,
}

impl<'r, 'a> Beside<'r, 'a> {
    pub(super) fn new(shared: Shared<'a>, inner: &'r mut dyn Read, member: &'r InMember) -> Self {
        let (scan, overlap) = (shared.engine.begin(), shared.engine.overlap());
        Self { inner, member, scan, overlap, run: Vec::new(), repeated: 0, base: 0, at: 0, searched: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        let start = self.at;
        self.at = self.at.saturating_add(bytes.len() as u64);
        if self.member.is_inside.get() {
            return;
        }
        if self.base.saturating_add(self.run.len() as u64) != start {
            self.end_run();
            self.base = start;
        }
        self.run.extend_from_slice(bytes);
        if self.run.len() >= PIECE.saturating_add(self.overlap) {
            self.search(false);
            let from = self.run.len().saturating_sub(self.overlap);
            self.run.drain(..from);
            self.base = self.base.saturating_add(from as u64);
            self.repeated = self.run.len();
        }
    }

    fn end_run(&mut self) {
        self.search(true);
        self.run.clear();
        self.repeated = 0;
    }

    fn search(&mut self, is_last: bool) {
        if self.run.len() > self.repeated && !is_blank(&self.run) {
            self.searched = self.searched.saturating_add(self.run.len().saturating_sub(self.repeated) as u64);
            self.scan.chunk(&self.run, self.repeated, self.base, is_last);
        }
    }

    /// Reads what the archive's reader left, and says what was found.
    pub(super) fn finish(mut self) -> Found {
        self.member.set(false);
        let mut rest = vec![0; CHUNK.min(PIECE)];
        while let (1.., Ok(())) = fill(&mut self, &mut rest) {}
        self.end_run();
        Found { matches: self.scan.finish(), dropped: self.scan.dropped(), searched: self.searched }
    }
}

impl Read for Beside<'_, '_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst)?;
        self.take(dst.get(..read).unwrap_or_default());
        Ok(read)
    }
}
