//! Python's order of versions.
//!
//! What is no version by PEP 440 is older than all that are, as in pip of its time; among itself it has the order of
//! `legacy_python.rs`.
//!
//! Source: PEP 440, with its appendix B for the forms that are allowed beside the normal one.

use std::cmp::Ordering;

use super::legacy_python;
use super::pieces::{Number, Word, compare_padded, split_number, split_once, split_run};

struct Version<'a> {
    epoch: Number<'a>,
    /// Numbers, with dots between them.
    release: &'a [u8],
    phase: Phase<'a>,
    post: Option<Number<'a>>,
    dev: Dev<'a>,
    local: Option<&'a [u8]>,
}

/// What comes before a release, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase<'a> {
    /// `1.0.dev1`, without any other mark.
    BeforeAlpha,
    Alpha(Number<'a>),
    Beta(Number<'a>),
    Candidate(Number<'a>),
    Release,
}

/// A development release is older than what it leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dev<'a> {
    Number(Number<'a>),
    None,
}

/// A segment of a local version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Text(Word<'a>),
    Number(Number<'a>),
}

/// Longer names first.
const PRE: [&str; 8] = ["alpha", "a", "beta", "b", "preview", "pre", "c", "rc"];
const POST: [&str; 3] = ["post", "rev", "r"];

pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    match (Version::parse(left), Version::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        (None, None) => legacy_python::compare(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

impl<'a> Version<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let (text, local) = split_once(text, b'+');
        let (epoch, rest) = match split_once(text, b'!') {
            (epoch, Some(rest)) => (Number::parse(epoch)?, rest),
            (rest, None) => (Number::ZERO, rest),
        };
        let (release, rest) = split_release(rest)?;
        let (pre, rest) = split_pre(rest);
        let (post, rest) = split_post(rest);
        let (dev, rest) = match split_marked(rest, &["dev"]) {
            Some((_, number, rest)) => (Dev::Number(number), rest),
            None => (Dev::None, rest),
        };
        if !rest.is_empty() || !local.is_none_or(is_local) {
            return None;
        }
        let phase = pre.unwrap_or(match (post, dev) {
            (None, Dev::Number(_)) => Phase::BeforeAlpha,
            _ => Phase::Release,
        });
        Some(Self { epoch, release, phase, post, dev, local })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let releases = || compare_padded(numbers(self.release), numbers(other.release), Number::ZERO);
        let marks = (self.phase, self.post, self.dev).cmp(&(other.phase, other.post, other.dev));
        let locals = || match (self.local, other.local) {
            (Some(left), Some(right)) => segments(left).cmp(segments(right)),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        self.epoch.cmp(&other.epoch).then_with(releases).then(marks).then_with(locals)
    }
}

fn numbers(release: &[u8]) -> impl Iterator<Item = Number<'_>> {
    release.split(|&byte| byte == b'.').map(Number::of_digits)
}

/// Numbers with single dots between them, and what follows.
fn split_release(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = split_run(text, u8::is_ascii_digit).0.len();
    if end == 0 {
        return None;
    }
    while let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(b".")) {
        let digits = split_run(rest, u8::is_ascii_digit).0.len();
        if digits == 0 {
            break;
        }
        end = end.saturating_add(digits).saturating_add(1);
    }
    Some(text.split_at(end))
}

fn split_pre(text: &[u8]) -> (Option<Phase<'_>>, &[u8]) {
    let Some((name, number, rest)) = split_marked(text, &PRE) else {
        return (None, text);
    };
    let phase = match name {
        "alpha" | "a" => Phase::Alpha(number),
        "beta" | "b" => Phase::Beta(number),
        _ => Phase::Candidate(number),
    };
    (Some(phase), rest)
}

/// `-1` alone is a post release, too.
fn split_post(text: &[u8]) -> (Option<Number<'_>>, &[u8]) {
    let after_dash = text.strip_prefix(b"-").filter(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    if let Some(rest) = after_dash {
        let (number, rest) = split_number(rest);
        return (Some(number), rest);
    }
    match split_marked(text, &POST) {
        Some((_, number, rest)) => (Some(number), rest),
        None => (None, text),
    }
}

/// One of `names` with its number, 0 where there is none; a separator may stand before each.
fn split_marked<'a>(text: &'a [u8], names: &[&'static str]) -> Option<(&'static str, Number<'a>, &'a [u8])> {
    let text = skip_separator(text);
    let starts = |name: &str| text.get(..name.len()).is_some_and(|start| Word(start).is(name));
    let name = names.iter().find(|name| starts(name))?;
    let (number, rest) = split_number(skip_separator(text.get(name.len()..)?));
    Some((name, number, rest))
}

fn skip_separator(text: &[u8]) -> &[u8] {
    match text.split_first() {
        Some((b'.' | b'-' | b'_', rest)) => rest,
        _ => text,
    }
}

fn is_local(local: &[u8]) -> bool {
    parts(local).all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

fn segments(local: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    parts(local).map(|part| Number::parse(part).map_or(Segment::Text(Word(part)), Segment::Number))
}

fn parts(local: &[u8]) -> impl Iterator<Item = &[u8]> {
    local.split(|byte| b".-_".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_by_pep_440() {
        tests::rises(
            Scheme::Pep440,
            &[
                "0.9",
                "1.dev0",
                "1.dev1",
                "1a0.dev1",
                "1a0",
                "1a1.dev1",
                "1a1",
                "1a1.post1.dev2",
                "1a1.post1",
                "1a2",
                "1a10",
                "1b1",
                "1rc1.dev1",
                "1rc1",
                "1rc2",
                "1",
                "1+abc",
                "1+abc.1",
                "1+b",
                "1+5",
                "1+5.a",
                "1+5.0",
                "1+10",
                "1.post0.dev1",
                "1.post0",
                "1.post1",
                "1.post1+1",
                "1.0.1",
                "1.1",
                "1.9",
                "1.10",
                "2026.1.1",
                "99999999999999999999999",
                "1!0.1",
                "1!1",
                "2!0",
                "99999999999999999999999!0",
            ],
        );
    }

    #[test]
    fn other_spellings_are_the_same_version() {
        tests::same(Scheme::Pep440, &["1", "1.0", "v1.0.0", "V1", "0!1", "01", "1.00"]);
        tests::same(Scheme::Pep440, &["1a1", "1.0-alpha.1", "1_A_1", "1Alpha-01", "1.a1"]);
        tests::same(Scheme::Pep440, &["1rc0", "1c", "1.pre", "1-preview", "1RC", "1rc."]);
        tests::same(Scheme::Pep440, &["1.post1", "1-1", "1-r1", "1.rev.1", "1_post_1", "1POST1"]);
        tests::same(Scheme::Pep440, &["1.dev0", "1dev", "1-DEV_0"]);
        tests::same(Scheme::Pep440, &["1+a.1", "1+A-01", "1+a_1"]);
    }

    #[test]
    fn what_is_no_version_is_older_than_all_that_are() {
        for odd in [
            "foo",
            "1.",
            "1..0",
            "1.0.x",
            "1+",
            "1+a..b",
            "1!",
            "!1",
            "1.0-bulbasaur",
            "1.0.dev1.post1",
            "1.0a1b2",
            "2004d",
            "1.0+\u{e9}",
            "vv1",
        ] {
            tests::rises(Scheme::Pep440, &[odd, "0.dev0"]);
        }
    }
}
