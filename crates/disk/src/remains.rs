//! Files that are no more, out of what a file system still holds of them: whose bytes they are, how they were called, and how
//! sure all that is.
//!
//! A driver hands over versions of inodes and names of directories ([`crate::fs::remains`]). Here they become files: of each
//! life the newest version with content, a claim map that says which of its bytes were used since, a path by the names of
//! its directories, and a [`Grade`].

mod claims;
mod gather;
mod names;

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::bytes::{Span, spans};
use crate::fs::recovered::{Grade, Recovered, Recovery};
use crate::fs::remains::{Content, Fate, Proof, Version};
use crate::fs::{Extent, FileSystem, FileType, FsError, Metadata, Place};
use claims::Claims;
use gather::Gathered;
use names::Names;

/// Versions of one life that are looked at, and kept.
const TRIED: usize = 64;
const KEPT: usize = 4;

/// What came back of a file system.
#[derive(Default)]
pub struct Remains {
    /// Files of which something is left, sorted by path.
    pub files: Vec<Recovered>,
    /// Runs of free bytes that are content of theirs, sorted.
    pub spans: Vec<Span>,
    /// Why it may not be all.
    pub problems: Vec<FsError>,
}

/// Finds what is left of the files of `fs`. `free` are its free bytes, sorted; `path_of` is the path of a directory that is
/// still there, by its node.
pub fn find(
    fs: &dyn FileSystem,
    free: &[Span],
    path_of: &dyn Fn(u64) -> Option<Vec<u8>>,
    budget: &Budget,
) -> Remains {
    let gathered = gather::gather(fs, free, budget);
    let claims = Claims::of(&gathered, free);
    let names = Names::of(&gathered, path_of);
    let mut files = Vec::new();
    for (life, versions) in &gathered.lives {
        let kept = chosen(versions, &claims, &gathered);
        for (rank, (version, recovery)) in kept.into_iter().enumerate() {
            files.push((names.path(*life, version, rank), version, recovery));
        }
    }
    let mut spans: Vec<Span> = Vec::new();
    for (_, version, _) in &files {
        spans.extend(places(&version.content).flat_map(|span| claims.free_parts(span)));
    }
    spans::join(&mut spans);
    let mut files: Vec<Recovered> = files.into_iter().map(finish).collect();
    files.extend(names.without_files(&gathered.lives));
    files.sort_by(|a, b| (&a.path, a.recovery.inode).cmp(&(&b.path, b.recovery.inode)));
    distinguish(&mut files);
    let mut problems = gathered.problems;
    if files.len() as u64 > budget.entries {
        problems.push(FsError::over_limit(format!("{} deleted files", files.len()), budget.entries));
        files.truncate(usize::try_from(budget.entries).unwrap_or(usize::MAX));
    }
    Remains { files, spans, problems }
}

/// The versions of a life that are worth having: the newest with content, and older ones whose content lay elsewhere.
fn chosen<'g>(versions: &'g [Version], claims: &Claims, gathered: &Gathered) -> Vec<(&'g Version, Recovery)> {
    let mut kept: Vec<(&Version, Recovery)> = Vec::new();
    let mut taken: Vec<Span> = Vec::new();
    let is_file = |version: &&Version| version.metadata.file_type != FileType::Directory;
    for version in versions.iter().rev().filter(is_file).take(TRIED) {
        let is_first = kept.is_empty();
        let mut spans = places(&version.content);
        let is_of_others = spans.any(|span| spans::meeting(&taken, span, |taken| *taken).next().is_some());
        if is_of_others || !is_first && !has_places(&version.content) {
            continue;
        }
        let Some(recovery) = recovery(version, claims, gathered) else { continue };
        if is_first || recovery.grade >= Grade::Likely {
            taken.extend(places(&version.content));
            spans::join(&mut taken);
            kept.push((version, recovery));
        }
        if kept.len() >= KEPT {
            break;
        }
    }
    // A file of which only the inode is left says nothing beside one with content.
    if kept.len() > 1 {
        kept.retain(|(_, recovery)| recovery.grade > Grade::NameOnly);
    }
    kept
}

fn has_places(content: &Content) -> bool {
    places(content).next().is_some()
}

/// What came back of a version; none where it is the file as it is now.
fn recovery(version: &Version, claims: &Claims, gathered: &Gathered) -> Option<Recovery> {
    let total = places(&version.content).fold(0_u64, |sum, span| sum.saturating_add(span.len));
    let (lost, gone) = lost(version, claims);
    let has_content = match &version.content {
        Content::Lost => false,
        Content::Bytes(bytes) => !bytes.is_empty(),
        Content::Extents(_) => gone < total,
        Content::Decoded { .. } => total == 0 || gone < total,
    };
    let is_elsewhere = has_places(&version.content) && gone == 0;
    if version.fate == Fate::Changed && !(has_content && is_elsewhere) {
        return None;
    }
    let is_partial = gone > 0 || !lost.is_empty();
    let grade = match (has_content, is_partial) {
        (false, _) => Grade::NameOnly,
        (true, true) => Grade::Partial,
        (true, false) => grade(version, claims, gathered),
    };
    let (fate, inode, found_at) = (version.fate, version.life.number, version.found_at);
    Some(Recovery { grade, fate, inode, lost, found_at })
}

