//! The proof that each rule carries: its examples, tried in every place of a file.

use std::collections::BTreeSet;

use super::schema::Gate;
use super::{Engine, Match, Rule};

/// Bytes around a keyword that a rule may look at: every chunk overlaps the next by the widest.
const WIDEST: usize = 1 << 20;

/// What is wrong with the rules of `engine`, one line each; none if all is right.
pub fn check(engine: &Engine) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for rule in engine.rules() {
        let id = &rule.advisory.id;
        if !ids.insert(id.clone()) {
            problems.push(format!("{id}: another rule has this id"));
        }
        problems.extend(check_rule(engine, rule).into_iter().map(|problem| format!("{id}: {problem}")));
    }
    problems
}

/// What keeps a rule from being looked for, one line each: a search with it would be silent.
pub(super) fn malformed(rule: &Rule) -> Vec<String> {
    let mut problems = Vec::new();
    let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !rule.advisory.id.bytes().all(kebab) {
        problems.push("its id is not in kebab-case".to_owned());
    }
    if rule.reader.is_none() {
        problems.extend(rule.matcher.problem("secret"));
    }
    if let Gate::Regex(gate) = &rule.gate
        && let Err(error) = gate.compile()
    {
        problems.push(format!("its gate: {error}"));
    }
    let pair = rule.pair.as_ref().and_then(|pair| pair.matcher.problem("other"));
    problems.extend(pair.map(|problem| format!("its pair: {problem}")));
    if rule.before.saturating_add(rule.after) > WIDEST {
        problems.push(format!("its window is wider than {WIDEST} bytes"));
    }
    problems
}

fn check_rule(engine: &Engine, rule: &Rule) -> Vec<String> {
    let mut problems = malformed(rule);
    let id = &rule.advisory.id;
    if rule.must_match.len() < 2 || rule.must_not_match.len() < 2 {
        problems.push("needs two examples each way".to_owned());
    }
    for example in &rule.must_match {
        problems.extend(places(&example.text).into_iter().filter_map(|(place, text)| {
            let found = secrets(engine, id, text.as_bytes(), None);
            let right = !found.is_empty() && found.iter().all(|secret| secret == example.secret.as_bytes());
            (!right).then(|| format!("{place}: not found as it must be: {}", example.text))
        }));
        if let Some(cut) = lost_at_a_cut(engine, id, &example.text, &example.secret) {
            problems.push(format!("lost where a chunk ends at byte {cut}: {}", example.text));
        }
    }
    for example in &rule.must_not_match {
        if !has_keyword(rule, &example.text) {
            problems.push(format!("proves nothing, has no keyword: {}", example.text));
        }
        if !secrets(engine, id, example.text.as_bytes(), None).is_empty() {
            problems.push(format!("found, and must not be ({}): {}", example.because, example.text));
        }
    }
    problems
}

/// The example at the start, in the middle and at the end of a file, and twice.
fn places(text: &str) -> [(&'static str, String); 4] {
    let filler = "nothing to see in this line\n".repeat(200);
    [
        ("at the start", format!("{text}\n{filler}")),
        ("in the middle", format!("{filler}{text}\n{filler}")),
        ("at the end", format!("{filler}{text}")),
        ("twice", format!("{text}\n{filler}{text}\n")),
    ]
}

/// The first of the ends of a chunk in and around the example at which it is lost, or found twice.
fn lost_at_a_cut(engine: &Engine, id: &str, text: &str, secret: &str) -> Option<usize> {
    let before = "nothing to see in this line\n".repeat(engine.overlap().div_ceil(28));
    let whole = format!("{before}{text}\n{before}");
    let from = before.len();
    let step = (text.len() / 16).max(1);
    (from..=from.saturating_add(text.len())).step_by(step).find(|&cut| {
        let found = secrets(engine, id, whole.as_bytes(), Some(cut));
        found.len() != 1 || found.first().is_none_or(|found| found != secret.as_bytes())
    })
}

fn has_keyword(rule: &Rule, text: &str) -> bool {
    rule.keywords.is_empty()
        || rule.keywords.iter().any(|keyword| match rule.case_insensitive {
            true => text.to_ascii_lowercase().contains(&keyword.to_ascii_lowercase()),
            false => text.contains(keyword.as_str()),
        })
}

/// The values that the rule `id` catches in a file, read as a whole or in two chunks.
fn secrets(engine: &Engine, id: &str, bytes: &[u8], cut: Option<usize>) -> Vec<Vec<u8>> {
    let mut scan = engine.begin();
    match cut.and_then(|cut| bytes.get(..cut).map(|first| (cut, first))) {
        Some((cut, first)) => {
            let repeat = engine.overlap().min(cut);
            let start = cut.saturating_sub(repeat);
            scan.chunk(first, 0, 0, false);
            scan.chunk(bytes.get(start..).unwrap_or_default(), repeat, start as u64, true);
        }
        None => scan.chunk(bytes, 0, 0, true),
    }
    let mine = |found: &Match| found.advisory.id == id;
    scan.finish().iter().filter(|found| mine(found)).map(|found| found.secret.reveal().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use assay_simd::Pattern;

    use super::*;

    #[test]
    fn every_rule_is_taken_apart() {
        for rule in Engine::embedded().rules() {
            assert!(
                rule.reader.is_some() || !Pattern::parse(rule.pattern()).is_empty(),
                "{}",
                rule.advisory.id
            );
        }
    }

    #[test]
    fn every_rule_proves_itself() {
        let problems = check(Engine::embedded());
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
