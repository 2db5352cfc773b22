//! Each rule is proved alone, by its own examples. Here those examples go through the whole audit together, so that no
//! rule is hidden by another, by what the audit takes for an example, or by where a detector looks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use assay::audit::{self, Quiet, Settings, Target};
use assay::finding::Finding;
use assay::rules::{Engine, Family};

/// Where the values of one folder of `signatures/` may stand.
const PLACES: [&str; 3] = ["srv/app{}/settings.txt", "etc/app{}/app.conf", "home/dev{}/notes"];

/// An example: the rule, and the value.
struct Case {
    rule: String,
    secret: Vec<u8>,
}

/// Writes every example of every rule into a file of its own.
fn plant(root: &std::path::Path) -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::new();
    // Keys and miners are told under names that say more than the rule: that of the kind of key, of the program.
    let tokens = [Family::Credentials, Family::Assignments];
    for rule in Engine::embedded().rules().iter().filter(|rule| tokens.contains(&rule.family)) {
        for example in &rule.must_match {
            let path = PLACES[cases.len() % PLACES.len()].replace("{}", &cases.len().to_string());
            let file = root.join(&path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("# settings\n{}\n", example.text)).unwrap();
            let secret = example.secret.clone().into_bytes();
            cases.insert(format!("/{path}"), Case { rule: rule.advisory.id.clone(), secret });
        }
    }
    cases
}

/// Whether a finding is of the rule, or has its value under another name.
fn is_told(case: &Case, findings: &[&Finding]) -> bool {
    let has = |finding: &&&Finding| {
        let mut secrets = finding.evidence.secrets.iter();
        finding.advisory.id == case.rule || secrets.any(|secret| secret.reveal() == case.secret)
    };
    findings.iter().any(|finding| has(&finding))
}

#[test]
fn every_rule_is_told_by_the_whole_audit() {
    let root = tempfile::tempdir().unwrap();
    let cases = plant(root.path());
    let settings = Settings { jobs: 2, ..Settings::default() };
    let report = audit::run(&Target::Rootfs(root.path().to_owned()), &settings, &Quiet).unwrap();
    let mut by_path: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_path
            .entry(String::from_utf8_lossy(&finding.location.path).into_owned())
            .or_default()
            .push(finding);
    }
    let (mut told, mut silent) = (BTreeSet::new(), Vec::new());
    for (path, case) in &cases {
        if by_path.get(path).is_some_and(|findings| is_told(case, findings)) {
            told.insert(case.rule.as_str());
        } else {
            silent.push(format!("{}: {path}", case.rule));
        }
    }
    println!("{} rules, {} examples, {} of them silent", told.len(), cases.len(), silent.len());
    let missing: BTreeSet<&str> = cases.values().map(|case| case.rule.as_str()).collect();
    let missing: Vec<&&str> = missing.difference(&told).collect();
    assert!(missing.is_empty(), "no example is told of {missing:?}\n{}", silent.join("\n"));
}
