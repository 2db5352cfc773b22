//! The proof that each kind of credential file carries: its examples.

use std::collections::BTreeSet;

use super::super::Signatures;
use super::formats::{self, Format};
use super::table::{Kind, Table};
use super::text::Text;

/// How many kinds there are, and what is wrong with them, one line each.
pub fn check(signatures: &Signatures) -> (usize, Vec<String>) {
    let table = signatures.kinds();
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for kind in &table.kinds {
        let id = kind.advisory.id.as_str();
        if !ids.insert(id) {
            problems.push(format!("{id}: another kind has this id"));
        }
        problems.extend(kind.problem());
        problems.extend(check_kind(table, kind).into_iter().map(|problem| format!("{id}: {problem}")));
    }
    (table.kinds.len(), problems)
}

fn check_kind(table: &Table, kind: &Kind) -> Vec<String> {
    let mut problems = Vec::new();
    if kind.must_find.is_empty() || kind.must_not_find.is_empty() {
        problems.push("needs an example each way".to_owned());
    }
    let mine = |path: &str| {
        table.kind_of(path.as_bytes()).is_some_and(|found| found.advisory.id == kind.advisory.id)
    };
    for example in &kind.must_find {
        if !mine(&example.path) {
            problems.push(format!("{} is taken for another kind, or for none", example.path));
        }
        let found = found(kind, &example.text);
        if found != example.secrets {
            problems.push(format!("{}: {} values found as they must be not", example.path, found.len()));
        }
    }
    for example in &kind.must_not_find {
        if mine(&example.path) && !found(kind, &example.text).is_empty() {
            problems.push(format!("{}: found, and must not be ({})", example.path, example.because));
        }
    }
    problems
}

/// The last value of each finding; a store gives what it is.
fn found(kind: &Kind, text: &str) -> Vec<String> {
    if kind.formats.contains(&Format::Store) {
        let bytes = bytes(text);
        if let Some(store) = formats::store(&bytes) {
            return vec![store.what.to_owned()];
        }
    }
    let text = Text::of(text.as_bytes());
    let hits = formats::read(&kind.formats, &kind.wanted, &text);
    hits.all.iter().filter_map(|hit| hit.secrets.last().cloned()).collect()
}

/// A text in hex, or the text itself.
fn bytes(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at.checked_add(2)?)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::Signatures;

    #[test]
    fn every_kind_proves_itself() {
        let (kinds, problems) = super::check(&Signatures::embedded().unwrap());
        assert!(kinds > 0 && problems.is_empty(), "{}", problems.join("\n"));
    }
}
