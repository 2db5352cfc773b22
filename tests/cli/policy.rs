//! Profiles, policies, requirements and baselines, end to end, in this process.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failed test")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::program::assay;
use assay::cli::Exit;
use serde_json::Value;
use tempfile::TempDir;

/// A small Debian, in a folder with room for policies beside it.
struct System {
    dir: TempDir,
}

const PASSWORD: &str = "AmberFalcon2019!";

impl System {
    fn clean() -> Self {
        let system = Self { dir: tempfile::tempdir().unwrap() };
        system.plant("etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
        system.plant("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
        system.plant("etc/shadow", "root:*:19000:0:99999:7:::\n");
        system.plant("etc/ssh/sshd_config", "PasswordAuthentication no\nPermitRootLogin no\n");
        std::fs::set_permissions(system.root().join("etc/shadow"), PermissionsExt::from_mode(0o600)).unwrap();
        system
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn plant(&self, path: &str, content: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// A file beside the system.
    fn beside(&self, name: &str, content: &str) -> String {
        let path = self.at(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn at(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, command: &str, more: &[&str]) -> (Exit, String, String) {
        let root = self.root();
        let mut args = vec![command, "--rootfs", root.to_str().unwrap(), "--today", "2026-11-27"];
        args.extend(more);
        assay(&args)
    }

    fn scan(&self, more: &[&str]) -> (Exit, String, String) {
        self.run("scan", more)
    }

    fn json(&self, more: &[&str]) -> (Exit, Value) {
        let mut args = vec!["--format", "json"];
        args.extend(more);
        let (exit, out, err) = self.scan(&args);
        assert_eq!(err, "");
        (exit, serde_json::from_str(&out).unwrap())
    }
}

/// The verdict of a requirement, in a JSON report.
fn requirement<'a>(report: &'a Value, id: &str) -> &'a Value {
    let lists = report["requirements"].as_array().unwrap().iter();
    let mut all = lists.flat_map(|list| list["results"].as_array().unwrap());
    all.find(|one| one["id"] == id).unwrap()
}

fn finding<'a>(report: &'a Value, path: &str) -> &'a Value {
    report["findings"].as_array().unwrap().iter().find(|one| one["location"]["path"] == path).unwrap()
}

#[test]
fn without_a_profile_nothing_is_said_of_policies() {
    let system = System::clean();
    system.plant("root/.bash_history", "ls\n");
    let (exit, report) = system.json(&[]);
    assert_eq!(exit, Exit::PASS);
    assert!(report.get("requirements").is_none() && report.get("baseline").is_none());
    assert_eq!(report["policy"]["name"], Value::Null);
    let (_, out, _) = system.scan(&[]);
    assert!(!out.contains("What AWS asks") && !out.contains("Policy") && !out.contains("fails"), "{out}");
}

#[test]
fn a_clean_image_passes_the_profiles_for_publishing() {
    for profile in ["public-ami", "marketplace", "forensic"] {
        let (exit, out, _) = System::clean().scan(&["--profile", profile]);
        assert_eq!(exit, Exit::PASS, "{out}");
        assert!(out.contains(&format!("PASS by {profile}: nothing stands against this image")), "{out}");
    }
}

#[test]
fn what_leaks_a_little_fails_a_public_image_and_names_rule_and_requirement() {
    let system = System::clean();
    system.plant("root/.bash_history", "ls\n");
    assert_eq!(system.scan(&[]).0, Exit::PASS);
    let (exit, report) = system.json(&["--profile", "public-ami"]);
    assert_eq!(exit, Exit::FAILED);
    let history = finding(&report, "/root/.bash_history");
    assert_eq!(
        history["fails"],
        serde_json::json!([
            "findings.category.shell-history: severity low",
            "require aws-shared-ami: shared-shell-history",
            "require aws-public-ami: public-history-and-logs"
        ])
    );
    let failed = requirement(&report, "shared-shell-history");
    assert_eq!((&failed["verdict"], &failed["accepted"]), (&"fail".into(), &false.into()));
    assert_eq!(failed["evidence"][0]["path"], "/root/.bash_history");
    assert_eq!(requirement(&report, "shared-host-keys")["verdict"], "pass");
    assert_eq!(requirement(&report, "shared-login-by-key")["verdict"], "not-checkable");
    assert_eq!(requirement(&report, "public-windows-passwords")["verdict"], "not-applicable");
    let (_, out, _) = system.scan(&["--profile", "public-ami"]);
    for shown in [
        "What AWS asks",
        "FAIL No history of typed commands, of any shell or program  [shared-shell-history]",
        "/root/.bash_history  fails",
        "fails by findings.category.shell-history: severity low  1 finding",
        "FAIL by public-ami: 1 finding and 2 required checks stand against this image.",
    ] {
        assert!(out.contains(shown), "{shown}\n{out}");
    }
}

#[test]
fn flags_are_stronger_than_the_profile() {
    let system = System::clean();
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    assert_eq!(system.scan(&["--profile", "forensic"]).0, Exit::PASS);
    assert_eq!(system.scan(&["--profile", "forensic", "--fail-on", "medium"]).0, Exit::FAILED);
    // What a profile requires is required whatever fails by severity.
    assert_eq!(system.scan(&["--profile", "public-ami", "--fail-on", "never"]).0, Exit::FAILED);
}

#[test]
fn golden_chooses_the_benchmark_and_forensic_shows_everything() {
    let system = System::clean();
    for n in 0..9 {
        system.plant(&format!("home/u{n}/.bash_history"), "ls\n");
    }
    let (_, golden) = system.json(&["--profile", "golden"]);
    assert_eq!(golden["benchmark"]["name"], "cis-debian12");
    assert_eq!(
        system.json(&["--profile", "golden", "--benchmark", "cis-rhel9"]).1["benchmark"]["name"],
        "cis-rhel9"
    );
    let (_, plain, _) = system.scan(&[]);
    let (_, forensic, _) = system.scan(&["--profile", "forensic"]);
    assert!(plain.contains("… and 4 more") && !forensic.contains("… and 4 more"), "{forensic}");
}

#[test]
fn a_policy_allows_what_it_says_until_its_day_and_tells_what_it_does_not_need() {
    let system = System::clean();
    system.plant("root/.bash_history", "ls\n");
    let policy = system.beside(
        "web.toml",
        "extends = \"public-ami\"\ntitle = \"The web team's\"\n[[allow]]\nrule = \"shell-history\"\n\
         path = \"/root/.bash_history\"\nreason = \"kept for the audit\"\nowner = \"web team\"\n\
         expires = \"2026-11-27\"\n[[allow]]\nrule = \"ssh-host-key\"\npath = \"/etc/ssh/*\"\nreason = \"r\"\n\
         owner = \"ops\"\nexpires = \"2027-01-01\"\n",
    );
    let (exit, out, _) = system.scan(&["--policy", &policy]);
    assert_eq!(exit, Exit::PASS, "{out}");
    let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for shown in [
        "allowed by web team until 2026-11-27: kept for the audit",
        "[shared-shell-history]",
        "(accepted)",
        "not needed: allow ssh-host-key at /etc/ssh/* (ops)",
        "The web team's",
    ] {
        assert!(flat.contains(shown), "{shown}\n{out}");
    }
    let root = system.root();
    let args = ["scan", "--rootfs", root.to_str().unwrap(), "--today", "2026-11-28", "--policy", &policy];
    let (exit, out, _) = assay(&args);
    assert_eq!(exit, Exit::FAILED);
    assert!(
        out.contains("EXPIRED 2026-11-27 (web team): allow shell-history at /root/.bash_history"),
        "{out}"
    );
}

#[test]
fn a_wrong_policy_is_told_with_file_and_line() {
    let system = System::clean();
    let policy = system.beside("own.toml", "title = \"x\"\n\n[findings]\nsevertiy = \"high\"\n");
    let (exit, _, err) = system.scan(&["--policy", &policy]);
    assert_eq!(exit, Exit::USAGE);
    assert!(err.contains("own.toml") && err.contains("line 4") && err.contains("severtiy"), "{err}");
    assert_eq!(system.scan(&["--profile", "public"]).0, Exit::USAGE);
    assert_eq!(system.scan(&["--profile", "golden", "--policy", &policy]).0, Exit::USAGE);
    assert_eq!(system.scan(&["--policy", "/no/such/policy.toml"]).0, Exit::USAGE);
}

#[test]
fn a_gap_under_what_is_required_is_not_decided() {
    let system = System::clean();
    // An archive that is cut in the middle.
    let whole = {
        use std::io::Write;
        let mut gz = Vec::new();
        let mut to = flate(&mut gz);
        to.write_all(&(0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        drop(to);
        gz
    };
    std::fs::create_dir_all(system.root().join("srv")).unwrap();
    std::fs::write(system.root().join("srv/cut.gz"), &whole[..whole.len() / 2]).unwrap();
    let (exit, report) = system.json(&["--profile", "public-ami"]);
    assert_eq!(exit, Exit::INCOMPLETE);
    let open = requirement(&report, "shared-credentials");
    assert_eq!(open["verdict"], "undecided");
    assert!(open["gaps"][0].as_str().unwrap().starts_with("/srv/cut.gz"), "{open}");
    assert_eq!(requirement(&report, "shared-host-keys")["verdict"], "pass");
    assert_eq!(report["gaps"][0]["counts"], true);
    let kind = report["gaps"][0]["kind"].as_str().unwrap();
    let policy = system.beside(
        "own.toml",
        &format!(
            "extends = \"public-ami\"\n[[accept-gap]]\nkind = \"{kind}\"\npath = \"/srv/cut.gz**\"\n\
             reason = \"a test file\"\n"
        ),
    );
    let (exit, report) = system.json(&["--policy", &policy]);
    assert_eq!(exit, Exit::PASS);
    assert_eq!(report["gaps"][0]["accepted"], "a test file");
}

fn flate(to: &mut Vec<u8>) -> flate2::write::GzEncoder<&mut Vec<u8>> {
    flate2::write::GzEncoder::new(to, flate2::Compression::fast())
}

#[test]
fn a_baseline_marks_what_is_known_fails_what_is_new_and_tells_what_is_gone() {
    let system = System::clean();
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    system.plant("srv/old.env", "DB_PASSWORD=SilverOtter2018!\n");
    let file = system.at("baseline.toml");
    let (exit, out, err) = system.run("baseline", &["-o", &file]);
    assert_eq!((exit, out.as_str()), (Exit::PASS, ""));
    assert!(err.contains("known from now on"), "{err}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("path = \"/srv/app.env\"") && !text.contains(PASSWORD) && !text.contains("Otter"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(system.dir.path()).unwrap().count(), 2, "nothing is left beside it");

    assert_eq!(system.scan(&[]).0, Exit::FAILED);
    let (exit, report) = system.json(&["--baseline", &file]);
    assert_eq!(exit, Exit::PASS);
    let known = finding(&report, "/srv/app.env");
    assert_eq!((&known["baseline"], &known["known_since"]), (&"known".into(), &"2026-11-27".into()));
    assert_eq!(known["fingerprint"].as_str().unwrap().len(), 32);
    assert!(text.contains(known["fingerprint"].as_str().unwrap()));

    // The same file with another password; another line before it; the other file deleted.
    system.plant("srv/app.env", "# changed\nDB_PASSWORD=CobaltHeron2020!\n");
    std::fs::remove_file(system.root().join("srv/old.env")).unwrap();
    let (exit, report) = system.json(&["--baseline", &file]);
    assert_eq!(exit, Exit::FAILED);
    assert_eq!(finding(&report, "/srv/app.env")["baseline"], "new");
    let gone: Vec<&str> = report["baseline"]["gone"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(gone, ["/srv/app.env", "/srv/old.env"]);
    let (_, out, _) = system.scan(&["--baseline", &file]);
    assert!(
        out.contains("gone: ") && out.contains("NEW") && out.contains("that the baseline does not know"),
        "{out}"
    );
    // Only a line was added: it is the same.
    system.plant("srv/app.env", &format!("# one\n# two\nDB_PASSWORD={PASSWORD}\n"));
    assert_eq!(system.scan(&["--baseline", &file]).0, Exit::PASS);
}

#[test]
fn a_baseline_is_updated_from_an_image_or_a_report_and_keeps_its_words() {
    let system = System::clean();
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    let file = system.at("baseline.toml");
    system.run("baseline", &["-o", &file]);
    let text = std::fs::read_to_string(&file).unwrap();
    let said = "since = \"2026-11-01\"\nreason = \"a test password\"\nowner = \"web team\"";
    std::fs::write(&file, text.replace("since = \"2026-11-27\"", said)).unwrap();
    system.plant("srv/new.env", "DB_PASSWORD=CobaltHeron2020!\n");
    let report = system.at("report.json");
    system.scan(&["--baseline", &file, "--format", "json", "-o", &report]);

    let by_report = system.at("by-report.toml");
    let (exit, _, err) =
        assay(&["baseline", &report, "--update", &file, "-o", &by_report, "--today", "2026-12-24"]);
    assert_eq!(exit, Exit::PASS, "{err}");
    let by_image = system.at("by-image.toml");
    let root = system.root();
    let args = ["baseline", "--rootfs", root.to_str().unwrap(), "--update", &file, "-o", &by_image];
    let (exit, _, err) = assay(&[&args[..], &["--today", "2026-12-24"]].concat());
    assert_eq!(exit, Exit::PASS, "{err}");
    assert!(err.contains("new, 0 gone"), "{err}");
    let text = std::fs::read_to_string(&by_report).unwrap();
    assert_eq!(text, std::fs::read_to_string(&by_image).unwrap());
    assert!(
        text.contains("reason = \"a test password\"") && text.contains("since = \"2026-12-24\""),
        "{text}"
    );
    assert_eq!(system.scan(&["--baseline", &by_report]).0, Exit::PASS);
}

#[test]
fn a_baseline_is_not_made_of_what_cannot_give_one() {
    let system = System::clean();
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    let (file, other, report, to) =
        (system.at("baseline.toml"), system.at("other.toml"), system.at("report.json"), system.at("to.toml"));
    system.run("baseline", &["-o", &file]);
    system.run("baseline", &["-o", &other]);
    let refused = |args: &[&str], message: &str| {
        let (exit, _, err) = assay(args);
        assert_eq!(exit, Exit::USAGE, "{args:?}");
        assert!(err.contains(message), "{err}");
        assert!(!Path::new(&to).exists());
    };
    system.scan(&["--format", "json", "-o", &report]);
    refused(&["baseline", &report, "-o", &to], "only if the report was made with --baseline");
    refused(
        &["baseline", &report, "--update", &file, "-o", &to],
        "only if the report was made with --baseline",
    );
    system.scan(&["--baseline", &file, "--format", "json", "-o", &report]);
    refused(&["baseline", &report, "--update", &other, "-o", &to], "the key of another baseline");
    refused(&["baseline", &report, "--update", &file, "-o", &other], "is there already");
    let json = system.beside("other.json", "{\"format\": \"x\"}");
    refused(&["baseline", &json, "--update", &file, "-o", &to], "other.json");
    let wrong = system.beside("wrong.toml", "version = 1\nkey = \"12\"\n");
    refused(&["scan", &json, "--baseline", &wrong], "line 2: the key is not 64 digits");
    let policy = system.beside(
        "prints.toml",
        &format!(
            "[[allow]]\nfingerprint = \"{}\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-01\"\n",
            "0a".repeat(16)
        ),
    );
    refused(&["scan", &json, "--policy", &policy], "needs the baseline with their key");
}

#[test]
fn two_baselines_of_one_image_have_nothing_in_common_but_what_is_no_secret() {
    let system = System::clean();
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    let prints = |name: &str| {
        let file = system.at(name);
        system.run("baseline", &["-o", &file]);
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines()
            .filter(|line| line.starts_with("fingerprint") || line.starts_with("key"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (one, two) = (prints("one.toml"), prints("two.toml"));
    assert!(one.len() >= 2 && one.len() == two.len());
    assert!(one.iter().all(|line| !two.contains(line)));
}

#[test]
fn reports_with_a_policy_are_the_same_at_any_number_of_threads() {
    let system = System::clean();
    system.plant("root/.bash_history", "ls\n");
    system.plant("srv/app.env", &format!("DB_PASSWORD={PASSWORD}\n"));
    let file = system.at("baseline.toml");
    system.run("baseline", &["-o", &file]);
    let report = |jobs| system.json(&["--profile", "public-ami", "--baseline", &file, "--jobs", jobs]).1;
    assert_eq!(report("1"), report("4"));
}
