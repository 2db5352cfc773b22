//! `assay layout`, `ls` and `cat`: looking inside an image without mounting it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Exit, Failure, Terminal, engine};
use crate::audit::VolumeSummary;
use crate::budget::Budget;
use crate::finding::{Gap, Loss};
use crate::report::terminal::size;
use crate::report::timeline::permissions;
use assay_disk::fs::{FileType, FsError, Metadata, Node};
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, Tree};

mod log;

use log::Log;

/// Bytes of a file in memory at once.
const CHUNK: usize = 64 << 10;
/// Letters of a name, among which one may be wrong.
const LETTERS_A_SLIP: usize = 5;
/// Longest name for which a like one is looked for.
const LONGEST_TYPED: usize = 64;

/// `assay layout IMAGE`.
pub(super) fn layout(image: &Path, outside: bool, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let system = engine::open(image, outside)?;
    let subject = &system.subject;
    let name = Escaped(subject.name.as_bytes());
    let mut text = format!("{name}: {}, {}, {}", subject.format, size(subject.size), subject.layout);
    if subject.sector > 0 {
        let _ = write!(text, ", sectors of {} bytes", subject.sector);
    }
    text.push_str("\n\n");
    let header =
        ["part", "volume", "first byte", "bytes", "holds", "label", "UUID", "mounted at", "by", "purpose"];
    let rows = std::iter::once(header.map(str::to_owned)).chain(system.volumes.iter().map(row));
    text.push_str(&table(&rows.collect::<Vec<_>>()));
    for (place, note) in &system.notes {
        let _ = writeln!(text, "note: {}: {}", Escaped(place.as_bytes()), Escaped(note.as_bytes()));
    }
    terminal.out.write_all(text.as_bytes())?;
    told(&system.gaps, terminal)
}

fn row(volume: &VolumeSummary) -> [String; 10] {
    let bytes = |bytes: Option<&[u8]>| bytes.map_or_else(String::new, |bytes| Escaped(bytes).to_string());
    [
        volume.partition.map_or_else(|| "-".to_owned(), |number| number.to_string()),
        bytes(volume.name.as_deref().map(str::as_bytes)),
        volume.offset.to_string(),
        volume.size.to_string(),
        volume.content.clone(),
        bytes(volume.label.as_deref()),
        volume.uuid.clone().unwrap_or_default(),
        bytes(volume.mount.as_deref()),
        volume.mount_source.unwrap_or_default().to_owned(),
        bytes(volume.purpose.as_deref().map(str::as_bytes)),
    ]
}

