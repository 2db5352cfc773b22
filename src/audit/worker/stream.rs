//! One stream of bytes, of a file or a member: searched chunk by chunk, and handed whole to who asked for it.

use super::super::content::{Sparse, fill, is_blank};
use super::super::contents::Searched;
use super::gaps::{part_gap, whole_gap};
use super::offload::{Cut, Handed};
use super::{LocatedSink, Shared, Subject, Wanted, Worker};
use crate::archive::{self, Format};
use crate::audit::served::Served;
use crate::detect::{Collector, Sink};
use crate::finding::GapKind;
use crate::rules::Match;
use assay_disk::tree::Entry;

/// How many times the findings that a file may have are kept while it is searched.
const REPEATS: usize = 10;

impl Worker<'_> {
    /// Searches one stream from `base` of the file, and hands it to the detectors that want it whole.
    /// Returns the format that its first bytes tell.
    pub(super) fn stream(
        &mut self,
        subject: &Subject<'_>,
        reader: &mut dyn Sparse,
        base: u64,
        search: bool,
        collected: &mut Collector,
    ) -> Option<&'static Format> {
        let mut format = None;
        let mut whole: Option<Vec<u8>> = None;
        let mut over = false;
        let mut carried = 0;
        let mut at = base;
        // The key of a content that came in one piece, and what was found where the same was searched before.
        let (mut key, mut known, mut work) = (None, None::<Searched>, 0_u64);
        let mut watch = self.watch(subject, search);
        let mut is_whole = true;
        let compares = self.compares(subject, base);
        let mut handed = Handed::default();
        self.scan.reset();
        loop {
            let is_kept = watch.is_some() || (compares || !subject.wanted.is_empty()) && !over;
            if carried > 0 && !is_kept {
                at = at.saturating_add(self.pass_hole(reader, carried));
            }
            let free = self.buffer.get_mut(carried..).unwrap_or_default();
            let room = free.len();
            let (filled, result) = fill(reader, free);
            let last = filled < room || result.is_err();
            let bytes = self.buffer.get(..carried.saturating_add(filled)).unwrap_or_default();
            let fresh = bytes.get(carried..).unwrap_or_default();
            if carried == 0 {
                format = archive::recognise(fresh.get(..archive::HEAD).unwrap_or(fresh));
                self.encoded.begin(base, fresh, format);
            }
            if carried == 0 {
                let facts = self.shared.facts;
                watch = watch.and_then(|watch| watch.begun(subject, facts, fresh, &mut self.idle));
            }
            if let Some(watch) = &mut watch {
                watch.piece(fresh);
                is_whole &= result.is_ok();
            }
            // Zeros hold nothing, whether they are stored or a hole: chunks of them are neither searched nor counted.
            let is_blank = carried > 0 && !last && is_blank(bytes);
            if is_blank {
                self.encoded.pass(fresh.len() as u64, self.shared.budget.whole_file);
            } else if search {
                self.outcome.coverage.bytes_searched += fresh.len() as u64;
                key = (carried == 0 && base == 0 && last).then(|| self.shared.contents.key(fresh));
                known = key.and_then(|key| self.shared.contents.find(key));
                if known.as_ref().is_none_or(|known| known.has_base64) {
                    self.encoded.piece(fresh, last, self.shared.budget.whole_file);
                }
            }
            if (compares || !subject.wanted.is_empty()) && !over {
                match &mut whole {
                    None if last => {
                        inspect(self.shared, subject, fresh, collected);
                        if compares {
                            self.comparing.content(fresh, subject.entry.metadata.size);
                        }
                    }
                    None => whole = Some(fresh.to_vec()),
                    Some(whole) if (whole.len() as u64) < self.shared.budget.whole_file => {
                        whole.extend_from_slice(fresh);
                    }
                    Some(_) => over = true,
                }
            }
            let len = bytes.len();
            let from = len.saturating_sub(self.shared.engine.overlap());
            let next = (!last).then(|| at.saturating_add(from as u64));
            if search && known.is_none() && !is_blank {
                self.chunk(&mut handed, Cut { len, repeated: carried, base: at, next }, subject, collected);
            } else {
                self.buffer.copy_within(from..len, 0);
            }
            if known.is_none() {
                work = work.saturating_add(self.count_work());
            }
            let Some(next) = next else { break };
            (at, carried) = (next, len.saturating_sub(from));
        }
        self.unwatch(watch, subject, is_whole, collected);
        match whole {
            Some(whole) if !over => {
                inspect(self.shared, subject, &whole, collected);
                if compares {
                    self.comparing.content(&whole, subject.entry.metadata.size);
                }
            }
            Some(_) if !subject.wanted.is_empty() => {
                let limit = self.shared.budget.whole_file;
                collected.gap(whole_gap(subject, &format!("it has more than {limit} bytes")));
            }
            _ => {}
        }
        if search {
            // What was searched for another file costs this one the same, whichever came first.
            let again = known.as_ref().map_or(0, |known| known.work);
            self.work.set(self.work.get().saturating_add(again));
            let searched = known.unwrap_or_else(|| self.searched(key, work));
            if searched.dropped > 0 {
                let reason = format!("{} matches are too many to be judged", searched.dropped);
                collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
            }
            if searched.passed_over > 0 {
                let reason = format!(
                    "around {} keywords nothing was searched: there are too many",
                    searched.passed_over
                );
                collected.gap(part_gap(&subject.location, GapKind::OverLimit, reason));
            }
            self.judge(subject, &searched.matches, collected);
        }
        format
    }

    /// Passes over the chunks that lie in a hole, of which `carried` bytes are in the buffer; returns how many bytes.
    fn pass_hole(&mut self, reader: &mut dyn Sparse, carried: usize) -> u64 {
        let room = self.buffer.len().saturating_sub(carried) as u64;
        let bytes = reader.hole().checked_div(room).unwrap_or(0).saturating_mul(room);
        if bytes == 0 || !is_blank(self.buffer.get(..carried).unwrap_or_default()) {
            return 0;
        }
        reader.pass(bytes);
        self.encoded.pass(bytes, self.shared.budget.whole_file);
        bytes
    }

    /// Has matches judged; of far too many findings of one rule in a file the rest is counted.
    pub(super) fn judge(&mut self, subject: &Subject<'_>, matches: &[Match], collected: &mut Collector) {
        if matches.is_empty() {
            return;
        }
        self.stirred += matches.len() as u64;
        judge(self.shared, subject, matches, collected);
        // Repeats among them are not sorted out yet. An archive adds a few with each of its members: all are
        // counted again only when they have doubled.
        let limit = self.shared.budget.findings_per_file.saturating_mul(REPEATS);
        if collected.findings.len() <= self.crowded.max(limit) {
            return;
        }
        let kept = std::mem::take(&mut collected.findings);
        collected.findings = self.counted.limit(kept, limit, self.shared.budget.findings);
        self.crowded = collected.findings.len().saturating_mul(2);
    }

    /// Adds what the search has cost since the last time; returns it.
    pub(super) fn count_work(&mut self) -> u64 {
        let work = self.scan.take_work();
        self.work.set(self.work.get().saturating_add(work));
        work
    }

    /// Ends the search of a stream, and keeps what it found under `key`.
    fn searched(&mut self, key: Option<u128>, work: u64) -> Searched {
        let searched = Searched {
            matches: self.scan.finish().into(),
            dropped: self.scan.dropped(),
            passed_over: self.scan.passed_over(),
            work,
            has_base64: !self.encoded.is_empty(),
        };
        if let Some(key) = key {
            self.shared.contents.keep(key, &searched);
        }
        searched
    }
}

fn inspect(shared: Shared<'_>, subject: &Subject<'_>, content: &[u8], collected: &mut Collector) {
    for Wanted { detector, place } in &subject.wanted {
        let Some(detector) = shared.detectors.files.get(*detector) else { continue };
        let mut sink = LocatedSink { location: &subject.location, collected };
        match place {
            None => detector.inspect(&subject.entry, content, shared.facts, &mut sink),
            Some(place) => {
                let entry = Entry { path: &place.path, ..subject.entry };
                let mut sink = Served::new(&mut sink, place, shared.tree);
                detector.inspect(&entry, content, shared.facts.of(place.system), &mut sink);
            }
        }
    }
}

fn judge(shared: Shared<'_>, subject: &Subject<'_>, matches: &[Match], collected: &mut Collector) {
    for detector in &shared.detectors.matches {
        let mine: Vec<Match> =
            matches.iter().filter(|found| found.family == detector.family()).cloned().collect();
        if !mine.is_empty() {
            let mut sink = LocatedSink { location: &subject.location, collected };
            detector.inspect(&subject.entry, &mine, shared.facts, &mut sink);
        }
    }
}
