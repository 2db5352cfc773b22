//! What must be found: by the rule's regex over the whole buffer, and by `aho-corasick` for its keywords.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use assay::rules::Rule;
use regex::bytes::Regex;

/// One match: place, rule, value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) offset: u64,
    pub(crate) rule: String,
    pub(crate) secret: Vec<u8>,
}

/// The rules' own regexes.
pub(crate) struct Oracle(Vec<(String, Regex)>);

impl Oracle {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        Self(rules.iter().map(|rule| (rule.advisory.id.clone(), rule.compile().unwrap())).collect())
    }

    /// What every regex finds in the whole of `bytes`.
    pub(crate) fn all(&self, bytes: &[u8]) -> Vec<Found> {
        let mut all = self.unsorted(bytes, |at| at);
        all.sort();
        all
    }

    /// The same in bytes that are UTF-16: in the text, at the places of its units, and in the bytes as they are.
    pub(crate) fn utf16(&self, text: &str, bytes: &[u8]) -> Vec<Found> {
        let units = |at: usize| text.get(..at).unwrap().encode_utf16().count() * 2;
        let mut all = self.unsorted(text.as_bytes(), units);
        all.extend(self.unsorted(bytes, |at| at));
        all.sort();
        all.dedup_by_key(|found| (found.offset, found.rule.clone()));
        all
    }

    /// The same, with where each match begins and ends.
    pub(crate) fn spans(&self, bytes: &[u8]) -> Vec<(Range<usize>, Found)> {
        self.placed(bytes, |at| at)
    }

    fn unsorted(&self, bytes: &[u8], place: impl Fn(usize) -> usize) -> Vec<Found> {
        self.placed(bytes, place).into_iter().map(|(_, found)| found).collect()
    }

    fn placed(&self, bytes: &[u8], place: impl Fn(usize) -> usize) -> Vec<(Range<usize>, Found)> {
        let mut all = Vec::new();
        for (rule, regex) in &self.0 {
            let mut at = 0;
            while let Some(captures) = regex.captures_at(bytes, at) {
                let secret = captures.name("secret").unwrap();
                let found = Found {
                    offset: place(secret.start()) as u64,
                    rule: rule.clone(),
                    secret: secret.as_bytes().to_vec(),
                };
                all.push((captures.get(0).unwrap().range(), found));
                // What ends one value may begin the next: a list with a value in each line.
                at = secret.end();
            }
        }
        all
    }
}

/// Keywords, each the name of its rule.
pub(crate) struct Literals(Vec<(String, AhoCorasick)>);

impl Literals {
    pub(crate) fn new(keywords: &[String], any_case: bool) -> Self {
        let build = |keyword: &String| {
            AhoCorasick::builder().ascii_case_insensitive(any_case).build([keyword.as_bytes()]).unwrap()
        };
        Self((0..).zip(keywords).map(|(number, keyword)| (format!("k{number}"), build(keyword))).collect())
    }

    pub(crate) fn all(&self, bytes: &[u8]) -> Vec<Found> {
        let mut all = Vec::new();
        for (rule, automaton) in &self.0 {
            all.extend(automaton.find_iter(bytes).map(|hit| Found {
                offset: hit.start() as u64,
                rule: rule.clone(),
                secret: bytes[hit.range()].to_vec(),
            }));
        }
        all.sort();
        all
    }
}
