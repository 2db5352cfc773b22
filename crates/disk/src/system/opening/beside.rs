//! File systems where another one is: in bytes that the other does not need, with a mark of their own, or behind its end.
//! Who mounts the volume says which of them it is; both are read.

use std::sync::Arc;

use super::unopened::At;
use super::{Opening, VolumeSummary, named, open_guarded, place_name, volume_gap};
use crate::budget::Budget;
use crate::bytes::{Source, Span, Window};
use crate::fs::{self, FileSystem};
use crate::gap::{GapKind, Loss};
use crate::volume::stack::Device;

/// A file system that was opened, and is to become a volume.
pub(super) struct Other {
    fs: Arc<dyn FileSystem>,
    source: Arc<dyn Source>,
    /// Where it begins in its device, in bytes.
    start: u64,
}

impl Opening {
    /// Tries those `drivers` that have their mark on a device, too, which another one (`first`) was asked to open.
    pub(super) fn marked_twice(
        &mut self,
        device: &Device,
        first: &str,
        drivers: &[&'static fs::Driver],
        budget: &Budget,
    ) {
        for driver in drivers {
            let name = named(device, first);
            let fs = match open_guarded(driver, &device.source, budget) {
                Ok(fs) => Arc::from(fs),
                Err(error) => {
                    let text =
                        format!("it has the mark of {}, too, and is none that opens: {error}", driver.name);
                    self.notes.push((place_name(device.volume.number, &name), text));
                    continue;
                }
            };
            let text = format!(
                "it is {first} and {} at once: who mounts it says which; both are read, if they can be",
                driver.name
            );
            let mut gap = volume_gap(device.volume.number, &name, GapKind::Damaged, None, text);
            gap.loss = Loss::Part;
            self.gaps.push(gap);
            self.others.push(Other { fs, source: Arc::clone(&device.source), start: 0 });
        }
    }

    /// Looks for file systems in parts of `source` that no other one has, and has the rest searched as it is; returns how
    /// many bytes are zeros, and how many are not.
    pub(super) fn rest(
        &mut self,
        source: &Arc<dyn Source>,
        spans: &[Span],
        at: &At<'_>,
        budget: &Budget,
    ) -> (u64, u64) {
        let left: Vec<Span> = spans.iter().flat_map(|&span| self.hidden(source, span, at, budget)).collect();
        let sum = |spans: &[Span]| spans.iter().fold(0_u64, |sum, span| sum.saturating_add(span.len));
        let opened = sum(spans).saturating_sub(sum(&left));
        let (blank, other) = self.raw(source, &left, at, budget);
        (blank, other.saturating_add(opened))
    }

    /// The same for what lies outside of all partitions.
    pub(in crate::system) fn outside(
        &mut self,
        source: &Arc<dyn Source>,
        spans: &[Span],
        budget: &Budget,
    ) -> (u64, u64) {
        let at = At { partition: None, name: "outside of partitions", place: usize::MAX };
        let sums = self.rest(source, spans, &at, budget);
        self.others(&Device::whole(source), budget);
        sums
    }

    /// Looks for file systems in a part of `source`; returns what is left of it.
    fn hidden(&mut self, source: &Arc<dyn Source>, span: Span, at: &At<'_>, budget: &Budget) -> Vec<Span> {
        let end = span.end().unwrap_or(u64::MAX).min(source.len());
        let mut left = Vec::new();
        let (mut from, mut look) = (span.offset, span.offset);
        while look < end {
            // What cannot be read is said where it is searched.
            let rest = Span::new(look, end.saturating_sub(look));
            let Ok(Some(start)) = fs::hidden::first(source, rest) else { break };
            if self.tried >= budget.hidden_volumes {
                let text = format!(
                    "more than {} places begin like a file system; the others are searched as raw bytes only",
                    budget.hidden_volumes
                );
                let mut gap = volume_gap(at.partition, at.name, GapKind::OverLimit, None, text);
                gap.loss = Loss::Part;
                self.gaps.push(gap);
                break;
            }
            self.tried = self.tried.saturating_add(1);
            let window: Arc<dyn Source> =
                Arc::new(Window::new(Arc::clone(source), Span::new(start, end.saturating_sub(start))));
            let drivers = fs::drivers_of(&*window);
            let opened = drivers.iter().find_map(|driver| open_guarded(driver, &window, budget).ok());
            let Some(fs) = opened else {
                look = start.saturating_add(512);
                continue;
            };
            let text = format!("{} begins at byte {start}; it is read, too", fs.identity().kind);
            self.notes.push((place_name(at.partition, at.name), text));
            let total = fs.usage().total.clamp(512, end.saturating_sub(start).max(512));
            left.push(Span::new(from, start.saturating_sub(from)));
            self.others.push(Other { fs: Arc::from(fs), source: window, start });
            look = start.saturating_add(total);
            from = look;
        }
        left.push(Span::new(from, end.saturating_sub(from)));
        left.retain(|span| span.len > 0);
        left
    }

    /// Makes volumes of what was found in a device beside its file system.
    pub(super) fn others(&mut self, device: &Device, budget: &Budget) {
        for Other { fs, source, start } in std::mem::take(&mut self.others) {
            let len = source.len().min(fs.usage().total);
            let mut summary = VolumeSummary {
                partition: device.volume.number,
                name: device.name.clone(),
                offset: device.volume.span.offset.saturating_add(start),
                size: len,
                inside: true,
                ..VolumeSummary::default()
            };
            self.known = true;
            let mut device = device.clone();
            device.source = source;
            self.mount(&device, &fs, &mut summary, budget);
            self.volumes.push(summary);
        }
    }
}
