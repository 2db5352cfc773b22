//! Partitions and logical volumes: an image's bytes -> windows of bytes.
//!
//! [`read`] gives the partitions, [`stack::assemble`] what LVM and md make of them. [`read`] never fails: whatever the tables say, a [`Table`] comes out, with notes on what was wrong and
//! with the spans that no partition claims, so that nothing of the image is passed over in silence.

mod gpt;
mod kind;
mod logical;
mod lvm;
mod mbr;
mod md;
mod raid;
pub mod stack;

use std::sync::Arc;

use crate::bytes::{Record, Source, Span, Window, read_vec, spans};
use crate::gap::Loss;
pub use crate::gap::Note;

/// Which table was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// GUID partition table.
    Gpt,
    /// DOS partition table.
    Mbr,
    /// None: the image is one volume.
    None,
}

impl Scheme {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gpt => "GPT",
            Self::Mbr => "MBR",
            Self::None => "no partition table",
        }
    }
}

/// The partitions of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Which table was read.
    pub scheme: Scheme,
    /// Bytes of a sector, the table's unit: 512 to 4096.
    pub sector: u32,
    /// The partitions by number; for [`Scheme::None`] one volume without a number.
    pub volumes: Vec<Volume>,
    /// What was wrong with it.
    pub notes: Vec<Note>,
    /// The parts of the image that no partition claims, in order.
    pub unclaimed: Vec<Span>,
}

/// A partition, or the whole image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its number in the table, as Linux counts: logical partitions begin at 5.
    pub number: Option<u32>,
    /// Where it lies in the image, in bytes, as the table claims: it may reach beyond the end.
    pub span: Span,
    /// GPT: the type GUID in lower case; MBR: "0x83".
    pub type_code: Option<String>,
    /// PARTUUID as blkid prints it: the GUID in lower case, or disk identifier and number, "abcdef01-05".
    pub uuid: Option<String>,
    /// The name in the GPT, not escaped.
    pub label: Option<String>,
}

/// Reads the partition table of `source`.
pub fn read(source: &Arc<dyn Source>) -> Table {
    let mut notes = Vec::new();
    let mut first = [0; 512];
    if source.len() >= 512
        && let Err(error) = source.read_exact_at(0, &mut first)
    {
        notes.push(note(Loss::Volume, format!("the partition table cannot be read: {error}")));
    }
    let boot = mbr::BootSector::read(&**source);
    let file_system = file_system_at_start(&**source);
    let found = choose(source, &boot, file_system, &mut notes);
    let (scheme, sector, mut volumes) =
        found.unwrap_or_else(|| (Scheme::None, 512, vec![whole(source.len())]));
    volumes.sort_by_key(|volume| volume.number);
    check_spans(&volumes, &mut notes);
    for span in unclaimed(&volumes, source.len()) {
        volumes.extend(hidden(source, span, &mut notes));
    }
    let unclaimed = unclaimed(&volumes, source.len());
    Table { scheme, sector, volumes, notes, unclaimed }
}

/// How an ISO 9660 disc is called.
const DISC: &str = "ISO 9660";

/// Places at which a file system outside of partitions is looked for.
const HIDDEN_LOOKS: u32 = 1 << 20;
/// Where partitions begin, in bytes.
const ALIGNMENT: u64 = 1 << 20;
/// Marks of file systems lie that close to their start, in bytes.
const MARKS_WITHIN: u64 = 128 << 10;

type Found = (Scheme, u32, Vec<Volume>);

/// The table that counts: GPT where the MBR announces one or is gone, then the MBR, then none. A file
/// system at the very start has a boot sector with the same signature, and is no table.
fn choose(
    source: &Arc<dyn Source>,
    boot: &mbr::BootSector,
    file_system: Option<&'static str>,
    notes: &mut Vec<Note>,
) -> Option<Found> {
    if file_system == Some(DISC) {
        if boot.plausible() || boot.protective() {
            // So that it also boots from a stick: the partitions are parts of the disc.
            notes.push(note(Loss::Nothing, "the disc also has a partition table; it is read as one volume"));
        }
        return None;
    }
    if boot.protective() {
        if let Some((sector, volumes)) = gpt::read(source, boot.announced_end(), notes) {
            if boot.hybrid() {
                notes.push(note(Loss::Nothing, "hybrid MBR: the GPT is read, as Linux does"));
            }
            return Some((Scheme::Gpt, sector, volumes));
        }
        notes.push(note(Loss::Volume, "the MBR announces a GPT, and no valid one was found"));
        return boot.hybrid().then(|| of_mbr(source, boot, notes));
    }
    if let Some(kind) = file_system {
        if boot.plausible() {
            let text = format!("the image starts with {kind} and also has an MBR; it is read as one volume");
            notes.push(note(Loss::Volume, text));
        } else if gpt::present(source) {
            let text = format!("the image starts with {kind}; an old GPT is ignored");
            notes.push(note(Loss::Nothing, text));
        }
        return None;
    }
    if boot.plausible() {
        if gpt::present(source) {
            let text = "the MBR does not announce the GPT that is there; the MBR is read, as Linux does";
            notes.push(note(Loss::Nothing, text));
        }
        return Some(of_mbr(source, boot, notes));
    }
    let (sector, volumes) = gpt::read(source, None, notes)?;
    notes.push(note(Loss::Nothing, "there is no valid MBR; the GPT was found without it"));
    Some((Scheme::Gpt, sector, volumes))
}

