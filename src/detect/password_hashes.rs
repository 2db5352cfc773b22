//! Password fields of accounts.
//!
//! **Finds** password hashes, empty passwords and second accounts with user number 0 in passwd, shadow,
//! gshadow and opasswd: the system's own, their backups (`shadow-`, `shadow.bak`, /var/backups), copies
//! below other roots (/srv/chroot/etc/shadow) and members of archives. Hashes are tried against default passwords
//! and the names of account, host and distribution ([`trials`]), as far as their cost is within the budget.
//!
//! **Why it matters:** everybody who starts the image has the hash, can try passwords offline, and then
//! log in to every other instance of the image.
//!
//! **Does not find** other passwords (nothing is cracked), nor hashes in installers' answer files.
//!
//! **References:** crypt(5), shadow(5), passwd(5), pam_unix(8).

use std::sync::{Arc, LazyLock};

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::Entry;

pub(super) mod candidates;
mod crypt;
mod schemes;
pub mod trials;

use crypt::{Form, Password};

/// Rules whose findings have a hash as their first secret.
const HASH: &str = "password-hash";
const IN_PASSWD: &str = "password-hash-in-passwd";
const LOCKED: &str = "locked-password-hash";
const OLD: &str = "old-password-hash";
const GROUP: &str = "group-password-hash";

/// Of a hash whose password is no secret.
fn default_advisory() -> &'static Arc<Advisory> {
    static ADVISORY: LazyLock<Arc<Advisory>> = LazyLock::new(|| {
        advisory(
            "default-password",
            "Default password",
            Severity::Critical,
            "The password is the account's name or one of the first that anybody tries: whoever reaches a login is in.",
            "Lock the account before baking the image (usermod -p '*' NAME), and let the instance set its own password.",
        )
    });
    &ADVISORY
}

/// Looks at password fields.
pub struct PasswordHashes {
    hash: Arc<Advisory>,
    in_passwd: Arc<Advisory>,
    locked: Arc<Advisory>,
    empty: Arc<Advisory>,
    old: Arc<Advisory>,
    group: Arc<Advisory>,
    uid_zero: Arc<Advisory>,
    nis: Arc<Advisory>,
}

impl Default for PasswordHashes {
    fn default() -> Self {
        Self {
            hash: advisory(
                HASH,
                "Password hash of an account",
                Severity::High,
                "Who has the image can try passwords against the hash offline, and log in everywhere the image runs.",
                "Lock the account before baking the image (usermod -p '*' NAME), and let the instance set its own password.",
            ),
            in_passwd: advisory(
                IN_PASSWD,
                "Password hash in a world-readable passwd file",
                Severity::High,
                "Every process on the machine can read passwd, so every process can take the hash away.",
                "Move the hash out with pwconv, and lock the account before baking the image.",
            ),
            locked: advisory(
                LOCKED,
                "Password hash behind a lock",
                Severity::Low,
                "The account is locked, but the hash is there: it can be cracked, and one usermod -U makes it valid again.",
                "Replace the whole field: usermod -p '!' NAME.",
            ),
            empty: advisory(
                "empty-password",
                "Account without a password",
                Severity::Critical,
                "The account opens without any password, wherever PAM or the login program permits it (nullok).",
                "Lock the account: passwd -l NAME.",
            ),
            old: advisory(
                OLD,
                "Hash of an earlier password",
                Severity::Medium,
                "People return to earlier passwords and vary them; the hash can be cracked offline.",
                "Remove /etc/security/opasswd before baking the image.",
            ),
            group: advisory(
                GROUP,
                "Password hash of a group",
                Severity::Medium,
                "Who cracks it becomes a member of the group with newgrp.",
                "Remove the group's password: gpasswd -R GROUP.",
            ),
            uid_zero: advisory(
                "uid-zero-account",
                "Another account with user number 0",
                Severity::Critical,
                "The account is root under another name, with its own password: a usual way to keep a door open.",
                "Delete the account, or give it a number of its own.",
            ),
            nis: advisory(
                "nis-entry",
                "Accounts taken from NIS",
                Severity::Medium,
                "Whoever answers as the NIS server adds accounts to the machine; without NIS, old programs take + for a name.",
                "Remove lines that begin with + or - from passwd, shadow and group.",
            ),
        }
    }
}

fn advisory(id: &str, title: &str, severity: Severity, why: &str, remedy: &str) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: id.to_owned(),
        category: Category::PasswordHash,
        title: title.to_owned(),
        severity,
        why: why.to_owned(),
        remedy: remedy.to_owned(),
        references: vec![
            "https://manpages.debian.org/shadow.5".to_owned(),
            "https://cwe.mitre.org/data/definitions/522.html".to_owned(),
        ],
    })
}

/// Which file it is: what the fields mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Passwd,
    PasswordHash,
    Gshadow,
    /// Earlier passwords, kept by pam_unix and pam_pwhistory.
    Opasswd,
}

