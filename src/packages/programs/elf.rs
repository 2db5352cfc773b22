//! Where in an ELF file its constants, variables and notes lie, by its program headers.
//!
//! Source: System V ABI, "ELF header" and "Program header".

use assay_disk::bytes::{Record, Truncated};

/// What an ELF file begins with.
pub const MAGIC: &[u8] = b"\x7fELF";
/// Marks of other programs: PE, Mach-O for one machine in both orders and widths.
const OTHERS: [&[u8]; 5] =
    [b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce"];
/// Kinds of ELF files that run: programs, and what is loaded by them.
const RUNS: [u16; 2] = [2, 3];
/// Program headers that are looked at; real programs have a dozen.
const HEADERS: u16 = 128;
/// Where in the file they may end at the latest.
const HEAD: usize = 64 << 10;
const LOADED: u32 = 1;
const NOTE: u32 = 4;
const EXECUTABLE: u32 = 1;
const WRITABLE: u32 = 2;

/// What lies in a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the program only reads.
    Constants,
    /// What it changes.
    Variables,
    /// Anything.
    All,
    /// What is not loaded: tables, and what a build put beside the program.
    Outside,
    /// Notes.
    Notes,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    kind: Kind,
    offset: u64,
    len: u64,
    /// Where it is in memory.
    address: u64,
}

/// The parts of a file in which something is looked for.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    segments: Vec<Segment>,
    is_big: bool,
}

impl Layout {
    /// That of a file which does not tell its own: everything may be anywhere.
    pub fn unknown() -> Self {
        Self {
            segments: vec![Segment { kind: Kind::All, offset: 0, len: u64::MAX, address: 0 }],
            is_big: false,
        }
    }

    /// Whether its numbers begin with the highest byte.
    pub const fn is_big(&self) -> bool {
        self.is_big
    }

    /// The parts of `bytes`, which lie at `start` of the file, that are in segments: where, what, and the bytes.
    pub fn parts<'b>(&self, start: u64, bytes: &'b [u8]) -> impl Iterator<Item = (u64, Kind, &'b [u8])> {
        let end = start.saturating_add(bytes.len() as u64);
        self.segments.iter().filter_map(move |segment| {
            let from = segment.offset.max(start);
            let to = segment.offset.saturating_add(segment.len).min(end);
            let index = |at: u64| usize::try_from(at.checked_sub(start)?).ok();
            let part = bytes.get(index(from)?..index(to)?).filter(|part| !part.is_empty())?;
            Some((from, segment.kind, part))
        })
    }

    /// The place in the file of an address in memory.
    pub fn place_of(&self, address: u64) -> Option<u64> {
        let is_loaded = |segment: &&Segment| !matches!(segment.kind, Kind::Notes | Kind::Outside);
        let loaded = self.segments.iter().filter(is_loaded);
        let inside = |segment: &Segment| address.checked_sub(segment.address).filter(|at| *at < segment.len);
        loaded.clone().find_map(|segment| segment.offset.checked_add(inside(segment)?))
    }
}

/// Whether a file that begins so may be a program.
pub fn is_program(head: &[u8]) -> bool {
    if !head.starts_with(MAGIC) {
        return OTHERS.iter().any(|mark| head.starts_with(mark));
    }
    let (record, is_big) = (Record::new("ELF header", head), head.get(5) == Some(&2));
    let kind = if is_big { record.u16_be(16) } else { record.u16_le(16) };
    kind.is_ok_and(|kind| RUNS.contains(&kind))
}

/// The layout that the first bytes of a file tell; none while they are too few.
pub fn layout(head: &[u8]) -> Option<Layout> {
    if head.len() < 64 {
        return None;
    }
    let fields = Fields {
        record: Record::new("ELF header", head),
        is_big: head.get(5) == Some(&2),
        is_wide: head.get(4) == Some(&2),
    };
    match fields.segments(head.len()) {
        Ok(segments) if !segments.is_empty() => Some(Layout { segments, is_big: fields.is_big }),
        Err(Missing::Bytes) => None,
        Ok(_) | Err(Missing::Sense) => Some(Layout { is_big: fields.is_big, ..Layout::unknown() }),
    }
}

