//! The body file of the Sleuth Kit, version 3: what `fls -r -m /` prints of the files that are there, line by line.
//!
//! `MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`, times in whole seconds, 0 for none. Control characters
//! and bytes that are no UTF-8 become `^`, as fls has them; `|` in a name becomes `\x7c`, so that readers that take columns
//! from the left are not led astray. Records of logs are lines with one time, the third.

use std::io::{self, Write};

use super::{BATCH, permissions};
use crate::audit::{Quote, Quotes, Seal, Visit};
use crate::timeline::{Event, Filter, Source, keeps_changes};
use assay_disk::fs::{FileType, Metadata, Time};
use assay_disk::text::is_hidden;
use assay_disk::tree::{EntryId, Tree};

/// Writes a line for each file that is wanted, in the order of the file systems, and nothing of records.
///
/// # Errors
/// Where `out` fails.
pub fn files(tree: &Tree, filter: &Filter, seal: Option<&Seal>, out: &mut dyn Write) -> io::Result<()> {
    if !filter.has_source(Source::Files) {
        return Ok(());
    }
    let mut names = Names(Vec::with_capacity(BATCH));
    let ids = tree.file_volumes().flat_map(|(volume, mounted)| {
        // fls does not name the root.
        (0_u32..).zip(&mounted.walk.entries).skip(1).map(move |(index, _)| EntryId { volume, index })
    });
    let mut ids = ids.filter(|id| is_wanted(tree, *id, filter));
    loop {
        names.0.clear();
        names.0.extend(ids.by_ref().take(BATCH).map(|id| (id, name(tree, id))));
        if names.0.is_empty() {
            return Ok(());
        }
        if let Some(seal) = seal {
            seal.apply(&mut names);
        }
        for (id, name) in &names.0 {
            out.write_all(line(tree, *id, name).as_bytes())?;
        }
    }
}

fn is_wanted(tree: &Tree, id: EntryId, filter: &Filter) -> bool {
    let Some((_, walked)) = tree.get(id) else { return false };
    let Metadata { modified, accessed, changed, created, .. } = walked.metadata;
    let times = [Some(modified), Some(accessed), Some(changed), created];
    let has_time = filter.after.is_none() && filter.before.is_none()
        || times.into_iter().flatten().any(|time| filter.has_time(time));
    has_time && (filter.paths.is_empty() || filter.has_path(&tree.path(id)))
}

/// Names that are sealed together.
struct Names(Vec<(EntryId, Vec<u8>)>);

impl Quotes for Names {
    fn each(&mut self, visit: Visit<'_>) {
        self.0.iter_mut().for_each(|(_, name)| visit(b"", Quote::Path(name)));
    }
}

/// The path, and where a link leads.
fn name(tree: &Tree, id: EntryId) -> Vec<u8> {
    let mut name = tree.path(id);
    if let Some(target) = tree.get(id).and_then(|(_, walked)| walked.target.as_deref()) {
        name.extend_from_slice(b" -> ");
        name.extend_from_slice(target);
    }
    name
}

fn line(tree: &Tree, id: EntryId, name: &[u8]) -> String {
    let Some((mounted, walked)) = tree.get(id) else { return String::new() };
    let metadata = &walked.metadata;
    let letter = type_letter(metadata.file_type);
    let changed = if keeps_changes(mounted) { metadata.changed } else { Time::default() };
    let [accessed, modified, changed] =
        [metadata.accessed, metadata.modified, changed].map(|time| time.seconds);
    format!(
        "0|{}|{}|{letter}/{letter}{}|{}|{}|{}|{accessed}|{modified}|{changed}|{}\n",
        visible(name),
        mounted.fs.inode_number(walked.node),
        permissions(metadata.mode),
        metadata.uid,
        metadata.gid,
        metadata.size,
        metadata.created.unwrap_or(Time::default()).seconds,
    )
}

/// The line of a record.
pub(super) fn record(event: &Event) -> String {
    let message = format!("[{}] {}: {}", event.source.name(), event.kind.name(), event.message);
    let (inode, uid) = event.inode.map_or((0, 0), |inode| (inode.number, inode.uid));
    format!(
        "0|{}|{inode}|-/----------|{uid}|0|0|0|{}|0|0\n",
        visible(message.as_bytes()),
        event.moment.time.seconds
    )
}

const fn type_letter(kind: FileType) -> char {
    match kind {
        FileType::Regular => 'r',
        FileType::Directory => 'd',
        FileType::Symlink => 'l',
        FileType::CharDevice => 'c',
        FileType::BlockDevice => 'b',
        FileType::Fifo => 'p',
        FileType::Socket => 's',
    }
}

/// A name on one line of printable text.
fn visible(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '|' => text.push_str("\\x7c"),
                c if is_hidden(c) => text.push('^'),
                c => text.push(c),
            }
        }
        text.extend(chunk.invalid().iter().map(|_| '^'));
    }
    text
}