/// The table, and whether the place says so too (and not only the name).
fn table_of(entry: &Entry<'_>) -> Option<(Table, bool)> {
    let name = entry.name();
    let (table, suffix) = [
        (&b"opasswd"[..], Table::Opasswd),
        (b"passwd", Table::Passwd),
        (b"gshadow", Table::Gshadow),
        (b"shadow", Table::PasswordHash),
        (b"group", Table::Gshadow), // the same second field, in a file that everybody may read
    ]
    .into_iter()
    .find_map(|(stem, table)| Some((table, name.strip_prefix(stem)?)))?;
    if !(suffix.is_empty() || matches!(suffix.first(), Some(b'-' | b'~' | b'.' | b'_' | b'+')))
        || suffix.len() > 32
    {
        return None;
    }
    // passwd.5.gz, shadow.h, passwd.md and their kin are about passwords and hold none.
    const OTHER: [&[u8]; 12] =
        [b".gz", b".h", b".c", b".md", b".so", b".conf", b".html", b".py", b".pyc", b".js", b".css", b".mo"];
    if OTHER.iter().any(|end| suffix.ends_with(end)) {
        return None;
    }
    let path = entry.inner_path();
    let directory = path.get(..path.len().saturating_sub(name.len())).unwrap_or_default();
    const PLACES: [&[u8]; 3] = [b"etc/", b"var/backups/", b"etc/security/"];
    let at_place = PLACES.iter().any(|place| {
        directory.strip_suffix(*place).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    });
    Some((table, at_place))
}

/// Whether the file is read line by line as a table of accounts.
pub(super) fn is_table(entry: &Entry<'_>) -> bool {
    table_of(entry).is_some()
}

impl FileDetector for PasswordHashes {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        [
            &self.hash,
            &self.in_passwd,
            &self.locked,
            &self.empty,
            &self.old,
            &self.group,
            &self.uid_zero,
            &self.nis,
            default_advisory(),
        ]
        .into_iter()
        .cloned()
        .collect()
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let is_file = entry.metadata.file_type == FileType::Regular && entry.metadata.size > 0;
        if is_file && table_of(entry).is_some() { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], facts: &Facts, sink: &mut dyn Sink) {
        let Some((table, at_place)) = table_of(entry) else { return };
        if content.get(..1024.min(content.len())).is_some_and(|head| head.contains(&0)) {
            return;
        }
        let mut offset = 0_u64;
        for (number, line) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
            let start = offset;
            offset = offset.saturating_add(line.len() as u64).saturating_add(1);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(row) = Row::parse(table, line, number, start, at_place) {
                self.judge(&row, facts, sink);
            }
        }
    }
}

/// One line of a table.
struct Row<'a> {
    table: Table,
    name: &'a [u8],
    fields: Vec<&'a [u8]>,
    line: u64,
    /// Where the second field begins in the file.
    offset: u64,
    /// Whether absence counts: an empty field of any file that is called `passwd` says nothing.
    at_place: bool,
}

impl<'a> Row<'a> {
    fn parse(table: Table, text: &'a [u8], line: u64, start: u64, at_place: bool) -> Option<Self> {
        if text.is_empty() || text.starts_with(b"#") {
            return None;
        }
        let fields: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
        let name = *fields.first()?;
        let is_name = name.len() <= 256 && name.iter().all(|&byte| byte > b' ' && byte != 0x7f);
        let offset = start.saturating_add(name.len() as u64).saturating_add(1);
        (is_name && fields.len() >= 2).then_some(Self { table, name, fields, line, offset, at_place })
    }

    fn field(&self, number: usize) -> &'a [u8] {
        self.fields.get(number).copied().unwrap_or_default()
    }

    /// Whether it has as many fields as the table's lines have: an empty password counts only then.
    fn is_whole(&self) -> bool {
        let wanted = match self.table {
            Table::Passwd => 7,
            Table::PasswordHash => 9,
            Table::Gshadow | Table::Opasswd => 4,
        };
        self.at_place && self.fields.len() == wanted && !self.name.is_empty()
    }

    /// Whether the place or the line's own form says that it is an account: a DES hash alone is 13 letters.
    fn is_account(&self) -> bool {
        let is_passwd = self.table == Table::Passwd && self.fields.len() == 7;
        let numbered = [2, 3].iter().all(|&at| number(self.field(at)).is_some());
        self.at_place || is_passwd && numbered && self.field(5).starts_with(b"/")
    }

    /// The user number: the line's own, or what /etc/passwd says.
    fn uid(&self, facts: &Facts) -> Option<u32> {
        let own = match self.table {
            Table::Passwd => number(self.field(2)),
            Table::Opasswd => number(self.field(1)),
            Table::PasswordHash | Table::Gshadow => None,
        };
        let known = || facts.accounts.user(self.name).and_then(|user| user.uid);
        own.or_else(|| if self.name == b"root" { Some(0) } else { known() })
    }

    fn shell(&self, facts: &Facts) -> Option<String> {
        let shell = match self.table {
            Table::Passwd => self.field(6),
            _ => facts.accounts.user(self.name)?.shell.as_slice(),
        };
        (!shell.is_empty()).then(|| String::from_utf8_lossy(shell).into_owned())
    }

    /// A finding about this line, with everything known of the account.
    fn finding(&self, advisory: &Arc<Advisory>, facts: &Facts) -> Finding {
        let mut finding = Finding::new(advisory).line(self.line).offset(self.offset);
        finding = finding.subject(Escaped(self.name).to_string());
        if self.table != Table::Gshadow {
            if let Some(uid) = self.uid(facts) {
                finding = finding.fact(FactKey::Uid, uid.to_string());
            }
            if let Some(shell) = self.shell(facts) {
                finding = finding.fact(FactKey::Shell, shell);
            }
        }
        finding
    }
}

