//! The DOS partition table: four primary entries, and logical partitions in a chain of extended boot records.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Note, Volume, file_system_at_start, note};
use crate::bytes::{Record, Source, Span, Truncated, Window, read_vec};
use crate::gap::Loss;

/// The usual size of a sector, in bytes.
const SECTOR: u64 = 512;
/// Other sizes: the table does not say which it counts in.
const OTHER_SECTORS: [u64; 3] = [4096, 2048, 1024];
const PROTECTIVE: u8 = 0xee;
/// More logical partitions than any tool makes; the kernel stops far earlier.
const MAX_RECORDS: usize = 1024;

/// One of the four entries; numbers in sectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    flag: u8,
    code: u8,
    start: u64,
    sectors: u64,
}

impl Entry {
    fn parse(entry: Record<'_>) -> Result<Self, Truncated> {
        Ok(Self {
            flag: entry.u8(0)?,
            code: entry.u8(4)?,
            start: u64::from(entry.u32_le(8)?),
            sectors: u64::from(entry.u32_le(12)?),
        })
    }

    /// As for the kernel, the length decides, not the type: type 0 hides nothing.
    fn used(self) -> bool {
        self.sectors != 0
    }

    fn extended(self) -> bool {
        matches!(self.code, 0x05 | 0x0f | 0x85)
    }

    fn volume(self, number: u32, base: u64, (disk, sector): (u32, u64)) -> Volume {
        Volume {
            number: Some(number),
            span: Span::new(
                base.saturating_add(self.start).saturating_mul(sector),
                self.sectors.saturating_mul(sector),
            ),
            type_code: Some(format!("{:#04x}", self.code)),
            // Linux makes no PARTUUID for a disk without identifier.
            uuid: (disk != 0).then(|| format!("{disk:08x}-{number:02x}")),
            label: None,
        }
    }
}

/// The first sector of a disk, if it has the signature 55 AA.
#[derive(Debug, Default)]
pub(super) struct BootSector {
    disk: u32,
    entries: Option<[Entry; 4]>,
    len: u64,
}

impl BootSector {
    pub(super) fn read(source: &dyn Source) -> Self {
        let Ok(bytes) = read_vec(source, 0, 512) else { return Self::default() };
        let disk = Record::new("MBR", &bytes).u32_le(440).unwrap_or_default();
        Self { disk, entries: entries(&bytes).unwrap_or_default(), len: source.len() }
    }

    fn used(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.iter().flatten().copied().filter(|entry| entry.used())
    }

    /// Whether it announces a GPT.
    pub(super) fn protective(&self) -> bool {
        self.entries.iter().flatten().any(|entry| entry.code == PROTECTIVE)
    }

    /// Whether it announces a GPT and has partitions beside.
    pub(super) fn hybrid(&self) -> bool {
        self.protective() && self.used().any(|entry| entry.code != PROTECTIVE && entry.code != 0)
    }

    /// The last sector of the disk at the time when its GPT was made, where it is told.
    pub(super) fn announced_end(&self) -> Option<u64> {
        let entry = self.used().find(|entry| entry.code == PROTECTIVE)?;
        (entry.sectors < 0xffff_ffff).then(|| entry.start.saturating_add(entry.sectors).saturating_sub(1))
    }

    /// Whether this can be a partition table and not just boot code with the same signature.
    pub(super) fn plausible(&self) -> bool {
        let flags = self.entries.iter().flatten().all(|entry| matches!(entry.flag, 0 | 0x80));
        let inside = |entry: Entry| entry.start != 0 && entry.start.saturating_mul(SECTOR) < self.len;
        flags && self.used().any(inside)
    }

