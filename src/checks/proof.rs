//! The proof that each check carries: small trees, built in memory and judged.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use md5::{Digest, Md5};

use super::benchmark::BENCHMARKS;
use super::fixtures::{Fixtures, Origin, Plant, PlantedEntry};
use super::{Check, Subject, Verdict};
use crate::facts::Facts;
use assay_disk::budget::Budget as DiskBudget;
use assay_disk::fs::FileType;
use assay_disk::fs::memory::Memory;
use assay_disk::text::hex;
use assay_disk::tree::Tree;

/// What is wrong with the checks, one line each; none if all is right.
pub fn check(checks: &[Check]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for check in checks {
        let id = &check.advisory.id;
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !id.bytes().all(kebab) {
            problems.push(format!("{id}: its id is not in kebab-case"));
        }
        if !ids.insert(id.clone()) {
            problems.push(format!("{id}: another check has this id"));
        }
        for section in &check.sections {
            if !BENCHMARKS.iter().any(|(name, ..)| *name == section.benchmark) {
                problems.push(format!("{id}: no such benchmark: {}", section.benchmark));
            }
        }
        if check.proofs.pass.is_empty() || check.proofs.fail.is_empty() {
            problems.push(format!("{id}: needs a tree that passes and one that fails"));
        }
        problems.extend(proofs(check).into_iter().map(|problem| format!("{id}: {problem}")));
    }
    problems
}

fn proofs(check: &Check) -> Vec<String> {
    let sets = [
        (&check.proofs.pass, Verdict::Pass),
        (&check.proofs.fail, Verdict::Fail),
        (&check.proofs.not_applicable, Verdict::NotApplicable),
    ];
    let mut problems = Vec::new();
    for (trees, wanted) in sets {
        for (number, plants) in (1..).zip(trees) {
            let outcome = on(check, plants);
            if outcome.verdict != wanted {
                let shown: Vec<&str> =
                    outcome.evidence.iter().map(|evidence| evidence.value.as_str()).collect();
                let (wanted, got) = (wanted.name(), outcome.verdict.name());
                problems.push(format!("tree {number} of {wanted} is {got}: {}", shown.join("; ")));
            }
        }
    }
    problems
}

/// Judges a check on a small tree.
fn on(check: &Check, plants: &Fixtures) -> super::Outcome {
    let tree = tree(plants, false);
    let (facts, gaps) = Facts::gather(&tree);
    check.evaluate(&Subject::new(&tree, &facts, &gaps))
}

/// A small tree; with a package database, where one is asked for: it owns the entries that say so.
pub(super) fn tree(plants: &Fixtures, packaged: bool) -> Tree {
    let mut memory = plant(plants);
    if packaged {
        let (mut list, mut sums) = (String::from("/.\n"), String::new());
        for (path, plant) in plants {
            let Plant::Entry(PlantedEntry { package: Some(origin), content, .. }) = plant else { continue };
            let shipped = match origin {
                Origin::Shipped => content.clone(),
                Origin::Changed => format!("{content}, as it was"),
            };
            let _ = writeln!(list, "{path}");
            let _ =
                writeln!(sums, "{}  {}", hex(&Md5::digest(shipped.as_bytes())), path.trim_start_matches('/'));
        }
        memory = memory
            .file("/var/lib/dpkg/status", "Package: base\nStatus: install ok installed\nArchitecture: all\n")
            .file("/var/lib/dpkg/info/base.list", list)
            .file("/var/lib/dpkg/info/base.md5sums", sums);
    }
    Tree::of(Arc::new(memory), &DiskBudget::default())
}

fn plant(plants: &Fixtures) -> Memory {
    let mut memory = Memory::new();
    // Directories come before what is in them: their paths are shorter, and sort first.
    for (path, plant) in plants {
        let Plant::Entry(entry) = plant else {
            if let Plant::Content(content) = plant {
                memory = memory.file(path, content);
            }
            continue;
        };
        memory = match &entry.link {
            Some(target) => memory.link(path, target),
            None if entry.directory => memory.directory(path),
            None => memory.file(path, &entry.content),
        };
        let mode = entry.mode.as_ref().and_then(|mode| u16::from_str_radix(mode, 8).ok());
        let (uid, gid) = (entry.uid, entry.gid);
        memory = memory.with(|metadata| {
            metadata.mode = mode.unwrap_or(metadata.mode);
            (metadata.uid, metadata.gid) = (uid, gid);
            if entry.socket {
                metadata.file_type = FileType::Socket;
            }
        });
    }
    memory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_proves_itself() {
        let problems = check(&super::super::all(&[]).unwrap());
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn every_product_has_its_checks() {
        let checks = super::super::all(&[]).unwrap();
        for (name, ..) in BENCHMARKS {
            let sections: BTreeSet<&str> = checks
                .iter()
                .flat_map(|check| &check.sections)
                .filter(|section| section.benchmark == name)
                .map(|section| section.number.as_str())
                .collect();
            assert!(sections.len() >= 120, "{name} has {} sections", sections.len());
        }
    }
}