/// As the C library reads it: the low 32 bits of a decimal number, so 4294967296 is root, too.
fn number(field: &[u8]) -> Option<u32> {
    let value: u64 = std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()?;
    u32::try_from(value & u64::from(u32::MAX)).ok()
}

impl PasswordHashes {
    fn judge(&self, row: &Row<'_>, facts: &Facts, sink: &mut dyn Sink) {
        if row.name.starts_with(b"+") || (row.name.starts_with(b"-") && row.fields.len() > 3) {
            if row.at_place {
                sink.finding(row.finding(&self.nis, facts));
            }
            return;
        }
        if row.table == Table::Opasswd {
            self.judge_old(row, facts, sink);
            return;
        }
        if row.table == Table::Passwd
            && row.is_whole()
            && row.name != b"root"
            && number(row.field(2)) == Some(0)
        {
            sink.finding(row.finding(&self.uid_zero, facts));
        }
        self.judge_password(row, facts, sink);
    }

    fn judge_password(&self, row: &Row<'_>, facts: &Facts, sink: &mut dyn Sink) {
        let severity = |form: &Form| severity_of(row, form, facts);
        let finding = match crypt::judge(row.field(1)) {
            Password::Locked => return,
            Password::Empty if row.table == Table::Gshadow || !row.is_whole() => return,
            Password::Empty => row.finding(&self.empty, facts),
            Password::LockedHash(hash, form) => with_hash(row.finding(&self.locked, facts), hash, &form),
            Password::Hash(_, form) if !row.is_account() && form.algorithm == "DES" => return,
            Password::Hash(hash, form) => {
                with_hash(row.finding(self.advisory_of(row.table), facts), hash, &form)
                    .severity(severity(&form))
            }
            Password::Misshapen(_) if !row.is_whole() => return,
            Password::Misshapen(hash) => row
                .finding(self.advisory_of(row.table), facts)
                .severity(Severity::Medium)
                .confidence(Confidence::Low)
                .secret(Secret::new(hash))
                .fact(FactKey::Algorithm, "none whose lengths fit"),
        };
        sink.finding(finding);
    }

    /// `name:uid:count:hash,hash,…`
    fn judge_old(&self, row: &Row<'_>, facts: &Facts, sink: &mut dyn Sink) {
        for hash in row.field(3).split(|&byte| byte == b',') {
            if let Password::Hash(hash, form) | Password::LockedHash(hash, form) = crypt::judge(hash) {
                sink.finding(with_hash(row.finding(&self.old, facts), hash, &form));
            }
        }
    }

    fn advisory_of(&self, table: Table) -> &Arc<Advisory> {
        match table {
            Table::Passwd => &self.in_passwd,
            Table::Gshadow => &self.group,
            Table::PasswordHash | Table::Opasswd => &self.hash,
        }
    }
}

fn severity_of(row: &Row<'_>, form: &Form, facts: &Facts) -> Severity {
    const BROKEN: [&str; 6] = ["DES", "BSDi DES", "MD5", "Apache MD5", "Sun MD5", "NT"];
    if row.table == Table::Gshadow {
        return Severity::Medium;
    }
    if row.uid(facts) == Some(0) || BROKEN.contains(&form.algorithm) {
        Severity::Critical
    } else {
        Severity::High
    }
}

fn with_hash(finding: Finding, hash: &[u8], form: &Form) -> Finding {
    let mut finding = finding
        .proof(Verification::Structure)
        .secret(Secret::new(hash))
        .fact(FactKey::Algorithm, form.algorithm);
    if let Some(cost) = &form.cost {
        finding = finding.fact(FactKey::Cost, cost.clone());
    }
    if let Some(weakness) = form.weakness {
        finding = finding.fact(FactKey::Weakness, weakness);
    }
    finding
}

#[cfg(test)]
mod tests;
