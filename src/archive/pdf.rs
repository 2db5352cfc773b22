//! PDF: the packed streams of its objects are members, object streams (which hold other objects) among them.
//!
//! A stream reaches to the next `endstream`, whatever its length says: no table and no reference has to be
//! right. Predictors are not undone, and the text of a page is searched as its operators write it. Streams
//! that are packed as pictures are left alone, like other pictures.
//!
//! Source: ISO 32000-1, 7.3.8 (streams), 7.4 (filters), 7.6 (encryption).

use std::io::Read;

use flate2::read::ZlibDecoder;

use self::letters::{Text85, TextHex};
use self::lzw::Lzw;
use super::format::{Format, Open};
use super::problems::Problems;
use super::{ArchiveError, UnpackMeter, Visit, deliver, whole};
use crate::budget::Budget;

mod letters;
mod lzw;

/// PDF: its packed streams are members.
pub(super) static FORMAT: Format = Format {
    name: "PDF",
    probe: Some(is_document),
    open: Open::Members(|archive| {
        members(archive.input, archive.budget, archive.spent, archive.problems, archive.visit)
    }),
    is_readable: true,
    ..Format::NONE
};

/// How many times `budget.whole_file` a document may have.
const WHOLE_FILES: u64 = 4;
/// Most filters one after the other.
const FILTERS: usize = 8;
const PICTURES: [&[u8]; 5] = [b"DCTDecode", b"DCT", b"JPXDecode", b"CCITTFaxDecode", b"JBIG2Decode"];

/// Whether a file begins like a PDF.
fn is_document(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head.starts_with(b"%PDF-") && head.get(5).is_some_and(u8::is_ascii_digit)
}

fn members(
    input: &mut dyn Read,
    budget: &Budget,
    spent: &UnpackMeter,
    problems: &mut Problems,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let limit = budget.whole_file.saturating_mul(WHOLE_FILES);
    let (bytes, read) = whole(input, limit);
    let is_over = read.map_err(|error| FORMAT.damaged(error))?.is_over;
    if is_over {
        problems.add(ArchiveError::OverLimit(format!("only the first {limit} bytes of a PDF")));
    }
    let found = Streams { bytes: &bytes, at: 0 };
    let is_encrypted =
        found.clone().any(|stream| names_encryption(stream.before)) || names_encryption(found.rest());
    if is_encrypted {
        problems.add(ArchiveError::Encrypted("this PDF".to_owned()));
    }
    for stream in found {
        let delivered = match stream.unpacker() {
            Unpacker::Plain => continue, // searched with the file
            Unpacker::Unknown => Err(ArchiveError::Unsupported("PDF stream of a rare filter")),
            Unpacker::Packed(mut content) => {
                deliver(&FORMAT, Some(stream.name().as_bytes()), &mut *content, spent, visit)
            }
        };
        match delivered {
            // What is encrypted unpacks to nothing, and has been told.
            Err(ArchiveError::Damaged { .. } | ArchiveError::Unsupported(_)) if is_encrypted => {}
            other => {
                if problems.outlive(other)?.is_break() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Whether objects, or the trailer, name a dictionary of encryption.
fn names_encryption(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"/Encrypt").any(|at| {
        let value = text.get(at.saturating_add(8)..).unwrap_or_default().trim_ascii_start();
        value.first().is_some_and(u8::is_ascii_digit) || value.starts_with(b"<<")
    })
}

/// A stream: what stands before it since the last one, and its bytes.
struct Stream<'p> {
    before: &'p [u8],
    content: &'p [u8],
}

/// The streams of a document, in its order.
#[derive(Clone)]
struct Streams<'p> {
    bytes: &'p [u8],
    at: usize,
}

impl<'p> Streams<'p> {
    /// What lies behind the last stream that was taken, as far as all of them.
    fn rest(&self) -> &'p [u8] {
        let last = memchr::memmem::rfind(self.bytes, b"endstream").unwrap_or(0);
        self.bytes.get(last.max(self.at)..).unwrap_or_default()
    }
}

impl<'p> Iterator for Streams<'p> {
    type Item = Stream<'p>;

