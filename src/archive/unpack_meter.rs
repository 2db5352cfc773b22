//! What unpacking costs: every byte that comes out of a packed file, over all its levels, is counted here.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{ArchiveError, Format};
use crate::budget::Budget;

/// Bytes that are counted together.
const COUNTED: u64 = 1 << 20;

/// What one packed file has cost so far, over all its levels; shared by the readers of all levels.
#[derive(Debug)]
pub struct UnpackMeter {
    bytes: Cell<u64>,
    members: Cell<u64>,
    limit: u64,
    pub(super) member_limit: u64,
    /// What all packed files of the image have cost, and may cost.
    total: Arc<AtomicU64>,
    total_limit: u64,
    /// Bytes that are not in the total yet: threads should not meet at every read.
    uncounted: Cell<u64>,
    /// What searching what came out costs, and where it ends.
    work: Rc<Cell<u64>>,
    work_limit: u64,
}

impl UnpackMeter {
    /// Whether a step that unpacks `bytes` in all is over the limit by itself.
    pub(super) fn is_beyond(&self, bytes: u64) -> bool {
        bytes > self.limit
    }

    /// Nothing spent yet, for a packed file of `packed` bytes that is the only one.
    pub fn new(packed: u64, budget: &Budget) -> Self {
        Self::of_image(packed, budget, &Arc::default())
    }

    /// Nothing spent yet, for a packed file of `packed` bytes, one of those that count into `total`.
    pub fn of_image(packed: u64, budget: &Budget, total: &Arc<AtomicU64>) -> Self {
        let by_ratio = packed.saturating_mul(budget.unpacked_ratio).saturating_add(1 << 20);
        let limit = budget.unpacked_bytes.min(by_ratio);
        Self {
            bytes: Cell::new(0),
            members: Cell::new(0),
            limit,
            member_limit: budget.archive_members,
            total: Arc::clone(total),
            total_limit: budget.unpacked_total,
            uncounted: Cell::new(0),
            work: Rc::default(),
            work_limit: budget.search_work.saturating_add(packed.saturating_mul(budget.search_work_ratio)),
        }
    }

    /// The same, with a limit to what is added to `work` from now on.
    #[must_use]
    pub fn with_work(mut self, work: &Rc<Cell<u64>>) -> Self {
        self.work_limit = self.work_limit.saturating_add(work.get());
        self.work = Rc::clone(work);
        self
    }

    /// Bytes that came out so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Members seen so far.
    pub fn members(&self) -> u64 {
        self.members.get()
    }

    fn is_over(&self) -> bool {
        self.bytes.get() >= self.limit
            || self.is_overworked()
            || self.total.load(Ordering::Relaxed) >= self.total_limit
    }

    fn is_overworked(&self) -> bool {
        self.work.get() >= self.work_limit
    }

    fn add(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes as u64));
        self.uncounted.set(self.uncounted.get().saturating_add(bytes as u64));
        if self.uncounted.get() >= COUNTED {
            self.count();
        }
    }

    fn count(&self) {
        self.total.fetch_add(self.uncounted.take(), Ordering::Relaxed);
    }

    /// What is said where [`UnpackMeter::is_over`].
    fn over(&self) -> ArchiveError {
        ArchiveError::OverLimit(if self.bytes.get() >= self.limit {
            format!("unpacks to more than {} bytes", self.limit)
        } else if self.is_overworked() {
            "unpacks to far more keywords and matches than so small a file can have; the rest was not searched".to_owned()
        } else {
            format!("the packed files of the image unpack to more than {} bytes", self.total_limit)
        })
    }

    fn member(&self) -> Result<(), ArchiveError> {
        self.members.set(self.members.get().saturating_add(1));
        if self.members.get() > self.member_limit {
            return Err(ArchiveError::OverLimit(format!("more than {} members", self.member_limit)));
        }
        Ok(())
    }
}

impl Drop for UnpackMeter {
    fn drop(&mut self) {
        self.count();
    }
}

/// A member of an archive, as it is handed to the visitor.
pub struct Member<'m> {
    /// Its name, as the archive says, without leading slashes; none for packed streams (gzip, …).
    pub name: Option<&'m [u8]>,
    /// Its content.
    pub content: &'m mut dyn Read,
}

/// Takes the members.
pub type Visit<'v> = dyn FnMut(Member<'_>) -> ControlFlow<()> + 'v;

/// A member's content: counts what comes out, ends where the budget does, and remembers the first error,
/// whatever the visitor does with it.
struct Metered<'r> {
    inner: &'r mut dyn Read,
    spent: &'r UnpackMeter,
    end: Option<End>,
}

/// Why a member's content ended too early.
enum End {
    OverLimit,
    Failed(io::Error),
}

impl Read for Metered<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        while self.end.is_none() {
            if self.spent.is_over() {
                self.end = Some(End::OverLimit);
                break;
            }
            match self.inner.read(dst) {
                Ok(read) => {
                    self.spent.add(read);
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.end = Some(End::Failed(error)),
            }
        }
        Ok(0)
    }
}

/// Hands one member on.
pub(super) fn deliver(
    format: &Format,
    name: Option<&[u8]>,
    content: &mut dyn Read,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, ArchiveError> {
    spent.member()?;
    let mut metered = Metered { inner: content, spent, end: None };
    let flow = visit(Member { name, content: &mut metered });
    match metered.end {
        Some(End::OverLimit) => Err(spent.over()),
        Some(End::Failed(error)) => Err(format.damaged(error)),
        None => Ok(flow),
    }
}
