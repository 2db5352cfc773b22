//! Files that say what the system is, damaged or not to be believed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assay::audit::{self, Quiet, Report, Settings, Target};
use assay::baseline::{Baseline, Key};
use assay::date::Date;
use assay::finding::{GapKind, Severity};
use assay::gate::{self, Verdict};
use assay::policy::Policy;

use crate::lab::{Lab, found};
use crate::oracle::run;

/// Bytes without a form, the same in every run.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let byte = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(byte).collect()
}

/// Whether something about `path` is said to be damaged.
fn is_damaged(report: &Report, path: &str) -> bool {
    report.losses().any(|gap| gap.location.path == path.as_bytes() && gap.kind == GapKind::Damaged)
}

/// A system with every file of which the audit believes something.
fn system() -> Lab {
    let lab = Lab::new();
    lab.file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\na:x:1000:1000::/home/a:/bin/sh\n")
        .file("etc/shadow", "root:*:19000:0:99999:7:::\na:!:19000:0:99999:7:::\n")
        .file("etc/group", "root:x:0:\na:x:1000:\n")
        .file("etc/gshadow", "root:*::\na:!::\n")
        .file("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n")
        .file("etc/sudoers", "Defaults use_pty\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
        .file("etc/sudoers.d/a", "a ALL=(root) /usr/bin/true\n")
        .file("etc/pam.d/sshd", "@include common-auth\n")
        .file(
            "etc/pam.d/common-auth",
            "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n",
        )
        .file("etc/crontab", "SHELL=/bin/sh\n17 * * * * root cd / && run-parts /etc/cron.hourly\n")
        .file("etc/cron.d/a", "@daily root /usr/bin/true\n")
        .file("etc/fstab", "LABEL=root / ext4 defaults 0 1\n")
        .file("etc/systemd/system/a.service", "[Service]\nExecStart=/usr/bin/true\n")
        .file("etc/nsswitch.conf", "passwd: files\n")
        .file(
            "var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n",
        )
        .file("var/lib/dpkg/info/a.list", "/.\n");
    lab
}

/// The files of it, and whether any text could stand in them.
const FILES: [(&str, bool); 15] = [
    ("/etc/passwd", false),
    ("/etc/shadow", false),
    ("/etc/group", false),
    ("/etc/gshadow", false),
    ("/etc/os-release", false),
    ("/etc/ssh/sshd_config", false),
    ("/etc/sudoers", false),
    ("/etc/sudoers.d/a", false),
    ("/etc/pam.d/common-auth", false),
    ("/etc/crontab", false),
    ("/etc/cron.d/a", false),
    ("/etc/fstab", false),
    ("/etc/systemd/system/a.service", false),
    ("/etc/nsswitch.conf", true),
    ("/var/lib/dpkg/status", false),
];

#[test]
fn a_sound_system_has_no_gap() {
    let report = system().audit_tree();
    assert_eq!(report.losses().map(|gap| &gap.reason).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_file_that_is_zeros_noise_or_another_text_is_a_gap() {
    let text = b"The quick brown fox\njumps over the lazy dog\n".repeat(20);
    for (path, is_free) in FILES {
        let (zeros, noise) = (vec![0; 1000], noise(1000));
        for wrong in [&zeros, &noise, &text].into_iter().filter(|wrong| !is_free || **wrong != text) {
            let lab = system();
            lab.file(path.trim_start_matches('/'), wrong);
            let report = lab.audit_tree();
            assert!(is_damaged(&report, path), "{path}: {:?}", wrong.get(..8));
        }
    }
}

#[test]
fn a_file_that_is_torn_within_is_a_gap() {
    for (path, _) in FILES {
        let lab = system();
        let sound = std::fs::read(lab.tree().join(path.trim_start_matches('/'))).unwrap();
        let mut torn = sound.get(..sound.len() / 2).unwrap().to_vec();
        torn.resize(sound.len(), 0);
        lab.file(path.trim_start_matches('/'), torn);
        assert!(is_damaged(&lab.audit_tree(), path), "{path}");
    }
}

#[test]
fn a_table_of_accounts_without_its_lines_is_a_gap() {
    let accounts = |line: &dyn Fn(u32) -> String| (0..40).map(line).collect::<String>();
    let lab = system();
    let passwd = accounts(&|n| format!("u{n}:x:{}:{}::/:/bin/sh\n", 2000 + n, 2000 + n));
    let shadow = accounts(&|n| format!("u{n}:*:19000:0:99999:7:::\n"));
    let group = accounts(&|n| format!("u{n}:x:{}:\n", 2000 + n));
    let tables = [("etc/passwd", &passwd), ("etc/shadow", &shadow), ("etc/group", &group)];
    tables.iter().for_each(|(path, text)| _ = lab.file(path, text.as_bytes()));
    assert_eq!(lab.audit_tree().losses().count(), 0);
    for (path, text) in tables {
        let (half, _) = text.split_at(text.match_indices('\n').nth(19).unwrap().0 + 1);
        for rest in ["", half] {
            lab.file(path, rest);
            assert!(is_damaged(&lab.audit_tree(), &format!("/{path}")), "{path}: {} bytes", rest.len());
        }
        lab.file(path, text.as_bytes());
    }
}

#[test]
fn something_else_in_the_place_of_a_file_is_a_gap() {
    for path in ["etc/shadow", "etc/passwd", "etc/sudoers", "etc/ssh/sshd_config", "etc/os-release"] {
        let lab = system();
        let place = lab.tree().join(path);
        std::fs::remove_file(&place).unwrap();
        std::fs::create_dir(&place).unwrap();
        assert!(is_damaged(&lab.audit_tree(), &format!("/{path}")), "{path}: a directory");
        std::fs::remove_dir(&place).unwrap();
        std::os::unix::fs::symlink("/gone", &place).unwrap();
        assert!(is_damaged(&lab.audit_tree(), &format!("/{path}")), "{path}: a link to nothing");
    }
}

/// A private key of SSH, made now.
fn private_key() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path.to_str().unwrap()]);
    std::fs::read(path).unwrap()
}

