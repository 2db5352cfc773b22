//! Secrets on the command lines of scripts, cron tables and units.
//!
//! **Finds** what is given to programs as it would be typed: `mysql -pSECRET`, `sshpass -p …`, `curl -u a:…`,
//! `echo root:… | chpasswd`, in shell scripts, cron tables, units, Makefiles and the parts of user data.
//!
//! **Why it matters:** everybody who starts the image reads it there, and `ps` shows it while it runs.
//!
//! **Does not find** variables (`-p$PASS`), and secrets in code of other languages: see the assignments.
//!
//! **References:** CWE-214 (invocation of a process using visible sensitive information), CWE-798.

use std::sync::Arc;

use super::ec2_user_data::is_kept_by_agent;
use super::examples::is_example;
use super::{FileDetector, Interest, Sink};
use crate::command_line;
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::values::is_passphrase;
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

/// Longer files are no scripts that a person wrote, in bytes.
const LIMIT: u64 = 256 << 10;
/// Longer lines are no commands, in bytes.
const LINE_LIMIT: usize = 4096;

/// The detector.
pub struct Scripts {
    advisory: Arc<Advisory>,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "secret-in-script".into(),
                category: Category::Credential,
                title: "Secret on a command line in a script".into(),
                severity: Severity::High,
                why: "Whoever starts the image reads the secret, and what it opens.".into(),
                remedy: "Change the secret, and let the script read it from a file that the instance gets at boot."
                    .into(),
                references: vec!["https://cwe.mitre.org/data/definitions/798.html".into()],
            }),
        }
    }
}

/// Whether the place or the name says that commands are in it.
fn is_commands(entry: &Entry<'_>) -> bool {
    const ENDS: [&[u8]; 9] =
        [b".sh", b".bash", b".zsh", b".ksh", b".ps1", b".service", b".bat", b".cmd", b".expect"];
    const NAMES: [&[u8]; 10] = [
        b"Dockerfile",
        b"Makefile",
        b"Jenkinsfile",
        b"Vagrantfile",
        b".gitlab-ci.yml",
        b"crontab",
        b"rc.local",
        b"user-data",
        b"user-data.txt",
        b".travis.yml",
    ];
    const PARTS: [&[u8]; 5] = [b"/etc/cron.", b"/spool/cron/", b"/etc/init.d/", b"/cloud/", b"/.local/bin/"];
    const STARTS: [&[u8]; 7] =
        [b".bashrc", b".bash_profile", b".profile", b".zshrc", b".zshenv", b".bash_aliases", b".bash_login"];
    let name = entry.name();
    let path = entry.path;
    NAMES.contains(&name)
        || STARTS.contains(&name)
        || ENDS.iter().any(|end| ends_in_any_case(name, end))
        || PARTS.iter().any(|part| memchr::memmem::find(path, part).is_some())
        || is_kept_by_agent(path)
        || entry.metadata.mode & 0o111 != 0 && !entry.is_member()
}

/// Names on Windows have no case.
fn ends_in_any_case(name: &[u8], end: &[u8]) -> bool {
    let tail = name.len().checked_sub(end.len()).and_then(|at| name.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// A shell's script, or a text that has no interpreter.
fn is_script(content: &[u8]) -> bool {
    let first = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let text = memchr::memchr(0, content.get(..1024).unwrap_or(content)).is_none();
    let shell = |line: &[u8]| memchr::memmem::find(line, b"sh").is_some();
    text && (!first.starts_with(b"#!") || shell(first))
}

impl FileDetector for Scripts {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let small =
            entry.metadata.file_type == FileType::Regular && (1..=LIMIT).contains(&entry.metadata.size);
        let wanted = small && is_commands(entry) && !is_example(entry.path);
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, _: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        if !is_script(content) || content.len() as u64 > LIMIT {
            return;
        }
        for (number, line) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
            let line = line.trim_ascii();
            if line.starts_with(b"#") || line.len() > LINE_LIMIT {
                continue;
            }
            for found in command_line::secrets(line) {
                let value = found.value.as_slice();
                if is_mild(value) {
                    continue;
                }
                let finding = Finding::new(&self.advisory)
                    .confidence(Confidence::Medium)
                    .proof(Verification::Name)
                    .line(number);
                sink.finding(finding.fact(FactKey::GivenAs, found.kind).secret(Secret::new(value)));
            }
        }
    }
}

/// Letters of both cases and a digit, ten and more: no call and no pattern.
fn is_strong(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    value.len() >= 10 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit)
}

/// Words and numbers: in scripts, names of options are assigned more often than secrets.
fn is_mild(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    value.len() < 6
        || digits == 0 && !is_passphrase(value, 3)
        || digits == value.len()
        || value.iter().any(|byte| b"()[]|\\".contains(byte)) && !is_strong(value)
        || memchr::memmem::find(value, b"://").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_mild() {
        for value in ["true", "password", "12345678", "ab1", "fn(x1)aaa", "https://a1.b/cc"] {
            assert!(is_mild(value.as_bytes()), "{value}");
        }
        assert!(!is_mild(b"AmberFalcon2019!"));
    }

    #[test]
    fn scripts_of_other_languages_are_left_out() {
        assert!(is_script(b"#!/bin/bash\nx"));
        assert!(is_script(b"#!/usr/bin/env zsh\nx"));
        assert!(is_script(b"* * * * * root x"));
        assert!(!is_script(b"#!/usr/bin/python3\nx"));
        assert!(!is_script(b"\x7fELF\0\0"));
    }
}