    fn next(&mut self) -> Option<Stream<'p>> {
        let rest = self.bytes.get(self.at..)?;
        let (before, content) = memchr::memmem::find_iter(rest, b"stream").find_map(|at| {
            let (before, after) = rest.split_at(at);
            let after = after.strip_prefix(b"stream")?;
            let content =
                after.strip_prefix(b"\r\n").or(after.strip_prefix(b"\n")).or(after.strip_prefix(b"\r"))?;
            before.trim_ascii_end().ends_with(b">>").then_some((before, content))
        })?;
        let end = memchr::memmem::find(content, b"endstream").unwrap_or(content.len());
        let start = self.bytes.len().saturating_sub(content.len());
        self.at = start.saturating_add(end);
        Some(Stream { before, content: content.get(..end).unwrap_or_default() })
    }
}

/// How the bytes of a stream are made readable.
enum Unpacker<'p> {
    Plain,
    Packed(Box<dyn Read + 'p>),
    Unknown,
}

impl<'p> Stream<'p> {
    /// The object's own text: from its number on.
    fn object(&self) -> (&'p [u8], &'p [u8]) {
        let at = memchr::memmem::rfind(self.before, b"obj").unwrap_or(0);
        self.before.split_at(at)
    }

    /// "obj 12 0", by the numbers before the word `obj`.
    fn name(&self) -> String {
        let (numbers, _) = self.object();
        let mut words = numbers.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let mut number = || {
            let word = words.next().filter(|word| word.len() <= 10 && word.iter().all(u8::is_ascii_digit))?;
            std::str::from_utf8(word).ok()
        };
        match (number(), number()) {
            (Some(generation), Some(number)) => format!("obj {number} {generation}"),
            _ => "obj without a number".to_owned(),
        }
    }

    fn unpacker(&self) -> Unpacker<'p> {
        let (_, dictionary) = self.object();
        let Some(filters) = filters(dictionary) else { return Unpacker::Unknown };
        if filters.iter().all(|name| PICTURES.contains(&name.as_slice())) {
            return Unpacker::Plain;
        }
        let mut content: Box<dyn Read + 'p> = Box::new(self.content);
        for filter in filters {
            content = match filter.as_slice() {
                b"FlateDecode" | b"Fl" => Box::new(ZlibDecoder::new(content)),
                b"LZWDecode" | b"LZW" => Box::new(Lzw::new(content, changes_early(dictionary))),
                b"ASCII85Decode" | b"A85" => Box::new(Text85::new(content)),
                b"ASCIIHexDecode" | b"AHx" => Box::new(TextHex::new(content)),
                name if PICTURES.contains(&name) => return Unpacker::Packed(content),
                _ => return Unpacker::Unknown,
            };
        }
        Unpacker::Packed(content)
    }
}

/// Whether codes of LZW grow early: `/EarlyChange 0` says no. No other filter has a key of this name.
fn changes_early(dictionary: &[u8]) -> bool {
    let value = memchr::memmem::find_iter(dictionary, b"/").find_map(|at| {
        let (key, length) = name(dictionary.get(at..)?)?;
        (key == b"EarlyChange").then_some(dictionary.get(at.saturating_add(length)..)?.trim_ascii_start())
    });
    let is_zero = |value: &[u8]| value.strip_prefix(b"0").is_some_and(|rest| !rest.starts_with(b"."));
    !value.is_some_and(is_zero)
}

/// The names after `/Filter`, none where there is no such key; `None` where they stand elsewhere.
fn filters(dictionary: &[u8]) -> Option<Vec<Vec<u8>>> {
    let start = memchr::memmem::find_iter(dictionary, b"/").find_map(|at| {
        let (key, length) = name(dictionary.get(at..)?)?;
        let after = at.saturating_add(length);
        // Names of values are behind a key, and none is called so.
        (key == b"Filter").then_some(after)
    });
    let Some(mut rest) = start.and_then(|start| dictionary.get(start..)) else { return Some(Vec::new()) };
    rest = rest.trim_ascii_start();
    let list = rest.strip_prefix(b"[");
    rest = list.unwrap_or(rest);
    let mut found = Vec::new();
    while let Some((filter, length)) = name(rest.trim_ascii_start()) {
        found.push(filter);
        rest = rest.trim_ascii_start().get(length..).unwrap_or_default();
        if list.is_none() || found.len() > FILTERS {
            break;
        }
    }
    let is_null = rest.starts_with(b"null") || list.is_some() && rest.trim_ascii_start().starts_with(b"]");
    (is_null || !found.is_empty() && list.is_none()).then_some(found)
}

