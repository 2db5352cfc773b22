//! Which lines of a Rust source are tests and examples: its comments, which hold doctests, and what is compiled for tests
//! only. Rust's tests stand in the file that they test, so the name of the file says nothing.
//!
//! Source: The Rust Book, "Test Organization". An item ends with the brace in the first column, where rustfmt puts it.

/// What an item for tests begins with, in the first column.
const ATTRIBUTES: [&[u8]; 5] =
    [b"#[cfg(test)]", b"#[cfg(all(test", b"#[test]", b"#[tokio::test", b"#[cfg(doctest"];

/// The lines of tests and examples: first and last, from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Examples(Vec<(u64, u64)>);

impl Examples {
    pub(super) fn of(source: &[u8]) -> Self {
        let mut found = Vec::new();
        let mut test: Option<u64> = None;
        for (number, line) in (1_u64..).zip(source.split(|byte| *byte == b'\n')) {
            if let Some(first) = test {
                let line = line.trim_ascii_end();
                // `mod tests;` is over at once, and lies in a file of its own.
                let is_one_line = line.ends_with(b";") && !line.starts_with(b" ");
                if line == b"}" || is_one_line {
                    found.push((first, number));
                    test = None;
                }
            } else if ATTRIBUTES.iter().any(|attribute| line.starts_with(attribute)) {
                test = Some(number);
            } else if line.trim_ascii_start().starts_with(b"//") {
                add(&mut found, number);
            }
        }
        Self(found)
    }

    /// Whether a line is one of them.
    pub(super) fn have(&self, line: Option<u64>) -> bool {
        line.is_some_and(|line| self.0.iter().any(|(first, last)| (*first..=*last).contains(&line)))
    }
}

/// Adds a line, to the lines before it where they end there.
fn add(found: &mut Vec<(u64, u64)>, line: u64) {
    match found.last_mut() {
        Some((_, last)) if last.checked_add(1) == Some(line) => *last = line,
        _ => found.push((line, line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_what_is_compiled_for_tests_are_examples() {
        let source =
            b"const A: &str = \"\";\n/// ```\n/// let b = 1;\nfn c() {\n    // d\n    let e = 1;\n}\n\
            #[cfg(test)]\nmod tests {\n    fn f() {\n    }\n}\nfn g() {}\n#[test]\nfn h() {\n}\n";
        let examples = Examples::of(source);
        let lines: Vec<u64> = (1..=17).filter(|line| examples.have(Some(*line))).collect();
        assert_eq!(lines, [2, 3, 5, 8, 9, 10, 11, 12, 14, 15, 16]);
        assert!(!examples.have(None));
    }

    #[test]
    fn what_follows_tests_in_a_file_of_their_own_is_code() {
        let examples = Examples::of(b"#[cfg(test)]\nmod tests;\nconst A: u8 = 1;\nfn b() {\n}\n");
        assert!(examples.have(Some(2)) && !examples.have(Some(3)));
    }
}
