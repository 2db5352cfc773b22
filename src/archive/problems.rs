//! What could not be looked at of one archive, where its reader goes on behind it.

use std::mem::discriminant;
use std::ops::ControlFlow;

use super::ArchiveError;

/// The first problem of each kind: an encrypted member must not hide that another one is damaged, and a
/// million of one kind say no more than one.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<ArchiveError>);

impl Problems {
    pub(super) fn add(&mut self, problem: ArchiveError) {
        if !self.0.iter().any(|known| discriminant(known) == discriminant(&problem)) {
            self.0.push(problem);
        }
    }

    /// Goes on behind a member that failed, unless it is the budget that ended it.
    pub(super) fn outlive(
        &mut self,
        delivered: Result<ControlFlow<()>, ArchiveError>,
    ) -> Result<ControlFlow<()>, ArchiveError> {
        match delivered {
            Err(problem) if !matches!(problem, ArchiveError::OverLimit(_)) => {
                self.add(problem);
                Ok(ControlFlow::Continue(()))
            }
            other => other,
        }
    }
}
