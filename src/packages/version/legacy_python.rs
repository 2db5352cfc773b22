//! The order of Python's versions before PEP 440, of what PEP 440 does not allow: `1.0-bulbasaur`, `2004d`.
//!
//! Source: the documentation of setuptools, "Specifying your project's version", of the years before PEP 440.

use std::cmp::Ordering;

use super::pieces::{Number, Word, compare_padded, split_number, split_run};

/// A part of a version, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Development,
    /// A word that sorts before "final".
    Before(Word<'a>),
    End,
    Dash,
    /// A word that sorts after "final".
    After(Word<'a>),
    Number(Number<'a>),
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    compare_padded(parse(left), parse(right), Part::End)
}

/// The parts; zeros before a word, and dashes before one that makes a pre-release, do not count.
fn parse(text: &[u8]) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((&first, after)) = rest.split_first() {
        if first.is_ascii_digit() {
            let (number, after) = split_number(rest);
            parts.push(Part::Number(number));
            rest = after;
            continue;
        }
        let (part, after) = match first {
            b'.' => (None, after),
            b'-' => (Some(Part::Dash), after),
            _ => {
                let (name, after) = split_run(rest, |byte| !byte.is_ascii_digit() && !b".-".contains(byte));
                (Some(word(name)), after)
            }
        };
        rest = after;
        if let Some(part) = part {
            if part < Part::End {
                trim(&mut parts, Part::Dash);
            }
            trim(&mut parts, Part::Number(Number::ZERO));
            parts.push(part);
        }
    }
    trim(&mut parts, Part::Number(Number::ZERO));
    parts
}

fn word(name: &[u8]) -> Part<'_> {
    let word = Word(name);
    match word {
        _ if word.is("dev") => Part::Development,
        _ if ["pre", "preview", "rc"].iter().any(|name| word.is(name)) => Part::Before(Word(b"c")),
        _ if word.is("final") => Part::End,
        _ if word < Word(b"final") => Part::Before(word),
        _ => Part::After(word),
    }
}

fn trim<'a>(parts: &mut Vec<Part<'a>>, part: Part<'a>) {
    while parts.last() == Some(&part) {
        parts.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_old_setuptools() {
        tests::rises(
            Scheme::Pep440,
            &[
                "foo-dev",
                "1.0-x.dev",
                "1.0-x-alpha",
                "1.0-x-bulbasaur",
                "1.0-x-rc",
                "1.0-x",
                "1.0-x-gyarados",
                "1.0-x-patch",
                "1.0-x-1",
                "1.0-x1",
                "1.1-x",
                "1.10-x",
                "2004d",
                "2004e",
                "99999999999999999999999-x",
            ],
        );
        tests::same(Scheme::Pep440, &["1.0-x", "1-x", "1.0.0-x.0", "1.0-X"]);
    }
}
