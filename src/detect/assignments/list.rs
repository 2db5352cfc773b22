//! Further values of a list: `tokens: ["a", "b"]`, `TOKENS=('a' 'b')`, lines with a dash beneath a name.

use super::place::Place;
use crate::rules::Match;
use crate::values::{self, Reading, Syntax};

/// Values of one list, at most.
const MOST: usize = 64;

/// The values behind the first one of a match, if they are a list's.
pub(super) fn more(found: &Match, place: &Place) -> Vec<Reading> {
    let context = found.context.reveal();
    let key = found.key.as_deref().unwrap_or_default();
    let Some((before, rest)) = context.split_at_checked(found.at).filter(|_| found.is_read) else {
        return Vec::new();
    };
    let head = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    let named = memchr::memmem::rfind(head, key).and_then(|at| head.get(at.saturating_add(key.len())..));
    let bracket = named.and_then(|between| between.iter().rfind(|byte| b"[(".contains(byte)));
    let end = match bracket {
        Some(b'[') => Some(b']'),
        Some(b'(') if place.syntax == Syntax::Shell => Some(b')'),
        None if named.is_none() && head.trim_ascii() == b"-" => None,
        _ => return Vec::new(),
    };
    let first = values::read(before, rest, place.syntax);
    let rest = [rest, found.following.reveal()].concat();
    let rest = rest.get(first.len..).unwrap_or_default();
    match end {
        Some(end) => items(rest, end, place.syntax),
        None => dashes(rest, head.len(), place.syntax),
    }
}

/// Values up to the bracket at the end.
fn items(rest: &[u8], end: u8, syntax: Syntax) -> Vec<Reading> {
    let (mut all, mut at) = (Vec::new(), 0);
    while all.len() < MOST {
        let skipped = rest
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || **byte == b',');
        at = at.saturating_add(skipped.count());
        let text = rest.get(at..).unwrap_or_default();
        // `[name]=value`
        let named = text
            .starts_with(b"[")
            .then(|| memchr::memmem::find(text, b"]="))
            .flatten()
            .filter(|len| *len <= 40);
        at = at.saturating_add(named.map_or(0, |len| len.saturating_add(2)));
        let Some(&byte) = rest.get(at).filter(|byte| **byte != end) else { break };
        let quote = [byte];
        let is_quote = b"\"'".contains(&byte);
        let (before, start) =
            if is_quote { (quote.as_slice(), at.saturating_add(1)) } else { (&b"["[..], at) };
        // What follows without a comma is no item: the first value was the rest of its line.
        if end == b']'
            && rest.get(..at).unwrap_or_default().iter().rfind(|byte| !byte.is_ascii_whitespace())
                != Some(&b',')
            && named.is_none()
        {
            break;
        }
        let reading = values::read(before, rest.get(start..).unwrap_or_default(), syntax);
        if reading.len == 0 || reading.is_quoted != is_quote {
            break;
        }
        at = start.saturating_add(reading.len);
        all.push(reading);
    }
    all
}

/// Values of the lines that have a dash where the first one has it.
fn dashes(rest: &[u8], indent: usize, syntax: Syntax) -> Vec<Reading> {
    let mut all = Vec::new();
    for line in rest.split(|byte| *byte == b'\n').skip(1).take(MOST) {
        let Some(head) = line.get(..indent).filter(|head| head.trim_ascii() == b"-") else { break };
        let value = line.get(head.len()..).unwrap_or_default();
        let is_quote = value.first().is_some_and(|byte| b"\"'".contains(byte));
        let at = head.len().saturating_add(usize::from(is_quote));
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        all.push(values::read(before, rest, syntax));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: Vec<Reading>) -> Vec<String> {
        all.into_iter().map(|reading| String::from_utf8(reading.value).unwrap()).collect()
    }

    #[test]
    fn every_value_of_a_list_is_read() {
        assert_eq!(values(items(b", 'b c', d]", b']', Syntax::Yaml)), ["b c", "d"]);
        assert_eq!(values(items(b" [api]='x y' z) w", b')', Syntax::Shell)), ["x y", "z"]);
        assert_eq!(values(dashes(b"\n  - 'b'\n  - c\nx: 1", 4, Syntax::Yaml)), ["b", "c"]);
        assert!(items(b"]", b']', Syntax::Json).is_empty());
        assert!(items(b"\nother=Expects a type [{0}]", b']', Syntax::Properties).is_empty());
    }
}
