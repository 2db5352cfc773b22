//! tar: what POSIX (ustar, pax), GNU and the seventh Unix made of it.
//!
//! What lies where no header is, and behind the end mark, is a member of its own: whoever hides something
//! there is found. A sparse file is searched as it is stored, its holes left out.
//!
//! Source: POSIX `pax`, the manual of GNU tar ("Tar Internals").

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver, skip, trim};

const BLOCK: usize = 512;
/// Letters of a word in the target of a link that may be a secret.
const WORD: usize = 20;
/// Bytes of targets of links that are handed on together.
const LINKS: usize = 1 << 20;
/// Longest name and longest list of attributes, in bytes.
const EXTENSION_LIMIT: u64 = 1 << 20;

/// tar, of every kind.
pub static FORMAT: Format = Format {
    name: "tar",
    probe: Some(|head| head.get(257..262) == Some(b"ustar") || is_header(head)),
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.visit)),
    is_laid_out: true,
    ..Format::NONE
};

/// A header that is one.
struct Header {
    name: Vec<u8>,
    kind: u8,
    size: u64,
    /// Whether the map of a sparse file goes on in the next block.
    goes_on: bool,
}

/// Whether a block is a header: its checksum says so.
fn is_header(block: &[u8]) -> bool {
    block.get(..BLOCK).is_some_and(|block| parse(block).is_some())
}

fn members(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let broken = |error| FORMAT.damaged(error);
    let mut next = Extended::default();
    let mut links = Vec::new();
    let mut ended = false;
    loop {
        let mut block = Vec::with_capacity(BLOCK);
        (&mut *input).take(BLOCK as u64).read_to_end(&mut block).map_err(broken)?;
        if block.is_empty() && ended {
            return links_of(&mut links, spent, visit);
        }
        if !block.is_empty() && block.iter().all(|&byte| byte == 0) {
            ended = true;
            continue;
        }
        let Some(header) = block.get(..BLOCK).and_then(parse) else {
            links_of(&mut links, spent, visit)?;
            return rest(&block, input, ended, spent, visit);
        };
        if header.goes_on {
            skip_map(input).map_err(broken)?;
        }
        ended = false;
        let flow = match header.kind {
            b'L' | b'x' => {
                let text = extension(input, header.size)?;
                if header.kind == b'L' {
                    let name = text.split(|&byte| byte == 0).next().unwrap_or_default();
                    next.name = Some(name.to_vec());
                } else {
                    next.read(&text);
                }
                skip(input, padding(header.size)).map_err(broken)?;
                continue;
            }
            b'K' | b'g' => {
                skip(input, header.size.saturating_add(padding(header.size))).map_err(broken)?;
                continue;
            }
            // Links, devices and directories have no content, whatever their size says.
            b'1'..=b'6' => {
                target(&block, &mut links);
                if links.len() >= LINKS {
                    links_of(&mut links, spent, visit)?;
                }
                ControlFlow::Continue(())
            }
            _ => member(input, &header, &next, spent, visit)?,
        };
        next = Extended::default();
        if flow.is_break() {
            return Ok(());
        }
    }
}

/// Keeps the target of a link: in the header a letter stands right before it, so that it is no word there.
fn target(block: &[u8], links: &mut Vec<u8>) {
    let field = block.get(157..257).unwrap_or_default();
    let target = field.split(|&byte| byte == 0).next().unwrap_or_default();
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'=');
    if target.split(|byte| !is_in_word(byte)).any(|word| word.len() >= WORD) {
        links.extend_from_slice(target);
        links.push(b'\n');
    }
}

/// Hands the targets of links on as a member.
fn links_of(links: &mut Vec<u8>, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    if !links.is_empty() {
        let _ = deliver(&FORMAT, Some(b"targets of links"), &mut links.as_slice(), spent, visit)?;
        links.clear();
    }
    Ok(())
}

