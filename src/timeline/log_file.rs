//! A log of the image, as a stream: rotated ones are unpacked on the way.

use std::io::{self, Read};
use std::ops::ControlFlow;

use assay_disk::fs::{FsError, Node};
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{EntryId, Tree};

use crate::archive::{self, ArchiveError, UnpackMeter};
use crate::budget::Budget;
use crate::finding::GapKind;

/// How rotated logs are packed.
const PACKED: [&str; 5] = ["gzip", "xz", "zstd", "bzip2", "lz4"];
/// Bytes that a log may have, packed or not.
const LENGTH: u64 = 4 << 30;

/// What went wrong with a log.
pub(super) type Problem = (GapKind, String);

/// Hands the content of the file `id` to `parse`, and returns what it did.
pub(super) fn read<T>(
    tree: &Tree,
    id: EntryId,
    budget: &Budget,
    parse: &mut dyn FnMut(&mut dyn Read) -> io::Result<T>,
) -> Result<Option<T>, Problem> {
    let mut content = Content::open(tree, id)?;
    let size = content.node.metadata().size;
    let head = content.head();
    let format = archive::recognise(&head).filter(|format| PACKED.contains(&format.name));
    let (mut done, mut failed) = (None, None);
    if let Some(format) = format {
        let spent = UnpackMeter::new(size, budget);
        let mut problems = archive::members(format, &mut content, budget, &spent, &mut |member| {
            match parse(&mut member.content.take(LENGTH)) {
                Ok(parsed) => done = Some(parsed),
                Err(error) => failed = Some((GapKind::Damaged, error.to_string())),
            }
            ControlFlow::Break(())
        });
        let problem = problems.pop().map(|problem| (kind(&problem), problem.to_string()));
        failed = failed.or(problem);
    } else {
        match parse(&mut (&mut content).take(LENGTH)) {
            Ok(parsed) => done = Some(parsed),
            Err(error) => failed = Some((GapKind::Damaged, error.to_string())),
        }
    }
    // What the file system said is nearer to the cause.
    let failed = content.error.map(|error| (gap_kind(&error), error.to_string())).or(failed);
    if size > LENGTH && failed.is_none() {
        return Err((GapKind::OverLimit, format!("only its first {LENGTH} bytes are read")));
    }
    failed.map_or(Ok(done), Err)
}

const fn kind(problem: &ArchiveError) -> GapKind {
    match problem {
        ArchiveError::Unsupported(_) => GapKind::Unsupported,
        ArchiveError::Encrypted(_) => GapKind::Encrypted,
        ArchiveError::OverLimit(_) => GapKind::OverLimit,
        ArchiveError::Damaged { .. } => GapKind::Damaged,
    }
}

/// The content of a file, read from its start on.
struct Content<'t> {
    node: Box<dyn Node + 't>,
    offset: u64,
    error: Option<FsError>,
}

impl<'t> Content<'t> {
    fn open(tree: &'t Tree, id: EntryId) -> Result<Self, Problem> {
        let node = tree.open(id).map_err(|error| (gap_kind(&error), error.to_string()))?;
        Ok(Self { node, offset: 0, error: None })
    }

    /// Its first bytes, which are read again later.
    fn head(&mut self) -> Vec<u8> {
        let mut head = Vec::new();
        // An error shows itself again.
        let _ = (&mut *self).take(archive::HEAD as u64).read_to_end(&mut head);
        self.offset = 0;
        self.error = None;
        head
    }
}

impl Read for Content<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        match self.node.read_at(self.offset, dst) {
            Ok(read) => {
                self.offset = self.offset.saturating_add(read as u64);
                Ok(read)
            }
            Err(error) => {
                let told = io::Error::other(error.to_string());
                self.error = Some(error);
                Err(told)
            }
        }
    }
}
