//! A header of RPM as its databases hold it: an index of tags, and their values.
//!
//! Source: rpm's manual, `docs/manual/format_header.md`; the tags are those of `rpmtag.h`. Numbers are
//! big-endian: the count of entries, the bytes of the values, then entries of 16 bytes (tag, type, place, count). What
//! a database holds has the entries that the package was made with first, and after them those that were added
//! when it was installed; of two entries of one tag the later one counts.

use assay_disk::bytes::Record;

/// The tags that are read.
pub(super) mod tag {
    pub(in super::super) const NAME: u32 = 1000;
    pub(in super::super) const VERSION: u32 = 1001;
    pub(in super::super) const RELEASE: u32 = 1002;
    pub(in super::super) const EPOCH: u32 = 1003;
    pub(in super::super) const BUILT: u32 = 1006;
    pub(in super::super) const INSTALLED: u32 = 1008;
    pub(in super::super) const VENDOR: u32 = 1011;
    pub(in super::super) const LICENSE: u32 = 1014;
    pub(in super::super) const ARCHITECTURE: u32 = 1022;
    /// Whole paths, as RPM 3 had them.
    pub(in super::super) const OLD_NAMES: u32 = 1027;
    pub(in super::super) const STATES: u32 = 1029;
    pub(in super::super) const MODES: u32 = 1030;
    pub(in super::super) const DIGESTS: u32 = 1035;
    pub(in super::super) const FLAGS: u32 = 1037;
    /// File name of the source package.
    pub(in super::super) const SOURCE: u32 = 1044;
    pub(in super::super) const VERIFY: u32 = 1045;
    pub(in super::super) const DIRECTORY_OF: u32 = 1116;
    pub(in super::super) const NAMES: u32 = 1117;
    pub(in super::super) const DIRECTORIES: u32 = 1118;
    pub(in super::super) const ALGORITHM: u32 = 5011;
    /// The module's name, stream, version and context.
    pub(in super::super) const MODULE: u32 = 5096;
    pub(super) const ALL: [u32; 21] = [
        NAME,
        VERSION,
        RELEASE,
        EPOCH,
        BUILT,
        INSTALLED,
        VENDOR,
        LICENSE,
        ARCHITECTURE,
        OLD_NAMES,
        STATES,
        MODES,
        DIGESTS,
        FLAGS,
        SOURCE,
        VERIFY,
        DIRECTORY_OF,
        NAMES,
        DIRECTORIES,
        ALGORITHM,
        MODULE,
    ];
}

/// Entries of the index, rpm's own limit.
const ENTRIES: usize = 65_535;

/// What is wrong with a header.
pub(super) type Problem = &'static str;

/// Types of values: a text, several, several in languages.
const TEXTS: [u32; 3] = [6, 8, 9];

#[derive(Clone, Copy)]
struct Entry {
    kind: u32,
    at: usize,
    count: usize,
}

/// Where the values of each tag are.
pub(super) struct Header<'a> {
    entries: [Option<Entry>; tag::ALL.len()],
    values: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let record = Record::new("RPM header", bytes);
        let number = |record: &Record<'_>, at| {
            record
                .u32_be(at)
                .ok()
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("a header is cut off")
        };
        let (count, length) = (number(&record, 0)?, number(&record, 4)?);
        if count > ENTRIES {
            return Err("a header has more entries than RPM allows");
        }
        let start = count.saturating_mul(16).saturating_add(8);
        let (Some(index), Some(values)) = (bytes.get(8..start), bytes.get(start..)) else {
            return Err("a header is cut off");
        };
        if values.len() != length {
            return Err("a header does not have the length that it says");
        }
        let mut entries = [None; tag::ALL.len()];
        for entry in index.chunks_exact(16) {
            let entry = Record::new("RPM tag", entry);
            let tag = entry.u32_be(0).unwrap_or_default();
            let place = entries.iter_mut().zip(tag::ALL).find(|(_, known)| *known == tag);
            if let Some((place, _)) = place {
                let kind = entry.u32_be(4).unwrap_or_default();
                *place = Some(Entry { kind, at: number(&entry, 8)?, count: number(&entry, 12)? });
            }
        }
        Ok(Self { entries, values })
    }

    fn entry(&self, tag: u32) -> Option<Entry> {
        tag::ALL.iter().zip(self.entries).find(|(known, _)| **known == tag)?.1
    }

    /// How many values a tag has.
    pub(super) fn count(&self, tag: u32) -> usize {
        self.entry(tag).map_or(0, |entry| entry.count)
    }

    /// The texts of a tag; none, where there is no such tag.
    pub(super) fn texts(&self, tag: u32) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, Problem> {
        let entry = self.entry(tag).unwrap_or(Entry { kind: 6, at: 0, count: 0 });
        let values = self.values.get(entry.at..).ok_or("a tag lies outside of its header")?;
        if !TEXTS.contains(&entry.kind) {
            return Err("a tag of texts has another type");
        }
        // Each ends with a zero.
        if memchr::memchr_iter(0, values).take(entry.count).count() < entry.count {
            return Err("a tag of texts ends early");
        }
        Ok(values.split(|&byte| byte == 0).take(entry.count))
    }

    /// The first text of a tag.
    pub(super) fn text(&self, tag: u32) -> Result<Option<String>, Problem> {
        Ok(self.texts(tag)?.next().map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    /// The numbers of a tag, each of `N` bytes; none, where there is no such tag.
    pub(super) fn numbers<const N: usize>(
        &self,
        tag: u32,
    ) -> Result<impl Iterator<Item = u32> + use<'a, N>, Problem> {
        // 1: character, 2: 8 bits, 3: 16 bits, 4: 32 bits.
        let is_kind = |kind: u32| matches!((kind, N), (1 | 2, 1) | (3, 2) | (4, 4));
        let values = match self.entry(tag) {
            None => &[],
            Some(entry) if !is_kind(entry.kind) => return Err("a tag of numbers has another type"),
            Some(Entry { at, count, .. }) => {
                let end = count.checked_mul(N).and_then(|length| at.checked_add(length));
                end.and_then(|end| self.values.get(at..end)).ok_or("a tag of numbers ends early")?
            }
        };
        Ok(values
            .chunks_exact(N)
            .map(|bytes| bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))))
    }
}