#[test]
fn a_proved_secret_is_as_bad_wherever_it_lies() {
    let key = private_key();
    for home in ["home/test", "home/example", "srv/docs", "opt/app/samples", "var/www/fixtures", "root/tests"]
    {
        let lab = Lab::new();
        lab.file(&format!("{home}/.ssh/id_ed25519"), &key)
            .file(&format!("{home}/.aws/credentials"), format!("[default]\n{}", crate::lab::KEY))
            .file(&format!("{home}/deploy.txt"), format!("token {}\n", token("abcdefgh")))
            .file(&format!("{home}/notes.md"), "DB_PASSWORD=Vq8-xkz2+Lm41\n");
        let report = lab.audit_tree();
        for (rule, file) in [
            ("ssh-private-key", ".ssh/id_ed25519"),
            ("credential-file-aws", ".aws/credentials"),
            ("github-token", "deploy.txt"),
        ] {
            let severity = severity_of(&report, &format!("/{home}/{file}"));
            assert!(severity >= Some(Severity::High), "{rule} in {home}: {severity:?}");
        }
        assert!(severity_of(&report, &format!("/{home}/notes.md")) >= Some(Severity::High), "{home}");
    }
}

/// How bad the worst finding at a path is.
fn severity_of(report: &Report, path: &str) -> Option<Severity> {
    let mine = report.findings.iter().filter(|finding| finding.location.path == path.as_bytes());
    mine.map(|finding| finding.severity).max()
}

/// A token of GitHub's form with a right checksum, that has `word` in it.
fn token(word: &str) -> String {
    let body: String = format!("q7Rk2Zp{word}mW8Tn4Xs6Dv1Gj5Ha3Ue9Lc0Yb").chars().take(30).collect();
    let mut number = crc32fast::hash(body.as_bytes());
    let mut check = Vec::new();
    for _ in 0..6 {
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        check.insert(0, digits[(number % 62) as usize]);
        number /= 62;
    }
    format!("ghp_{body}{}", String::from_utf8(check).unwrap())
}