fn of_mbr(source: &Arc<dyn Source>, boot: &mbr::BootSector, notes: &mut Vec<Note>) -> Found {
    let (sector, volumes) = boot.partitions(source, notes);
    (Scheme::Mbr, sector, volumes)
}

fn note(loss: Loss, text: impl Into<String>) -> Note {
    Note { loss, text: text.into() }
}

fn whole(len: u64) -> Volume {
    Volume { number: None, span: Span::new(0, len), type_code: None, uuid: None, label: None }
}

/// Name of the file system (or other content of a whole disk) whose mark lies where it begins.
fn file_system_at_start(source: &dyn Source) -> Option<&'static str> {
    let marked = |offset, mark: &[u8]| read_vec(source, offset, mark.len()).is_ok_and(|found| found == mark);
    let marks: [(u64, &[u8], &str); 9] = [
        (0, b"XFSB", "XFS"),
        (0x1_0040, b"_BHRfS_M", "btrfs"),
        (3, b"NTFS    ", "NTFS"),
        (3, b"EXFAT   ", "exFAT"),
        (3, b"-FVE-FS-", "BitLocker"),
        (0, b"LUKS\xba\xbe", "LUKS"),
        (512, b"LABELONE", "an LVM physical volume"),
        (0, b"hsqs", "squashfs"),
        (0x8001, b"CD001", DISC),
    ];
    let mark = marks.into_iter().find(|&(offset, mark, _)| marked(offset, mark));
    mark.map(|(.., name)| name)
        .or_else(|| starts_with_ext(source).then_some("ext2/3/4"))
        .or_else(|| starts_with_fat(source).then_some("FAT"))
}

/// The mark of ext is two bytes, which a boot loader may have by chance: its version and the size of its
/// blocks must be possible, too.
fn starts_with_ext(source: &dyn Source) -> bool {
    let Ok(superblock) = read_vec(source, 1024, 1024) else { return false };
    let record = Record::new("superblock", &superblock);
    record.u16_le(56) == Ok(0xef53)
        && record.u32_le(24).is_ok_and(|log| log <= 6)
        && record.u32_le(76).is_ok_and(|revision| revision <= 1)
}

/// A jump, then a BIOS parameter block whose numbers are possible. GRUB's boot sector has the jump, too.
fn starts_with_fat(source: &dyn Source) -> bool {
    let Ok(boot) = read_vec(source, 0, 64) else { return false };
    let byte = |at: usize| boot.get(at).copied().unwrap_or_default();
    let word = |at: usize| u16::from_le_bytes([byte(at), byte(at.saturating_add(1))]);
    let jump = byte(0) == 0xeb && byte(2) == 0x90 || byte(0) == 0xe9;
    jump && matches!(word(11), 512 | 1024 | 2048 | 4096)
        && byte(13).is_power_of_two()
        && word(14) != 0
        && matches!(byte(16), 1 | 2)
        && byte(21) >= 0xf0
}

/// Says which partitions overlap. They are kept: each is read.
fn check_spans(volumes: &[Volume], notes: &mut Vec<Note>) {
    let mut sorted: Vec<&Volume> = volumes.iter().collect();
    sorted.sort_by_key(|volume| volume.span);
    let mut before: Option<(u64, u32)> = None;
    for volume in sorted {
        let number = volume.number.unwrap_or_default();
        let Span { offset, .. } = volume.span;
        let end = volume.span.end().unwrap_or(u64::MAX);
        if let Some((_, other)) = before.filter(|&(before_end, _)| before_end > offset) {
            notes
                .push(note(Loss::Nothing, format!("partitions {other} and {number} overlap; both are read")));
        }
        before = Some((end, number)).max(before);
    }
}

/// A file system in a part of the image that no partition claims: one whose entry was removed or damaged, or
/// that somebody hid. Looked for where partitions begin: at the start of the part, and at every MiB.
fn hidden(source: &Arc<dyn Source>, span: Span, notes: &mut Vec<Note>) -> Option<Volume> {
    let end = span.end()?;
    let mut at = span.offset;
    for _ in 0..HIDDEN_LOOKS {
        // A hole holds nothing, and all marks lie in the first 128 KiB.
        let data = source.next_data(at).ok().flatten().filter(|data| data.offset < end)?;
        if data.offset > at.saturating_add(MARKS_WITHIN) {
            at = data.offset / ALIGNMENT * ALIGNMENT;
        }
        let rest = Span::new(at, end.saturating_sub(at));
        let window = Window::new(Arc::clone(source), rest);
        if let Some(kind) = file_system_at_start(&window) {
            let text = format!("{kind} lies outside of all partitions, at byte {at}; it is read, too");
            notes.push(note(Loss::Nothing, text));
            return Some(Volume { number: None, span: rest, type_code: None, uuid: None, label: None });
        }
        at = at.checked_add(1)?.checked_next_multiple_of(ALIGNMENT)?;
        if at >= end {
            return None;
        }
    }
    None
}

fn unclaimed(volumes: &[Volume], len: u64) -> Vec<Span> {
    let mut taken: Vec<Span> = volumes.iter().map(|volume| volume.span).collect();
    spans::join(&mut taken);
    spans::outside(&taken, Span::new(0, len))
}

#[cfg(test)]
mod tests;
