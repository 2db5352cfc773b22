//! Microcode of processors. Intel: files `intel-ucode/FAMILY-MODEL-STEPPING`, whose head has revision and date. AMD: files
//! `amd-ucode/microcode_amd*.bin`, a container of patches, each for a processor that a table in front of them names.
//!
//! Sources: Intel SDM volume 3, "Microcode Update Facilities"; Linux, `arch/x86/kernel/cpu/microcode/amd.c` (the layout of
//! containers). Dates are month, day and year in BCD.

use std::collections::BTreeMap;

use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use assay_disk::bytes::Record;
use assay_disk::path::innermost;

pub(super) static READER: Reader = Reader { name: "microcode", wants, read };

/// AMD's container begins so: `DMA\0`.
const CONTAINER: u32 = 0x0041_4d44;
/// Kinds of sections: the table of processors, a patch.
const TABLE: u32 = 0;
const PATCH: u32 = 1;
/// Bytes of an entry of the table.
const ENTRY: usize = 16;
/// Patches of one file; the largest have some 30.
const PATCHES: usize = 1000;

/// Whose a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Intel,
    Amd,
}

fn maker(place: &Place<'_>) -> Option<Maker> {
    if !place.is_file() || !innermost(place.path).starts_with(b"/") {
        return None;
    }
    match place.parent() {
        b"intel-ucode" => {
            let is_name = place.name.len() <= 16
                && place.name.split(|&byte| byte == b'-').count() == 3
                && place.name.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
            is_name.then_some(Maker::Intel)
        }
        b"amd-ucode" => {
            let is_name = place.name.starts_with(b"microcode_amd") && place.name.ends_with(b".bin");
            is_name.then_some(Maker::Amd)
        }
        _ => None,
    }
}

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(maker(place).is_some())
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    match maker(place) {
        Some(Maker::Intel) => intel(place, content, emit),
        Some(Maker::Amd) => amd(content, emit),
        None => Ok(()),
    }
}

fn intel(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let head = Record::new("microcode", content);
    let field = |at| head.u32_le(at).map_err(|_| "it is shorter than its head");
    if field(0)? != 1 {
        return Err("its head is not of version 1");
    }
    let (revision, date) = (field(4)?, field(8)?);
    let signature = String::from_utf8_lossy(place.name);
    emit(component(&format!("intel-microcode-{signature}"), revision, date));
    Ok(())
}

fn component(name: &str, revision: u32, date: u32) -> Component {
    let (month, day, year) = (date >> 24, date >> 16 & 0xff, date & 0xffff);
    let mut component = Component::new(Ecosystem::Kernel, name, format!("0x{revision:x}"));
    component.qualifiers.push(("date", format!("{year:04x}-{month:02x}-{day:02x}")));
    component
}

/// A container: its mark, then sections of kind, length and content. One file may have several containers.
fn amd(content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let short = "it is shorter than its sections say";
    let record = Record::new("microcode", content);
    let field = |at: usize| record.u32_le(at).map_err(|_| short);
    if field(0)? != CONTAINER {
        return Err("it does not begin as a container does");
    }
    let (mut at, mut patches) = (4_usize, 0_usize);
    // The processors of each number that patches name.
    let mut processors: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    while at < content.len() {
        if field(at)? == CONTAINER {
            processors.clear();
            at = at.checked_add(4).ok_or(short)?;
            continue;
        }
        let (kind, len) = (field(at)?, usize::try_from(field(at.saturating_add(4))?).map_err(|_| short)?);
        let start = at.checked_add(8).ok_or(short)?;
        let end = start.checked_add(len).ok_or(short)?;
        let section = content.get(start..end).ok_or(short)?;
        match kind {
            TABLE => table(section, &mut processors),
            PATCH if patches < PATCHES => {
                patches = patches.saturating_add(1);
                patch(section, &processors, emit)?;
            }
            PATCH => return Err("it has more patches than are read"),
            _ => return Err("a section is of a kind that is not known"),
        }
        at = end;
    }
    Ok(())
}

/// Entries of the processor's signature, two fields for errata, and the number by which patches name it. A zero ends them.
fn table(section: &[u8], processors: &mut BTreeMap<u16, Vec<u32>>) {
    for entry in section.chunks_exact(ENTRY) {
        let entry = Record::new("microcode", entry);
        let (Ok(signature), Ok(number)) = (entry.u32_le(0), entry.u16_le(12)) else { return };
        if signature == 0 {
            return;
        }
        processors.entry(number).or_default().push(signature);
    }
}

