//! Chunks of long files, held out to threads that have no file of their own left.
//!
//! The thread that reads a file cuts it into chunks, always at the same places. While others are idle it holds the
//! chunks out to them, a few at a time, and takes back what nobody took. What was found is put together in
//! the order of the file by the thread that reads it: who searched a chunk cannot be seen in the report.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::rules::{Ahead, ChunkScanner, TextEncoding};

/// A chunk of a file.
pub(super) struct Piece {
    /// A buffer of which the first `len` bytes are the chunk.
    pub(super) buffer: Vec<u8>,
    pub(super) len: usize,
    /// How many of them the chunk before had.
    pub(super) repeated: usize,
    /// Where in the file they begin.
    pub(super) base: u64,
    /// Where in the file the next chunk begins; none for the last one.
    pub(super) next: Option<u64>,
    pub(super) manner: TextEncoding,
}

impl Piece {
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Searches it; none, if that panics: who reads the file will see it again.
    fn search(&self, scout: &mut ChunkScanner<'_>) -> Option<Ahead> {
        let search = || scout.search(self.bytes(), self.base, self.next.is_none(), self.manner);
        catch_unwind(AssertUnwindSafe(search)).ok()
    }
}

/// A chunk that somebody is to search.
pub(super) struct Task {
    state: Mutex<State>,
    done: Condvar,
}

enum State {
    Open(Piece),
    Taken,
    Done(Piece, Option<Ahead>),
}

impl Task {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Searches the chunk, if nobody took it yet.
    pub(super) fn work(&self, scout: &mut ChunkScanner<'_>) -> bool {
        let mut state = self.state();
        if !matches!(*state, State::Open(_)) {
            return false;
        }
        let State::Open(piece) = std::mem::replace(&mut *state, State::Taken) else { return false };
        drop(state);
        let found = piece.search(scout);
        *self.state() = State::Done(piece, found);
        self.done.notify_all();
        true
    }

    /// Whether it is searched.
    pub(super) fn is_done(&self) -> bool {
        matches!(*self.state(), State::Done(..))
    }

    /// The chunk and what was found in it, once it is searched.
    pub(super) fn wait(&self) -> (Piece, Option<Ahead>) {
        let mut state = self.state();
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Done(piece, found) => return (piece, found),
                State::Open(piece) => return (piece, None),
                State::Taken => state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Nobody wants it any more.
    pub(super) fn cancel(&self) {
        let mut state = self.state();
        if matches!(*state, State::Open(_)) {
            *state = State::Taken;
        }
    }
}

/// Where chunks are held out.
pub(super) struct Board {
    threads: usize,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    tasks: VecDeque<Arc<Task>>,
    /// Threads that have files of their own.
    busy: usize,
}

/// A thread that has files of its own, until this is dropped.
pub(super) struct Busy<'b>(&'b Board);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.busy = queue.busy.saturating_sub(1);
        self.0.changed.notify_all();
    }
}

impl Board {
    /// For so many threads, each of which is [`Busy`] at first.
    pub(super) fn new(threads: usize) -> Self {
        let queue = Mutex::new(Queue { tasks: VecDeque::new(), busy: threads });
        Self { threads, queue, changed: Condvar::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the threads begins; called once by each.
    pub(super) fn begin(&self) -> Busy<'_> {
        Busy(self)
    }

    /// How many threads have no file of their own left.
    pub(super) fn helpers(&self) -> usize {
        self.threads.saturating_sub(self.queue().busy)
    }

    /// Holds a chunk out.
    pub(super) fn post(&self, piece: Piece) -> Arc<Task> {
        let task = Arc::new(Task { state: Mutex::new(State::Open(piece)), done: Condvar::new() });
        self.queue().tasks.push_back(Arc::clone(&task));
        self.changed.notify_one();
        task
    }

    /// Searches chunks of others until no thread has files; for a thread that has none.
    pub(super) fn help(&self, scout: &mut ChunkScanner<'_>) {
        let mut queue = self.queue();
        loop {
            if let Some(task) = queue.tasks.pop_front() {
                drop(queue);
                task.work(scout);
                queue = self.queue();
            } else if queue.busy == 0 {
                return;
            } else {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Engine;

    fn piece(text: &str) -> Piece {
        let buffer = text.as_bytes().to_vec();
        let mut scan = Engine::embedded().begin();
        scan.chunk(b"text\n", 0, 0, false);
        Piece { len: buffer.len(), buffer, repeated: 5, base: 0, next: None, manner: scan.manner() }
    }

    #[test]
    fn a_thread_without_files_searches_what_is_held_out_until_nobody_has_files() {
        let board = Board::new(2);
        let owner = board.begin();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                drop(board.begin());
                board.help(&mut Engine::embedded().scout());
            });
            let tasks: Vec<_> = (0..5).map(|n| board.post(piece(&format!("chunk {n}")))).collect();
            while !tasks.iter().all(|task| task.is_done()) {
                std::thread::yield_now();
            }
            assert_eq!(board.helpers(), 1);
            for (n, task) in tasks.iter().enumerate() {
                let (piece, found) = task.wait();
                assert_eq!(piece.bytes(), format!("chunk {n}").as_bytes());
                assert!(found.is_some());
            }
            drop(owner);
        });
    }

    #[test]
    fn a_chunk_is_searched_once_and_not_at_all_if_nobody_wants_it() {
        let board = Board::new(1);
        let (one, two) = (board.post(piece("one")), board.post(piece("two")));
        let mut scout = Engine::embedded().scout();
        two.cancel();
        assert!(one.work(&mut scout) && !one.work(&mut scout) && !two.work(&mut scout));
        drop(board.begin());
        board.help(&mut scout);
        assert!(one.is_done() && !two.is_done());
    }
}