/// Rows as aligned columns; a column without content is left out.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for (at, row) in rows.iter().enumerate() {
        for (width, cell) in widths.iter_mut().zip(row) {
            // The header alone makes no column.
            let needed = if at == 0 { 0 } else { cell.chars().count() };
            *width = needed.max(*width);
        }
    }
    if let Some(header) = rows.first() {
        for (width, cell) in widths.iter_mut().zip(header).filter(|(width, _)| **width > 0) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// `assay ls IMAGE PATH`.
pub(super) fn ls(
    image: &Path,
    path: &OsStr,
    outside: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let system = engine::open(image, outside)?;
    let path = absolute(path);
    let tree = &system.tree;
    let id = tree.find(&path).ok_or_else(|| not_there(tree, &path))?;
    let is_directory = tree.get(id).is_some_and(|(_, entry)| entry.metadata.file_type == FileType::Directory);
    let mut rows = Vec::new();
    if is_directory {
        for (name, _) in tree.list(&path) {
            let mut child = path.clone();
            child.push(b'/');
            child.extend_from_slice(&name);
            rows.extend(tree.find_link(&child).and_then(|child| line(tree, child, &name)));
        }
    } else {
        rows.extend(line(tree, id, &path));
    }
    let text: String = rows.concat();
    terminal.out.write_all(text.as_bytes())?;
    let here = tree.path(id);
    let gaps: Vec<Gap> = system.gaps.iter().filter(|gap| concerns(gap, &here)).cloned().collect();
    told(&gaps, terminal)
}

/// Whether the gap hides something of the directory: itself, or an entry in it.
fn concerns(gap: &Gap, directory: &[u8]) -> bool {
    let path = gap.location.path.as_slice();
    let parent = memchr::memrchr(b'/', path).and_then(|at| path.get(..at)).unwrap_or_default();
    let parent = if parent.is_empty() { b"/" } else { parent };
    !path.is_empty() && (path == directory || parent == directory)
}

/// Tells of gaps on standard error: an answer with holes is not whole.
pub(super) fn told(gaps: &[Gap], terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let losses = || gaps.iter().filter(|gap| gap.loss > Loss::Nothing);
    for gap in losses() {
        let place = crate::report::terminal::shown_place(&gap.location);
        writeln!(terminal.err, "gap: {place}: {}, {}", gap.kind.name(), Escaped(gap.reason.as_bytes()))?;
    }
    Ok(if losses().count() == 0 { Exit::PASS } else { Exit::INCOMPLETE })
}

fn line(tree: &Tree, id: EntryId, name: &[u8]) -> Option<String> {
    let (_, entry) = tree.get(id)?;
    let metadata = &entry.metadata;
    let arrow = entry.target.as_deref().map_or_else(String::new, |target| format!(" -> {}", Escaped(target)));
    Some(format!(
        "{} {:>5} {:>5} {:>12} {}{arrow}\n",
        mode(metadata),
        metadata.uid,
        metadata.gid,
        metadata.size,
        Escaped(name)
    ))
}

/// `-rwsr-xr-x`.
fn mode(metadata: &Metadata) -> String {
    format!("{}{}", type_letter(metadata.file_type), permissions(metadata.mode))
}

/// The letter that `ls -l` begins with.
pub(super) const fn type_letter(kind: FileType) -> char {
    match kind {
        FileType::Regular => '-',
        FileType::Directory => 'd',
        FileType::Symlink => 'l',
        FileType::CharDevice => 'c',
        FileType::BlockDevice => 'b',
        FileType::Fifo => 'p',
        FileType::Socket => 's',
    }
}

/// `assay cat IMAGE PATH`.
pub(super) fn cat(
    image: &Path,
    path: &OsStr,
    outside: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let system = engine::open(image, outside)?;
    let path = absolute(path);
    let tree = &system.tree;
    let id = tree.find(&path).ok_or_else(|| not_there(tree, &path))?;
    let kind = tree.get(id).map(|(_, entry)| entry.metadata.file_type);
    if kind != Some(FileType::Regular) {
        let hint = if kind == Some(FileType::Directory) {
            "is a directory; assay ls lists it"
        } else {
            "is no file"
        };
        return Err(Failure::usage(format!("{}: {hint}", Escaped(&path))));
    }
    let damaged = |error: &dyn std::fmt::Display| Failure {
        exit: Exit::INCOMPLETE,
        message: format!("{}: {error}", Escaped(&path)),
    };
    let mut node = tree.open(id).map_err(|error| damaged(&error))?;
    let mut shown = match (terminal.out_is_terminal, terminal.out_is_log) {
        (true, _) => Content::Shown(Vec::new()),
        (false, true) => Content::Logged(Log::default()),
        (false, false) => Content::Raw,
    };
    let copied = copy(&mut *node, &mut |bytes| shown.write(bytes, terminal.out));
    if let Content::Logged(Log { command: Some(line), .. }) = &shown {
        return Err(Failure::usage(format!(
            "{}: line {line} would be a command to the CI server that reads this log; write the file to another: \
             assay cat IMAGE PATH > FILE",
            Escaped(&path)
        )));
    }
    copied.map_err(|error| match error {
        CopyError::Write(error) => Failure::from(error),
        CopyError::Read(error) => damaged(&error),
        CopyError::TooLong(limit) => damaged(&format!("only its first {limit} bytes are written")),
    })?;
    shown.end(terminal.out)?;
    Ok(Exit::PASS)
}

/// How the content of a file is written.
enum Content {
    /// As it is.
    Raw,
    /// Escaped, line by line; with the line at hand.
    Shown(Vec<u8>),
    /// As it is, up to what would be a command.
    Logged(Log),
}

impl Content {
    fn write(&mut self, bytes: &[u8], out: &mut dyn std::io::Write) -> std::io::Result<()> {
        match self {
            Self::Raw => out.write_all(bytes),
            Self::Shown(pending) => show_lines(bytes, pending, out),
            Self::Logged(log) => log.write(bytes, out),
        }
    }

    fn end(&mut self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        match self {
            Self::Raw | Self::Logged(_) => Ok(()),
            Self::Shown(pending) => show(pending, out),
        }
    }
}

/// Why a file was not written out to its end.
pub(super) enum CopyError {
    /// The output failed.
    Write(std::io::Error),
    /// The image failed.
    Read(FsError),
    /// It is larger than this many bytes, which is what the budget allows.
    TooLong(u64),
}

/// Hands the content of a file to `write`, part by part.
pub(super) fn copy(
    node: &mut dyn Node,
    write: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<(), CopyError> {
    let limit = Budget::default().file_data;
    let mut buffer = vec![0; CHUNK];
    let mut offset = 0_u64;
    loop {
        let read = node.read_at(offset, &mut buffer).map_err(CopyError::Read)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            let damage = node.damage().map(|text| FsError::corrupt("content up to byte", offset, text));
            return damage.map_or(Ok(()), |error| Err(CopyError::Read(error)));
        }
        if offset >= limit {
            return Err(CopyError::TooLong(limit));
        }
        write(bytes).map_err(CopyError::Write)?;
        offset = offset.saturating_add(bytes.len() as u64);
    }
}

/// Shows text on a terminal line by line; control bytes of the image do not reach it.
fn show_lines(bytes: &[u8], pending: &mut Vec<u8>, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        pending.extend_from_slice(line);
        if line.last() == Some(&b'\n') || pending.len() > CHUNK {
            show(pending, out)?;
            pending.clear();
        }
    }
    Ok(())
}

