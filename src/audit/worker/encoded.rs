//! Base64 in a stream: collected while the stream is searched, then decoded and looked at like members.

use super::super::content::{Holes, NodeReader, Sparse, fill};
use super::gaps::part_gap;
use super::{Subject, Worker};
use crate::archive::base64_blocks::{Block, Finder};
use crate::archive::{self, Format, UnpackMeter};
use crate::detect::{Collector, Sink};
use crate::finding::GapKind;
use assay_disk::fs::{FsError, Node};

/// Bytes without a zero that begin a text.
const TEXT: usize = 8192;
/// Letters that base64 in other files has at least: shorter runs in them are names of symbols. 64 say 48 bytes, a
/// key with its name.
const IN_PROGRAMS: usize = 64;
/// Blocks that are searched together.
const POOLED: usize = 1024;

/// The base64 of one stream.
#[derive(Default)]
pub(super) struct Encoded {
    finder: Finder,
    is_looked_for: bool,
    blocks: Vec<Block>,
    /// Bytes of base64 that are kept.
    bytes: u64,
    /// Where the first block lies that is not kept.
    rest: Option<u64>,
}

impl Encoded {
    /// Begins a stream at `base` of its file, by its first bytes and the format that they tell.
    pub(super) fn begin(&mut self, base: u64, first: &[u8], format: Option<&'static Format>) {
        self.finder.reset(base);
        self.blocks.clear();
        (self.bytes, self.rest) = (0, None);
        // The members of an archive are looked at for base64, each on its own.
        self.is_looked_for = format.is_none_or(|format| format.is_readable);
        if memchr::memchr(0, first.get(..TEXT).unwrap_or(first)).is_some() {
            self.finder.at_least(IN_PROGRAMS);
        }
    }

    /// Looks at the next piece, and keeps its blocks, up to `limit` bytes in all, and at least one.
    pub(super) fn piece(&mut self, piece: &[u8], last: bool, limit: u64) {
        let mut keep = |block: Block| {
            let bytes = self.bytes.saturating_add(block.len() as u64);
            if self.rest.is_none() && (bytes <= limit || self.blocks.is_empty()) {
                self.bytes = bytes;
                self.blocks.push(block);
            } else {
                self.rest.get_or_insert(block.offset);
            }
        };
        if self.is_looked_for {
            self.finder.piece(piece, &mut keep);
        }
        if last {
            self.finder.finish(&mut keep);
        }
        self.is_looked_for &= self.rest.is_none();
    }

    /// Passes over so many zeros, which end a block like one of them.
    pub(super) fn pass(&mut self, zeros: u64, limit: u64) {
        if self.is_looked_for && zeros > 0 {
            self.piece(&[0], false, limit);
            self.finder.pass(zeros.saturating_sub(1));
        }
    }

    /// Whether none was found.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.rest.is_none()
    }

    /// Takes up the stream where its first block lies that was not kept; returns that place.
    fn resume(&mut self) -> Option<u64> {
        let rest = self.rest.take()?;
        self.finder.resume(rest);
        self.blocks.clear();
        (self.bytes, self.is_looked_for) = (0, true);
        Some(rest)
    }
}

impl Worker<'_> {
    /// Looks at what base64 in a file says with these holes, which was searched: as much as may be kept at once, then
    /// the file is read again for what follows.
    ///
    /// # Errors
    /// Of the file system.
    pub(super) fn decode_file(
        &mut self,
        outer: &Subject<'_>,
        node: &mut dyn Node,
        holes: &Holes,
        spent: &UnpackMeter,
        collected: &mut Collector,
    ) -> Result<(), FsError> {
        let limit = self.shared.budget.whole_file;
        loop {
            let rest = self.encoded.rest.take();
            self.decode(outer, spent, 1, collected);
            self.encoded.rest = rest;
            let Some(start) = self.encoded.resume() else { return Ok(()) };
            let mut reader = NodeReader::new(node, (start, holes.end.saturating_sub(start))).with(holes);
            while self.encoded.is_looked_for {
                let zeros = reader.hole();
                self.encoded.pass(zeros, limit);
                reader.pass(zeros);
                let (filled, read) = fill(&mut reader, &mut self.buffer);
                let last = filled < self.buffer.len() || read.is_err();
                self.encoded.piece(self.buffer.get(..filled).unwrap_or_default(), last, limit);
                if last {
                    break;
                }
            }
            if let Some(error) = reader.failed {
                return Err(error);
            }
        }
    }

    /// Looks at what base64 in the last stream says, as at members of the file.
    pub(super) fn decode(
        &mut self,
        outer: &Subject<'_>,
        spent: &UnpackMeter,
        depth: u32,
        collected: &mut Collector,
    ) {
        let blocks = std::mem::take(&mut self.encoded.blocks);
        let limit = self.shared.budget.whole_file;
        if self.encoded.rest.is_some() {
            let reason = format!("only the first {limit} bytes of base64 are decoded");
            collected.gap(part_gap(&outer.location, GapKind::OverLimit, reason));
        }
        if depth > self.shared.budget.archive_depth && !blocks.is_empty() {
            let reason = format!("base64 nested deeper than {}", self.shared.budget.archive_depth);
            collected.gap(part_gap(&outer.location, GapKind::OverLimit, reason));
            return;
        }
        // Nearly all blocks are keys, hashes and names: those without a match in sight are searched together.
        let (alone, pooled): (Vec<Block>, Vec<Block>) =
            blocks.into_iter().partition(|block| is_content(&block.head(archive::HEAD)));
        for block in &alone {
            self.block(outer, block, spent, depth, collected);
        }
        for some in pooled.chunks(POOLED) {
            let mut pool = Vec::new();
            for (block, skipped) in some.iter().flat_map(|block| alignments(block, depth)) {
                block.decode_into(skipped, &mut pool);
                pool.push(b'\n');
            }
            self.scan.reset();
            self.scan.chunk(&pool, 0, 0, true);
            self.count_work();
            if !self.scan.finish().is_empty() {
                for block in some {
                    self.block(outer, block, spent, depth, collected);
                }
            }
        }
    }

    fn block(
        &mut self,
        outer: &Subject<'_>,
        block: &Block,
        spent: &UnpackMeter,
        depth: u32,
        collected: &mut Collector,
    ) {
        let name = format!("!/{} at byte {}", block.coding.name(), block.offset);
        let path = [&outer.location.path, name.as_bytes()].concat();
        for (block, skipped) in alignments(block, depth) {
            let content = block.decode(skipped);
            self.member(outer, &path, &mut content.as_slice(), spent, depth, collected);
        }
    }
}

/// The ways to read a block: what is in a block itself begins where it begins.
fn alignments(block: &Block, depth: u32) -> impl Iterator<Item = (&Block, usize)> {
    let count = if depth == 1 { block.alignments() } else { 1 };
    (0..count).map(move |skipped| (block, skipped))
}

/// Whether decoded base64 is more than bytes to be searched as they are: text, which may hold base64 again,
/// text in UTF-16, or a packed file.
fn is_content(decoded: &[u8]) -> bool {
    let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0);
    let head = decoded.get(..64).unwrap_or(decoded);
    decoded.starts_with(b"\xff\xfe")
        || decoded.starts_with(b"\xfe\xff")
        || head.iter().all(text)
        || archive::recognise(decoded).is_some()
}
