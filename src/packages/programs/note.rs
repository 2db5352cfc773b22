//! The note that tells which package a program was built for: JSON under the owner `FDO`.
//!
//! Source: systemd.io, "Package Metadata for Executable Files"; ELF, "Note section": three words, name and description,
//! each filled up to four bytes.

use serde::Deserialize;

use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::bytes::Record;

/// The type of the note.
const PACKAGE: u32 = 0xcafe_1a7e;
/// Notes that are gone over.
const COUNT: usize = 64;

#[derive(Deserialize)]
struct Package {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    version: Option<String>,
    architecture: Option<String>,
}

/// The package that the notes name.
pub(super) fn package(notes: &[u8], is_big: bool) -> Option<Component> {
    let description = find(notes, is_big)?;
    let end = memchr::memchr(0, description).unwrap_or(description.len());
    let package: Package = serde_json::from_slice(description.get(..end)?).ok()?;
    let ecosystem = match package.kind.as_str() {
        "deb" => Ecosystem::Deb,
        "rpm" => Ecosystem::Rpm,
        "apk" => Ecosystem::Apk,
        "alpm" | "arch" => Ecosystem::Alpm,
        "nix" => Ecosystem::Nix,
        "brew" => Ecosystem::Brew,
        "conda" => Ecosystem::Conda,
        _ => Ecosystem::Generic,
    };
    let component = Component::new(ecosystem, package.name, package.version.unwrap_or_default());
    Some(Component { architecture: package.architecture, ..component.evidence(Evidence::BuildInfo) })
}

fn find(notes: &[u8], is_big: bool) -> Option<&[u8]> {
    let record = Record::new("note", notes);
    let word = |at| if is_big { record.u32_be(at) } else { record.u32_le(at) };
    let mut at = 0_usize;
    for _ in 0..COUNT {
        let fields = [word(at).ok()?, word(at.checked_add(4)?).ok()?, word(at.checked_add(8)?).ok()?];
        let [name_len, len, kind] = fields.map(|field| usize::try_from(field).unwrap_or(usize::MAX));
        let name = at.checked_add(12)?;
        let start = name.checked_add(name_len.checked_next_multiple_of(4)?)?;
        let end = start.checked_add(len)?;
        if kind == usize::try_from(PACKAGE).ok()? && notes.get(name..)?.starts_with(b"FDO\0") {
            return notes.get(start..end);
        }
        at = start.checked_add(len.checked_next_multiple_of(4)?)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(kind: u32, name: &[u8], description: &[u8]) -> Vec<u8> {
        let [name_len, len] = [name, description].map(|part| u32::try_from(part.len()).unwrap());
        let words = [name_len, len, kind];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for part in [name, description] {
            bytes.extend_from_slice(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn the_package_of_a_program_is_named_by_a_note() {
        let json = br#"{"type":"rpm","name":"coreutils","version":"9.4-1.fc40","architecture":"x86_64","osCpe":"x"}"#;
        let notes = [note(3, b"GNU\0", b"12345"), note(PACKAGE, b"FDO\0", json)].concat();
        let found = package(&notes, false).unwrap();
        assert_eq!(
            (found.ecosystem, found.name.as_str(), found.version.as_deref()),
            (Ecosystem::Rpm, "coreutils", Some("9.4-1.fc40"))
        );
        for end in 0..notes.len() - 4 {
            assert!(package(&notes[..end], false).is_none(), "{end}");
        }
        assert!(package(&note(u32::MAX, b"FDO\0", b"{}"), true).is_none());
    }
}
