//! Files of a form of their own: regular expressions of the table that catch a secret, and whose it is.

use crate::finding::FactKey;
use std::sync::OnceLock;

use regex::Regex;

use super::super::text::{Hit, Hits};
use super::is_comment;

/// An expression of the table, compiled when a file of its kind is there: of most kinds none ever is.
#[derive(Debug)]
pub(in super::super) struct Line {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Line {
    /// An expression with a group `secret`, and perhaps `user` and `host`; `^` and `$` are ends of lines.
    pub(in super::super) fn new(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    fn compile(&self) -> Result<Regex, regex::Error> {
        regex::RegexBuilder::new(&self.text).multi_line(true).size_limit(1 << 20).build()
    }

    /// What is wrong with it.
    pub(in super::super) fn problem(&self) -> Option<String> {
        match self.compile() {
            Ok(regex) if regex.capture_names().flatten().any(|name| name == "secret") => None,
            Ok(_) => Some("a line needs a group called secret".to_owned()),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// What `lines` catch in a text, in its order; not in comments, and not what the program is shipped with.
pub(super) fn patterns(text: &str, lines: &[Line], hits: &mut Hits) {
    let mut found: Vec<(usize, Hit)> = Vec::new();
    for line in lines {
        let Some(regex) = line.regex.get_or_init(|| line.compile().ok()) else { continue };
        for caught in regex.captures_iter(text) {
            let Some(secret) = caught.name("secret") else { continue };
            let start = line_start(text, caught.get(0).map_or(0, |all| all.start()));
            if text.get(start..).is_some_and(|rest| is_comment(rest.trim_start())) {
                continue;
            }
            let group = |name| caught.name(name).map_or("", |group| group.as_str());
            let hit = Hit { secrets: vec![secret.as_str().to_owned()], ..Hit::default() };
            found.push((
                secret.start(),
                hit.fact(FactKey::User, group("user")).fact(FactKey::Host, group("host")),
            ));
        }
    }
    found.sort_by_key(|(start, _)| *start);
    let (mut number, mut counted) = (1_u64, 0_usize);
    for (start, mut hit) in found {
        let passed = text.as_bytes().get(counted..start).unwrap_or_default();
        number = number.saturating_add(memchr::memchr_iter(b'\n', passed).count() as u64);
        counted = start;
        hit.line = Some(number);
        hits.push(hit);
    }
}

/// Where the line begins that has the first character of a match that is no space.
fn line_start(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let at = at.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::type_complexity, reason = "what a hit is, for comparing")]
    fn read(text: &str, line: &str) -> Vec<(Option<u64>, String, Vec<(FactKey, String)>)> {
        let mut hits = Hits::default();
        patterns(text, &[Line::new(line.to_owned())], &mut hits);
        hits.all.into_iter().map(|hit| (hit.line, hit.secrets.concat(), hit.facts)).collect()
    }

    #[test]
    fn an_expression_catches_a_secret_with_its_line_and_user_and_not_in_comments() {
        let text = "\n# auth bob:n0\n  auth bob:Zq83nFh2\nx\nauth eve:Lk0PvT7c\n";
        let found = read(text, r"^\s*#?\s*auth (?<user>[a-z]+):(?<secret>\S+)");
        let user = |name: &str| vec![(FactKey::User, name.to_owned())];
        let expected = vec![
            (Some(3), "Zq83nFh2".to_owned(), user("bob")),
            (Some(5), "Lk0PvT7c".to_owned(), user("eve")),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_expression_without_a_secret_or_that_is_none_is_told() {
        assert_eq!(Line::new(r"(?<secret>x)".to_owned()).problem(), None);
        assert!(Line::new("x".to_owned()).problem().unwrap().contains("secret"));
        assert!(Line::new("(".to_owned()).problem().is_some());
    }
}