/// The name that `text` begins with, its escapes (`#41`) undone, and how long it is as written.
fn name(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let letters = text.strip_prefix(b"/")?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\0()<>[]{}/%".contains(byte);
    let length = letters.iter().position(ends).unwrap_or(letters.len());
    let mut rest = letters.get(..length)?;
    let mut found = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| byte == b'#')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        found.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(2..)? } else { after };
    }
    Some((found, length.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::ops::ControlFlow;

    use super::*;

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(data).unwrap();
        packer.finish().unwrap()
    }

    fn object(number: u32, dictionary: &str, content: &[u8]) -> Vec<u8> {
        [
            format!("{number} 0 obj\n<< {dictionary} >>\nstream\r\n").as_bytes(),
            content,
            b"\nendstream\nendobj\n",
        ]
        .concat()
    }

    fn unpack(body: &[u8]) -> (Vec<(String, Vec<u8>)>, Vec<ArchiveError>) {
        let file = [b"%PDF-1.7\n", body, b"trailer\n<< /Size 9 >>\n%%EOF\n"].concat();
        let (mut found, mut problems) = (Vec::new(), Problems::default());
        let budget = Budget::default();
        let spent = UnpackMeter::new(file.len() as u64, &budget);
        members(&mut &file[..], &budget, &spent, &mut problems, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push((String::from_utf8(member.name.unwrap().to_vec()).unwrap(), content));
            ControlFlow::Continue(())
        })
        .unwrap();
        (found, problems.0)
    }

    #[test]
    fn packed_streams_are_members_by_their_numbers() {
        let body = [
            object(7, "/Length 5", b"plain"),
            object(12, "/Length 5 0 R /Filter /FlateDecode /DecodeParms << /Columns 4 >>", &zlib(b"hello")),
            object(13, "/Filter [ /Fl#61teDecode ]", &zlib(b"again")),
        ];
        let (found, problems) = unpack(&body.concat());
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(
            found,
            [("obj 12 0".to_owned(), b"hello".to_vec()), ("obj 13 0".to_owned(), b"again".to_vec())]
        );
    }

    #[test]
    fn text_filters_are_undone_first() {
        let hex: String = zlib(b"hello").iter().map(|byte| format!("{byte:02X} ")).collect();
        let body = [
            object(1, "/Filter [/ASCIIHexDecode /FlateDecode]", format!("{hex}>").as_bytes()),
            object(
                2,
                "/Filter /ASCII85Decode",
                b"9jqo^BlbD-BleB1DJ+*+F(f,q/0JhK\nF<GL>Cj@.4Gp$d7F!,L7@<6@)z+T~>",
            ),
        ];
        let (found, problems) = unpack(&body.concat());
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(found[0].1, b"hello");
        assert_eq!(found[1].1, b"Man is distinguished, not only by his reason\0\0\0\0!");
    }

    #[test]
    fn streams_of_lzw_are_members_however_their_codes_grow() {
        let text = b"a text that repeats a text that repeats a text. ".repeat(60);
        let body = [
            object(1, "/Filter /LZWDecode", &lzw::tests::pack(&text, true)),
            object(
                2,
                "/Filter [/LZW] /DecodeParms [<< /Early#43hange 0 >>]",
                &lzw::tests::pack(&text, false),
            ),
            object(3, "/Filter /LZWDecode /DecodeParms << /EarlyChange 1 >>", &lzw::tests::pack(&text, true)),
        ];
        let (found, problems) = unpack(&body.concat());
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|(_, content)| *content == text));
    }

    #[test]
    fn a_bad_stream_and_a_rare_filter_are_told_and_do_not_hide_the_others() {
        let cut = zlib(&b"a long text, a longer text".repeat(9));
        let body = [
            object(1, "/Filter /FlateDecode", &cut[..12]),
            object(2, "/Filter /Crypt", b"\x80\x0b\x60"),
            object(3, "/Filter 9 0 R", b"\x80\x0b\x60"),
            object(4, "/Filter /DCTDecode", b"picture"),
            object(5, "/Filter /FlateDecode", &zlib(b"whole")),
        ];
        let (found, problems) = unpack(&body.concat());
        assert_eq!(found.last().unwrap(), &("obj 5 0".to_owned(), b"whole".to_vec()));
        assert!(
            matches!(problems[..], [ArchiveError::Damaged { .. }, ArchiveError::Unsupported(_)]),
            "{problems:?}"
        );
    }

    #[test]
    fn an_encrypted_document_says_so() {
        let body = [object(1, "/Filter /FlateDecode", b"noise"), b"<< /Encrypt 5 0 R >>".to_vec()].concat();
        assert!(matches!(unpack(&body).1[..], [ArchiveError::Encrypted(_)]));
    }
}
