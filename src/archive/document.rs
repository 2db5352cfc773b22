//! The text of Office documents (docx, xlsx, pptx, odt and their kin): in their XML one word may be split over many
//! elements, because a part of it was typed later or is marked as misspelt. Here the elements are taken
//! out, and a line is a paragraph or a cell.
//!
//! Source: ECMA-376 (`w:p`, `w:t`, `a:p`, `si`, `c`), OASIS OpenDocument (`text:p`, `text:h`).

use std::io::{self, BufRead, BufReader, Read};

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver};

/// XML of an Office document: its text without the elements is a member.
pub(super) static FORMAT: Format = Format {
    name: "Office document",
    probe: Some(is_xml),
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.visit)),
    is_readable: true,
    ..Format::NONE
};

/// Namespaces that the first bytes of a document name.
const NAMESPACES: [&[u8]; 4] = [
    b"schemas.openxmlformats.org/",
    b"schemas.microsoft.com/office/",
    b"purl.oclc.org/ooxml/",
    b"urn:oasis:names:tc:opendocument:",
];
/// Elements, without their namespace, whose end is the end of a line, and those that are white space.
const LINES: [&[u8]; 9] = [b"p", b"h", b"si", b"c", b"br", b"cr", b"line-break", b"row", b"comment"];
const SPACES: [&[u8]; 2] = [b"tab", b"s"];
/// Longest element that is looked at, in bytes.
const ELEMENT: u64 = 1 << 20;

/// Whether a file begins like the XML of a document.
fn is_xml(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    text.starts_with(b"<") && NAMESPACES.iter().any(|name| memchr::memmem::find(text, name).is_some())
}

fn members(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let mut text = Text { input: BufReader::new(input), out: Vec::new(), at: 0, is_encrypted: false };
    let _ = deliver(&FORMAT, Some(b"text"), &mut text, spent, visit)?;
    if text.is_encrypted { Err(ArchiveError::Encrypted("this document".to_owned())) } else { Ok(()) }
}

/// The text of a document, as a stream.
struct Text<R> {
    input: BufReader<R>,
    out: Vec<u8>,
    /// How much of `out` was handed on.
    at: usize,
    is_encrypted: bool,
}

impl<R: Read> Text<R> {
    /// Takes the text before the next element, and the element; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        (self.at, self.out) = (0, Vec::new());
        let mut text = Vec::new();
        let read = (&mut self.input).take(ELEMENT).read_until(b'<', &mut text)?;
        if text.last() == Some(&b'<') {
            text.pop();
            let mut element = Vec::new();
            (&mut self.input).take(ELEMENT).read_until(b'>', &mut element)?;
            unescape(&text, &mut self.out);
            self.element(&element);
        } else {
            unescape(&text, &mut self.out);
        }
        Ok(read > 0)
    }

    fn element(&mut self, element: &[u8]) {
        let ends = element.starts_with(b"/") || element.ends_with(b"/>");
        let name = element.strip_prefix(b"/").unwrap_or(element);
        let end = name.iter().position(|byte| b" \t\r\n/>".contains(byte)).unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        let local = name.rsplit(|&byte| byte == b':').next().unwrap_or(name);
        self.is_encrypted |= local == b"encryption-data";
        if ends && LINES.contains(&local) {
            self.out.push(b'\n');
        } else if ends && SPACES.contains(&local) {
            self.out.push(b' ');
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.out.len() {
            if !self.step()? {
                return Ok(0);
            }
        }
        let read = self.out.get(self.at..).unwrap_or_default().read(dst)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}

/// Text with its references to characters replaced; white space between elements is none of the text.
fn unescape(text: &[u8], out: &mut Vec<u8>) {
    if text.trim_ascii().is_empty() && text.contains(&b'\n') {
        return;
    }
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'&', rest) {
        let (before, reference) = rest.split_at(start);
        out.extend_from_slice(before);
        let known = memchr::memchr(b';', reference.get(..12).unwrap_or(reference))
            .and_then(|end| Some((character(reference.get(1..end)?)?, end.saturating_add(1))));
        let (character, length) = known.unwrap_or(('&', 1));
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = reference.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn character(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => {
            let number = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(xml: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut text = Text { input: BufReader::new(xml), out: Vec::new(), at: 0, is_encrypted: false };
        text.read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_is_split_over_runs_is_one_word() {
        let xml = b"<w:p><w:r><w:t>pass</w:t></w:r>\n<w:proofErr/><w:r><w:t>word&amp;1</w:t></w:r></w:p><w:p><w:t>next</w:t></w:p>";
        assert_eq!(text(xml), b"password&1\nnext\n");
    }

    #[test]
    fn cells_and_tabs_part_words() {
        let xml =
            b"<si><t>a</t></si><si><t>b</t></si><text:p>c<text:tab/>d<text:span>&#x65;</text:span></text:p>";
        assert_eq!(text(xml), b"a\nb\nc de\n");
    }

    #[test]
    fn an_encrypted_document_says_so() {
        let manifest =
            b"<m xmlns='urn:oasis:names:tc:opendocument:manifest'><manifest:encryption-data a='b'/></m>";
        let spent = UnpackMeter::new(1000, &crate::budget::Budget::default());
        assert!(is_xml(manifest));
        let result = members(&mut &manifest[..], &spent, &mut |_| std::ops::ControlFlow::Continue(()));
        assert!(result.is_ok(), "nothing was read");
        let result = members(&mut &manifest[..], &spent, &mut |member| {
            member.content.read_to_end(&mut Vec::new()).unwrap();
            std::ops::ControlFlow::Continue(())
        });
        assert!(matches!(result, Err(ArchiveError::Encrypted(_))));
    }
}
