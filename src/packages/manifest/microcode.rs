//! Microcode of Intel's processors: files `intel-ucode/FAMILY-MODEL-STEPPING`, whose head has revision and date.
//!
//! Source: Intel SDM volume 3, "Microcode Update Facilities"; the date is month, day and year in BCD.

use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use assay_disk::bytes::Record;
use assay_disk::path::innermost;

pub(super) static READER: Reader = Reader { name: "microcode of Intel", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_name = place.name.len() <= 16
        && place.name.split(|&byte| byte == b'-').count() == 3
        && place.name.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let is_place = place.parent() == b"intel-ucode" && innermost(place.path).starts_with(b"/");
    Wish::content_if(is_name && is_place && place.is_file())
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let head = Record::new("microcode", content);
    let field = |at| head.u32_le(at).map_err(|_| "it is shorter than its head");
    if field(0)? != 1 {
        return Err("its head is not of version 1");
    }
    let (revision, date) = (field(4)?, field(8)?);
    let signature = String::from_utf8_lossy(place.name);
    let (month, day, year) = (date >> 24, date >> 16 & 0xff, date & 0xffff);
    let mut component =
        Component::new(Ecosystem::Kernel, format!("intel-microcode-{signature}"), format!("0x{revision:x}"));
    component.qualifiers.push(("date", format!("{year:04x}-{month:02x}-{day:02x}")));
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::read;

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
}
