//! The documents in a file: it is one, is packed, or is an archive of them, in any order of the three.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::databases::Limits;
use crate::archive::{self, ArchiveError, Format, UnpackMeter};
use crate::budget::Budget;

/// Levels of packed files in packed files.
const DEPTH: u32 = 4;
/// Bytes that are read at once to see what a document is: most records have less, and unpack faster in one piece.
const FIRST: u64 = 16 << 10;

/// A document, and what it is called where it lies.
pub(super) struct Document<'d> {
    pub name: &'d str,
    pub content: &'d mut dyn Read,
}

/// Takes documents.
pub(super) type Visit<'v> = dyn FnMut(Document<'_>) -> ControlFlow<()> + 'v;

/// What a file turned out to be.
pub(super) struct Contents {
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// What could not be read of it.
    pub problems: Vec<String>,
}

/// Hands on each document of a file, until it is told to stop.
pub(super) fn documents(path: &Path, limits: &Limits, visit: &mut Visit<'_>) -> io::Result<Contents> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut input = Hashed { inner: file, digest: Sha256::new() };
    let budget = limits.budget();
    let spent = UnpackMeter::new(size, &budget);
    let mut problems = Vec::new();
    let mut walk = Walk { budget: &budget, spent: &spent, problems: &mut problems, spare: Vec::new() };
    let name = path.display().to_string();
    let flow = walk.document(&name, &mut BufReader::with_capacity(1 << 16, &mut input), DEPTH, visit);
    if flow.is_continue() {
        // What is behind the end of an archive counts into its digest, too.
        io::copy(&mut input, &mut io::sink())?;
    }
    Ok(Contents { sha256: input.digest.finalize().into(), problems })
}

struct Hashed<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst)?;
        self.digest.update(dst.get(..read).unwrap_or_default());
        Ok(read)
    }
}

struct Walk<'w> {
    budget: &'w Budget,
    spent: &'w UnpackMeter,
    problems: &'w mut Vec<String>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
}

impl Walk<'_> {
    fn document(
        &mut self,
        name: &str,
        input: &mut dyn Read,
        depth: u32,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        let mut head = self.spare.pop().unwrap_or_default();
        head.clear();
        if let Err(error) = input.take(FIRST).read_to_end(&mut head) {
            self.problems.push(error.to_string());
        }
        let is_text = head.trim_ascii_start().first().is_some_and(|byte| b"{[<#\xef".contains(byte));
        let mark = head.get(..archive::HEAD).unwrap_or(&head);
        let format = archive::recognise(mark).filter(|format| !is_text && !format.is_closed());
        let mut whole = io::Cursor::new(&head).chain(input);
        let flow = match format {
            None => visit(Document { name, content: &mut whole }),
            Some(format) => self.members(format, (name, &mut whole), depth, visit),
        };
        self.spare.push(head);
        flow
    }

    fn members(
        &mut self,
        format: &'static Format,
        (name, content): (&str, &mut dyn Read),
        depth: u32,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        let Some(deeper) = depth.checked_sub(1) else {
            self.problems.push(format!("a {} is packed too often", format.name));
            return ControlFlow::Continue(());
        };
        let mut flow = ControlFlow::Continue(());
        let (budget, spent) = (self.budget, self.spent);
        let errors = archive::members(format, content, budget, spent, &mut |member| {
            let inner = member.name.map_or(Cow::Borrowed(name), String::from_utf8_lossy);
            flow = self.document(&inner, member.content, deeper, visit);
            flow
        });
        self.problems.extend(errors.iter().map(ArchiveError::to_string));
        flow
    }
}

impl Limits {
    /// What unpacking a feed may cost.
    fn budget(&self) -> Budget {
        Budget { unpacked_bytes: self.unpacked, archive_members: self.records, ..Budget::default() }
    }
}