/// Why there are no segments.
enum Missing {
    /// They stand behind the bytes that are there.
    Bytes,
    /// They stand where nobody puts them.
    Sense,
}

impl From<Truncated> for Missing {
    fn from(_: Truncated) -> Self {
        Self::Sense
    }
}

/// What no loaded segment covers.
fn outside(headers: &[(u32, u32, Segment)]) -> Vec<Segment> {
    let loaded = headers.iter().filter(|(_, kind, _)| *kind == LOADED);
    let mut loaded: Vec<(u64, u64)> = loaded.map(|(_, _, segment)| (segment.offset, segment.len)).collect();
    loaded.sort_unstable();
    let (mut at, mut found) = (0_u64, Vec::new());
    for (offset, len) in loaded.into_iter().chain([(u64::MAX, 0)]) {
        let len_before = offset.saturating_sub(at);
        found.push(Segment { kind: Kind::Outside, offset: at, len: len_before, address: u64::MAX });
        at = at.max(offset.saturating_add(len));
    }
    found
}

struct Fields<'h> {
    record: Record<'h>,
    is_big: bool,
    is_wide: bool,
}

impl Fields<'_> {
    fn u16(&self, at: usize) -> Result<u16, Truncated> {
        if self.is_big { self.record.u16_be(at) } else { self.record.u16_le(at) }
    }

    fn u32(&self, at: usize) -> Result<u32, Truncated> {
        if self.is_big { self.record.u32_be(at) } else { self.record.u32_le(at) }
    }

    /// An address or offset, which has the width of the file.
    fn word(&self, at: usize) -> Result<u64, Truncated> {
        match (self.is_wide, self.is_big) {
            (true, true) => self.record.u64_be(at),
            (true, false) => self.record.u64_le(at),
            (false, _) => self.u32(at).map(u64::from),
        }
    }

    fn segments(&self, have: usize) -> Result<Vec<Segment>, Missing> {
        let (table, size, count) = if self.is_wide { (32, 54, 56) } else { (28, 42, 44) };
        let (table, size, count) = (self.word(table)?, self.u16(size)?, self.u16(count)?);
        let table = usize::try_from(table).map_err(|_| Missing::Sense)?;
        let len = usize::from(size).saturating_mul(usize::from(count));
        let end = table.saturating_add(len);
        if count > HEADERS || end > HEAD || usize::from(size) < if self.is_wide { 56 } else { 32 } {
            return Err(Missing::Sense);
        }
        if end > have {
            return Err(Missing::Bytes);
        }
        let headers = (0..usize::from(count))
            .map(|number| table.saturating_add(number.saturating_mul(usize::from(size))));
        let all = headers.map(|at| self.segment(at)).collect::<Result<Vec<_>, Truncated>>()?;
        let has_constants =
            all.iter().any(|(flags, kind, _)| *kind == LOADED && flags & (EXECUTABLE | WRITABLE) == 0);
        let of_use = all.iter().filter_map(|&(flags, kind, segment)| {
            let kind = match (kind, flags & EXECUTABLE != 0, flags & WRITABLE != 0) {
                (NOTE, ..) => Kind::Notes,
                // Where the linker kept constants apart, none are in the code.
                (LOADED, true, false) if has_constants => return None,
                (LOADED, false, false) => Kind::Constants,
                (LOADED, false, true) => Kind::Variables,
                (LOADED, true, _) => Kind::All,
                _ => return None,
            };
            Some(Segment { kind, ..segment })
        });
        let outside = outside(&all);
        Ok(of_use.chain(outside).filter(|segment| segment.len > 0).collect())
    }

    /// Flags, type and place of the segment whose header is at `at`.
    fn segment(&self, at: usize) -> Result<(u32, u32, Segment), Truncated> {
        let field = |wide: usize, narrow: usize| at.saturating_add(if self.is_wide { wide } else { narrow });
        let segment = Segment {
            kind: Kind::All,
            offset: self.word(field(8, 4))?,
            len: self.word(field(32, 16))?,
            address: self.word(field(16, 8))?,
        };
        Ok((self.u32(field(4, 24))?, self.u32(at)?, segment))
    }
}
