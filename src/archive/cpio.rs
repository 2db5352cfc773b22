//! cpio in the "new ASCII" format, as initial RAM disks use it (`cpio -H newc`).
//!
//! An initial RAM disk is several archives one after the other, with zeros between them, and the later
//! ones packed: what follows the trailer is handed on as a nameless member.
//!
//! Reference: the kernel's `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver, skip, trim};

/// cpio, "new ASCII".
pub(super) static FORMAT: Format = Format {
    name: "cpio",
    marks: &[b"070701", b"070702"],
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.visit)),
    is_laid_out: true,
    ..Format::NONE
};

const HEADER: usize = 110;
/// Longest name that is read, in bytes.
const NAME_LIMIT: u64 = 64 << 10;
/// The type bits of a mode, and those of a regular file.
const TYPE: u64 = 0o170_000;
const REGULAR: u64 = 0o100_000;
const LINK: u64 = 0o120_000;

/// The fields of a header that matter here.
struct Header {
    mode: u64,
    size: u64,
    name_size: u64,
}

pub(super) fn members(
    input: &mut dyn Read,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let broken = |error| FORMAT.damaged(error);
    let mut raw = [0; HEADER];
    loop {
        input.read_exact(&mut raw).map_err(broken)?;
        let header =
            parse(&raw).ok_or_else(|| broken(io::Error::other("a header is not in the newc format")))?;
        if header.name_size > NAME_LIMIT {
            return Err(ArchiveError::OverLimit(format!("a name of {} bytes", header.name_size)));
        }
        let mut name = Vec::new();
        input.take(header.name_size).read_to_end(&mut name).map_err(broken)?;
        let name = name.strip_suffix(b"\0").unwrap_or(&name).to_vec();
        skip(input, padding((HEADER as u64).saturating_add(header.name_size))).map_err(broken)?;
        if name == b"TRAILER!!!" {
            return rest(input, spent, visit);
        }
        let mut content = input.take(header.size);
        // The content of a link is its target.
        if matches!(header.mode & TYPE, REGULAR | LINK) && header.size > 0 {
            let flow = deliver(&FORMAT, Some(trim(&name)), &mut content, spent, visit)?;
            if flow.is_break() {
                return Ok(());
            }
        }
        let left = content.limit();
        skip(input, left.saturating_add(padding(header.size))).map_err(broken)?;
    }
}

/// What follows the trailer, after the zeros: the next archive.
fn rest(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let mut byte = [0];
    while input.read(&mut byte).map_err(|error| FORMAT.damaged(error))? == 1 {
        if byte != [0] {
            let mut next = (&byte[..]).chain(input);
            let _: ControlFlow<()> = deliver(&FORMAT, None, &mut next, spent, visit)?;
            break;
        }
    }
    Ok(())
}

fn parse(raw: &[u8; HEADER]) -> Option<Header> {
    let field = |index: usize| {
        let start = 6_usize.checked_add(index.checked_mul(8)?)?;
        let text = std::str::from_utf8(raw.get(start..start.checked_add(8)?)?).ok()?;
        u64::from_str_radix(text, 16).ok()
    };
    let known = raw.starts_with(b"070701") || raw.starts_with(b"070702");
    known.then_some(Header { mode: field(1)?, size: field(6)?, name_size: field(11)? })
}

/// Bytes to the next multiple of four.
const fn padding(length: u64) -> u64 {
    length.wrapping_neg() & 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn record(name: &str, content: &[u8]) -> Vec<u8> {
        let mut out = format!("070701{:08x}{:08x}", 1, 0o100_644);
        for value in [0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0] {
            out += &format!("{value:08x}");
        }
        let mut out = out.into_bytes();
        // The fields are: inode, mode, uid, gid, links, mtime, size, four device numbers, name size, check.
        assert_eq!(out.len(), HEADER);
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.resize(out.len().next_multiple_of(4), 0);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    #[test]
    fn members_and_what_follows_them_are_handed_on() {
        let mut archive = record("./etc/a", b"hello");
        archive.extend(record("TRAILER!!!", b""));
        archive.extend([0; 512]);
        archive.extend(b"\x1f\x8b\x08rest");
        let mut found = Vec::new();
        let spent = UnpackMeter::new(archive.len() as u64, &Budget::default());
        members(&mut &archive[..], &spent, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push((member.name.map(<[u8]>::to_vec), content));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(
            found,
            [(Some(b"etc/a".to_vec()), b"hello".to_vec()), (None, b"\x1f\x8b\x08rest".to_vec())]
        );
    }

    #[test]
    fn garbage_is_damaged() {
        let spent = UnpackMeter::new(1000, &Budget::default());
        let result = members(&mut &[b'0'; 200][..], &spent, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(ArchiveError::Damaged { .. })));
    }
}
