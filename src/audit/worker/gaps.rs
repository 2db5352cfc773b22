//! The gaps that a file at hand can be.

use super::Subject;
use crate::finding::{Gap, GapKind, Location, Loss};
use assay_disk::fs::FsError;
use assay_disk::tree::walk::gap_kind;

pub(in crate::audit) fn file_gap(location: &Location, error: &FsError) -> Gap {
    Gap {
        location: location.clone(),
        kind: gap_kind(error),
        loss: Loss::File,
        bytes: None,
        reason: error.to_string(),
    }
}

pub(in crate::audit) fn part_gap(location: &Location, kind: GapKind, reason: String) -> Gap {
    Gap { location: location.clone(), kind, loss: Loss::Part, bytes: None, reason }
}

pub(super) fn whole_gap(subject: &Subject<'_>, why: &str) -> Gap {
    let reason = format!("not parsed as a whole (its bytes were searched): {why}");
    part_gap(&subject.location, GapKind::OverLimit, reason)
}

/// The gap of a file whose detectors panicked.
pub(in crate::audit) fn panic_gap(location: Location) -> Gap {
    let reason = "a detector or reader panicked on this file: please report this".to_owned();
    Gap { location, kind: GapKind::Damaged, loss: Loss::File, bytes: None, reason }
}
