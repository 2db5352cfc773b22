use super::*;
use crate::detect::password_hashes::PasswordHashes;
use crate::detect::{Collector, FileDetector};
use crate::finding::FactKey;
use assay_disk::fs::{FileType, Metadata, NodeId};
use assay_disk::tree::Entry;

/// "changeme" and "root" as libcrypt hashes them, and what is no default.
const CHANGEME: &str = "$1$$KFGQ08mr1lw3twjczE8bT1";
const ROOT: &str = "$1$a$rd3tCGCDyUt8wk7g5colP/";
const OTHER: &str = "$1$a$fgtAMatgpWUkSneJ8HkaB/";

fn shadow(path: &str, content: &str) -> Vec<Finding> {
    let metadata = Metadata::bare(FileType::Regular, 0o640, content.len() as u64);
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let mut sink = Collector::default();
    PasswordHashes::default().inspect(&entry, content.as_bytes(), &Facts::default(), &mut sink);
    sink.findings
}

fn tried(content: &str, budget: &Budget) -> Vec<Finding> {
    let mut findings = shadow("/etc/shadow", content);
    join(&Facts::default(), budget, 2, &mut findings);
    findings
}

fn fact(finding: &Finding, name: FactKey) -> Option<&str> {
    let found = finding.evidence.facts.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn a_default_password_is_critical_and_its_value_a_secret() {
    let findings =
        tried(&format!("admin:{CHANGEME}:1:0:9:7:::\nuser:{OTHER}:1:0:9:7:::\n"), &Budget::default());
    assert_eq!(findings[0].advisory.id, "default-password");
    assert_eq!(findings[0].severity, Severity::Critical);
    assert_eq!(findings[0].proof, Some(Verification::Recomputed));
    assert_eq!(fact(&findings[0], FactKey::Password), Some("a well-known default"));
    let secrets: Vec<&[u8]> = findings[0].evidence.secrets.iter().map(Secret::reveal).collect();
    assert_eq!(secrets, [CHANGEME.as_bytes(), b"changeme"]);
    assert!(!format!("{findings:?}").contains("changeme"));
    assert_eq!(findings[1].advisory.id, HASH);
    assert_eq!(fact(&findings[1], FACT), None);
}

#[test]
fn the_own_name_is_said_to_be_it() {
    let findings = tried(&format!("root:{ROOT}:1:0:9:7:::\ntoor:{ROOT}:1:0:9:7:::\n"), &Budget::default());
    assert_eq!(fact(&findings[0], FactKey::Password), Some("the account's own name"));
    assert_eq!(fact(&findings[1], FactKey::Password), Some("a well-known default"));
}

#[test]
fn the_empty_password_has_no_value_to_show() {
    let findings = tried("a:$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0:1:0:9:7:::\n", &Budget::default());
    assert_eq!(fact(&findings[0], FactKey::Password), Some("empty"));
    assert_eq!(findings[0].evidence.secrets.len(), 1);
}

#[test]
fn a_lock_makes_it_less_bad() {
    let findings = tried(&format!("root:!{ROOT}:1:0:9:7:::\n"), &Budget::default());
    assert_eq!(
        (findings[0].advisory.id.as_str(), findings[0].severity),
        ("default-password", Severity::Medium)
    );
    let mut group = shadow("/etc/gshadow", &format!("root:{ROOT}::\n"));
    join(&Facts::default(), &Budget::default(), 1, &mut group);
    assert_eq!(group[0].severity, Severity::High);
}

#[test]
fn what_costs_too_much_is_said_and_not_computed() {
    let digest = "a".repeat(86);
    let text = format!(
        "root:$6$rounds=999999999$salt${digest}:1:0:9:7:::\nnt:$3$$8cc19b6a8cfeac299c2871c86b38de28:1:0:9:7:::\n"
    );
    let begun = std::time::Instant::now();
    let findings = tried(&text, &Budget::default());
    assert!(begun.elapsed().as_secs() < 5);
    let said = Some("not tried: SHA-512 of 999999999 rounds is over the limit");
    assert_eq!(fact(&findings[0], FACT), said);
    assert_eq!(fact(&findings[1], FACT), Some("not tried: no code for this kind of hash"));
    assert_eq!(findings[0].severity, Severity::Critical);
    // Memory has a limit of its own: 2^16 blocks of 4 KiB.
    let wide = "a:$y$jDT$abcdefghijklmnopqrstu.$kHWjygbg2D/mrPyWWm5uY0bWULb.EYLPPcQs7GdL3D/:1:0:9:7:::\n";
    let findings = tried(wide, &Budget { password_trial: u64::MAX, ..Budget::default() });
    assert_eq!(
        fact(&findings[0], FACT),
        Some("not tried: yescrypt of N=2^16, r=32, p=1, t=0 is over the limit")
    );
}

#[test]
fn a_small_budget_tries_the_most_likely_of_every_hash() {
    let budget = Budget { password_trials: 4 * 400_000, ..Budget::default() };
    let text = format!("x:{OTHER}:1:0:9:7:::\nroot:{ROOT}:1:0:9:7:::\nadmin:{CHANGEME}:1:0:9:7:::\n");
    let findings = tried(&text, &Budget { password_hashes: 2, ..budget });
    assert!(fact(&findings[0], FACT).unwrap().starts_with("only the 2 most likely of "));
    assert_eq!(findings[1].advisory.id, "default-password");
    assert_eq!(fact(&findings[2], FACT), Some("not tried: there are more than 2 hashes"));
    let none = tried(&text, &Budget { password_trials: 0, ..Budget::default() });
    assert_eq!(fact(&none[0], FACT), Some("not tried: the limit for all hashes is reached"));
}

#[test]
fn a_costly_hash_does_not_take_the_tries_of_a_cheap_one() {
    let costly = "bc:$2b$05$abcdefghijklmnopqrstuufAkr.oEPMKRzIoj4GvblEuuKtPZm.pq:1:0:9:7:::\n";
    let text = format!("{costly}x:{OTHER}:1:0:9:7:::\n");
    // Half of it is enough for all tries of MD5, and for a part of those of bcrypt.
    let findings = tried(&text, &Budget { password_trials: 400_000 * 400, ..Budget::default() });
    assert!(fact(&findings[0], FACT).is_some());
    assert_eq!(fact(&findings[1], FACT), None);
    // Shares that are too small for a try are put together.
    let three = [costly, &costly.replace("bc:", "b:"), &costly.replace("bc:", "c:")].concat();
    let findings = tried(&three, &Budget { password_trials: 2_600_000, ..Budget::default() });
    assert!(fact(&findings[0], FACT).unwrap().starts_with("only the 1 most likely"));
    assert!(fact(&findings[1], FACT).unwrap().starts_with("not tried"));
}

#[test]
fn a_hash_that_stands_in_several_files_is_tried_once_and_told_everywhere() {
    let line = format!("root:{ROOT}:1:0:9:7:::\n");
    let mut findings = shadow("/etc/shadow", &line);
    findings.extend(shadow("/etc/shadow-", &line));
    assert_eq!(trials(&findings).len(), 1);
    let budget = Budget { password_trials: 400_000, ..Budget::default() };
    join(&Facts::default(), &budget, 1, &mut findings);
    assert!(findings.iter().all(|finding| finding.advisory.id == "default-password"));
}

#[test]
fn the_outcome_is_the_same_on_any_number_of_threads() {
    // DES sees eight characters: "password" and "password1" both fit, and the first one counts.
    let text = format!("a:abJnggxhB/yWI:1:0:9:7:::\nb:{CHANGEME}:1:0:9:7:::\nc:{OTHER}:1:0:9:7:::\n");
    let on = |threads| {
        let mut findings = shadow("/etc/shadow", &text);
        join(&Facts::default(), &Budget::default(), threads, &mut findings);
        findings
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(7));
}
