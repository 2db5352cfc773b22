use std::sync::Arc;

use super::*;
use crate::audit::{Audited, Quiet, Report, Seal, assemble_inventory};
use crate::detect::Signatures;
use crate::diff::files::{self, Depth};
use crate::diff::{Summary, compare};
use crate::facts::Facts;
use crate::finding::Severity;
use crate::gate::Explanation;
use crate::report::{Judgement, Outcome};
use assay_disk::budget::Budget;
use assay_disk::fs::memory::Memory;
use assay_disk::tree::Tree;

const EVIL: &str = "a\x1b[2J\u{202e}|<b>@team`[x](y)";

fn audited(memory: Memory, mut report: Report) -> Audited {
    report.subject.name = "golden.raw".to_owned();
    let tree = Tree::of(Arc::new(memory), &Budget::default());
    let (facts, _) = Facts::gather(&tree);
    report.packages = assemble_inventory(&tree, &facts, Vec::new());
    let seal = Seal::new(&[], Arc::new(Signatures::embedded().unwrap()));
    Audited { report, tree, facts, seal }
}

/// A system against one with a hostile name in every place there is.
fn difference() -> Difference {
    let name = EVIL.replace('/', "");
    let hostile = Memory::new()
        .file("/etc/passwd", format!("{name}:x:0:0::/{name}:/{name}\n"))
        .file("/etc/group", format!("{name}:x:0:{name}\n"))
        .file("/etc/ssh/sshd_config", format!("Banner {name}\n"))
        .file(&format!("/etc/systemd/system/{name}.service"), "x")
        .file(&format!("/etc/cron.d/{name}"), "x")
        .file(&format!("/usr/bin/{name}"), "x")
        .with(|metadata| metadata.mode = 0o4755)
        .file("/etc/os-release", format!("PRETTY_NAME={name}\n"))
        .file(
            "/var/lib/dpkg/status",
            format!("Package: {name}\nStatus: install ok installed\nVersion: {name}\n"),
        );
    let old = audited(Memory::new(), Report::default());
    let new = audited(hostile, crate::report::sample::report());
    let (before, after) = (Summary::of(&old), Summary::of(&new));
    let files = files::compare(
        files::Image { tree: &old.tree, facts: &old.facts, coverage: &before.coverage },
        files::Image { tree: &new.tree, facts: &new.facts, coverage: &after.coverage },
        Depth::Content,
        1,
        &Quiet,
    );
    compare(&before, &after, Some(files))
}

fn judgement() -> Judgement {
    Judgement {
        outcome: Outcome::Fail,
        sentence: "FAIL: 4 new findings at high or above.".to_owned(),
        exit_code: 1,
        fail_on: Some(Severity::High),
        accepted_gaps: Vec::new(),
        explanation: Explanation::default(),
    }
}

const OPTIONS: Options = Options { verbose: true, color: false, width: 100 };

#[test]
fn nothing_of_the_image_steers_a_terminal_and_no_secret_gets_out() {
    let difference = difference();
    let pages = [
        terminal::render(&difference, &judgement(), &OPTIONS),
        markdown::render(&difference, &judgement(), &OPTIONS),
        json::render(&difference, &judgement()),
    ];
    for page in pages {
        assert!(!page.contains('\x1b') && !page.contains('\u{202e}'), "{page}");
        assert!(!page.contains("not-a-real"), "{page}");
        assert!(page.contains("2J"), "{page}");
    }
}

#[test]
fn the_verdict_comes_first_and_the_counts_after_it() {
    let page = terminal::render(&difference(), &judgement(), &OPTIONS);
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines[0], "FAIL: 4 new findings at high or above.");
    assert!(
        lines[1].starts_with("12 findings new; 3 system facts new; 1 package new; 1 account new; "),
        "{page}"
    );
    assert!(
        page.contains(
            "  critical root can log in with a password [shadow-root-password]\n      /etc/shadow:1  (root)\n"
        ),
        "{page}"
    );
    assert!(page.contains("NEW partition 2 (swap): unsupported, swap space is not read\n"), "{page}");
}

#[test]
fn a_short_page_has_a_line_for_each_rule_and_counts_the_rest() {
    let short = terminal::render(&difference(), &judgement(), &Options { verbose: false, ..OPTIONS });
    assert!(short.contains("medium   Shell history: /home/user1/.bash_history  +6 more\n"), "{short}");
}

#[test]
fn markdown_makes_nothing_of_what_the_image_says() {
    let page = markdown::render(&difference(), &judgement(), &OPTIONS);
    for part in ["<b>", "@team", "](y)", "`", "|"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    assert!(page.starts_with("### ❌ FAIL: 4 new findings at high or above.\n"), "{page}");
}

#[test]
fn the_document_names_its_format_and_holds_every_part() {
    let json: serde_json::Value = serde_json::from_str(&json::render(&difference(), &judgement())).unwrap();
    assert_eq!((json["format"].as_str(), json["version"].as_u64()), (Some("assay-diff"), Some(1)));
    assert_eq!(json["verdict"]["exit_code"], 1);
    assert_eq!(json["findings"]["new"].as_array().unwrap().len(), 12);
    assert_eq!(json["content"]["accounts"]["added"][0]["fields"]["uid"], "0");
    assert_eq!(json["content"]["privileged-files"]["added"][0]["fields"]["mode"], "4755");
    assert_eq!(json["files"]["files"]["added"], 8);
    assert_eq!(json["not_compared"][0]["kind"], "unsupported");
    for kind in Kind::ALL {
        assert!(json["content"][kind.name()].is_object(), "{}", kind.name());
    }
}
