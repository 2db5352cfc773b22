//! The assignment rules against their own regexes over the whole buffer.
//!
//! Their keywords are the commonest of the names that their regexes know, and a gate says what stands behind one. So
//! what must be found is what the regex finds with such a keyword in it; what is found beside that (near a
//! keyword) must be what the regex finds, too. Where a chunk ends may change nothing at all.

use assay::rules::{Engine, Rule};
use regex::bytes::{Regex, RegexBuilder};

use super::material::{self, Kind, Random};
use super::plain::{Found, Oracle};
use super::{Volume, each, search};

/// A match is looked for from so many bytes before its value.
const BEFORE: usize = 600;

/// One rule, as its file says it.
struct Plain {
    oracle: Oracle,
    regex: Regex,
    keywords: Regex,
    gate: Option<Regex>,
}

impl Plain {
    fn new(rule: &Rule, all: &[toml::Value]) -> Self {
        let any: Vec<String> = rule.keywords.iter().map(|keyword| regex::escape(keyword)).collect();
        let bytes = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build().unwrap();
        let flag = if rule.case_insensitive { "(?i)" } else { "" };
        let mut mine = all.iter().filter(|one| one["id"].as_str() == Some(&rule.advisory.id));
        let gate = mine.next().unwrap().get("gate").map(|gate| gate.as_str().unwrap().to_owned());
        Self {
            oracle: Oracle::new(std::slice::from_ref(rule)),
            regex: rule.compile().unwrap(),
            keywords: bytes(&format!("{flag}(?:{})", any.join("|"))),
            gate: gate.map(|gate| bytes(&format!(r"\A(?:{gate})"))),
        }
    }

    /// What must be found, and what the regex finds.
    fn all(&self, bytes: &[u8]) -> (Vec<Found>, Vec<Found>) {
        let all = self.oracle.all(bytes);
        let must =
            self.oracle.spans(bytes).into_iter().filter(|(span, _)| self.has_keyword(bytes, span.clone()));
        let mut must: Vec<Found> = must.map(|(_, found)| found).collect();
        must.sort();
        (must, all)
    }

    fn has_keyword(&self, bytes: &[u8], span: std::ops::Range<usize>) -> bool {
        let mut at = span.start;
        while let Some(keyword) = self.keywords.find_at(&bytes[..span.end], at) {
            if self.gate.as_ref().is_none_or(|gate| gate.is_match(&bytes[keyword.start()..])) {
                return true;
            }
            at = keyword.start() + 1;
        }
        false
    }

    /// Whether the regex finds it from some place before.
    fn finds(&self, bytes: &[u8], one: &Found) -> bool {
        let at = usize::try_from(one.offset).unwrap();
        let is_it = |from: usize| {
            let captures = self.regex.captures_at(bytes, from);
            let secret = captures.and_then(|captures| captures.name("secret"));
            secret.is_some_and(|secret| secret.start() == at && secret.as_bytes() == one.secret)
        };
        (at.saturating_sub(BEFORE)..=at).rev().any(is_it)
    }

    /// Demands that `found` is what must be found, and nothing that the regex would not find.
    fn holds(&self, what: &str, bytes: &[u8], found: &[Found]) -> usize {
        let (must, all) = self.all(bytes);
        let mut expected: Vec<Found> = found.to_vec();
        expected.retain(|one| all.contains(one) || self.finds(bytes, one));
        expected.extend(must.iter().filter(|one| !found.contains(one)).cloned());
        expected.sort();
        search::same(what, bytes, found, &expected);
        must.len()
    }
}

/// The engine of each rule alone, and the rule.
fn pairs() -> Vec<(Engine, Plain)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures/assignments");
    let mut written: Vec<toml::Value> = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let mut table: toml::Table = std::fs::read_to_string(file.unwrap().path()).unwrap().parse().unwrap();
        written.extend(table.remove("rule").unwrap().as_array().unwrap().iter().cloned());
    }
    let rules = search::assignments();
    let plain: Vec<Plain> = rules.iter().map(|rule| Plain::new(rule, &written)).collect();
    rules.into_iter().map(|rule| Engine::new(vec![rule])).zip(plain).collect()
}

#[test]
fn assignments_in_any_buffer_are_those_of_the_regex_in_any_chunks() {
    let (pairs, rules, volume) = (pairs(), search::assignments(), Volume::default());
    each(pairs.len() * Kind::ALL.len(), |number| {
        let (engine, plain) = &pairs[number % pairs.len()];
        let mut random = Random::new(5000 + number as u64);
        let kind = Kind::ALL[number / pairs.len()];
        let mine = if random.below(2) == 0 { engine.rules() } else { &rules };
        let bytes = material::buffer(kind, mine, &mut random);
        let found = search::whole(engine, &bytes);
        let name = format!("{kind:?} buffer {number}");
        let count = plain.holds(&name, &bytes, &found);
        for _ in 0..3 {
            let cuts = material::cuts(&bytes, engine.overlap(), &mut random);
            let cut = search::in_chunks(engine, &bytes, &cuts);
            search::same(&format!("{name} cut at {cuts:?}"), &bytes, &cut, &found);
        }
        volume.add(bytes.len(), 1, count);
    });
    volume.tell("assignments in any buffer", 2000);
}

#[test]
fn assignments_are_found_at_every_alignment_and_at_both_ends() {
    let (pairs, volume) = (pairs(), Volume::default());
    each(pairs.len(), |number| {
        let (engine, plain) = &pairs[number];
        for example in &engine.rules()[0].must_match {
            for bytes in material::aligned(example.text.as_bytes(), engine.rules()) {
                let count = plain.holds("aligned", &bytes, &search::whole(engine, &bytes));
                volume.add(bytes.len(), 1, count);
            }
        }
    });
    volume.tell("alignments of assignments", 5000);
}

#[test]
fn assignments_are_found_wherever_a_chunk_ends() {
    let (pairs, volume) = (pairs(), Volume::default());
    each(pairs.len(), |number| {
        let (engine, plain) = &pairs[number];
        for (lead, example) in engine.rules()[0].must_match.iter().flat_map(|one| [("\n", one), ("x", one)]) {
            let (bytes, cuts) = material::at_a_cut(example.text.as_bytes(), lead.as_bytes(), engine);
            let whole = search::whole(engine, &bytes);
            let count = plain.holds("at a cut", &bytes, &whole);
            for cut in cuts {
                let found = search::in_chunks(engine, &bytes, &[cut]);
                search::same(&format!("cut at {cut}"), &bytes, &found, &whole);
                volume.add(bytes.len(), 1, count);
            }
        }
    });
    volume.tell("cuts of assignments", 2000);
}
