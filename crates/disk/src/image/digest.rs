//! The digest of an image's own file, as it lies on the host: for evidence, not for reading it as a disk.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest as _, Sha256};

use super::raw::RawFile;
use super::{ImageError, check_type, host_error};
use crate::bytes::{ReadError, Source};
use crate::text::hex;

/// Bytes of holes that are hashed as zeros: about ten minutes of them.
const HOLES: u64 = 1 << 40;
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// A file, by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of all its bytes, holes as the zeros that they are, in hexadecimal digits.
    pub sha256: String,
}

/// A file that is to be hashed, opened: what happens to its name later does not matter.
#[derive(Debug)]
pub struct Undigested {
    path: std::path::PathBuf,
    file: File,
    before: Stamp,
}

/// What changes when somebody writes to a file.
type Stamp = (u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Undigested {
    /// Opens the regular file or block device at `path`.
    ///
    /// # Errors
    /// [`ImageError`], where it is something else or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let host = |error| host_error(path, error);
        check_type(path, std::fs::metadata(path).map_err(host)?.file_type())?;
        let file = File::open(path).map_err(host)?;
        let before = stamp(&file.metadata().map_err(host)?);
        Ok(Self { path: path.to_owned(), file, before })
    }

    /// Reads the file from its first byte to its last; `None` where `stop` was set before the end.
    ///
    /// # Errors
    /// [`ImageError`], where it cannot be read, or was written to since it was opened.
    pub fn digest(self, stop: &AtomicBool) -> Result<Option<Digest>, ImageError> {
        let host = |error| host_error(&self.path, error);
        let read = |error| ImageError::Read { path: self.path.clone(), error };
        let source = RawFile::new(self.file.try_clone().map_err(host)?).map_err(host)?;
        let Some(digest) = of(&source, stop).map_err(read)? else { return Ok(None) };
        if stamp(&self.file.metadata().map_err(host)?) != self.before {
            let reason = "was written to while it was audited: its digest says nothing".to_owned();
            return Err(ImageError::Refused { path: self.path, reason });
        }
        Ok(Some(digest))
    }
}

/// The digest of all bytes of `source`; `None` where `stop` was set before the end.
///
/// # Errors
/// [`ReadError`], where it cannot be read.
pub fn of(source: &dyn Source, stop: &AtomicBool) -> Result<Option<Digest>, ReadError> {
    let (mut hash, size) = (Sha256::new(), source.len());
    let (mut piece, zeros) = (vec![0; PIECE], vec![0; PIECE]);
    let (mut at, mut holes) = (0_u64, 0_u64);
    while at < size {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let data = source.next_data(at)?;
        let hole = data.map_or(size, |span| span.offset.clamp(at, size)).saturating_sub(at);
        let room = data.map_or(0, |span| span.end().unwrap_or(size).min(size).saturating_sub(at));
        let wanted = if hole > 0 { hole } else { room.max(1) };
        let len = usize::try_from(wanted).unwrap_or(PIECE).min(PIECE);
        holes = holes.saturating_add(if hole > 0 { len as u64 } else { 0 });
        if holes > HOLES {
            let problem = format!("its holes have more than {HOLES} bytes: hashing them would take hours");
            return Err(ReadError::Container { offset: at, problem });
        }
        let part = if hole > 0 { zeros.get(..len) } else { None };
        match part {
            Some(zeros) => hash.update(zeros),
            None => {
                let part = piece.get_mut(..len).unwrap_or_default();
                source.read_exact_at(at, part)?;
                hash.update(part);
            }
        }
        at = at.saturating_add(len as u64);
    }
    Ok(Some(Digest { size, sha256: hex(&hash.finalize()) }))
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use super::*;

    fn digest(path: &Path) -> Digest {
        Undigested::open(path).unwrap().digest(&AtomicBool::new(false)).unwrap().unwrap()
    }

    #[test]
    fn a_sparse_file_has_the_digest_of_all_its_bytes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for at in [0, 5 << 20, (9 << 20) + 7] {
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(b"data").unwrap();
        }
        file.as_file().set_len((12 << 20) + 3).unwrap();
        let whole = std::fs::read(file.path()).unwrap();
        let found = digest(file.path());
        assert_eq!((found.size, found.sha256), (whole.len() as u64, hex(&Sha256::digest(&whole))));
        file.as_file().set_len(0).unwrap();
        assert_eq!(digest(file.path()).sha256, hex(&Sha256::digest(b"")));
    }

    #[test]
    fn a_file_that_is_written_to_meanwhile_has_no_digest() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[1; 4096]).unwrap();
        let opened = Undigested::open(file.path()).unwrap();
        file.write_all(b"more").unwrap();
        let error = opened.digest(&AtomicBool::new(false)).unwrap_err().to_string();
        assert!(error.contains("was written to while it was audited"), "{error}");
    }

    #[test]
    fn it_stops_when_told_and_refuses_what_is_no_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"x").unwrap();
        let opened = Undigested::open(file.path()).unwrap();
        assert_eq!(opened.digest(&AtomicBool::new(true)).unwrap(), None);
        assert!(Undigested::open(Path::new("/dev/null")).is_err());
        assert!(Undigested::open(Path::new("/")).is_err());
    }
}
