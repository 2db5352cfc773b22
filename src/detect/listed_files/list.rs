//! Lists of SHA-256 digests, as people keep them: a digest a line, what `sha256sum` writes, or a table (CSV) with a
//! column for it, as MalwareBazaar and NSRL publish them.
//!
//! A list is the user's, so a line that cannot be read is an error: a list read in part would pass what it names.

use std::io::{self, BufRead};

use sha2::{Digest, Sha256};
use thiserror::Error;

use assay_disk::text::{Escaped, unhex};

/// The digest of nothing: every empty file would be found.
const OF_NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];
/// Bytes of a line; what is longer is no list.
const LONGEST: u64 = 64 << 10;
/// Characters of a wrong line that a message shows.
const SHOWN: usize = 40;

/// The lists of one audit: 32 bytes a digest.
#[derive(Debug, Default)]
pub struct HashLists {
    lists: Vec<List>,
}

/// One list.
#[derive(Debug)]
struct List {
    name: String,
    /// In order, each once.
    digests: Vec<[u8; 32]>,
}

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// A line is not what a list has.
    #[error("line {line}: {problem}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing is in it: no file could ever be found.
    #[error("has no SHA-256 in it")]
    Empty,
}

/// How the lines of a list are read.
#[derive(Clone, Copy)]
enum Form {
    /// The digest first, then white space and whatever follows.
    Plain,
    /// The number of the column that has the digest.
    Table(usize),
}

impl HashLists {
    /// Reads one more list, which reports call `name`.
    ///
    /// # Errors
    /// [`ListError`], with the line.
    pub fn add(&mut self, name: &str, from: impl BufRead) -> Result<(), ListError> {
        let mut digests = read(from)?;
        digests.sort_unstable();
        digests.dedup();
        digests.shrink_to_fit();
        if digests.is_empty() {
            return Err(ListError::Empty);
        }
        self.lists.push(List { name: name.to_owned(), digests });
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Whether one of the lists has `digest`.
    pub(crate) fn has(&self, digest: &[u8; 32]) -> bool {
        self.naming(digest).next().is_some()
    }

    /// The names of the lists that have `digest`.
    pub(super) fn naming<'l>(&'l self, digest: &'l [u8; 32]) -> impl Iterator<Item = &'l str> {
        let has = move |list: &&List| list.digests.binary_search(digest).is_ok();
        self.lists.iter().filter(has).map(|list| list.name.as_str())
    }

    /// What tells these lists from others: what was clean under them need not be under others.
    pub fn identity(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for list in &self.lists {
            hasher.update((list.digests.len() as u64).to_le_bytes());
            list.digests.iter().for_each(|digest| hasher.update(digest));
        }
        hasher.finalize().into()
    }
}

fn read(mut from: impl BufRead) -> Result<Vec<[u8; 32]>, ListError> {
    let mut digests = Vec::new();
    let mut form = None;
    let mut text = Vec::new();
    for line in 1_u64.. {
        let wrong = |problem: String| ListError::Line { line, problem };
        text.clear();
        let length = io::Read::take(&mut from, LONGEST).read_until(b'\n', &mut text)?;
        if length == 0 {
            break;
        }
        if length as u64 == LONGEST {
            return Err(wrong(format!("has more than {LONGEST} bytes")));
        }
        // A mark of the order of bytes stands before the first line of some lists.
        let marked = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| line == 1);
        let trimmed = marked.unwrap_or(text.as_slice()).trim_ascii();
        if let Some(comment) = trimmed.strip_prefix(b"#") {
            // Some tables have their header in a comment.
            form = form.or_else(|| column(comment).filter(|_| comment.contains(&b',')).map(Form::Table));
        } else if !trimmed.is_empty() {
            let known = match form {
                Some(known) => known,
                None if plain(trimmed).is_some() => Form::Plain,
                None => {
                    let found = column(trimmed).ok_or_else(|| wrong(no_header(trimmed)))?;
                    form = Some(Form::Table(found));
                    continue;
                }
            };
            let digest = known.digest(trimmed).map_err(wrong)?;
            if digest == OF_NOTHING {
                return Err(wrong(
                    "is the SHA-256 of an empty file, which would find every empty file".to_owned(),
                ));
            }
            digests.push(digest);
            form = Some(known);
        }
    }
    Ok(digests)
}

impl Form {
    fn digest(&self, line: &[u8]) -> Result<[u8; 32], String> {
        match self {
            Self::Plain => plain(line).ok_or_else(|| format!("no SHA-256 at its start: {}", shown(line))),
            Self::Table(column) => {
                let cells = cells(line).ok_or_else(|| format!("a quote is not closed: {}", shown(line)))?;
                let cell = cells.get(*column).ok_or_else(|| {
                    format!(
                        "has {} columns, and the SHA-256 is in column {}",
                        cells.len(),
                        column.saturating_add(1)
                    )
                })?;
                unhex(cell.trim_ascii()).ok_or_else(|| {
                    format!("no SHA-256 in column {}: {}", column.saturating_add(1), shown(cell))
                })
            }
        }
    }
}

