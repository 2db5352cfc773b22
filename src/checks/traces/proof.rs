//! The proof that each trace carries: small trees in which it is found, and in which it is not.

use std::collections::BTreeSet;

use super::super::plants::Plants;
use super::super::{Subject, proof};
use super::search::{Told, search};
use super::{Trace, Traces};
use crate::facts::Facts;
use crate::finding::Severity;

/// How many traces and commands there are, and what is wrong with them, one line each.
pub fn check(traces: &Traces) -> (usize, Vec<String>) {
    let (commands, mut problems) = traces.commands.check();
    for trace in &traces.all {
        let id = &trace.advisory.id;
        if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            problems.push(format!("{id}: its id is not in kebab-case"));
        }
        if trace.silent.is_empty() || trace.find.is_empty() && trace.levels.is_empty() {
            problems.push(format!("{id}: needs trees in which it is found and in which it is not"));
        }
        if trace.levels.iter().any(|level| level.find.is_empty()) {
            problems.push(format!("{id}: each level needs a tree in which it is found"));
        }
        problems.extend(trace.problem());
        problems.extend(proofs(traces, trace).into_iter().map(|problem| format!("{id}: {problem}")));
    }
    (traces.all.len().saturating_add(commands), problems)
}

fn proofs(traces: &Traces, trace: &Trace) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, tree) in (1..).zip(&trace.find) {
        if found(traces, trace, tree).is_empty() {
            problems.push(format!("it is not found in tree {number}"));
        }
    }
    for (number, tree) in (1..).zip(&trace.silent) {
        if !found(traces, trace, tree).is_empty() {
            problems.push(format!("it is found in tree {number} of silent"));
        }
    }
    for level in &trace.levels {
        for (number, tree) in (1..).zip(&level.find) {
            let found = found(traces, trace, tree);
            if !found.contains(&(level.severity, Some(level.because.clone()))) {
                let because = &level.because;
                problems
                    .push(format!("tree {number} of the level \"{because}\" is not at it, but {found:?}"));
            }
        }
    }
    problems
}

/// The severities and reasons at which a trace is found in a small tree.
fn found(traces: &Traces, trace: &Trace, plants: &Plants) -> BTreeSet<(Severity, Option<String>)> {
    let tree = proof::tree(plants, true);
    let (facts, gaps) = Facts::gather(&tree);
    let mut found = BTreeSet::new();
    search(traces, &Subject::new(&tree, &facts, &gaps), &mut |told| {
        if let Told::Hit(hit) = told
            && hit.trace.advisory.id == trace.advisory.id
        {
            found.insert((hit.severity, hit.because.map(str::to_owned)));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trace_proves_itself() {
        let (traces, problems) = check(&Traces::embedded().unwrap());
        assert!(traces > 0 && problems.is_empty(), "{}", problems.join("\n"));
    }
}
