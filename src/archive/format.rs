//! What a packed format is: how it is known, and how it is opened. Each is a `FORMAT` in the file of its reader.

use std::io::{self, Read};

use super::problems::Problems;
use super::unpack_meter::{UnpackMeter, Visit};
use super::{ArchiveError, deliver};
use crate::budget::Budget;

/// A packed format.
#[derive(Debug)]
pub struct Format {
    /// Its name, for people.
    pub name: &'static str,
    /// The first bytes of its files, each enough to know it.
    pub(super) marks: &'static [&'static [u8]],
    /// How it is known by its first bytes where no mark will do.
    pub(super) probe: Option<fn(&[u8]) -> bool>,
    /// How its inside is looked at.
    pub(super) open: Open,
    /// How files of one packed stream are named, after the name of what is packed.
    pub(super) suffixes: &'static [&'static str],
    /// Whether its members lie in it as they are, and its reader takes no byte before it is due.
    pub is_laid_out: bool,
    /// Whether its bytes say something as they stand, too: they are searched, and then what is inside.
    pub is_readable: bool,
}

/// What a packed stream unpacks to.
pub(super) type Unpacked<'r> = io::Result<Box<dyn Read + 'r>>;

/// How the inside of a format is looked at.
#[derive(Debug)]
pub(super) enum Open {
    /// It packs one stream without a name of its own.
    Stream(for<'r> fn(&'r mut dyn Read) -> Unpacked<'r>),
    /// It has members.
    Members(fn(Opening<'_, '_>) -> Result<(), ArchiveError>),
    /// It is recognised, and not read.
    Closed,
    /// It is a file system of this kind: looked into where it was opened as one, or not at all.
    FileSystem(&'static str),
}

/// An archive that is being opened.
pub(super) struct Opening<'j, 'v> {
    /// From its first byte on.
    pub(super) input: &'j mut dyn Read,
    pub(super) budget: &'j Budget,
    pub(super) spent: &'j UnpackMeter,
    /// Takes what could not be looked at where the reader can go on.
    pub(super) problems: &'j mut Problems,
    /// Is handed each member.
    pub(super) visit: &'j mut Visit<'v>,
}

impl Format {
    /// One with nothing to know it by: the base that each `FORMAT` is written over.
    pub(super) const NONE: Self = Self {
        name: "",
        marks: &[],
        probe: None,
        open: Open::Closed,
        suffixes: &[],
        is_laid_out: false,
        is_readable: false,
    };

    /// One that is recognised and not read.
    pub(super) const fn closed(name: &'static str, marks: &'static [&'static [u8]]) -> Self {
        Self { name, marks, ..Self::NONE }
    }

    /// One that packs a single stream.
    pub(super) const fn stream(
        name: &'static str,
        marks: &'static [&'static [u8]],
        suffixes: &'static [&'static str],
        unpack: for<'r> fn(&'r mut dyn Read) -> Unpacked<'r>,
    ) -> Self {
        Self { name, marks, suffixes, open: Open::Stream(unpack), ..Self::NONE }
    }

    /// Whether it packs one stream without a name of its own.
    pub const fn is_stream(&self) -> bool {
        matches!(self.open, Open::Stream(_))
    }

    /// Whether it is recognised only.
    pub const fn is_closed(&self) -> bool {
        matches!(self.open, Open::Closed | Open::FileSystem(_))
    }

    /// The kind of file system that it is, where it is one.
    pub const fn file_system(&self) -> Option<&'static str> {
        match self.open {
            Open::FileSystem(kind) => Some(kind),
            _ => None,
        }
    }

    /// What a packed stream unpacks to; an error where it packs none.
    pub(super) fn unpacker<'r>(&self, input: &'r mut dyn Read) -> Result<Box<dyn Read + 'r>, ArchiveError> {
        match self.open {
            Open::Stream(unpack) => unpack(input).map_err(|error| self.damaged(error)),
            _ => Err(ArchiveError::Unsupported(self.name)),
        }
    }

    /// The packed data is damaged, or the file cannot be read.
    pub(super) fn damaged(&self, error: io::Error) -> ArchiveError {
        ArchiveError::Damaged { format: self.name, error }
    }

    /// What its reader found wrong.
    pub(super) fn invalid(
        &self,
        problem: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ArchiveError {
        self.damaged(io::Error::new(io::ErrorKind::InvalidData, problem))
    }

    /// Looks inside.
    pub(super) fn members(&'static self, opening: Opening<'_, '_>) -> Result<(), ArchiveError> {
        match self.open {
            Open::Members(members) => members(opening),
            Open::Stream(_) => {
                let Opening { input, spent, visit, .. } = opening;
                let mut unpacked = self.unpacker(input)?;
                deliver(self, None, &mut *unpacked, spent, visit).map(|_| ())
            }
            Open::Closed | Open::FileSystem(_) => Err(ArchiveError::Unsupported(self.name)),
        }
    }
}

/// Formats have names of their own.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}
