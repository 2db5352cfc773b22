//! What the password of an account may be if nobody chose one: the account's own name and what is made of it, the
//! host's name, the system's, and the list in `signatures/passwords/`.

use std::collections::BTreeSet;

use crate::facts::Facts;

/// What the password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    OwnName,
    OfOwnName,
    Host,
    System,
    WellKnown,
}

impl Kind {
    /// Said in reports, without the value where it does not tell it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::OwnName => "the account's own name",
            Self::OfOwnName => "made of the account's own name",
            Self::Host => "the host's name",
            Self::System => "the name of the distribution",
            Self::WellKnown => "a well-known default",
        }
    }
}

/// One password to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) text: Vec<u8>,
    pub(super) kind: Kind,
}

/// The list: one a line.
pub(in crate::detect) const TEXT: &str = include_str!("../../../signatures/passwords/defaults.txt");
/// Bytes of a password that is tried: nobody's default is longer, and a name is the image's choice.
const LONGEST: usize = 64;
/// So many of the list come before what is made of names.
const FIRST: usize = 8;

/// The list, most likely first.
fn well_known() -> impl Iterator<Item = &'static str> {
    let lines = TEXT.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What to try for the account `name`, each once, the most likely first.
pub(super) fn of(name: &[u8], facts: &Facts) -> Vec<Candidate> {
    let known = |text: &str| Candidate { text: text.into(), kind: Kind::WellKnown };
    let (host, system) = (facts.hostname.as_slice(), facts.os.id.as_bytes());
    let label = host.split(|&byte| byte == b'.').next().unwrap_or_default();
    let all = [(name.to_vec(), Kind::OwnName), (Vec::new(), Kind::Empty)]
        .into_iter()
        .map(|(text, kind)| Candidate { text, kind })
        .chain(well_known().take(FIRST).map(known))
        .chain(made_of(name).into_iter().map(|text| Candidate { text, kind: Kind::OfOwnName }))
        .chain([host, label].map(|text| Candidate { text: text.to_vec(), kind: Kind::Host }))
        .chain([Candidate { text: system.to_vec(), kind: Kind::System }])
        .chain(well_known().skip(FIRST).map(known));
    let mut seen = BTreeSet::new();
    all.filter(|candidate| candidate.text.is_empty() == (candidate.kind == Kind::Empty))
        .filter(|candidate| candidate.text.len() <= LONGEST && !candidate.text.contains(&0))
        .filter(|candidate| seen.insert(candidate.text.clone()))
        .collect()
}

/// What people make of a name when a password is asked for.
fn made_of(name: &[u8]) -> Vec<Vec<u8>> {
    let reversed = name.iter().rev().copied().collect();
    let mut capital = name.to_vec();
    capital.iter_mut().take(1).for_each(u8::make_ascii_uppercase);
    let with = |name: &[u8], end: &str| [name, end.as_bytes()].concat();
    vec![
        with(name, "123"),
        reversed,
        with(name, "1"),
        with(name, "1234"),
        [name, name].concat(),
        with(name, "@123"),
        with(&capital, "123"),
        with(&capital, "123!"),
        with(name, "!"),
        capital,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str, facts: &Facts) -> Vec<String> {
        let text = |candidate: Candidate| String::from_utf8(candidate.text).unwrap();
        of(name.as_bytes(), facts).into_iter().map(text).collect()
    }

    #[test]
    fn the_own_name_is_tried_first_and_everything_once() {
        let mut facts = Facts { hostname: b"web-1.example.org".to_vec(), ..Facts::default() };
        facts.os.id = "debian".to_owned();
        let tried = texts("deploy", &facts);
        assert_eq!(tried[..3], ["deploy", "", "password"]);
        for text in ["deploy123", "yolped", "web-1.example.org", "web-1", "debian", "toor", "vagrant"] {
            assert_eq!(tried.iter().filter(|tried| *tried == text).count(), 1, "{text}");
        }
        assert_eq!(tried.iter().collect::<BTreeSet<_>>().len(), tried.len());
        assert!((100..200).contains(&tried.len()), "{}", tried.len());
    }

    #[test]
    fn what_kind_it_is_follows_from_the_first_reason() {
        let facts = Facts { hostname: b"pi".to_vec(), ..Facts::default() };
        let kind = |name: &str, text: &str| {
            of(name.as_bytes(), &facts).into_iter().find(|tried| tried.text == text.as_bytes()).unwrap().kind
        };
        assert_eq!(kind("root", "root"), Kind::OwnName);
        assert_eq!(kind("admin", "root"), Kind::WellKnown);
        assert_eq!(kind("root", "pi"), Kind::Host);
        assert_eq!(kind("root", ""), Kind::Empty);
    }

    #[test]
    fn a_name_that_no_password_can_be_is_not_tried() {
        let long = "a".repeat(200);
        assert!(texts(&long, &Facts::default()).iter().all(|text| text.len() <= LONGEST));
        assert_eq!(texts("", &Facts::default())[0], "");
    }

    #[test]
    fn the_list_has_no_line_twice() {
        let lines: Vec<&str> = well_known().collect();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
    }
}