#[test]
fn a_word_inside_of_a_secret_hides_nothing() {
    for word in ["fake", "YOUR", "tODo", "xXxx", "dummy", "Sample", "insert", "EXAMPLE"] {
        let secret =
            format!("mWq8Zr3TfYk1{word}Lc9Vb6Hn4Xs7Dp2Gj5Ra0Ue+QoIt").chars().take(40).collect::<String>();
        let pair = format!("aws_access_key_id = AKIAQ3EGRT7XKZ5MPLQV\naws_secret_access_key = {secret}\n");
        let lab = Lab::new();
        lab.file("srv/a/x", format!("token: {}\n", token(word)))
            .file("root/.aws/credentials", format!("[default]\n{pair}"))
            .file(
                "srv/a/env.sh",
                pair.replace(" = ", "=").to_uppercase().replace(&secret.to_uppercase(), &secret),
            );
        let report = lab.audit_tree();
        for path in ["/srv/a/x", "/root/.aws/credentials", "/srv/a/env.sh"] {
            assert!(severity_of(&report, path) >= Some(Severity::High), "{word} in {path}");
        }
    }
    for password in
        ["Vq8-xkz2+Lm41", "Sample#2024Prod", "Todo!9xKq22zp", "Inyourface9!x", "Fake-Plastic7Trees"]
    {
        let lab = Lab::new();
        lab.file("srv/a/.env", format!("DB_PASSWORD={password}\n"))
            .file("srv/a/settings.py", format!("DATABASE_PASSWORD = '{password}'\n"))
            .file("srv/a/run.sh", format!("mysql -u root --password={password} shop\n"));
        let report = lab.audit_tree();
        for path in ["/srv/a/.env", "/srv/a/settings.py", "/srv/a/run.sh"] {
            assert!(severity_of(&report, path) >= Some(Severity::High), "{password} in {path}");
        }
    }
}

#[test]
fn placeholders_and_examples_stay_silent() {
    let lab = Lab::new();
    lab.file("srv/a/.env", "DB_PASSWORD=changeme123\nAPI_TOKEN=your-token-here\nX_SECRET=<your-secret>\n")
        .file(
            "srv/a/x",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nAKIAIOSFODNN7EXAMPLE\n",
        )
        .file("usr/share/doc/a/README", "DB_PASSWORD=Vq8-xkz2+Lm41\n")
        .file("usr/lib/python3/dist-packages/a/tests/settings.py", "PASSWORD = 'Vq8-xkz2+Lm41'\n");
    let report = lab.audit_tree();
    let mut found = report.findings.iter().filter(|finding| finding.location.path != b"/etc/shadow");
    let worst = found.find(|finding| finding.severity >= Severity::Medium);
    assert!(worst.is_none(), "{worst:?}");
}

/// A baseline of what a report has.
fn baseline_of(report: &Report) -> Baseline {
    let mut baseline = Baseline::new(Key::new([7; 32]), "image");
    for finding in &report.findings {
        baseline.take(finding, day(), None);
    }
    baseline
}

fn day() -> Date {
    Date::parse("2026-11-29").unwrap()
}

/// What the gate says of a report beside a baseline.
fn judged(report: &Report, baseline: &Baseline) -> Verdict {
    gate::judge(&Policy::default(), report, Some(baseline), day()).verdict
}

#[test]
fn a_new_finding_among_those_only_counted_fails_a_baseline() {
    let tokens: Vec<String> = (0..3000).map(|n| token(&format!("N{n:04}"))).collect();
    let text = |tokens: &[String]| tokens.iter().map(|token| format!("T={token}\n")).collect::<String>();
    let audit = |tokens: &[String]| {
        let lab = Lab::new();
        lab.file("srv/tokens.txt", text(tokens));
        lab.audit_tree()
    };
    let known = audit(&tokens);
    assert!(known.coverage.findings_dropped > 2000);
    let baseline = baseline_of(&known);
    assert_eq!(judged(&known, &baseline), Verdict::Pass);
    for place in [0, 50, 150, 1500, 3000] {
        let mut more = tokens.clone();
        more.insert(place, token("Fresh"));
        let verdict = judged(&audit(&more), &baseline);
        assert!(matches!(verdict, Verdict::Fail { .. }), "at {place}: {verdict:?}");
    }
    let mut other = tokens.clone();
    other[2900] = token("Fresh");
    assert!(matches!(judged(&audit(&other), &baseline), Verdict::Fail { .. }), "one in the place of another");
}

