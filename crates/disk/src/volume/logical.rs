//! A volume that is made of others: what LVM and md give.

use std::sync::Arc;

use crate::bytes::{Source, Span};
use crate::gap::GapKind;

/// A logical volume or array, whether its bytes can be read or not.
pub(super) struct Logical {
    /// How a report calls it: "LV vg/root", "md 0".
    pub(super) name: String,
    /// Paths under `/dev` by which the image's fstab may mean it.
    pub(super) paths: Vec<String>,
    /// Length in bytes, as its metadata claims.
    pub(super) size: u64,
    /// Its bytes, or why there are none.
    pub(super) content: Result<Opened, Closed>,
}

/// The bytes of a logical volume.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) source: Arc<dyn Source>,
    /// Where they lie: the index of the device beneath, and the span in it. Empty where that is not simple.
    pub(super) places: Vec<(usize, Span)>,
    /// Bytes that it should have, and that are in no device.
    pub(super) missing: u64,
    /// Things to know of it, through which nothing was lost.
    pub(super) notes: Vec<String>,
}

/// Why a logical volume cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) kind: GapKind,
    pub(super) reason: String,
}

impl Closed {
    pub(super) fn unsupported(reason: impl Into<String>) -> Self {
        Self { kind: GapKind::Unsupported, reason: reason.into() }
    }

    pub(super) fn damaged(reason: impl Into<String>) -> Self {
        Self { kind: GapKind::Damaged, reason: reason.into() }
    }

    pub(super) fn missing(reason: impl Into<String>) -> Self {
        Self { kind: GapKind::Missing, reason: reason.into() }
    }
}
