//! The Unix archive that a Debian package is: a few members, the interesting ones packed tar archives.
//!
//! Reference: deb(5), ar(5).

use std::io::{self, Read};

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver, skip};

/// A Debian package.
pub(super) static FORMAT: Format = Format {
    name: "Debian package",
    marks: &[b"!<arch>\ndebian-binary"],
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.visit)),
    is_laid_out: true,
    ..Format::NONE
};

const HEADER: usize = 60;

fn members(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let broken = |error| FORMAT.damaged(error);
    let mut magic = [0; 8];
    input.read_exact(&mut magic).map_err(broken)?;
    loop {
        let mut raw = Vec::with_capacity(HEADER);
        (&mut *input).take(HEADER as u64).read_to_end(&mut raw).map_err(broken)?;
        if raw.is_empty() {
            return Ok(());
        }
        let (name, size) =
            parse(&raw).ok_or_else(|| broken(io::Error::other("a member's header is not one")))?;
        let mut content = (&mut *input).take(size);
        let flow = deliver(&FORMAT, Some(&name), &mut content, spent, visit)?;
        let left = content.limit().saturating_add(size & 1);
        skip(input, left).map_err(broken)?;
        if flow.is_break() {
            return Ok(());
        }
    }
}

fn parse(raw: &[u8]) -> Option<(Vec<u8>, u64)> {
    let name = raw.get(..16)?.trim_ascii_end();
    let size = std::str::from_utf8(raw.get(48..58)?).ok()?.trim_ascii().parse().ok()?;
    (raw.get(58..60)? == b"`\n").then(|| (name.strip_suffix(b"/").unwrap_or(name).to_vec(), size))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::budget::Budget;

    #[test]
    fn members_of_a_package_are_handed_on() {
        let mut archive = b"!<arch>\n".to_vec();
        for (name, content) in [("debian-binary", &b"2.0\n"[..]), ("control.tar", b"odd")] {
            archive.extend(
                format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).bytes(),
            );
            archive.extend(content);
            archive.resize(archive.len().next_multiple_of(2), b'\n');
        }
        let mut names = Vec::new();
        let spent = UnpackMeter::new(archive.len() as u64, &Budget::default());
        members(&mut &archive[..], &spent, &mut |member| {
            names.push(member.name.unwrap().to_vec());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(names, [b"debian-binary".to_vec(), b"control.tar".to_vec()]);
    }
}
