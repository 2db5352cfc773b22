//! The proof that each trace carries: small trees in which it is found, and in which it is not.

use std::collections::BTreeSet;

use super::super::fixtures::Fixtures;
use super::super::{Subject, proof};
use super::search::{Told, search};
use super::{Artifact, Artifacts};
use crate::facts::Facts;
use crate::finding::Severity;

/// How many traces and commands there are, and what is wrong with them, one line each.
pub fn check(artifacts: &Artifacts) -> (usize, Vec<String>) {
    let (commands, mut problems) = artifacts.commands.check();
    for artifact in &artifacts.all {
        let id = &artifact.advisory.id;
        if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            problems.push(format!("{id}: its id is not in kebab-case"));
        }
        if artifact.silent.is_empty() || artifact.find.is_empty() && artifact.levels.is_empty() {
            problems.push(format!("{id}: needs trees in which it is found and in which it is not"));
        }
        if artifact.levels.iter().any(|level| level.find.is_empty()) {
            problems.push(format!("{id}: each level needs a tree in which it is found"));
        }
        problems.extend(artifact.problem());
        problems.extend(proofs(artifacts, artifact).into_iter().map(|problem| format!("{id}: {problem}")));
    }
    (artifacts.all.len().saturating_add(commands), problems)
}

fn proofs(artifacts: &Artifacts, artifact: &Artifact) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, tree) in (1..).zip(&artifact.find) {
        if found(artifacts, artifact, tree).is_empty() {
            problems.push(format!("it is not found in tree {number}"));
        }
    }
    for (number, tree) in (1..).zip(&artifact.silent) {
        if !found(artifacts, artifact, tree).is_empty() {
            problems.push(format!("it is found in tree {number} of silent"));
        }
    }
    for level in &artifact.levels {
        for (number, tree) in (1..).zip(&level.find) {
            let found = found(artifacts, artifact, tree);
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
fn found(
    artifacts: &Artifacts,
    artifact: &Artifact,
    plants: &Fixtures,
) -> BTreeSet<(Severity, Option<String>)> {
    let tree = proof::tree(plants, true);
    let (facts, gaps) = Facts::gather(&tree);
    let mut found = BTreeSet::new();
    search(artifacts, &Subject::new(&tree, &facts, &gaps), &mut |told| {
        if let Told::Hit(hit) = told
            && hit.artifact.advisory.id == artifact.advisory.id
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
        let (artifacts, problems) = check(&Artifacts::embedded().unwrap());
        assert!(artifacts > 0 && problems.is_empty(), "{}", problems.join("\n"));
    }
}
