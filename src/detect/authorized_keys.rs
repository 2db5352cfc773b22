//! Keys that may log in.
//!
//! **Finds** every key of authorized_keys files and their backups, wherever sshd_config puts them and whatever links
//! and mounts lead there, keys that sign certificates (TrustedUserCAKeys), the names that these may have
//! (AuthorizedPrincipalsFile), files that AuthorizedKeysCommand is given, and the keys that first-boot data hands
//! out; says options, comment, fingerprint and account. A private half in the image is joined later.
//!
//! **Why it matters:** whoever holds the private half can log into every instance of the image.
//!
//! **Does not find** keys that AuthorizedKeysCommand makes up or fetches.
//!
//! **References:** sshd(8), AUTHORIZED_KEYS FILE FORMAT; sshd_config(5).

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::facts::sshd::KeyRole;
use crate::finding::{Advisory, Category, FactKey, Finding, Secret, Severity, Verification};
use crate::keys;
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::Entry;

/// The detector.
pub struct AuthorizedKeys {
    advisory: Arc<Advisory>,
    principals: Arc<Advisory>,
}

impl Default for AuthorizedKeys {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "authorized-key".into(),
                category: Category::AuthorizedKeys,
                title: "Key that may log in".into(),
                severity: Severity::Medium,
                why: "Who holds the private half can log into every instance of the image.".into(),
                remedy: "Delete the file before the image is taken; let cloud-init write it.".into(),
                references: vec!["https://man.openbsd.org/sshd.8".into()],
            }),
            principals: Arc::new(Advisory {
                id: "authorized-principals".into(),
                category: Category::AuthorizedKeys,
                title: "Names that may log in by certificate".into(),
                severity: Severity::Medium,
                why: "Who holds a certificate of one of these names, signed by a key that sshd trusts, logs in.".into(),
                remedy: "Delete the file, or leave only names that every instance of the image should let in.".into(),
                references: vec!["https://man.openbsd.org/sshd_config#AuthorizedPrincipalsFile".into()],
            }),
        }
    }
}

/// Whether `path` fits sshd's `pattern`; `%h` and `%u` stand for any home and any user.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let tail = pattern.strip_prefix(b"%h/").or((!pattern.starts_with(b"/")).then_some(pattern));
    if let Some(tail) = tail {
        return !tail.is_empty() && path.strip_suffix(tail).is_some_and(|home| home.ends_with(b"/"));
    }
    let token = memchr::memmem::find(pattern, b"%u").or_else(|| memchr::memmem::find(pattern, b"%U"));
    match token {
        Some(at) => {
            let user = pattern.get(..at).and_then(|before| path.strip_prefix(before));
            let user = user.and_then(|rest| rest.strip_suffix(pattern.get(at + 2..).unwrap_or_default()));
            user.is_some_and(|user| !user.is_empty() && !user.contains(&b'/'))
        }
        None => pattern == path,
    }
}

/// Whose keys a file holds, and what else it is.
#[derive(Default)]
struct Holder {
    user: Option<Vec<u8>>,
    /// All accounts, where it is the file of several.
    all: Vec<Vec<u8>>,
    roles: Vec<KeyRole>,
    /// The path by which sshd reads it, where that is another.
    read_as: Option<Vec<u8>>,
}

impl Holder {
    fn of(path: &[u8], facts: &Facts) -> Self {
        let Some(places) = facts.sshd.key_files.get(path) else {
            return Self { user: user_of(path, facts), ..Self::default() };
        };
        let mut all: Vec<Vec<u8>> = places.iter().filter_map(|place| place.account.clone()).collect();
        all.sort();
        all.dedup();
        let mut roles: Vec<KeyRole> = places.iter().map(|place| place.role).collect();
        roles.sort_unstable();
        roles.dedup();
        let master = all.iter().find(|user| is_master(user)).or_else(|| all.first()).cloned();
        let is_of_any = places.iter().any(|place| place.account.is_none());
        let user = master.or_else(|| if is_of_any { None } else { user_of(path, facts) });
        let other = places.iter().find(|place| place.path != path);
        Self { user, all, roles, read_as: other.map(|place| place.path.clone()) }
    }