fn show(line: &[u8], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let (text, end) = match line.strip_suffix(b"\n") {
        Some(text) => (text, "\n"),
        None => (line, ""),
    };
    let shown = Escaped(text).to_string().replace("\\t", "\t").replace("\\\\", "\\");
    write!(out, "{shown}{end}")
}

fn absolute(path: &OsStr) -> Vec<u8> {
    let path = path.as_bytes();
    let path = path.strip_suffix(b"/").unwrap_or(path);
    if path.first() == Some(&b'/') { path.to_vec() } else { [b"/", path].concat() }
}

/// The message for a path that is not there: with the directory that is.
fn not_there(tree: &Tree, path: &[u8]) -> Failure {
    let mut known = path;
    while !known.is_empty() && tree.find(known).is_none() {
        known = memchr::memrchr(b'/', known).and_then(|at| known.get(..at)).unwrap_or_default();
    }
    let message = if tree.find(b"/").is_none() {
        "the image has no root directory that could be read; see: assay layout".to_owned()
    } else if known.is_empty() {
        "there is no such path in the image; its root is there: assay ls IMAGE /".to_owned()
    } else {
        format!("there is no such path in the image; {} is there", Escaped(known))
    };
    let hint = near(tree, known, path).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Failure::usage(format!("{}: {message}{hint}", Escaped(path)))
}

/// The entry of the directory `known` whose name is nearest to the next part of `path`, if one is near.
fn near(tree: &Tree, known: &[u8], path: &[u8]) -> Option<String> {
    let rest = path.get(known.len().saturating_add(1)..)?;
    let typed = rest.split(|&byte| byte == b'/').next().filter(|typed| typed.len() <= LONGEST_TYPED)?;
    let slips = typed.len().div_ceil(LETTERS_A_SLIP);
    let directory = if known.is_empty() { b"/" } else { known };
    let names = tree.list(directory).into_iter().map(|(name, _)| name);
    // Most names of a large directory are left out by their length.
    let names = names.filter(|name| name.len().abs_diff(typed.len()) <= slips);
    let distance = |name: &[u8]| strsim::generic_damerau_levenshtein(name, typed);
    let near = names.map(|name| (distance(&name), name)).filter(|(distance, _)| *distance <= slips).min()?;
    Some(Escaped(&[known, b"/", &near.1].concat()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_with_or_without_slashes() {
        let absolute = |path: &str| String::from_utf8(absolute(OsStr::new(path))).unwrap();
        assert_eq!([absolute("etc/"), absolute("/etc"), absolute("/")], ["/etc", "/etc", "/"]);
    }

    #[test]
    fn a_file_on_a_terminal_cannot_steer_it() {
        let (mut out, mut pending) = (Vec::new(), Vec::new());
        show_lines(b"a\tb\\c\x1b[2J\nlast", &mut pending, &mut out).unwrap();
        show(&pending, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\tb\\c\\u{1b}[2J\nlast");
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let rows = [["a", "none", "c"], ["1", "", "long"], ["22", "", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a   c\n1   long\n22  x\n");
    }

    #[test]
    fn a_gap_concerns_the_directory_it_is_in() {
        let gap = |path: &[u8]| Gap {
            location: crate::finding::Location { path: path.to_vec(), ..Default::default() },
            kind: crate::finding::GapKind::Damaged,
            loss: Loss::File,
            bytes: None,
            reason: String::new(),
        };
        assert!(concerns(&gap(b"/etc/x"), b"/etc"));
        assert!(concerns(&gap(b"/x"), b"/"));
        assert!(!concerns(&gap(b"/etc/x"), b"/"));
        assert!(!concerns(&gap(b""), b"/"));
    }
}
