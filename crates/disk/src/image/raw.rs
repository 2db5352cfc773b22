//! A file of the host as a source: positioned reads, and its holes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::SeekFrom as Lseek;
use rustix::io::Errno;

use crate::bytes::{ReadError, Source, Span, check_bounds};

/// A regular file or block device. Its file position is moved by the search for holes and means nothing:
/// every read names its offset.
pub(super) struct RawFile {
    file: File,
    len: u64,
}

impl RawFile {
    /// Takes the length by seeking to the end, which works for block devices, too.
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, len })
    }

    /// Where data begins at or after `offset`, and the hole behind it: `None` in the last hole.
    fn data_run(&self, offset: u64) -> Result<Option<(u64, u64)>, Errno> {
        match rustix::fs::seek(&self.file, Lseek::Data(offset)) {
            Ok(start) => Ok(Some((start, rustix::fs::seek(&self.file, Lseek::Hole(start))?))),
            Err(Errno::NXIO) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

impl Source for RawFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len)?;
        let len = dst.len() as u64;
        self.file.read_exact_at(dst, offset).map_err(|error| ReadError::Host {
            offset,
            len,
            error: Arc::new(error),
        })
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        if offset >= self.len {
            return Ok(None);
        }
        let all = Span::new(offset, self.len.saturating_sub(offset));
        Ok(match self.data_run(offset) {
            Ok(None) => None,
            Ok(Some((start, end))) if offset <= start && start < end => {
                let end = end.min(self.len);
                (start < end).then(|| Span::new(start, end.saturating_sub(start)))
            }
            // A host that cannot say where holes are (or says nonsense) has none.
            _ => Some(all),
        })
    }
}
