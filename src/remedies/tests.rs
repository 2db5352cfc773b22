use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::*;
use crate::finding::{Advisory, Category, Location, Severity};
use crate::packages::PackageManager;

/// Names that a shell, rm or sed would like to take for something else.
const HOSTILE: [&[u8]; 9] = [
    b"-rf",
    b"a b",
    b"it's",
    b"$(touch pwned)",
    b"`touch pwned`",
    b"two\nlines\n",
    b"\x1b[31m\xff",
    b"*",
    b"a;touch pwned&|\"<>\\",
];

fn finding(id: &str, category: Category, path: &[u8]) -> Finding {
    let advisory = Advisory {
        id: id.to_owned(),
        category,
        title: String::new(),
        severity: Severity::Low,
        why: String::new(),
        remedy: String::new(),
        references: Vec::new(),
    };
    let mut finding = Finding::new(&Arc::new(advisory));
    finding.location = Location { path: path.to_vec(), line: Some(2), ..Location::default() };
    finding
}

/// A directory with a file of a hostile name, and others that the name could mean: the file, the others.
fn yard(name: &[u8]) -> (tempfile::TempDir, PathBuf, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(std::ffi::OsStr::from_bytes(name));
    fs::write(&file, "one\ntwo\nthree\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o6755)).unwrap();
    let others: Vec<PathBuf> =
        ["a", "b", "it", "two", "lines", "rf", "x*"].iter().map(|name| dir.path().join(name)).collect();
    for other in &others {
        fs::write(other, "kept\n").unwrap();
    }
    (dir, file, others)
}

fn run(commands: &[String], dir: &Path) {
    assert!(!commands.is_empty());
    for command in commands {
        let done = Command::new("sh").arg("-c").arg(command).current_dir(dir).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_command_touches_the_file_of_its_finding_and_no_other() {
    type Check = fn(&Path) -> bool;
    let text = |file: &Path| fs::read_to_string(file).unwrap();
    let cases: [(&str, Category, Check); 4] = [
        ("known-hosts", Category::Leftover, |file| fs::symlink_metadata(file).is_err()),
        ("old-password-hash", Category::PasswordHash, |file| fs::metadata(file).unwrap().len() == 0),
        ("setuid-program", Category::Privilege, |file| {
            fs::metadata(file).unwrap().permissions().mode() & 0o7777 == 0o755
        }),
        ("mail-runs-program", Category::Persistence, |file| {
            fs::read_to_string(file).unwrap() == "one\n#two\nthree\n"
        }),
    ];
    for name in HOSTILE {
        for (id, category, holds) in cases {
            let (dir, file, others) = yard(name);
            let finding = finding(id, category, file.as_os_str().as_bytes());
            run(&remedy(&finding, &Machine::default()).commands, dir.path());
            assert!(holds(&file), "{id} on {}", name.escape_ascii());
            assert!(others.iter().all(|other| text(other) == "kept\n"));
            let left = fs::read_dir(dir.path()).unwrap().count();
            assert_eq!(left, others.len() + usize::from(file.exists()), "{id} on {}", name.escape_ascii());
        }
    }
}

#[test]
fn a_value_is_written_over_in_its_place() {
    for name in HOSTILE {
        let (dir, file, _) = yard(name);
        let mut finding = finding("some-token", Category::Credential, file.as_os_str().as_bytes())
            .secret(crate::finding::Secret::new(*b"two"));
        finding.location.offset = Some(4);
        let remedy = remedy(&finding, &Machine::default());
        assert!(remedy.is_automatic);
        run(&remedy.commands, dir.path());
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\nxxx\nthree\n");
    }
}

#[test]
fn commands_are_those_of_the_package_system() {
    let mut changed = finding("package-file-changed", Category::Integrity, b"/usr/sbin/sshd");
    changed.package = Some("openssh-server".to_owned());
    let command = |packages| remedy(&changed, &Machine { packages, ..Machine::default() }).commands;
    assert_eq!(command(Some(PackageManager::Dpkg)), ["apt-get install --reinstall -- openssh-server"]);
    assert_eq!(command(Some(PackageManager::Rpm)), ["dnf reinstall -y -- openssh-server"]);
    assert_eq!(command(Some(PackageManager::Apk)), ["apk fix --reinstall -- openssh-server"]);
    let locked = finding("password-hash", Category::PasswordHash, b"/etc/shadow").subject("it's me");
    assert_eq!(remedy(&locked, &Machine::default()).commands, ["usermod -p '*' -- 'it'\\''s me'"]);
}

#[test]
fn what_no_script_reaches_is_never_automatic() {
    let inner = finding("known-hosts", Category::Leftover, b"/srv/it's.zip!/root/.ssh/known_hosts");
    let told = remedy(&inner, &Machine::default());
    assert_eq!(told.commands, ["rm -f -- '/srv/it'\\''s.zip'"]);
    assert!(!told.is_automatic && told.entry.is_none());
    let mut raw = finding("aws-secret-access-key", Category::Credential, b"");
    raw.location.offset = Some(512);
    let told = remedy(&raw, &Machine::default());
    assert!(told.commands.is_empty() && told.entry.is_none() && told.note.contains("no file"));
    let mut packaged = finding("known-hosts", Category::Leftover, b"/etc/ssh/ssh_known_hosts");
    assert!(remedy(&packaged, &Machine::default()).is_automatic);
    packaged.package = Some("site".to_owned());
    assert!(!remedy(&packaged, &Machine::default()).is_automatic);
}

#[test]
fn a_key_that_logs_in_goes_by_itself_where_cloud_init_brings_another() {
    let key = finding("authorized-key", Category::AuthorizedKeys, b"/root/.ssh/authorized_keys");
    assert!(!remedy(&key, &Machine::default()).is_automatic);
    assert!(remedy(&key, &Machine { has_cloud_init: true, ..Machine::default() }).is_automatic);
}
