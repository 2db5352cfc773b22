//! The names of the functions that are linked into a Go program: the table that its runtime prints traces by. It stays in
//! a program that is stripped.
//!
//! Source: Go, `runtime/symtab.go` (`pcHeader`), `internal/abi/symtab.go`; names in it as `cmd/internal/objabi` writes
//! paths: dots of their last part are `%2e`.

use memchr::memmem;

use assay_disk::bytes::Record;

/// Reads bytes of a program at a place, as many as there are up to so many; `None` where they cannot be read.
pub type ReadAt<'r> = &'r mut dyn FnMut(u64, usize) -> Option<Vec<u8>>;

/// Bytes of an ELF header, and of one section header.
const HEADER: usize = 64;
const SECTION: usize = 64;
/// Sections that are looked at, and bytes of their names.
const SECTIONS: u16 = 1024;
const SECTION_NAMES: usize = 64 << 10;
/// Bytes of names; the largest programs have some 20 MB.
const NAMES: u64 = 64 << 20;
/// The marks of tables since Go 1.16, 1.18 and 1.20.
const MARKS: [(u32, usize); 3] = [(0xffff_fffa, 2), (0xffff_fff0, 3), (0xffff_fff1, 3)];

/// The names of all functions, with zeros between them; `None` in a program that has no such table, or one that is not
/// known here. Only programs of 64 bits with the lowest byte first are read, as all of AWS's machines are.
pub fn names(read: ReadAt<'_>) -> Option<Vec<u8>> {
    let (place, len) = table(read)?;
    let head = read(place, 16 * 8)?;
    let record = Record::new("pcHeader", &head);
    let mark = record.u32_le(0).ok()?;
    let (_, skipped) = MARKS.into_iter().find(|(known, _)| *known == mark)?;
    if head.get(7) != Some(&8) {
        return None;
    }
    // Numbers of functions and files, since 1.18 the start of the code; then where names and units begin.
    let word = |number: usize| record.u64_le(number.checked_mul(8)?.checked_add(8)?).ok();
    let (from, to) = (word(skipped)?, word(skipped.checked_add(1)?)?);
    let size = to.checked_sub(from).filter(|size| *size <= NAMES && to <= len)?;
    let bytes = read(place.checked_add(from)?, usize::try_from(size).ok()?)?;
    (bytes.len() as u64 == size).then_some(bytes)
}

/// Place and length of the section with the table.
fn table(read: ReadAt<'_>) -> Option<(u64, u64)> {
    let head = read(0, HEADER)?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let record = Record::new("ELF header", &head);
    let (place, count, of_names) =
        (record.u64_le(40).ok()?, record.u16_le(60).ok()?, record.u16_le(62).ok()?);
    if record.u16_le(58).ok()? as usize != SECTION || count > SECTIONS {
        return None;
    }
    let headers = read(place, usize::from(count).checked_mul(SECTION)?)?;
    let sections: Vec<Record<'_>> =
        headers.chunks_exact(SECTION).map(|bytes| Record::new("ELF section", bytes)).collect();
    let span = |section: &Record<'_>| Some((section.u64_le(24).ok()?, section.u64_le(32).ok()?));
    let (names_at, names_len) = span(sections.get(usize::from(of_names))?)?;
    let names = read(names_at, usize::try_from(names_len).ok()?.min(SECTION_NAMES))?;
    let is_table = |section: &&Record<'_>| {
        let at = section.u32_le(0).ok().and_then(|at| usize::try_from(at).ok());
        let name = at.and_then(|at| names.get(at..)).unwrap_or_default();
        name.starts_with(b".gopclntab\0") || name.starts_with(b".data.rel.ro.gopclntab\0")
    };
    span(sections.iter().find(is_table)?)
}