    fn complete(&self, mut finding: Finding) -> Finding {
        if self.all.len() > 1 {
            let shown = self.all.iter().take(ACCOUNTS).map(|user| Escaped(user).to_string());
            let shown = shown.collect::<Vec<_>>().join(", ");
            let more = self.all.len().saturating_sub(ACCOUNTS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            finding = finding.fact(FactKey::Accounts, shown + &more);
        }
        if self.roles.contains(&KeyRole::Authority) {
            finding = finding.fact(FactKey::Remark, "signs certificates that let in");
        }
        if self.roles == [KeyRole::OfCommand] {
            finding = finding.fact(FactKey::Remark, "handed out by AuthorizedKeysCommand");
        }
        match &self.read_as {
            Some(path) => finding.fact(FactKey::ServesAs, Escaped(path).to_string()),
            None => finding,
        }
    }
}

/// Accounts that one finding names.
const ACCOUNTS: usize = 8;

/// The account whose keys `path` holds, as far as the path or /etc/passwd says it.
fn user_of(path: &[u8], facts: &Facts) -> Option<Vec<u8>> {
    if let Some(account) = facts.accounts.home_of(path) {
        return Some(account.name.clone());
    }
    if path.starts_with(b"/root/") {
        return Some(b"root".to_vec());
    }
    if path.rsplit(|&byte| byte == b'/').next().is_some_and(|name| has_start(name, ADMINISTRATORS)) {
        return Some(b"Administrators".to_vec());
    }
    let homes = [&b"/home/"[..], b"/etc/ssh/authorized_keys.d/"];
    let below = homes.iter().find_map(|home| path.strip_prefix(*home));
    // Names on Windows have no case.
    let below = below.or_else(|| has_start(path, b"/Users/").then(|| path.get(7..)).flatten())?;
    below.split(|&byte| byte == b'/').next().map(<[u8]>::to_vec)
}

/// Whether whoever has this key is the master of the machine.
fn is_master(user: &[u8]) -> bool {
    user == b"root"
        || [&b"administrators"[..], b"administrator"].iter().any(|name| user.eq_ignore_ascii_case(name))
}

/// The keys of all administrators of a Windows, in C:\ProgramData\ssh.
const ADMINISTRATORS: &[u8] = b"administrators_authorized_keys";

fn has_start(bytes: &[u8], start: &[u8]) -> bool {
    bytes.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// The name, or that of a backup: `authorized_keys.bak`, `authorized_keys2`.
fn is_named(name: &[u8]) -> bool {
    let starts = [ADMINISTRATORS, b"authorized_keys"];
    let start = starts.iter().find(|start| has_start(name, start));
    start.and_then(|start| name.get(start.len()..)).is_some_and(|rest| {
        rest.len() <= 12 && !rest.ends_with(b".html") && !rest.ends_with(b".gz") && !rest.starts_with(b".5")
    })
}

/// Data of a first boot, with `ssh_authorized_keys` in it.
fn is_first_boot(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [
        b"user-data",
        b"user-data.txt",
        b"user-data.txt.i",
        b"cloud-config.txt",
        b"vendor-data.txt",
        b"meta-data",
    ];
    NAMES.contains(&name)
}

/// Configuration of cloud-init, which every instance takes: keys in it open the first user of each.
fn is_cloud_config(path: &[u8]) -> bool {
    let below = path.strip_prefix(b"/etc/cloud/").unwrap_or_default();
    below == b"cloud.cfg" || below.starts_with(b"cloud.cfg.d/") && below.ends_with(b".cfg")
}

/// Accounts in JSON: what Ignition makes at the first boot, and the records of userdb and homed.
fn is_json_of_accounts(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 5] = [b".ign", b".user", b".user-privileged", b".identity", b"/ignition.json"];
    const PLACES: [&[u8]; 5] =
        [b"/etc/userdb/", b"/usr/lib/userdb/", b"/run/userdb/", b"/ignition/", b"/usr/lib/ignition/"];
    ENDS.iter().any(|end| path.ends_with(end))
        && PLACES.iter().any(|place| memchr::memmem::find(path, place).is_some())
        || path.ends_with(b".ign")
}

/// The options before a key: `from="…",no-pty`.
fn options(line: &[u8], key: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(line, key)?;
    let before = line.get(..at)?.trim_ascii().trim_ascii_start();
    let options = before.strip_prefix(b"-").unwrap_or(before).trim_ascii();
    (!options.is_empty()).then(|| Escaped(options).to_string())
}

impl FileDetector for AuthorizedKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory), Arc::clone(&self.principals)]
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        let wanted = is_named(entry.name())
            || is_first_boot(entry.name())
            || is_cloud_config(entry.path)
            || is_json_of_accounts(entry.path)
            || entry.directory().ends_with(b"/etc/ssh/authorized_keys.d")
            || entry.directory().ends_with(b"/.ssh/authorized_keys.d")
            || facts.sshd.key_files.contains_key(entry.path)
            || facts.sshd.authorized_keys_files.iter().any(|pattern| fits(pattern, entry.path));
        if wanted && entry.metadata.file_type == FileType::Regular {
            Interest::Content
        } else {
            Interest::Skip
        }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], facts: &Facts, sink: &mut dyn Sink) {
        let holder = Holder::of(entry.path, facts);
        if holder.roles.contains(&KeyRole::Principals) {
            self.principals(content, &holder, sink);
        }
        for (number, line) in (1..).zip(content.split(|&byte| byte == b'\n')) {
            let line = line.trim_ascii();
            if line.starts_with(b"#") {
                continue;
            }
            let strings = line.split(|&byte| byte == b'"' && is_json_of_accounts(entry.path));
            for line in strings {
                self.key(entry, (number, line), &holder, sink);
            }
        }
    }
}