    /// The size of sectors, and all partitions, with numbers as Linux gives them. The table counts in sectors and does
    /// not say how long they are: 512 bytes, unless partitions begin with something that is known in another size only.
    pub(super) fn partitions(&self, source: &Arc<dyn Source>, notes: &mut Vec<Note>) -> (u32, Vec<Volume>) {
        let known = |sector: u64| {
            let volumes = self.volumes(&**source, sector, &mut Vec::new());
            let begins = |volume: &&Volume| {
                file_system_at_start(&Window::new(Arc::clone(source), volume.span)).is_some()
            };
            volumes.iter().filter(begins).count()
        };
        let others = || OTHER_SECTORS.into_iter().max_by_key(|&sector| (known(sector), u64::MAX - sector));
        let other = if known(SECTOR) == 0 { others().filter(|&sector| known(sector) > 0) } else { None };
        let sector = other.unwrap_or(SECTOR);
        if sector != SECTOR {
            let text = format!(
                "the MBR counts in sectors of {sector} bytes: only so its partitions begin with something that is known"
            );
            notes.push(note(Loss::Nothing, text));
        }
        (u32::try_from(sector).unwrap_or(512), self.volumes(&**source, sector, notes))
    }

    fn volumes(&self, source: &dyn Source, sector: u64, notes: &mut Vec<Note>) -> Vec<Volume> {
        let mut volumes = Vec::new();
        let (seen, found) = (BTreeSet::new(), Vec::new());
        let mut chain = Chain { source, unit: (self.disk, sector), next: 5, seen, found };
        for (number, entry) in (1u32..).zip(self.entries.iter().flatten().copied()) {
            if !entry.used() || entry.code == PROTECTIVE {
                continue;
            }
            if entry.extended() {
                chain.follow(entry, notes);
            } else {
                volumes.push(entry.volume(number, 0, (self.disk, sector)));
            }
        }
        volumes.append(&mut chain.found);
        volumes
    }
}

/// The entries of a sector; none without its signature.
fn entries(sector: &[u8]) -> Result<Option<[Entry; 4]>, Truncated> {
    let record = Record::new("boot record", sector);
    if record.array(510)? != [0x55, 0xaa] {
        return Ok(None);
    }
    let entry = |at| record.part("partition entry", at, 16).and_then(Entry::parse);
    Ok(Some([entry(446)?, entry(462)?, entry(478)?, entry(494)?]))
}

/// The logical partitions: each extended boot record holds one, and the way to the next record.
struct Chain<'a> {
    source: &'a dyn Source,
    /// The identifier of the disk, and bytes of a sector.
    unit: (u32, u64),
    next: u32,
    seen: BTreeSet<u64>,
    found: Vec<Volume>,
}

impl Chain<'_> {
    fn follow(&mut self, extended: Entry, notes: &mut Vec<Note>) {
        let mut at = Some(extended.start);
        while let Some(sector) = at {
            at = match self.record(sector, extended.start) {
                Ok(next) => next,
                Err(problem) => {
                    let text = format!(
                        "extended boot record at sector {sector}: {problem}; logical partitions after it \
                         cannot be found"
                    );
                    notes.push(note(Loss::Volume, text));
                    None
                }
            };
        }
    }

    /// Takes the partitions of the record at `sector`; returns where the next one is.
    fn record(&mut self, sector: u64, base: u64) -> Result<Option<u64>, String> {
        if self.seen.len() >= MAX_RECORDS {
            return Err(format!("more than {MAX_RECORDS} records"));
        }
        if !self.seen.insert(sector) {
            return Err("the chain comes back to it".into());
        }
        let bytes =
            read_vec(self.source, sector.saturating_mul(self.unit.1), 512).map_err(|e| e.to_string())?;
        let entries = entries(&bytes).map_err(|e| e.to_string())?.ok_or("no signature")?;
        for entry in entries.iter().filter(|entry| entry.used() && !entry.extended()) {
            self.found.push(entry.volume(self.next, sector, self.unit));
            self.next = self.next.saturating_add(1);
        }
        let next = entries.iter().find(|entry| entry.used() && entry.extended());
        Ok(next.map(|entry| base.saturating_add(entry.start)))
    }
}
