//! A header of RPM as its databases hold it: an index of tags, and their values.
//!
//! Source: rpm's manual, `docs/manual/format_header.md`; the tags are those of `rpmtag.h`. Numbers are
//! big-endian: the count of entries, the bytes of the values, then entries of 16 bytes.

use std::collections::HashMap;

use crate::bytes::Record;

/// The tags that are read.
pub(super) mod tag {
    pub(in super::super) const NAME: u32 = 1000;
    pub(in super::super) const VERSION: u32 = 1001;
    pub(in super::super) const RELEASE: u32 = 1002;
    pub(in super::super) const EPOCH: u32 = 1003;
    pub(in super::super) const ARCHITECTURE: u32 = 1022;
    pub(in super::super) const STATES: u32 = 1029;
    pub(in super::super) const MODES: u32 = 1030;
    pub(in super::super) const DIGESTS: u32 = 1035;
    pub(in super::super) const FLAGS: u32 = 1037;
    pub(in super::super) const DIRECTORY_OF: u32 = 1116;
    pub(in super::super) const NAMES: u32 = 1117;
    pub(in super::super) const DIRECTORIES: u32 = 1118;
}

/// Where the values of each tag are.
pub(super) struct Header<'a> {
    entries: HashMap<u32, (usize, usize)>,
    values: &'a [u8],
}

impl<'a> Header<'a> {
    /// `None`, if it is cut off.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let record = Record::new("RPM header", bytes);
        let count = usize::try_from(record.u32_be(0).ok()?).ok()?;
        let length = usize::try_from(record.u32_be(4).ok()?).ok()?;
        let index = bytes.get(8..8_usize.checked_add(count.checked_mul(16)?)?)?;
        let values = bytes.get(8_usize.checked_add(index.len())?..)?.get(..length)?;
        let mut entries = HashMap::new();
        for entry in index.chunks_exact(16) {
            let entry = Record::new("RPM tag", entry);
            let at = usize::try_from(entry.u32_be(8).ok()?).ok()?;
            let items = usize::try_from(entry.u32_be(12).ok()?).ok()?;
            entries.insert(entry.u32_be(0).ok()?, (at, items));
        }
        Some(Self { entries, values })
    }

    /// The values of a tag and how many they are; nothing, where there is no such tag.
    fn of(&self, tag: u32) -> Option<(&'a [u8], usize)> {
        let &(at, count) = self.entries.get(&tag)?;
        Some((self.values.get(at..)?, count))
    }

    /// The texts of a tag, as far as they are whole.
    pub(super) fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (mut rest, mut left) = self.of(tag).unwrap_or_default();
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let (text, after) = rest.split_at_checked(memchr::memchr(0, rest)?)?;
            rest = after.get(1..)?;
            Some(text)
        })
    }

    /// The first text of a tag.
    pub(super) fn text(&self, tag: u32) -> Option<String> {
        Some(String::from_utf8_lossy(self.texts(tag).next()?).into_owned())
    }

    /// The numbers of a tag, each of `N` bytes, as far as they are whole.
    pub(super) fn numbers<const N: usize>(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a, N> {
        let (values, count) = self.of(tag).unwrap_or_default();
        let numbers = values.chunks_exact(N).take(count);
        numbers.map(|bytes| bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }
}