/// A patch: date, revision, and at 24 the number of its processor.
fn patch(
    section: &[u8],
    processors: &BTreeMap<u16, Vec<u32>>,
    emit: &mut Emit<'_>,
) -> Result<(), &'static str> {
    let short = "a patch is shorter than its head";
    let head = Record::new("microcode", section);
    let (date, revision) = (head.u32_le(0).map_err(|_| short)?, head.u32_le(4).map_err(|_| short)?);
    let number = head.u16_le(24).map_err(|_| short)?;
    let Some(signatures) = processors.get(&number) else {
        return Err("a patch is for a processor that its table does not have");
    };
    for signature in signatures {
        emit(component(&format!("amd-microcode-{}", name(*signature)), revision, date));
    }
    Ok(())
}

/// Family, model and stepping of a signature (CPUID 1, EAX), as Linux and Intel's files write them: `19-01-01`.
fn name(signature: u32) -> String {
    let bits = |at: u32, mask: u32| signature >> at & mask;
    let family = bits(8, 0xf).saturating_add(if bits(8, 0xf) == 0xf { bits(20, 0xff) } else { 0 });
    let model = bits(4, 0xf) | bits(16, 0xf) << 4;
    format!("{family:02x}-{model:02x}-{:02x}", bits(0, 0xf))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    #[test]
    fn the_head_tells_revision_and_date() {
        let head: Vec<u8> = [1_u32, 0xfa, 0x0728_2023].iter().flat_map(|word| word.to_le_bytes()).collect();
        let (found, problem) = read("/lib/firmware/intel-ucode/06-8e-0c", &head);
        assert_eq!(
            (found[0].name.as_str(), found[0].version.as_deref()),
            ("intel-microcode-06-8e-0c", Some("0xfa"))
        );
        assert_eq!((found[0].qualifiers[0].1.as_str(), problem), ("2023-07-28", None));
        assert!(read("/lib/firmware/intel-ucode/06-8e-0c", [1, 0]).1.is_some());
        assert!(read("/lib/firmware/intel-ucode/README", "x").0.is_empty());
    }

    /// A container with one processor (family 19h, model 1, stepping 1) and these patches.
    fn container(patches: &[(u32, u32, u16)]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut words = |words: &[u32]| file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        words(&[0x0041_4d44, 0, 32, 0x00a0_0f11, 0, 0, 0xa011, 0, 0, 0, 0]);
        for (date, revision, number) in patches {
            words(&[1, 64, *date, *revision, 0, 0, 0, 0, u32::from(*number)]);
            words(&[0; 9]);
        }
        file
    }

    const FILE: &str = "/lib/firmware/amd-ucode/microcode_amd_fam19h.bin";

    #[test]
    fn a_container_of_amd_tells_the_patch_of_each_processor() {
        let file = container(&[(0x0731_2023, 0x0a00_11d1, 0xa011)]);
        assert_eq!(names(FILE, &file), ["amd-microcode-19-01-01 0xa0011d1"]);
        let (found, problem) = read(FILE, &file);
        assert_eq!((found[0].qualifiers[0].1.as_str(), problem), ("2023-07-31", None));
        // One container behind the other, as an initial RAM disk has them.
        assert_eq!(names(FILE, [file.as_slice(), &file].concat()).len(), 2);
        assert!(read("/lib/firmware/amd-ucode/README", "x").0.is_empty());
    }

    #[test]
    fn a_damaged_container_says_so() {
        let file = container(&[(0x0731_2023, 0x0a00_11d1, 0xa011)]);
        for cut in [0, 3, 7, 20, file.len() - 1] {
            assert!(read(FILE, &file[..cut]).1.is_some(), "{cut}");
        }
        assert!(read(FILE, container(&[(0, 1, 7)])).1.is_some());
        assert!(read(FILE, [&file[..4], &[9, 0, 0, 0, 0, 0, 0, 0]].concat()).1.is_some());
        assert_eq!(read(FILE, "no container").1, Some("it does not begin as a container does"));
        assert!(read(FILE, [&file[..4], &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]].concat()).1.is_some());
    }
}
