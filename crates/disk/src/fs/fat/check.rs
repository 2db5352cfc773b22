//! What following the whole tree once tells: FAT has no checksums, and this is what it has instead.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;

use super::directory::{Entry, Listed};
use super::table::{Chain, Link};
use super::{Fat, ROOT};
use crate::budget::Budget;
use crate::bytes::{ReadError, read_vec};
use crate::fs::{FsError, NodeId, Note, Place};
use crate::gap::Loss;
use crate::text::Escaped;

/// Notes of one kind; the rest is counted.
const MOST: usize = 20;
/// How many times the files may have all clusters together.
const SHARED: u64 = 8;
/// Bytes of the copies of the table that are compared at once.
const PIECE: u64 = 1 << 20;

/// What following the tree tells.
pub(super) struct Checked {
    pub(super) label: Option<Vec<u8>>,
    /// In bytes.
    pub(super) free: u64,
    /// What is wrong.
    pub(super) notes: Vec<Note>,
}

/// Follows the whole tree.
///
/// # Errors
/// [`FsError::Corrupt`], if files share clusters so often that following them would take for ever.
pub(super) fn check(fat: &Fat, budget: &Budget) -> Result<Checked, FsError> {
    let clusters = usize::try_from(fat.table.clusters).unwrap_or(0);
    let mut check = Check {
        fat,
        owned: vec![0; clusters / 8 + 1],
        label: None,
        notes: Vec::new(),
        more: 0,
        orphans: 0,
        followed: 0,
    };
    check.extent_of_volume();
    check.tree(budget)?;
    check.copies();
    let free = check.clusters();
    check.finish();
    Ok(Checked { label: check.label, free, notes: check.notes })
}

struct Check<'f> {
    fat: &'f Fat,
    /// A bit for each cluster that a file was seen to have.
    owned: Vec<u8>,
    label: Option<Vec<u8>>,
    notes: Vec<Note>,
    /// Notes beyond the limit.
    more: usize,
    /// Parts of long names without their file.
    orphans: u64,
    /// Clusters of all files.
    followed: u64,
}

