//! What Go's linker writes into each program: the version of Go, the main module and all modules it was built of.
//!
//! Since Go 1.18 the texts follow the mark, each behind its length; before, the mark is followed by the addresses of two
//! strings. The list of modules stands between two marks of its own, by which it is found where addresses are not set
//! before the program is loaded.
//!
//! Source: Go, `debug/buildinfo/buildinfo.go`, `cmd/go/internal/modload/build.go`.

use std::collections::BTreeMap;

use memchr::memmem;

use super::capture::{Block, Capture};
use super::elf::{Kind, Layout};
use crate::packages::component::Component;

mod modules;
pub mod symbols;

/// What the information begins with, at a multiple of 16.
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Bytes of the head behind which the texts of newer programs begin.
const HEAD: usize = 32;
/// Bit of the flags: the highest byte of a number comes first.
const BIG: u8 = 1;
/// Bit of the flags: the texts follow.
const INLINE: u8 = 2;
/// What stands before and behind the list of modules.
const LIST_START: &[u8] = b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6";
const LIST_END: &[u8] = b"\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2";
/// Bytes of variables in which the strings of older programs are looked for.
const VARIABLES: usize = 16 << 20;
/// Bytes of a list of modules; the largest programs have some 100 KiB.
const LIST: usize = 2 << 20;
/// Texts that may be the version of Go.
const CANDIDATES: usize = 4096;
/// Bytes of one.
const VERSION: usize = 48;

/// Finds the information in a program that goes by.
#[derive(Default)]
pub struct Finder {
    info: Option<Capture>,
    list: Option<Capture>,
    /// Texts `go1.…` in constants, by their places.
    versions: BTreeMap<u64, [u8; VERSION]>,
}

impl Finder {
    pub(super) fn look(&mut self, block: Block<'_>, kind: Kind) {
        if let Some(list) = &mut self.list {
            list.go_on(block);
        } else if let Some(at) = memmem::find(block.bytes, LIST_START) {
            self.list = Some(Capture::begin(block, at, LIST));
        }
        if kind != Kind::Constants {
            if let Some(info) = &mut self.info {
                info.go_on(block);
            } else if let Some(at) = aligned(block) {
                self.info = Some(Capture::begin(block, at, VARIABLES));
            }
        }
        if kind != Kind::Variables && self.versions.len() < CANDIDATES {
            self.note_versions(block);
        }
    }

    fn note_versions(&mut self, block: Block<'_>) {
        for at in memmem::find_iter(block.bytes, b"go1.").take(CANDIDATES) {
            let mut text = [0; VERSION];
            let there = block.bytes.get(at..).unwrap_or_default();
            text.iter_mut().zip(there).for_each(|(to, from)| *to = *from);
            self.versions.insert(block.place(at), text);
        }
    }

    /// What was found; nothing in a program that is not of Go.
    pub(super) fn finish(self, layout: &Layout) -> Vec<Component> {
        let Some(info) = &self.info else { return Vec::new() };
        let (version, list) = inline(&info.bytes).unwrap_or_else(|| {
            let list = self.list.as_ref().map(|list| list.bytes.as_slice()).unwrap_or_default();
            (self.old_version(info, layout).unwrap_or_default(), list)
        });
        let list = list.strip_prefix(LIST_START).unwrap_or(list);
        let end = memmem::find(list, LIST_END).unwrap_or(0);
        modules::components(version, list.get(..end).unwrap_or_default())
    }

    /// The version of an older program: a string whose head is at the first of two addresses.
    fn old_version(&self, info: &Capture, layout: &Layout) -> Option<&[u8]> {
        let (width, flags) = (usize::from(*info.bytes.get(14)?), *info.bytes.get(15)?);
        let number = |bytes: &[u8]| -> Option<u64> {
            let bytes = bytes.get(..width).filter(|bytes| matches!(bytes.len(), 4 | 8))?;
            let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            Some(if flags & BIG != 0 { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
        };
        let head = || {
            let place = layout.place_of(number(info.bytes.get(16..)?)?)?;
            let head = info.bytes.get(usize::try_from(place.checked_sub(info.place)?).ok()?..)?;
            let (address, len) = (number(head)?, number(head.get(width..)?)?);
            let text = self.versions.get(&layout.place_of(address)?)?;
            text.get(..usize::try_from(len).ok()?)
        };
        head().or_else(|| self.only_version())
    }

    /// The one version in the constants, where it is one: `go1.16.5`.
    fn only_version(&self) -> Option<&[u8]> {
        let mut versions = self.versions.values().filter_map(|text| {
            let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
            let len = text.iter().skip(2).take_while(|byte| is_part(byte)).count().saturating_add(2);
            text.get(..len).filter(|text| text.len() > 4 && !text.ends_with(b"."))
        });
        let first = versions.next()?;
        versions.all(|other| other == first).then_some(first)
    }
}

/// The place of the mark in a block: where it lies at a multiple of 16 of the file.
fn aligned(block: Block<'_>) -> Option<usize> {
    memmem::find_iter(block.bytes, MAGIC).find(|&at| block.place(at).is_multiple_of(16))
}

/// The two texts of a newer program: its version, and the list of modules with its marks.
fn inline(info: &[u8]) -> Option<(&[u8], &[u8])> {
    if info.get(15)? & INLINE == 0 {
        return None;
    }
    let (version, rest) = text(info.get(HEAD..)?)?;
    // Without modules there is none, and its length is 0.
    Some((version, text(rest).map(|(list, _)| list).unwrap_or_default()))
}

/// A text behind its length, seven bits a byte, the lowest first; and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut len, mut at) = (0_usize, 0_usize);
    loop {
        let byte = *bytes.get(at)?;
        let shift = u32::try_from(at.checked_mul(7)?).ok().filter(|shift| *shift < 32)?;
        len |= usize::from(byte & 0x7f).checked_shl(shift)?;
        at = at.checked_add(1)?;
        if byte & 0x80 == 0 {
            return bytes.get(at..)?.split_at_checked(len);
        }
    }
}

/// What information that begins `info` says: for a fuzzer, which has no program around it.
pub fn of_info(info: &[u8]) -> Vec<Component> {
    let block = Block { bytes: info, base: 0, repeated: 0 };
    let mut finder = Finder::default();
    finder.look(block, Kind::All);
    finder.finish(&Layout::unknown())
}
