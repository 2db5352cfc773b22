//! Which bytes belong to whose life: a block that was used again holds another file's content, or none.

use std::collections::BTreeSet;

use super::gather::{Gathered, is_claim, moment};
use super::places;
use crate::bytes::Span;
use crate::bytes::spans::{self, common, end, meeting, outside};
use crate::fs::remains::{Life, Version};

/// Who wrote a run of bytes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    span: Span,
    moment: u64,
    writer: Writer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Writer {
    /// A file.
    Life(Life),
    /// The file system, for itself.
    Own,
    /// Two files of which nobody knows which was later.
    Contested,
}

/// All runs that anybody wrote, and what is free now.
pub(super) struct Claims {
    /// Sorted, none meets another.
    last: Vec<Claim>,
    /// Free bytes, sorted.
    free: Vec<Span>,
}

impl Claims {
    pub(super) fn of(gathered: &Gathered, free: &[Span]) -> Self {
        let mut claims: Vec<Claim> = Vec::new();
        for (life, versions) in &gathered.lives {
            for version in versions.iter().filter(|version| is_claim(version)) {
                let (moment, writer) = (moment(version), Writer::Life(*life));
                claims.extend(places(&version.content).map(|span| Claim { span, moment, writer }));
            }
        }
        let own = gathered.used.iter().map(|&(span, moment)| Claim { span, moment, writer: Writer::Own });
        claims.extend(own);
        Self { last: last(&claims), free: free.to_vec() }
    }

    /// The parts of a run, content of `version`, that are so no more: they are in use now, or were used after it.
    pub(super) fn lost(&self, version: &Version, span: Span) -> Vec<Span> {
        let mut lost = outside(&self.free, span);
        let is_later =
            |claim: &&Claim| claim.writer != Writer::Life(version.life) && claim.moment > moment(version);
        lost.extend(self.meeting(span).filter(is_later).filter_map(|claim| common(claim.span, span)));
        spans::join(&mut lost);
        lost
    }

    /// Whether another life claims a part of a run of `version`, and nobody knows which of the two was later.
    pub(super) fn is_contested(&self, version: &Version, span: Span) -> bool {
        let is_other =
            |claim: &Claim| claim.writer != Writer::Life(version.life) && claim.writer != Writer::Own;
        self.meeting(span).any(|claim| is_other(claim) && claim.moment == moment(version))
    }

    /// The free parts of a run: content that came back lies in free bytes only.
    pub(super) fn free_parts(&self, span: Span) -> impl Iterator<Item = Span> {
        meeting(&self.free, span, |free| *free).filter_map(move |free| common(*free, span))
    }

    fn meeting(&self, span: Span) -> impl Iterator<Item = &Claim> {
        meeting(&self.last, span, |claim| claim.span)
    }
}

/// For every byte the last claim: as runs that do not meet.
fn last(claims: &[Claim]) -> Vec<Claim> {
    // Where claims begin and end.
    let mut edges: Vec<(u64, usize)> = Vec::with_capacity(claims.len().saturating_mul(2));
    for (index, claim) in claims.iter().enumerate() {
        edges.push((claim.span.offset, index));
        edges.push((end(claim.span), index));
    }
    edges.sort_unstable();
    let mut active: BTreeSet<(u64, Writer, usize)> = BTreeSet::new();
    let mut found: Vec<Claim> = Vec::new();
    let mut at = 0;
    for (edge, index) in edges {
        if edge > at
            && let Some((moment, writer)) = newest(&active)
        {
            push(&mut found, Claim { span: Span::new(at, edge.saturating_sub(at)), moment, writer });
        }
        at = edge;
        let Some(claim) = claims.get(index).filter(|claim| claim.span.len > 0) else { continue };
        let key = (claim.moment, claim.writer, index);
        if !active.remove(&key) {
            active.insert(key);
        }
    }
    found
}

/// The last of the claims to a byte.
fn newest(active: &BTreeSet<(u64, Writer, usize)>) -> Option<(u64, Writer)> {
    let &(moment, writer, _) = active.last()?;
    // Claims of one moment are sorted by their writers: those at both ends decide, however many there are.
    let first = (moment, Writer::Life(Life { number: 0, generation: 0 }), 0);
    let is_contested = active.range(first..).next().is_some_and(|(_, other, _)| *other != writer);
    Some((moment, if is_contested { Writer::Contested } else { writer }))
}

fn push(found: &mut Vec<Claim>, claim: Claim) {
    match found.last_mut() {
        Some(last)
            if (last.moment, last.writer) == (claim.moment, claim.writer)
                && end(last.span) == claim.span.offset =>
        {
            last.span.len = last.span.len.saturating_add(claim.span.len);
        }
        _ => found.push(claim),
    }
}
