//! What no driver opens: named, if it is known, and searched as raw bytes, unless it is encrypted.

use std::sync::Arc;

use super::{Opening, named, place_name, volume_gap};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::fs::{self, FileSystem};
use crate::gap::GapKind;
use crate::system::{VolumeSummary, ledger};
use crate::tree::mount::Hint;
use crate::tree::walk::{gap_kind, walk};
use crate::tree::{Mounted, Placement};
use crate::volume::stack::Device;

/// Bytes that a swap space needs for itself, in sectors that are not blank: its header, and the mark at the end
/// of its first page.
const SWAP_HEADER: u64 = 2 * 512;

/// What raw bytes belong to.
pub(in crate::system) struct At<'n> {
    pub(in crate::system) partition: Option<u32>,
    pub(in crate::system) name: &'n str,
    /// Index of the summary of their volume; `usize::MAX`: outside of all.
    pub(in crate::system) place: usize,
}

impl Opening {
    /// A volume without a driver: named if it is known, and its bytes are searched as they are, unless they are
    /// encrypted.
    pub(super) fn unopened(&mut self, device: &Device, summary: &mut VolumeSummary, budget: &Budget) {
        let found = fs::magic::recognise(&*device.source);
        if let Some(found) = found.as_ref().filter(|found| found.kind == GapKind::Encrypted) {
            self.known = true;
            found.name.clone_into(&mut summary.content);
            return self.closed(device, found.name, found.kind, &found.detail);
        }
        let boot = found.is_none() && device.volume.is_boot_code();
        let name = found.as_ref().map_or(if boot { "boot code" } else { "unknown" }, |found| found.name);
        if found.is_none() {
            name.clone_into(&mut summary.content);
            let whole = Span::new(0, device.source.len());
            let at =
                At { partition: device.volume.number, name: &named(device, name), place: self.volumes.len() };
            summary.beyond = self.rest(&device.source, &[whole], &at, budget);
        } else {
            self.raw_volume(device, name, summary, budget);
        }
        let (_, other) = summary.beyond;
        match found {
            Some(found) => {
                self.known = true;
                if found.name == "swap" && other <= SWAP_HEADER {
                    summary.read = true;
                    self.notes.push((
                        place_name(device.volume.number, &named(device, name)),
                        "it holds nothing".to_owned(),
                    ));
                } else {
                    self.closed(device, found.name, found.kind, &found.detail);
                }
            }
            None if other == 0 => {
                "empty".clone_into(&mut summary.content);
                summary.read = true;
            }
            None if boot => {
                self.notes.push((
                    place_name(device.volume.number, &named(device, name)),
                    "searched as raw bytes".to_owned(),
                ));
            }
            None => {
                let reason = "no file system that is known; searched as raw bytes only";
                self.closed(device, "unknown", GapKind::Unsupported, reason);
            }
        }
    }

    /// Has all bytes of a volume searched as they are.
    pub(super) fn raw_volume(
        &mut self,
        device: &Device,
        name: &str,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        name.clone_into(&mut summary.content);
        let whole = Span::new(0, device.source.len());
        let at =
            At { partition: device.volume.number, name: &named(device, name), place: self.volumes.len() };
        summary.beyond = self.raw(&device.source, &[whole], &at, budget);
    }

    /// Has the parts of `source` that no file system describes searched as they are; returns how many bytes are
    /// zeros, and how many are not.
    pub(in crate::system) fn raw(
        &mut self,
        source: &Arc<dyn Source>,
        spans: &[Span],
        at: &At<'_>,
        budget: &Budget,
    ) -> (u64, u64) {
        let mut sums = (0_u64, 0_u64);
        let mut runs = Vec::new();
        for &span in spans {
            let (blank, other) = self.blank_and_other(&**source, span, at.partition);
            sums = (sums.0.saturating_add(blank), sums.1.saturating_add(other));
            if other > 0 {
                runs.push(span);
            }
        }
        if !runs.is_empty() {
            self.mount_plain(Arc::from(fs::plain::open(Arc::clone(source), &runs, budget)), at, budget);
        }
        sums
    }

    /// Puts bytes that no file system describes into the tree, as files.
    pub(super) fn mount_plain(&mut self, fs: Arc<dyn FileSystem>, at: &At<'_>, budget: &Budget) {
        let walk = walk(&*fs, budget);
        self.hints.push(Hint::default());
        self.places.push(at.place);
        self.mounted.push(Mounted {
            fs,
            walk,
            partition: at.partition,
            name: at.name.to_owned(),
            mount: None,
            mount_source: None,
            placement: Placement::Raw,
            subvolume: None,
            file_system: u32::MAX.saturating_sub(u32::try_from(self.mounted.len()).unwrap_or(0)),
        });
    }

    /// Of a part of `source` that no file system claims: zeros, and other bytes.
    fn blank_and_other(&mut self, source: &dyn Source, span: Span, partition: Option<u32>) -> (u64, u64) {
        ledger::blank_and_other(source, span).unwrap_or_else(|error| {
            let (kind, reason) = (gap_kind(&error.into()), "bytes outside of file systems cannot be read");
            self.gaps.push(volume_gap(partition, "outside", kind, Some(span.len), reason.to_owned()));
            (0, span.len)
        })
    }
}