fn member(
    input: &mut dyn Read,
    header: &Header,
    extended: &Extended,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, ArchiveError> {
    let broken = |error| FORMAT.damaged(error);
    let size = extended.size.unwrap_or(header.size);
    let name = extended.name.as_ref().unwrap_or(&header.name);
    let mut content = input.take(size);
    let flow = deliver(&FORMAT, Some(trim(name)), &mut content, spent, visit)?;
    let left = content.limit();
    let skipped = io::copy(&mut content, &mut io::sink()).map_err(broken)?;
    if skipped < left {
        return Err(broken(io::ErrorKind::UnexpectedEof.into()));
    }
    skip(input, padding(size)).map_err(broken)?;
    Ok(flow)
}

/// What is no header, and all behind it.
fn rest(
    block: &[u8],
    input: &mut dyn Read,
    ended: bool,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    if !block.is_empty() {
        let name: &[u8] = if ended { b"behind the end" } else { b"without a header" };
        let _ = deliver(&FORMAT, Some(name), &mut block.chain(input), spent, visit)?;
    }
    match ended {
        true => Ok(()),
        false if block.is_empty() => Err(broken("it ends without its end mark: it may be cut off")),
        false => Err(broken("a header is not one: what follows was searched as it stands")),
    }
}

fn broken(problem: &'static str) -> ArchiveError {
    FORMAT.invalid(problem)
}

/// What an extension says of the next member.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extended {
    /// Reads the records of pax, "length key=value\n" each.
    fn read(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(space) = memchr::memchr(b' ', rest) {
            let length = rest.get(..space).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            let Some((record, after)) = length.and_then(|length| rest.split_at_checked(length)) else {
                return;
            };
            let record = record.get(space.saturating_add(1)..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(name) = record.strip_prefix(b"path=").or(record.strip_prefix(b"GNU.sparse.name=")) {
                self.name = Some(name.to_vec());
            } else if let Some(size) = record.strip_prefix(b"size=") {
                self.size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
            }
            if record.is_empty() && after.len() == rest.len() {
                return;
            }
            rest = after;
        }
    }
}

fn extension(input: &mut dyn Read, size: u64) -> Result<Vec<u8>, ArchiveError> {
    if size > EXTENSION_LIMIT {
        return Err(ArchiveError::OverLimit(format!("a name or list of attributes of {size} bytes")));
    }
    let mut text = Vec::new();
    input.take(size).read_to_end(&mut text).map_err(|error| FORMAT.damaged(error))?;
    Ok(text)
}

/// The blocks that the map of a sparse file of GNU goes on in.
fn skip_map(input: &mut dyn Read) -> io::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        input.read_exact(&mut block)?;
        if block.get(504) == Some(&0) {
            return Ok(());
        }
    }
}

fn parse(block: &[u8]) -> Option<Header> {
    let stored = number(block.get(148..156)?)?;
    let (before, after) = (block.get(..148)?, block.get(156..)?);
    let blanks = 8 * u64::from(b' ');
    let sum: u64 =
        before.iter().chain(after).map(|&byte| u64::from(byte)).sum::<u64>().saturating_add(blanks);
    // Old programs took bytes for signed ones.
    let high = before.iter().chain(after).filter(|&&byte| byte >= 0x80).count() as u64;
    if stored != sum && Some(stored) != sum.checked_sub(high.saturating_mul(256)) {
        return None;
    }
    let until_zero = |field: &[u8]| field.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
    let (name, magic) = (until_zero(block.get(..100)?), block.get(257..263)?);
    let prefix = until_zero(block.get(345..500)?);
    let name =
        if magic == b"ustar\0" && !prefix.is_empty() { [&prefix, &b"/"[..], &name].concat() } else { name };
    let kind = *block.get(156)?;
    let goes_on = kind == b'S' && magic == b"ustar " && block.get(482) != Some(&0);
    let is_known = magic.starts_with(b"ustar") || !name.is_empty() && (kind == 0 || kind.is_ascii_digit());
    is_known.then_some(Header { name, kind, size: number(block.get(124..136)?)?, goes_on })
}