impl AuthorizedKeys {
    /// A line, or a string of JSON in it, that may be a key.
    fn key(&self, entry: &Entry<'_>, at: (u64, &[u8]), holder: &Holder, sink: &mut dyn Sink) {
        let ((number, line), user) = (at, holder.user.as_deref());
        if let Some(key) = keys::parse_public_line(line) {
            let mut finding = Finding::new(&self.advisory)
                .proof(Verification::Key)
                .line(number)
                .secret(Secret::new(key.text.as_slice()))
                .fingerprint(key.fingerprint())
                .fact(FactKey::Comment, Escaped(&key.comment).to_string());
            if key.comment.starts_with(b"packer_") {
                finding = finding.fact(FactKey::Remark, "leftover key of the build");
            }
            let algorithm = key.text.split(|&byte| byte == b' ').next().unwrap_or_default();
            if let Some(options) = options(line, algorithm) {
                finding = finding.fact(FactKey::Options, options);
            }
            if is_first_boot(entry.name()) {
                finding = finding.severity(Severity::Low).fact(FactKey::Remark, "given at first boot");
            }
            if is_cloud_config(entry.path) {
                finding = finding.fact(FactKey::Remark, "given to every instance");
            }
            finding = finding.fact(FactKey::KeyType, key.algorithm);
            if let Some(user) = user {
                finding = finding.subject(Escaped(user).to_string());
            }
            let opens_all = holder.roles.contains(&KeyRole::Authority);
            if (opens_all || user.is_some_and(is_master)) && !is_first_boot(entry.name()) {
                finding = finding.severity(Severity::High);
            }
            sink.finding(holder.complete(finding));
        }
    }

