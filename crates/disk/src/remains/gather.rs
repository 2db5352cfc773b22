//! What the driver hands over, by life and by name, within limits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::budget::Budget;
use crate::bytes::Span;
use crate::fs::remains::{Content, Life, Name, Proof, Remain, Version};
use crate::fs::{FileSystem, FsError};

/// Memory that a version, a name or a claim costs beside what it holds, in bytes.
const EACH: u64 = 192;

/// All that is left.
#[derive(Default)]
pub(super) struct Gathered {
    /// Versions of each life, the oldest first.
    pub(super) lives: BTreeMap<Life, Vec<Version>>,
    pub(super) names: Vec<Name>,
    /// Bytes that the file system wrote for itself, and when.
    pub(super) used: Vec<(Span, u64)>,
    /// See [`Remain::KnownSince`].
    pub(super) known_since: Option<u64>,
    pub(super) problems: Vec<FsError>,
}

/// Asks the driver.
pub(super) fn gather(fs: &dyn FileSystem, free: &[Span], budget: &Budget) -> Gathered {
    let mut gathered = Gathered::default();
    let mut room = budget.metadata_bytes;
    let mut is_over = false;
    let told = fs.remains(free, &mut |remain| {
        let Some(left) = room.checked_sub(cost(&remain)) else {
            is_over = true;
            return ControlFlow::Break(());
        };
        room = left;
        gathered.take(remain);
        ControlFlow::Continue(())
    });
    gathered.problems.extend(told.err());
    if is_over {
        let text = "what is left of deleted files takes too much memory".to_owned();
        gathered.problems.push(FsError::over_limit(text, budget.metadata_bytes));
    }
    gathered.settle();
    gathered
}

fn cost(remain: &Remain) -> u64 {
    let held = match remain {
        Remain::Version(version) => match &version.content {
            Content::Lost => 0,
            Content::Bytes(bytes) => bytes.len(),
            Content::Extents(extents) => extents.len().saturating_mul(32),
            Content::Decoded { spans, .. } => spans.len().saturating_mul(16).saturating_add(256),
        },
        Remain::Name(name) => name.name.len(),
        Remain::Used { .. } | Remain::KnownSince(_) => 0,
    };
    EACH.saturating_add(held as u64)
}

impl Gathered {
    fn take(&mut self, remain: Remain) {
        match remain {
            Remain::Version(version) => self.lives.entry(version.life).or_default().push(version),
            Remain::Name(name) => self.names.push(name),
            Remain::Used { span, order } => self.used.push((span, order)),
            Remain::KnownSince(order) => self.known_since = Some(order),
        }
    }

    /// Sorts all of it, and leaves one of what was found more than once.
    fn settle(&mut self) {
        for versions in self.lives.values_mut() {
            versions.sort_by_key(|version| (version.order, version.proof, version.found_at));
            // What the journal has was found in the record on the disk, too.
            let has_content = versions.iter().any(|version| !matches!(version.content, Content::Lost));
            if has_content {
                versions.retain(|version| !matches!(version.content, Content::Lost));
            }
        }
        self.names.sort_unstable();
        self.names.dedup_by(|next, name| {
            let is_same = (next.dir, &next.dir_generation, &next.name, next.child, &next.child_generation)
                == (name.dir, &name.dir_generation, &name.name, name.child, &name.child_generation)
                && next.order == name.order;
            if is_same {
                name.proof = name.proof.max(next.proof);
            }
            is_same
        });
        self.used.sort_unstable();
    }
}

/// The order of a version by which claims are compared: what has no number was read off the disk as it is now.
pub(super) fn moment(version: &Version) -> u64 {
    if version.order == 0 { u64::MAX } else { version.order }
}

/// Whether the layout of a version is known well enough to say that its blocks were its own.
pub(super) fn is_claim(version: &Version) -> bool {
    version.proof > Proof::Guessed
}
