//! Compound files (doc, xls, ppt, msi, encrypted docx). Their bytes are searched as they stand; what an Office
//! document that is encrypted says cannot be.
//!
//! Source: [MS-CFB] 2.6 (names in the directory), [MS-OFFCRYPTO] 2.3.4.4 (`EncryptedPackage`).

use std::io::Read;

use super::ArchiveError;
use super::format::{Format, Open};

/// A compound file, as old Office documents and encrypted ones are.
pub(super) static FORMAT: Format = Format {
    name: "compound file",
    marks: &[b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    open: Open::Members(|archive| look(archive.input)),
    is_readable: true,
    ..Format::NONE
};

/// The stream that the document lies in.
const PACKAGE: &str = "EncryptedPackage";

fn look(input: &mut dyn Read) -> Result<(), ArchiveError> {
    let name: Vec<u8> = PACKAGE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let finder = memchr::memmem::Finder::new(&name);
    let mut piece = Vec::new();
    loop {
        let read = input.take(1 << 20).read_to_end(&mut piece);
        if finder.find(&piece).is_some() {
            return Err(ArchiveError::Encrypted("this Office document".to_owned()));
        }
        if read.map_err(|error| FORMAT.damaged(error))? == 0 {
            return Ok(());
        }
        piece.drain(..piece.len().saturating_sub(name.len()));
    }
}