/// The digest at the start of a line. `sha256sum` puts a backslash before it where the name is escaped.
fn plain(line: &[u8]) -> Option<[u8; 32]> {
    let line = line.strip_prefix(b"\\").unwrap_or(line);
    let (digits, rest) = line.split_at_checked(64)?;
    unhex(digits).filter(|_| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// The number of the column that is called after SHA-256.
fn column(header: &[u8]) -> Option<usize> {
    let is_named = |cell: &Vec<u8>| {
        let letters = cell.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let name: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
        [&b"sha256"[..], b"sha256hash", b"sha256sum", b"sha256digest", b"hashsha256", b"filesha256"]
            .contains(&name.as_slice())
    };
    cells(header)?.iter().position(is_named)
}

/// The cells of a line of a table: quoted or not, set apart by commas; `None` where a quote is not closed.
fn cells(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        let mut cell = Vec::new();
        if let Some(mut quoted) = rest.strip_prefix(b"\"") {
            loop {
                let end = memchr::memchr(b'"', quoted)?;
                cell.extend_from_slice(quoted.get(..end)?);
                quoted = quoted.get(end.checked_add(1)?..)?;
                // Two quotes are one.
                match quoted.strip_prefix(b"\"") {
                    Some(after) => {
                        cell.push(b'"');
                        quoted = after;
                    }
                    None => break,
                }
            }
            rest = quoted;
        }
        let end = memchr::memchr(b',', rest);
        let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
        cell.extend_from_slice(plain.trim_ascii_end());
        cells.push(cell);
        match after.get(1..) {
            Some(next) => rest = next,
            None => return Some(cells),
        }
    }
}

fn no_header(line: &[u8]) -> String {
    format!("neither a SHA-256 nor a header with a column sha256: {}", shown(line))
}

fn shown(line: &[u8]) -> String {
    let text = Escaped(line).to_string();
    let end = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).map_or_else(|| text.clone(), |start| format!("{start}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ZERO: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

    fn count(text: &str) -> usize {
        read(text.as_bytes()).unwrap().len()
    }

    fn problem(text: &str) -> String {
        let mut lists = HashLists::default();
        lists.add("list", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_usual_forms_are_read() {
        let upper = ABC.to_uppercase();
        for text in [
            format!("# comment\n\n{ABC}\r\n{ZERO}"),
            format!("\u{feff}{upper}\n  {ZERO}\t\n"),
            format!("{ABC}  a name\n{ZERO} *binary\n"),
            format!("\\{ABC}  a\\nname\n{ZERO}  x\n"),
            format!("\"SHA-256\",\"SHA-1\",\"FileName\"\n\"{ABC}\",\"x\",\"a, \"\"b\"\"\"\n{ZERO},,\n"),
            format!("first_seen,sha256_hash\n2026-01-01,{ABC}\n2026-01-02, {ZERO}\n"),
            format!(
                "# MalwareBazaar\n# \"first_seen_utc\",\"sha256_hash\",\"md5_hash\"\n\"2026\", \"{ABC}\", \"m\"\n\
                 \"2026\", \"{ZERO}\", \"m\"\n# Number of entries: 2\n"
            ),
        ] {
            assert_eq!(count(&text), 2, "{text}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error_with_its_number() {
        for (text, expected) in [
            (format!("{ABC}\nabc\n"), "line 2: no SHA-256 at its start: abc"),
            (format!("{ABC}x\n"), "line 1: neither a SHA-256 nor a header"),
            (format!("md5,sha256\nx,{ABC}\nx\n"), "line 3: has 1 columns, and the SHA-256 is in column 2"),
            (format!("sha256\n{ABC}\n\"{ABC}\n"), "line 3: a quote is not closed"),
            ("sha256,x\n,y\n".to_owned(), "line 2: no SHA-256 in column 1: "),
            ("d41d8cd98f00b204e9800998ecf8427e  md5\n".to_owned(), "line 1: neither"),
            (
                "\u{1b}[31mred\n".to_owned(),
                "line 1: neither a SHA-256 nor a header with a column sha256: \\u{1b}[31mred",
            ),
            ("x".repeat(70_000), "line 1: has more than"),
        ] {
            let problem = problem(&text);
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn a_list_of_nothing_and_the_empty_file_are_refused() {
        assert_eq!(problem("# nothing\n"), "has no SHA-256 in it");
        assert_eq!(problem("name,sha256\n"), "has no SHA-256 in it");
        let empty = assay_disk::text::hex(&Sha256::digest(b""));
        assert!(problem(&format!("{ABC}\n{empty}\n")).starts_with("line 2: is the SHA-256 of an empty file"));
    }

    #[test]
    fn lists_are_known_by_what_is_in_them() {
        let of = |text: &str| {
            let mut lists = HashLists::default();
            lists.add("list", text.as_bytes()).unwrap();
            lists.identity()
        };
        assert_eq!(of(&format!("{ABC}\n{ZERO}\n")), of(&format!("# other\n{ZERO}  x\n{ABC}\n{ABC}\n")));
        assert_ne!(of(&format!("{ABC}\n{ZERO}\n")), of(&format!("{ABC}\n")));
        assert_ne!(of(&format!("{ABC}\n")), HashLists::default().identity());
    }
}
