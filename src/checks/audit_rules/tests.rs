use std::sync::Arc;

use super::super::{Subject, Verdict, evaluate, schema};
use crate::facts::Facts;
use assay_disk::budget::Budget;
use assay_disk::fs::memory::Memory;
use assay_disk::tree::Tree;

const SUDOERS: &str = "audit-watch = { path = \"/etc/sudoers.d\", permissions = \"wa\" }";
const CHCON: &str = "audit-watch = { path = \"/usr/bin/chcon\", permissions = \"x\" }";
const UNLINK: &str = "audit-calls = { calls = [\"unlink\"], fields = [\"auid>=1000\"] }";
const IMMUTABLE: &str = "audit-line = \"-e 2\"";
const BOTH: &str = "-a always,exit -F arch=b64 -S unlink -F auid>=1000\n-a always,exit -F arch=b32 -S unlink -F auid>=1000\n";

/// Whether a rule passes with these files.
fn passes_with(rule: &str, files: &[(&str, &str)]) -> bool {
    let place = |memory: Memory, (name, text): &(&str, &str)| {
        memory.file(&format!("/etc/audit/rules.d/{name}"), *text)
    };
    let tree = Tree::of(Arc::new(files.iter().fold(Memory::new(), place)), &Budget::default());
    let (facts, _) = Facts::gather(&tree);
    let rule: schema::Rule = toml::from_str(rule).unwrap();
    evaluate::evaluate(&rule, &Subject::new(&tree, &facts, &[])).verdict == Verdict::Pass
}

fn passes(rule: &str, text: &str) -> bool {
    passes_with(rule, &[("a.rules", text)])
}

#[test]
fn a_path_is_watched_in_every_form_that_auditctl_takes() {
    for text in [
        "-w /etc/sudoers.d -p wa -k x",
        "-w /etc/sudoers.d/ -p wa",
        "-w /etc/sudoers.d// -pwa -kx",
        "-w /etc/sudoers.d",
        "-w /etc/ -p rwxa",
        "-a always,exit -F dir=/etc/sudoers.d/ -F perm=aw",
        "-a exit,always -F path=/etc/sudoers.d -F perm=wa -F auid>=1000 -F auid!=-1 -F key=x",
        "-a always,exit -S all -F dir=/etc/sudoers.d -F perm=wa",
        "-a always,exit -F arch=b64 -F dir=/etc/sudoers.d -F perm=wa\n-a always,exit -F arch=i386 -F dir=/etc/sudoers.d -F perm=wa",
    ] {
        assert!(passes(SUDOERS, text), "{text}");
    }
    for text in [
        "-w /etc/sudoers.d -p r",
        "-w /etc/sudoers -p wa",
        "-w /etc/sudoers.dist/ -p wa",
        "-a always,exit -F path=/etc -F perm=wa",
        "-a always,exit -F dir!=/etc/sudoers.d -F perm=wa",
        "-a always,exit -F dir=/etc/sudoers.d -F perm=wa -F uid=5",
        "-a always,exit -F arch=b64 -F dir=/etc/sudoers.d -F perm=wa",
        "-a never,exit -F dir=/etc/sudoers.d -F perm=wa",
        "-w /etc/sudoers.d -p wa\n-W /etc/sudoers.d -p wa",
    ] {
        assert!(!passes(SUDOERS, text), "{text}");
    }
    assert!(passes(CHCON, "-a always,exit -F path=/usr/bin/chcon -F perm=x -F auid>=1000 -F auid!=unset"));
}

#[test]
fn calls_are_audited_for_programs_of_both_kinds() {
    for text in [
        BOTH,
        "-a always,exit -F arch=x86_64 -S all -F auid>=1000\n-a exit,always -F arch=i686 -Srename,unlink -F auid>=1000",
        "-a always,exit -S all -F auid>=1000",
    ] {
        assert!(passes(UNLINK, text), "{text}");
    }
    for text in [
        "-a always,exit -F arch=b64 -S unlink -F auid>=1000",
        "-a always,exit -F arch=b32 -S unlink -F auid>=1000",
        "-a always,exit -S unlink -F auid>=1000",
        "-a always,exit -F arch=b64 -S unlink -F auid>=1000\n-a always,exit -F arch=b32 -S rename -F auid>=1000",
        "-a always,task -F arch=b64 -S unlink -F auid>=1000\n-a always,task -F arch=b32 -S unlink -F auid>=1000",
    ] {
        assert!(!passes(UNLINK, text), "{text}");
    }
}

#[test]
fn a_field_is_the_same_in_each_spelling() {
    let rule = "audit-calls = { calls = [\"execve\"], fields = [\"auid!=unset\", \"exit=-EACCES\"] }";
    for unset in ["unset", "-1", "4294967295"] {
        let line = |abi| format!("-a always,exit -F arch={abi} -S execve -F loginuid!={unset} -F exit=-13\n");
        assert!(passes(rule, &(line("b64") + &line("b32"))), "{unset}");
    }
}

#[test]
fn what_never_rules_take_away_is_not_audited() {
    for never in [
        "-a never,task",
        "-a task,never",
        "-A task,never -k x",
        "-e 0",
        "-a never,exit",
        "-a exit,never -S all",
        "-a never,exit -F arch=b32 -S unlink",
        "-a never,exit -F arch=b64 -S rename -S unlink -F auid>=1000",
        "-a always,exclude -F msgtype=SYSCALL",
        "-a never,exclude -F msgtype>=1300 -F msgtype<1400",
    ] {
        assert!(!passes(UNLINK, &format!("{never}\n{BOTH}")), "{never}");
    }
    for other in [
        "-a never,task -F uid=5",
        "-a always,task\n-a never,task",
        "-e 0\n-e 1",
        "-a never,exit -S rename",
        "-a never,exit -F arch=b64 -S unlink -F subj_type=crond_t",
        "-a never,exit -F dir=/proc",
        "-a never,exit -C euid!=uid",
        "-a never,user -F uid=5",
        "-a never,filesystem -F fstype=tracefs",
        "-a always,exclude -F msgtype=CWD",
        "-a always,exclude -F msgtype=SYSCALL -F uid=5",
        "-a never,exit\n-d never,exit",
    ] {
        assert!(passes(UNLINK, &format!("{other}\n{BOTH}")), "{other}");
    }
    assert!(passes(UNLINK, &format!("{BOTH}-a never,exit")), "behind them it takes nothing");
    assert!(!passes(UNLINK, &format!("{BOTH}-A never,exit")), "it is put before them");
    let watch = "-w /etc/sudoers.d -p wa\n";
    assert!(!passes(SUDOERS, &format!("-a never,exit -F dir=/etc -F perm=wa\n{watch}")));
    assert!(passes(SUDOERS, &format!("-a never,exit -F dir=/etc -F perm=r\n{watch}")));
    assert!(passes(SUDOERS, &format!("-a never,exit -F dir=/etc/sudoers.d/a\n{watch}")));
}

#[test]
fn of_options_for_all_rules_the_last_counts_in_the_order_of_versions() {
    assert!(passes_with(IMMUTABLE, &[("9.rules", "-e 1"), ("10.rules", "-e 2"), ("100.txt", "-e 0")]));
    assert!(!passes_with(IMMUTABLE, &[("10.rules", "-e 2"), ("99.rules", "-e 1")]));
    assert!(!passes(IMMUTABLE, "-e 2\n-e1"));
    assert!(passes(IMMUTABLE, "-e2\n-w /etc/a\n"));
    assert!(passes("audit-line = \"-w /etc/a -k x\"", "-w /etc/a -p wa -k x"));
}