/// Whether a function is among `names`: `Func`, or `Type.Method` with the type by value or by pointer.
pub fn is_linked(names: &[u8], path: &str, symbol: &str) -> bool {
    let path = escaped(path);
    let forms = match symbol.split_once('.') {
        Some((receiver, method)) => {
            vec![format!("{path}.(*{receiver}).{method}"), format!("{path}.{receiver}.{method}")]
        }
        None => vec![format!("{path}.{symbol}")],
    };
    // Functions with type parameters have brackets behind their names.
    let is_end = |next: Option<&u8>| matches!(next, Some(0 | b'[') | None);
    forms.iter().any(|form| {
        memmem::find_iter(names, form.as_bytes()).any(|at| {
            let begins = at.checked_sub(1).is_none_or(|before| names.get(before) == Some(&0));
            begins && is_end(names.get(at.saturating_add(form.len())))
        })
    })
}

/// A path as the table has it.
fn escaped(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((before, last)) => format!("{before}/{}", last.replace('.', "%2e")),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program with a table of these names.
    fn program(mark: u32, names: &[u8]) -> Vec<u8> {
        let mut table = mark.to_le_bytes().to_vec();
        table.extend([0, 0, 1, 8]);
        let words: &[u64] = if mark == 0xffff_fffa { &[0, 0, 72, 0] } else { &[0, 0, 0, 72, 0] };
        let mut words = words.to_vec();
        let last = words.len() - 1;
        words[last] = 72 + names.len() as u64;
        table.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        table.resize(72, 0);
        table.extend(names);
        let strings = b"\0.gopclntab\0.shstrtab\0";
        let mut file = b"\x7fELF\x02\x01".to_vec();
        file.resize(64, 0);
        let table_at = file.len() as u64;
        file.extend(&table);
        let strings_at = file.len() as u64;
        file.extend(strings);
        let headers_at = file.len() as u64;
        for (name, at, len) in
            [(0_u32, 0, 0), (1, table_at, table.len() as u64), (12, strings_at, strings.len() as u64)]
        {
            let mut header = vec![0_u8; 64];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[24..32].copy_from_slice(&at.to_le_bytes());
            header[32..40].copy_from_slice(&len.to_le_bytes());
            file.extend(header);
        }
        file[40..48].copy_from_slice(&headers_at.to_le_bytes());
        file[58..60].copy_from_slice(&64_u16.to_le_bytes());
        file[60..62].copy_from_slice(&3_u16.to_le_bytes());
        file[62..64].copy_from_slice(&2_u16.to_le_bytes());
        file
    }

    fn read(file: &[u8]) -> Option<Vec<u8>> {
        names(&mut |at, len| {
            let rest = file.get(usize::try_from(at).ok()?..)?;
            Some(rest.get(..len).unwrap_or(rest).to_vec())
        })
    }

    const NAMES: &[u8] = b"\0main.main\0golang.org/x/net/http2.(*Framer).ReadFrame\0gopkg.in/yaml%2ev3.Unmarshal\0a/b.Map[...]\0";

    #[test]
    fn the_names_of_all_generations_of_tables_are_read() {
        for (mark, _) in MARKS {
            assert_eq!(read(&program(mark, NAMES)).as_deref(), Some(NAMES), "{mark:x}");
        }
        assert_eq!(read(&program(0xffff_fffb, NAMES)), None, "one that is not known");
    }

    #[test]
    fn a_function_is_linked_only_under_its_whole_name() {
        for (path, symbol, is) in [
            ("golang.org/x/net/http2", "Framer.ReadFrame", true),
            ("golang.org/x/net/http2", "Framer.Read", false),
            ("x/net/http2", "Framer.ReadFrame", false),
            ("gopkg.in/yaml.v3", "Unmarshal", true),
            ("a/b", "Map", true),
            ("main", "main", true),
        ] {
            assert_eq!(is_linked(NAMES, path, symbol), is, "{path}.{symbol}");
        }
    }

    #[test]
    fn a_program_that_is_cut_or_lies_has_no_names() {
        let whole = program(0xffff_fff1, NAMES);
        for len in (0..whole.len()).step_by(7) {
            let _ = read(&whole[..len]);
        }
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] = 0xff;
            let _ = read(&wrong);
        }
        assert_eq!(read(b"\x7fELF"), None);
    }
}