/// A tree with a program that has the rights of root.
fn with_program(content: &[u8]) -> Lab {
    let lab = Lab::new();
    lab.file("usr/lib/x/su", content);
    let path: PathBuf = lab.tree().join("usr/lib/x/su");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o4755)).unwrap();
    lab
}

#[test]
fn a_known_program_with_another_content_is_new() {
    let program = |byte: u8| [b"\x7fELF".as_slice(), &[byte; 5000]].concat();
    let known = with_program(&program(b'a')).audit();
    let baseline = baseline_of(&known);
    let is_known = |report: &Report| {
        let setuid = report.findings.iter().find(|finding| finding.advisory.id == "setuid-program").unwrap();
        baseline.find(setuid).1.is_some()
    };
    assert!(is_known(&with_program(&program(b'a')).audit()));
    assert!(!is_known(&with_program(&program(b'b')).audit()));
}

#[test]
fn a_baseline_of_an_earlier_version_goes_on_to_know_a_program_by_its_place() {
    let mut known = with_program(b"\x7fELF").audit();
    for finding in &mut known.findings {
        finding.evidence.content = None;
    }
    let baseline = baseline_of(&known);
    let now = with_program(b"\x7fELF").audit();
    assert!(now.findings.iter().all(|finding| baseline.find(finding).1.is_some()));
}

/// The audit of a tree with a benchmark.
fn benchmark(tree: &Path) -> Report {
    let settings = Settings { benchmark: Some("cis-debian12".to_owned()), ..Settings::default() };
    audit::run(&Target::Rootfs(tree.to_owned()), &settings, &Quiet).unwrap()
}

#[test]
fn configuration_that_includes_itself_ends_and_is_told() {
    let lab = system();
    lab.file("etc/sudoers", format!("Defaults use_pty\n{}", "@include /etc/sudoers\n".repeat(200))).file(
        "etc/pam.d/common-auth",
        format!("auth required pam_unix.so\n{}", "@include common-auth\n".repeat(200)),
    );
    for level in 0..9 {
        lab.file(&format!("etc/pam.d/l{level}"), format!("@include l{}\n", level + 1).repeat(10))
            .file(&format!("etc/s{level}"), format!("@include s{}\n", level + 1).repeat(10));
    }
    let (_, second) =
        (lab.file("etc/pam.d/su", "@include l0\n"), lab.file("etc/sudoers.d/z", "@include ../s0\n"));
    let report = benchmark(&second.tree());
    let said = |words: &str| report.losses().filter(|gap| gap.reason.contains(words)).count();
    assert!(said("it includes itself") >= 2, "{:?}", report.gaps);
    assert!(said("the configuration of PAM has more than") >= 1, "{:?}", report.gaps);
    assert!(said("it includes itself: sudo") >= 1, "{:?}", report.gaps);
}

#[test]
fn what_is_included_from_elsewhere_is_read() {
    let lab = system();
    lab.file("etc/pam.d/sshd", "auth include ../../usr/share/misc/inc\n")
        .file("usr/share/misc/inc", "auth [success=done default=ignore] pam_permit.so\n")
        .file("etc/sudoers", "@include local\n")
        .file("etc/local", "# c \\\nmallory ALL=(ALL) NOPASSWD: ALL\n");
    let report = lab.audit_tree();
    assert!(found(&report, "pam-lets-in", "/usr/share/misc/inc"));
    assert!(found(&report, "sudo-everything-without-password", "/etc/local"));
    let lab = system();
    lab.file("etc/sudoers", "root ALL=(ALL) ALL # NOPASSWD: ALL\na ALL=(ALL) ALL # NOPASSWD: ALL\n");
    assert!(!found(&lab.audit_tree(), "sudo-everything-without-password", "/etc/sudoers"), "a comment");
}

#[test]
fn a_check_of_a_file_that_is_damaged_decides_nothing() {
    let lab = system();
    lab.file("etc/shadow", vec![0; 500]);
    let report = benchmark(&lab.tree());
    let results = report.benchmark.unwrap().results;
    let empty = results.iter().find(|judged| judged.check == "no-empty-password").unwrap();
    assert_eq!(empty.verdict, assay::checks::Verdict::Undecided, "{empty:?}");
}