/// A number in octal digits, or in base 256 where the first bit says so.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((&first @ 0x80.., rest)) = field.split_first() {
        let high = u64::from(first & 0x7f);
        return rest
            .iter()
            .try_fold(high, |value, &byte| value.checked_mul(256)?.checked_add(u64::from(byte)));
    }
    let digits = field.split(|&byte| byte == 0).next()?.trim_ascii();
    let text = std::str::from_utf8(digits).ok()?;
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// Bytes to the next block.
const fn padding(length: u64) -> u64 {
    length.wrapping_neg() & (BLOCK as u64 - 1)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::budget::Budget;

    type Unpacked = Vec<(String, Vec<u8>)>;

    fn unpack(archive: &[u8]) -> (Unpacked, Result<(), ArchiveError>) {
        let mut found = Vec::new();
        let spent = UnpackMeter::new(archive.len() as u64, &Budget::default());
        let result = members(&mut &archive[..], &spent, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push((String::from_utf8_lossy(member.name.unwrap()).into_owned(), content));
            ControlFlow::Continue(())
        });
        (found, result)
    }

    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn members_have_their_names_however_long() {
        for length in [1, 99, 100, 101, 255, 300] {
            let name = format!("d/{}", "n".repeat(length));
            let (found, result) = unpack(&archive(&name, b"a=b"));
            assert!(result.is_ok());
            assert_eq!(found, [(name, b"a=b".to_vec())]);
        }
    }

    #[test]
    fn every_format_of_gnu_tar_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("{}/{}", "d".repeat(60), "n".repeat(90));
        let sparse = [&[0; 1 << 20][..], b"in the middle", &[0; 1 << 20], b"at the end"].concat();
        std::fs::create_dir(dir.path().join("d".repeat(60))).unwrap();
        std::fs::write(dir.path().join("empty"), b"").unwrap();
        std::fs::write(dir.path().join(&long), b"long").unwrap();
        std::fs::write(dir.path().join("sparse"), sparse).unwrap();
        std::fs::hard_link(dir.path().join("sparse"), dir.path().join("twin")).unwrap();
        for (format, name) in
            [("v7", "empty"), ("ustar", &long), ("oldgnu", &long), ("gnu", &long), ("posix", &long)]
        {
            for sparse in [&["--sparse"][..], &["--sparse", "--sparse-version=0.1"], &[]] {
                let mut command = Command::new("tar");
                command.arg("-C").arg(dir.path()).args(sparse).args(["--hole-detection=raw", "-cf", "-"]);
                let made =
                    command.args([&format!("--format={format}"), name, "sparse", "twin"]).output().unwrap();
                if !made.status.success() {
                    continue; // a form that this format has not
                }
                assert!(super::super::recognise(&made.stdout) == Some(&FORMAT), "{format}");
                let (found, result) = unpack(&made.stdout);
                assert!(result.is_ok(), "{format} {sparse:?}: {result:?}");
                assert_eq!((found.len(), &*found[0].0, &*found[1].0), (2, name, "sparse"), "{format}");
                for part in [&b"in the middle"[..], b"at the end"] {
                    assert!(memchr::memmem::find(&found[1].1, part).is_some(), "{format} {sparse:?}");
                }
            }
        }
    }

    #[test]
    fn a_cut_archive_says_so_wherever_it_is_cut() {
        let whole = archive("a", &[7; 5000]);
        for cut in (1..whole.len() - 1024).step_by(100) {
            assert!(unpack(&whole[..cut]).1.is_err(), "cut at {cut}");
        }
        assert!(unpack(&whole).1.is_ok());
    }

    #[test]
    fn what_is_no_header_or_behind_the_end_is_searched() {
        let whole = archive("a", b"first");
        let (found, result) = unpack(&[&whole[..], &archive("b", b"second"), b"and this"].concat());
        assert!(result.is_ok());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "behind the end"]);
        assert!(found[2].1.starts_with(b"and this"));
        let mut damaged = [&whole[..1024], &archive("b", b"second")].concat();
        damaged[1024] ^= 1;
        let (found, result) = unpack(&damaged);
        assert!(matches!(result, Err(ArchiveError::Damaged { .. })));
        assert!(found[1].0 == "without a header" && found[1].1.len() == damaged.len() - 1024);
    }

    #[test]
    fn a_name_of_two_gigabytes_costs_no_memory() {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(::tar::EntryType::GNULongName);
        header.set_size(2 << 30);
        header.set_cksum();
        let spent = UnpackMeter::new(1 << 20, &Budget::default());
        let mut archive = header.as_bytes().chain(io::repeat(b'n'));
        let result = members(&mut archive, &spent, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(ArchiveError::OverLimit(_))));
    }
}