impl Check<'_> {
    fn note(&mut self, loss: Loss, text: String) {
        if self.notes.len() < MOST {
            self.notes.push(Note { loss, text });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn extent_of_volume(&mut self) {
        let (size, there) = (self.fat.boot.size, self.fat.table.source.len());
        if there < size {
            let text =
                format!("the file system is {size} bytes long, but only {there} bytes of it are there");
            self.note(Loss::Part, text);
        }
        if self.fat.boot.uncovered > 0 {
            let uncovered = self.fat.boot.uncovered;
            self.note(Loss::Part, format!("{uncovered} clusters have no entry in the FAT"));
        }
        if self.fat.table.is_dirty() {
            self.note(Loss::Nothing, "the volume is marked dirty: it was not closed".to_owned());
        }
    }

    /// Follows every directory and every chain.
    fn tree(&mut self, budget: &Budget) -> Result<(), FsError> {
        let mut seen = HashSet::from([NodeId(ROOT)]);
        let mut todo = VecDeque::from([(Vec::new(), None)]);
        let mut entries = 0_u64;
        while let Some((path, entry)) = todo.pop_front() {
            let chain = self.fat.directory(entry.as_ref());
            let at_root = entry.is_none();
            if !at_root || self.fat.is_wide() {
                self.own(&path, &chain);
            }
            self.is_bounded()?;
            let mut listed = Vec::new();
            let result = self.fat.list(&chain, &mut |one: Listed| {
                listed.push(one);
                entries = entries.saturating_add(1);
                if entries > budget.entries { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            // What cannot be listed or read is an error again for whoever lists or reads it.
            self.orphans = self.orphans.saturating_add(result.unwrap_or(0));
            for one in listed {
                let path = [&path, &b"/"[..], &one.name].concat();
                if one.entry.is_label {
                    self.label = self.label.take().or_else(|| at_root.then_some(one.name));
                } else if !one.entry.is_directory {
                    self.file(&path, &one.entry);
                    self.is_bounded()?;
                } else if seen.insert(one.id) {
                    todo.push_back((path, Some(one.entry)));
                }
            }
            if entries > budget.entries {
                self.note(Loss::Part, format!("not checked beyond {} entries", budget.entries));
                break;
            }
        }
        Ok(())
    }

    fn is_bounded(&self) -> Result<(), FsError> {
        let clusters = u64::from(self.fat.table.clusters);
        if self.followed <= clusters.saturating_mul(SHARED) {
            return Ok(());
        }
        let problem = format!("its files share its {clusters} clusters more than {SHARED} times");
        Err(FsError::corrupt("volume", 0, problem))
    }

    fn file(&mut self, path: &[u8], entry: &Entry) {
        let chain = self.fat.table.chain(entry.cluster, entry.size);
        let longer = chain.longer || entry.size == 0 && entry.cluster != 0;
        if longer {
            let path = Escaped(path);
            let text =
                format!("{path}: clusters follow behind its {} bytes, and are not looked at", entry.size);
            self.note(Loss::Part, text);
        }
        self.own(path, &chain);
        if longer {
            // They are its own all the same.
            let whole = self.fat.table.chain(entry.cluster, u64::MAX);
            self.mark(&whole);
        }
    }

    /// Gives the clusters of a chain to a file, and says if one has an owner.
    fn own(&mut self, path: &[u8], chain: &Chain) {
        if let Some(cluster) = self.mark(chain) {
            let text = format!("{}: cluster {cluster} belongs to another file as well", Escaped(path));
            self.note(Loss::Part, text);
        }
    }

    /// Marks the clusters of a chain; returns the first that was marked before.
    fn mark(&mut self, chain: &Chain) -> Option<u64> {
        let mut twice = None;
        for extent in &chain.extents {
            let Place::Disk(place) = extent.place else { continue };
            let first = place.saturating_sub(self.fat.table.data) / self.fat.table.cluster;
            for index in first..first.saturating_add(extent.len.div_ceil(self.fat.table.cluster)) {
                let Some(byte) = usize::try_from(index / 8).ok().and_then(|at| self.owned.get_mut(at)) else {
                    continue;
                };
                let bit = 1_u8 << (index % 8);
                if *byte & bit != 0 {
                    twice.get_or_insert(index.saturating_add(2));
                }
                *byte |= bit;
                self.followed = self.followed.saturating_add(1);
            }
        }
        twice
    }

    /// Whether all copies of the table say the same.
    fn copies(&mut self) {
        let (fat, tables) = (self.fat, self.fat.boot.tables.clone());
        let Some((&first, others)) = tables.split_first() else { return };
        let mut at = 0;
        while at < fat.boot.table_len {
            let len = PIECE.min(fat.boot.table_len.saturating_sub(at));
            let read = |start: u64| {
                let len = usize::try_from(len).unwrap_or(0);
                read_vec(&*fat.table.source, start.saturating_add(at), len)
            };
            let own = read(first);
            for &other in others {
                match (&own, read(other)) {
                    (Ok(own), Ok(other)) if *own == other => {}
                    (Ok(own), Ok(other)) => {
                        let same = own.iter().zip(&other).take_while(|(a, b)| a == b).count();
                        let at = at.saturating_add(same as u64);
                        return self.note(
                            Loss::Part,
                            format!("the copies of the FAT differ from byte {at} on: one of them is wrong"),
                        );
                    }
                    (Err(error), _) => return self.unread(error),
                    (_, Err(error)) => return self.unread(&error),
                }
            }
            at = at.saturating_add(len);
        }
    }

    fn unread(&mut self, error: &ReadError) {
        self.note(Loss::Nothing, format!("a copy of the FAT cannot be read: {error}"));
    }

    /// Counts the free bytes, and the clusters that are in use by no file.
    fn clusters(&mut self) -> u64 {
        let (mut free, mut lost, mut first) = (0_u64, 0_u64, 0);
        let owned = &self.owned;
        let result = self.fat.table.each(&mut |cluster, link| {
            let index = cluster.saturating_sub(2);
            let byte = owned.get(usize::try_from(index / 8).unwrap_or(usize::MAX)).copied().unwrap_or(0);
            match link {
                Link::Free => free = free.saturating_add(1),
                Link::Bad => {}
                _ if byte >> (index % 8) & 1 == 0 => {
                    first = if lost == 0 { cluster } else { first };
                    lost = lost.saturating_add(1);
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = result {
            self.note(Loss::Part, format!("the FAT cannot be read to its end: {error}"));
        }
        if lost > 0 {
            let text = format!(
                "{lost} clusters, the first {first}, are in use by no file that was found; they are only searched as they stand"
            );
            self.note(Loss::Part, text);
        }
        free.saturating_mul(self.fat.table.cluster)
    }

    fn finish(&mut self) {
        if self.orphans > 0 {
            let text =
                format!("{} parts of long names belong to no file; short names are used", self.orphans);
            self.note(Loss::Nothing, text);
        }
        if self.more > 0 {
            self.notes.push(Note { loss: Loss::Part, text: format!("{} more such notes", self.more) });
        }
    }
}
