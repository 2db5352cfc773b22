//! Files of an export: found, unpacked, and told apart from others.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 16;

/// What a file holds.
pub(super) enum Content {
    /// JSON, as UTF-8.
    Json(Vec<u8>),
    /// Something else.
    Other,
}

/// Why a file could not be read.
pub(super) struct FileError {
    pub(super) reason: String,
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self { reason: format!("could not be read: {error}") }
    }
}

/// The file, or all files below the folder, in the order of their names. Links are not followed.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("{}: no such file or directory", path.display()),
        _ => format!("{}: {error}", path.display()),
    };
    let mut files = Vec::new();
    if fs::metadata(path).map_err(told)?.is_dir() {
        walk(path, 0, &mut files).map_err(told)?;
    } else {
        files.push(path.to_owned());
    }
    Ok(files)
}

fn walk(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Reads a file, unpacked, in UTF-8; of one that holds no JSON only the first bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Content, FileError> {
    let mut start = [0; 4];
    let filled = fill(&mut File::open(path)?, &mut start)?;
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    match start.get(..filled).unwrap_or_default() {
        [0x1f, 0x8b, ..] => take(&mut flate2::read::MultiGzDecoder::new(file), 0, limit),
        [0x28, 0xb5, 0x2f, 0xfd] => take(&mut zstd::stream::read::Decoder::new(file)?, 0, limit),
        _ => take(&mut file, size, limit),
    }
}

/// Reads what is `size` bytes long, if that is known.
fn take(input: &mut dyn Read, size: u64, limit: u64) -> Result<Content, FileError> {
    let mut bytes = Vec::new();
    input.take(4096).read_to_end(&mut bytes)?;
    if !is_json(&bytes) {
        return Ok(Content::Other);
    }
    bytes.reserve_exact(usize::try_from(size.min(limit)).unwrap_or(0).saturating_add(1));
    let more = limit.saturating_sub(bytes.len() as u64);
    let read = input.take(more.saturating_add(1)).read_to_end(&mut bytes)? as u64;
    if read > more {
        return Err(FileError { reason: format!("holds more than {limit} bytes, the limit for one file") });
    }
    Ok(Content::Json(utf8(bytes)))
}

/// Whether the text begins as an object or a list.
fn is_json(start: &[u8]) -> bool {
    let start = utf8(start.to_vec());
    start.trim_ascii_start().first().is_some_and(|byte| b"{[".contains(byte))
}

/// The text without a byte order mark; PowerShell writes UTF-16.
fn utf8(bytes: Vec<u8>) -> Vec<u8> {
    let wide = |of: fn([u8; 2]) -> u16| {
        let units = bytes
            .get(2..)
            .unwrap_or_default()
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok())
            .map(of);
        String::from_utf16_lossy(&units.collect::<Vec<u16>>()).into_bytes()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        _ => bytes,
    }
}

fn fill(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
