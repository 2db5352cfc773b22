use super::*;
use crate::detect::Collector;
use crate::finding::FactKey;
use assay_disk::fs::{Metadata, NodeId};

fn metadata(size: usize) -> Metadata {
    Metadata { gid: 42, ..Metadata::bare(FileType::Regular, 0o640, size as u64) }
}

fn inspect(path: &str, content: &str) -> Vec<Finding> {
    let metadata = metadata(content.len());
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let detector = PasswordHashes::default();
    let mut facts = Facts::default();
    facts.accounts.add_passwd(b"root:x:0:0::/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/sh\n");
    let mut sink = Collector::default();
    if detector.interest(&entry, &facts) == Interest::Content {
        detector.inspect(&entry, content.as_bytes(), &facts, &mut sink);
    }
    sink.findings
}

fn hash(prefix: &str, length: usize) -> String {
    [prefix, &"a".repeat(length)].concat()
}

fn said(findings: &[Finding]) -> Vec<(&str, &str, Severity)> {
    let of = |f: &'_ Finding| f.severity;
    findings.iter().map(|f| (f.advisory.id.as_str(), f.subject.as_deref().unwrap_or(""), of(f))).collect()
}

#[test]
fn a_shadow_file_is_judged_line_by_line() {
    let root = hash("$6$salt$", 86);
    let text = format!(
        "root:{root}:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nadmin:{}:19000:0:99999:7:::\n\
         guest::19000:0:99999:7:::\nweak:{}:19000:0:99999:7:::\nlocked:!{}:19000:0:99999:7:::\nsys:!!:::::::\n",
        hash("$y$j9T$salt$", 43),
        hash("$1$salt$", 22),
        hash("$y$j9T$salt$", 43),
    );
    let findings = inspect("/etc/shadow", &text);
    assert_eq!(
        said(&findings),
        [
            ("password-hash", "root", Severity::Critical),
            ("password-hash", "admin", Severity::High),
            ("empty-password", "guest", Severity::Critical),
            ("password-hash", "weak", Severity::Critical),
            ("locked-password-hash", "locked", Severity::Low),
        ]
    );
    assert_eq!(findings[0].evidence.secrets[0].reveal(), root.as_bytes());
    assert_eq!(findings[0].location.offset, Some(5));
    assert_eq!(findings[1].location.line, Some(3));
    assert!(findings[1].evidence.facts.contains(&(FactKey::Uid, "1000".to_owned())));
    assert!(findings[1].evidence.facts.contains(&(FactKey::Shell, "/bin/sh".to_owned())));
}

#[test]
fn backups_and_copies_count() {
    let text = format!("root:{}:1:0:99999:7:::\n", hash("$6$salt$", 86));
    for path in [
        "/etc/shadow-",
        "/etc/shadow.bak",
        "/etc/shadow~",
        "/var/backups/shadow.bak",
        "/srv/chroot/etc/shadow",
        "/root/etc.tar.gz!/etc/shadow",
        "/root/a.zip!/rootfs/etc/shadow",
        "/root/shadow.old",
    ] {
        assert_eq!(inspect(path, &text).len(), 1, "{path}");
    }
}

#[test]
fn root_has_one_name() {
    let passwd = "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nwrap:x:4294967296:0::/:/bin/sh\nuser:x:10:10::/:/bin/sh\n";
    let findings = inspect("/etc/passwd", passwd);
    assert_eq!(
        said(&findings),
        [("uid-zero-account", "toor", Severity::Critical), ("uid-zero-account", "wrap", Severity::Critical)]
    );
}

#[test]
fn passwd_holds_no_hash_and_no_empty_field() {
    let text =
        format!("a:{}:7:7::/:/bin/sh\nb::8:8::/:/bin/sh\nc:x:9:9::/:/bin/sh\n+::::::\n", hash("$5$s$", 43));
    assert_eq!(
        said(&inspect("/etc/passwd-", &text)),
        [
            ("password-hash-in-passwd", "a", Severity::High),
            ("empty-password", "b", Severity::Critical),
            ("nis-entry", "+", Severity::Medium),
        ]
    );
}

#[test]
fn groups_and_earlier_passwords() {
    let group = format!("wheel:{}::a\nempty:::\nlocked:!::\n", hash("$6$s$", 86));
    assert_eq!(said(&inspect("/etc/gshadow", &group)), [("group-password-hash", "wheel", Severity::Medium)]);
    let old = format!("admin:1000:2:{0},{0}\n", hash("$6$s$", 86));
    assert_eq!(inspect("/etc/security/opasswd", &old).len(), 2);
}

#[test]
fn files_of_that_name_elsewhere_say_nothing() {
    assert!(
        inspect("/usr/share/bash-completion/completions/passwd", "# a\n_passwd::\n case x:abcdefghijklm:\n")
            .is_empty()
    );
    assert!(inspect("/etc/pam.d/passwd", "@include common-password\n").is_empty());
    assert!(inspect("/usr/share/man/man5/shadow.5.gz", "x").is_empty());
    assert!(inspect("/usr/bin/passwd", "\x7fELF\0root::0:0:0:0:::\n").is_empty());
    assert!(inspect("/etc/shadow", "\nbroken\n:::\n\u{1b}[31m:x\n").is_empty());
}
