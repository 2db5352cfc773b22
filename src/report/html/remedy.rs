//! What to do about the findings of the page: the same commands as in the JSON, for this file on this system.
//!
//! Commands, notes and origins are much alike: each text is in the page once, and findings name it by its number.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::terminal::visible;
use super::escaped;
use crate::finding::Finding;
use crate::remedies::{self, Machine};

/// Places of one secret whose commands are shown; `assay fix` writes those of all.
const PLACES: usize = 20;

/// Texts, each once.
#[derive(Default)]
pub(super) struct Texts {
    list: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Texts {
    /// The number of `text`; none for an empty one.
    fn number(&mut self, text: &str) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        if let Some(&number) = self.numbers.get(text) {
            return Some(number);
        }
        let number = self.list.len();
        self.list.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        Some(number)
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}

/// What to do about one finding, by numbers of texts.
#[derive(Default, Serialize)]
pub(super) struct Advice {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) commands: Vec<usize>,
    /// Places whose commands are left out.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) more: usize,
    /// Whether a script may do it without a person's decision, at all places.
    pub(super) automatic: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) origins: Vec<usize>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it in this form")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What to do about `places`: one finding, or all findings of a group about one secret.
pub(super) fn advice(places: &[&Finding], machine: &Machine, texts: &mut Texts) -> Advice {
    let mut advice = Advice { automatic: !places.is_empty(), ..Advice::default() };
    advice.more = places.len().saturating_sub(PLACES);
    for finding in places.iter().take(PLACES) {
        let remedy = remedies::remedy(finding, machine);
        advice.automatic &= remedy.is_automatic;
        for command in &remedy.commands {
            push(texts.number(&visible(command)), &mut advice.commands);
        }
        push(texts.number(&escaped(&remedy.note)), &mut advice.notes);
        push(texts.number(&escaped(remedy.origin)), &mut advice.origins);
    }
    advice
}

fn push(number: Option<usize>, numbers: &mut Vec<usize>) {
    numbers.extend(number.filter(|number| !numbers.contains(number)));
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn commands_notes_and_origins_are_those_of_the_remedies_and_each_text_is_there_once() {
        let report = sample::report();
        let mut texts = Texts::default();
        let of = |finding| advice(&[finding], &report.machine, &mut texts);
        let all: Vec<Advice> = report.findings.iter().map(of).collect();
        let list = texts.into_list();
        for (advice, finding) in all.iter().zip(&report.findings) {
            let remedy = remedies::remedy(finding, &report.machine);
            let commands: Vec<&String> = advice.commands.iter().map(|&number| &list[number]).collect();
            let expected: Vec<String> = remedy.commands.iter().map(|command| visible(command)).collect();
            assert_eq!(commands, expected.iter().collect::<Vec<_>>());
            assert_eq!(advice.automatic, remedy.is_automatic);
            assert_eq!(advice.origins.first().map_or("", |&number| &list[number]), remedy.origin);
        }
        assert!(list.iter().any(|text| text == "rm -f -- /home/user1/.bash_history"), "{list:?}");
        let mut sorted = list.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), list.len());
    }

    #[test]
    fn of_one_secret_in_many_files_the_commands_of_each_are_told_up_to_a_bound() {
        let report = sample::report();
        let history = report.findings.last().unwrap();
        let many: Vec<Finding> = (0..30)
            .map(|number| {
                let mut finding = history.clone();
                finding.location.path = format!("/home/{number}/.bash_history").into_bytes();
                finding
            })
            .collect();
        let mut texts = Texts::default();
        let advice = advice(&many.iter().collect::<Vec<_>>(), &report.machine, &mut texts);
        assert_eq!((advice.commands.len(), advice.more, advice.origins.len()), (20, 10, 1));
    }
}