/// The runs of a file that are lost, and how many bytes of the source that are.
fn lost(version: &Version, claims: &Claims) -> (Vec<Span>, u64) {
    let (mut runs, mut gone) = (Vec::new(), 0_u64);
    let mut add = |span: Span, start: Option<u64>| {
        for lost in claims.lost(version, span) {
            gone = gone.saturating_add(lost.len);
            let within = lost.offset.saturating_sub(span.offset);
            runs.extend(start.map(|start| Span::new(start.saturating_add(within), lost.len)));
        }
    };
    match &version.content {
        Content::Lost | Content::Bytes(_) => {}
        Content::Decoded { spans, .. } => spans.iter().for_each(|span| add(*span, None)),
        Content::Extents(extents) => {
            for extent in extents {
                if let Place::Disk(at) = extent.place {
                    add(Span::new(at, extent.len), Some(extent.start));
                }
            }
            let unmapped = extents.iter().filter(|extent| extent.place == Place::Lost);
            runs.extend(unmapped.map(|extent| Span::new(extent.start, extent.len)));
        }
    }
    spans::join(&mut runs);
    (runs, gone)
}

/// The grade of a version all of whose bytes are there.
fn grade(version: &Version, claims: &Claims, gathered: &Gathered) -> Grade {
    // Content that is kept beside the inode has been checked with it.
    let is_inline = matches!(version.content, Content::Bytes(_));
    let is_known = is_inline || gathered.known_since.is_some_and(|since| version.order >= since);
    match version.proof {
        Proof::Content => Grade::Proved,
        Proof::Guessed => Grade::Guessed,
        _ if places(&version.content).any(|span| claims.is_contested(version, span)) => Grade::Guessed,
        Proof::Checked if is_known => Grade::Whole,
        Proof::Checked | Proof::Plausible => Grade::Likely,
    }
}

/// Where the content lies in the source.
fn places(content: &Content) -> impl Iterator<Item = Span> + '_ {
    let extents: &[Extent] = if let Content::Extents(extents) = content { extents } else { &[] };
    let spans: &[Span] = if let Content::Decoded { spans, .. } = content { spans } else { &[] };
    let of = |extent: &Extent| match extent.place {
        Place::Disk(at) => Some(Span::new(at, extent.len)),
        _ => None,
    };
    extents.iter().filter_map(of).chain(spans.iter().copied())
}

/// The file as it is handed on: what was written over since is no content of it.
fn finish((path, version, recovery): (Vec<u8>, &Version, Recovery)) -> Recovered {
    let content = match (&version.content, recovery.grade) {
        (_, Grade::NameOnly) => Content::Lost,
        (Content::Extents(extents), _) => Content::Extents(without(extents, &recovery.lost)),
        (content, _) => content.clone(),
    };
    let size = if matches!(content, Content::Lost) { 0 } else { version.metadata.size };
    Recovered { path, metadata: Metadata { size, ..version.metadata }, content, recovery }
}

/// Extents in which the runs `lost` of the file are holes.
fn without(extents: &[Extent], lost: &[Span]) -> Vec<Extent> {
    let mut kept = Vec::new();
    for extent in extents {
        let end = extent.start.saturating_add(extent.len);
        let mut at = extent.start;
        for run in spans::meeting(lost, Span::new(extent.start, extent.len), |run| *run) {
            let (from, to) = (run.offset.clamp(at, end), run.offset.saturating_add(run.len).clamp(at, end));
            kept.extend(part(extent, at, from));
            kept.push(Extent { start: from, len: to.saturating_sub(from), place: Place::Hole });
            at = to;
        }
        kept.extend(part(extent, at, end));
    }
    kept.retain(|extent| extent.len > 0);
    kept
}

fn part(extent: &Extent, from: u64, to: u64) -> Option<Extent> {
    let skipped = from.saturating_sub(extent.start);
    let place = match extent.place {
        Place::Disk(at) => Place::Disk(at.saturating_add(skipped)),
        Place::Lost => Place::Hole,
        other => other,
    };
    (to > from).then(|| Extent { start: from, len: to.saturating_sub(from), place })
}

/// Gives files of one path names of their own: `NAME~INODE`, and a number where that is not enough.
fn distinguish(files: &mut [Recovered]) {
    let mut count: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for file in files {
        let before = count.entry(file.path.clone()).or_default();
        if *before > 0 {
            file.path.extend_from_slice(format!("~{}.{before}", file.recovery.inode).as_bytes());
        }
        *before = before.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
