//! Shell scripts that carry a packed file behind their text: makeself's `.run`, installers.
//!
//! Source: <https://makeself.io/>. The script says in many ways where its text ends; what stands there is known by its
//! own mark, at the beginning of a line.

use std::io::Read;

use memchr::memmem;

use super::format::{Format, Open, Opening};
use super::{ArchiveError, deliver, recognise};

/// A script with a packed file: that is its one member.
pub(super) static FORMAT: Format = Format {
    name: "self-extracting script",
    probe: Some(probe),
    open: Open::Members(members),
    is_readable: true,
    ..Format::NONE
};

/// Bytes of the text, at most.
const TEXT: u64 = 1 << 20;
/// What the packed file begins with.
const MARKS: [&[u8]; 5] =
    [b"\n\x1f\x8b\x08", b"\n\xfd7zXZ\0", b"\nBZh", b"\n\x28\xb5\x2f\xfd", b"\n\x04\x22\x4d\x18"];

/// makeself tells its name in the second line; in others the packed file must be near.
fn probe(head: &[u8]) -> bool {
    head.starts_with(b"#!") && (memmem::find(head, b"using Makeself").is_some() || packed(head).is_some())
}

/// Where the packed file begins.
fn packed(text: &[u8]) -> Option<usize> {
    let all = MARKS.iter().filter_map(|mark| memmem::find(text, mark));
    let start = all.min()?.saturating_add(1);
    // A name of a format in a text is no packed file.
    let is_binary = |bytes: &[u8]| bytes.iter().any(|byte| !byte.is_ascii() || *byte == 0);
    text.get(start..).filter(|rest| is_binary(rest.get(..32).unwrap_or(rest))).map(|_| start)
}

fn members(archive: Opening<'_, '_>) -> Result<(), ArchiveError> {
    let Opening { input, spent, visit, .. } = archive;
    let mut text = Vec::new();
    input.take(TEXT).read_to_end(&mut text).map_err(|error| FORMAT.damaged(error))?;
    // makeself also packs without packing: a tar, or text in base64, which is found as it stands.
    let Some(start) = packed(&text) else { return Ok(()) };
    let rest = text.get(start..).unwrap_or_default();
    let name: &[u8] = if recognise(rest).is_some() { b"payload" } else { b"rest" };
    deliver(&FORMAT, Some(name), &mut rest.chain(input), spent, visit).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::archive::gzip::packed as gzip;
    use crate::archive::{UnpackMeter, members};
    use crate::budget::Budget;

    fn payloads(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (budget, mut found) = (Budget::default(), Vec::new());
        let spent = UnpackMeter::new(bytes.len() as u64, &budget);
        let problems = members(&FORMAT, &mut &bytes[..], &budget, &spent, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push(content);
            ControlFlow::Continue(())
        });
        assert!(problems.is_empty(), "{problems:?}");
        found
    }

    #[test]
    fn what_a_script_carries_is_its_member() {
        let packed = gzip(b"a file");
        let makeself = "#!/bin/sh\n# This script was generated using Makeself 2.5.0\n";
        let long = format!("{makeself}{}exit 0\n", "echo gzip\n".repeat(2000));
        for text in [&long, "#!/bin/sh\ntail -n +3 \"$0\" | tar xz; exit\n"] {
            let script = [text.as_bytes(), &packed].concat();
            assert_eq!(recognise(&script[..script.len().min(512)]), Some(&FORMAT), "{text}");
            assert_eq!(payloads(&script), [packed.as_slice()]);
        }
    }

    #[test]
    fn a_script_that_speaks_of_packed_files_carries_none() {
        let text = b"#!/bin/sh\nBZh is what bzip2 begins with\n";
        assert_eq!(recognise(text), None);
        assert!(payloads(&[b"#!/bin/sh\n# generated using Makeself\n", &text[..]].concat()).is_empty());
    }
}
