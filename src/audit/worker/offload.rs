//! The chunks of one long stream: searched one after the other or, where other threads are idle, by them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::work_queue::{Piece, Task};
use super::{Subject, Worker, buffer};
use crate::detect::Collector;

/// How near the halves of a credential are, in bytes: matches so near to the end of a chunk wait for the next.
const NEAR: u64 = 4096;
/// Buffers that are kept for the next long stream.
const SPARE: usize = 2;

/// Where a chunk lies that is in the worker's buffer.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) len: usize,
    /// How many of its bytes the chunk before had.
    pub(super) repeated: usize,
    /// Where in the file it begins.
    pub(super) base: u64,
    /// Where in the file the next one begins; none for the last one.
    pub(super) next: Option<u64>,
}

/// Chunks that were held out to others, in the order of the stream.
#[derive(Default)]
pub(super) struct Handed(VecDeque<Arc<Task>>);

impl Drop for Handed {
    fn drop(&mut self) {
        self.0.iter().for_each(|task| task.cancel());
    }
}

impl Worker<'_> {
    /// Searches the chunk in the buffer, now or later, and leaves there what the next one repeats. Behind the last
    /// chunk nothing is left to be searched.
    pub(super) fn chunk(
        &mut self,
        handed: &mut Handed,
        cut: Cut,
        subject: &Subject<'_>,
        collected: &mut Collector,
    ) {
        let Cut { len, repeated, base, next } = cut;
        let from = next.map_or(len, |next| usize::try_from(next.saturating_sub(base)).unwrap_or(len));
        let helpers = self.board.helpers();
        // The first chunk tells how the others are to be read.
        if repeated == 0 || handed.0.is_empty() && (helpers == 0 || next.is_none()) {
            let bytes = self.buffer.get(..len).unwrap_or_default();
            self.scan.chunk(bytes, repeated, base, next.is_none());
            self.buffer.copy_within(from..len, 0);
            self.take(next, subject, collected);
            return;
        }
        let mut fresh = self.spare.pop().unwrap_or_else(|| buffer(self.shared));
        let kept = self.buffer.get(from..len).unwrap_or_default();
        fresh.iter_mut().zip(kept).for_each(|(to, from)| *to = *from);
        let buffer = std::mem::replace(&mut self.buffer, fresh);
        let manner = self.scan.manner();
        handed.0.push_back(self.board.post(Piece { buffer, len, repeated, base, next, manner }));
        let room = if next.is_none() { 0 } else { helpers.saturating_add(1) };
        while handed.0.len() > room {
            self.settle_first(handed, subject, collected);
        }
    }

    /// Takes the first of the chunks that were held out, and meanwhile searches others that nobody took.
    fn settle_first(&mut self, handed: &mut Handed, subject: &Subject<'_>, collected: &mut Collector) {
        let Some(first) = handed.0.front() else { return };
        while !first.is_done() && handed.0.iter().any(|task| task.work(&mut self.scout)) {}
        let (piece, found) = first.wait();
        handed.0.pop_front();
        let (bytes, is_last) = (piece.bytes(), piece.next.is_none());
        match found {
            Some(found) => self.scan.accept(found, bytes, piece.repeated, piece.base, is_last),
            None => self.scan.chunk(bytes, piece.repeated, piece.base, is_last),
        }
        self.take(piece.next, subject, collected);
        if self.spare.len() < SPARE {
            self.spare.push(piece.buffer);
        }
    }

    /// Has the matches judged that no chunk from `next` on can change.
    fn take(&mut self, next: Option<u64>, subject: &Subject<'_>, collected: &mut Collector) {
        let Some(next) = next else { return };
        let taken = self.scan.take(next.saturating_sub(NEAR));
        self.judge(subject, &taken, collected);
    }
}