    /// The names in a file of AuthorizedPrincipalsFile.
    fn principals(&self, content: &[u8], holder: &Holder, sink: &mut dyn Sink) {
        let lines = content.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let names: Vec<&[u8]> = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).collect();
        if names.is_empty() {
            return;
        }
        let shown: Vec<String> = names.iter().take(ACCOUNTS).map(|name| Escaped(name).to_string()).collect();
        let mut finding = Finding::new(&self.principals)
            .fact(FactKey::Names, shown.join(", "))
            .fact(FactKey::Lines, names.len().to_string());
        if let Some(user) = &holder.user {
            finding = finding.subject(Escaped(user).to_string());
        }
        if holder.user.as_deref().is_some_and(is_master) {
            finding = finding.severity(Severity::High);
        }
        sink.finding(holder.complete(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_windows_are_told_in_any_case() {
        for (path, user) in [
            ("/Users/Administrator/.ssh/authorized_keys", Some("Administrator")),
            ("/USERS/bob/.SSH/AUTHORIZED_KEYS", Some("bob")),
            ("/ProgramData/ssh/administrators_authorized_keys", Some("Administrators")),
            ("/programdata/SSH/Administrators_Authorized_Keys.bak", Some("Administrators")),
            ("/home/bob/.ssh/authorized_keys", Some("bob")),
            ("/srv/authorized_keys", None),
        ] {
            assert!(is_named(path.rsplit('/').next().unwrap_or_default().as_bytes()), "{path}");
            let found = user_of(path.as_bytes(), &Facts::default());
            assert_eq!(found.as_deref(), user.map(str::as_bytes), "{path}");
        }
        assert!(is_master(b"ADMINISTRATOR") && is_master(b"root") && !is_master(b"Root"));
    }

    #[test]
    fn keys_that_cloud_init_hands_out_are_looked_for() {
        assert!(
            is_cloud_config(b"/etc/cloud/cloud.cfg") && is_cloud_config(b"/etc/cloud/cloud.cfg.d/80-x.cfg")
        );
        for path in
            ["/etc/cloud/cloud.cfg.d/README", "/srv/etc/cloud/cloud.cfg", "/etc/cloud/templates/a.tmpl"]
        {
            assert!(!is_cloud_config(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn keys_of_accounts_in_json_are_found() {
        let blob = "AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
        let text = format!(
            "{{\"users\": [\n{{\"sshAuthorizedKeys\": [\"ssh-ed25519 {blob} a@b\", \"ssh-ed25519 {blob} c@d\"]}}]}}\n"
        );
        let found = |path: &str| {
            let metadata = assay_disk::fs::Metadata::bare(FileType::Regular, 0o644, 9);
            let node = assay_disk::fs::NodeId(1);
            let entry = Entry { path: path.as_bytes(), metadata: &metadata, node, target: None };
            let (detector, facts) = (AuthorizedKeys::default(), Facts::default());
            let mut sink = crate::detect::Collector::default();
            if detector.interest(&entry, &facts) == Interest::Content {
                detector.inspect(&entry, text.as_bytes(), &facts, &mut sink);
            }
            sink.findings.iter().map(|finding| finding.location.line).collect::<Vec<_>>()
        };
        for path in ["/boot/ignition/config.ign", "/etc/userdb/ops.user-privileged"] {
            assert_eq!(found(path), [Some(2), Some(2)], "{path}");
        }
        assert!(found("/srv/notes.json").is_empty());
    }

    #[test]
    fn a_file_that_sshd_reads_says_for_whom_and_by_which_path() {
        let mut facts = Facts::default();
        let place = |account: &str, path: &str| crate::facts::sshd::KeyPlace {
            role: KeyRole::Keys,
            account: Some(account.into()),
            path: path.into(),
        };
        let places =
            vec![place("ada", "/srv/a/.ssh/authorized_keys"), place("root", "/root/.ssh/authorized_keys")];
        facts.sshd.key_files.insert(b"/srv/k".to_vec(), places);
        let holder = Holder::of(b"/srv/k", &facts);
        assert_eq!(holder.user.as_deref(), Some(b"root".as_slice()));
        let finding = holder.complete(Finding::new(&AuthorizedKeys::default().advisory));
        let facts = &finding.evidence.facts;
        assert!(facts.contains(&(FactKey::Accounts, "ada, root".to_owned())));
        assert!(facts.contains(&(FactKey::ServesAs, "/srv/a/.ssh/authorized_keys".to_owned())));
    }

    #[test]
    fn manuals_and_other_names_are_none() {
        for name in ["authorized_keys.5.gz", "authorized_keys.html", "authorized", "administrators"] {
            assert!(!is_named(name.as_bytes()), "{name}");
        }
    }
}
