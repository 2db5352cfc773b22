//! Maven's order of versions.
//!
//! Source: the version order specification of the POM reference. It contradicts itself for a qualifier after a dot
//! (`1 < 1.x`, `1.x < 1-alpha`, `1-alpha < 1`); there Maven decides: since 3.9 it
//! takes it as if a dash came before it (MNG-7644).

use std::cmp::Ordering;

use super::pieces::{Number, Word, compare_padded, split_number, split_run};

/// The qualifiers with a rank, from the lowest, of those before the release.
const EARLIER: [&str; 5] = ["alpha", "beta", "milestone", "rc", "snapshot"];
/// Qualifiers that say: this is the release.
const RELEASE: [&str; 3] = ["ga", "final", "release"];

/// An element of a version, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Element<'a> {
    /// By its place in `EARLIER`.
    Earlier(usize),
    End,
    Release,
    ServicePack,
    Qualifier(Word<'a>),
    /// A number after a dash, or where letters turn into digits.
    Dashed(Number<'a>),
    /// A number after a dot, or the first one.
    Dotted(Number<'a>),
}

impl Element<'_> {
    /// Whether it goes without saying at the end, and before a dash.
    fn is_null(&self) -> bool {
        match self {
            Self::Release => true,
            Self::Dashed(number) | Self::Dotted(number) => number.is_zero(),
            _ => false,
        }
    }

    fn is_dotted(&self) -> bool {
        matches!(self, Self::Dotted(_))
    }
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (parse(left)?, parse(right)?);
    Some(compare_padded(left, right, Element::End))
}

/// `None` for a property that was not filled in.
fn parse(text: &[u8]) -> Option<Vec<Element<'_>>> {
    if memchr::memmem::find(text, b"${").is_some() {
        return None;
    }
    let mut version = Vec::new();
    let (mut rest, mut is_after_dot) = (text, true);
    loop {
        let (token, after) = split_run(rest, |byte| !b".-".contains(byte));
        push_token(&mut version, token, is_after_dot);
        let Some((separator, after)) = after.split_first() else {
            break;
        };
        (rest, is_after_dot) = (after, *separator == b'.');
    }
    trim(&mut version, 0);
    Some(version)
}

/// Adds what is between two separators: where digits and letters meet, there is a dash in thought.
fn push_token<'a>(version: &mut Vec<Element<'a>>, token: &'a [u8], is_after_dot: bool) {
    let (mut rest, mut is_dotted) = (token, is_after_dot);
    loop {
        let first = rest.first();
        if first.is_none_or(u8::is_ascii_digit) {
            let (number, after) = split_number(rest);
            push(version, if is_dotted { Element::Dotted(number) } else { Element::Dashed(number) });
            rest = after;
        } else {
            let (name, after) = split_run(rest, |byte| !byte.is_ascii_digit());
            push(version, qualifier(name, !after.is_empty()));
            rest = after;
        }
        is_dotted = false;
        if rest.is_empty() {
            return;
        }
    }
}

/// What goes without saying before a dash is left out.
fn push<'a>(version: &mut Vec<Element<'a>>, element: Element<'a>) {
    if !element.is_dotted() {
        trim(version, 1);
    }
    version.push(element);
}

/// Takes the nulls at the end away, but not the first `kept` elements.
fn trim(version: &mut Vec<Element<'_>>, kept: usize) {
    while version.len() > kept && version.last().is_some_and(Element::is_null) {
        version.pop();
    }
}

fn qualifier(name: &[u8], is_before_number: bool) -> Element<'_> {
    let word = Word(name);
    let long = match name.first().map(u8::to_ascii_lowercase) {
        Some(b'a') if is_before_number && name.len() == 1 => Word(b"alpha"),
        Some(b'b') if is_before_number && name.len() == 1 => Word(b"beta"),
        Some(b'm') if is_before_number && name.len() == 1 => Word(b"milestone"),
        _ if word.is("cr") => Word(b"rc"),
        _ => word,
    };
    match EARLIER.iter().position(|known| long.is(known)) {
        Some(place) => Element::Earlier(place),
        None if RELEASE.iter().any(|known| word.is(known)) => Element::Release,
        None if word.is("sp") => Element::ServicePack,
        None => Element::Qualifier(word),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_by_the_specification() {
        tests::rises(
            Scheme::Maven,
            &[
                "0.9",
                "1-alpha-1-SNAPSHOT",
                "1-alpha-1",
                "1-alpha-2",
                "1-alpha-10",
                "1-beta",
                "1-beta-1",
                "1-milestone1",
                "1-rc1",
                "1-rc2",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-sp-1",
                "1-abc",
                "1-jre",
                "1-xyz",
                "1-1",
                "1-2",
                "1-10",
                "1-99999999999999999999999",
                "1.0.1-SNAPSHOT",
                "1.0.1",
                "1.1",
                "1.9",
                "1.10",
                "2",
            ],
        );
    }

    #[test]
    fn what_goes_without_saying_does_not_count() {
        tests::same(
            Scheme::Maven,
            &[
                "1",
                "1.0",
                "1.0.0",
                "1.",
                "1-",
                "1-0",
                "1-ga",
                "1.Final",
                "1RELEASE",
                "01",
                "1.0-0.0",
                "1.0-ga-final",
            ],
        );
        tests::same(Scheme::Maven, &["1-x", "1x", "1.x", "1.0.x", "1.0-X", "1-ga-x"]);
        tests::same(Scheme::Maven, &["1-1", "1-ga-1", "1.0-1", "1-01"]);
    }

    #[test]
    fn qualifiers_have_short_forms_right_before_a_number() {
        tests::same(Scheme::Maven, &["1-alpha-1", "1a1", "1.0A1", "1-a1"]);
        tests::same(Scheme::Maven, &["1b2", "1-beta-2"]);
        tests::same(Scheme::Maven, &["1m3", "1-Milestone3"]);
        tests::same(Scheme::Maven, &["1-cr1", "1-rc-1"]);
        tests::rises(Scheme::Maven, &["1a1", "1", "1a"]);
    }

    #[test]
    fn properties_are_no_versions() {
        tests::none(Scheme::Maven, "1.0", &["", "${project.version}", "1.0-${revision}"]);
    }
}
