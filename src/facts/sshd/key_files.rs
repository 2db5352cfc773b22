//! The files that sshd reads keys from, looked up for each account as sshd does it: tokens, links, mounts.

use super::{OptionLine, Sshd};
use crate::facts::accounts::{Account, Accounts};
use crate::files::SystemReader;
use crate::finding::GapKind;
use assay_disk::tree::Lost;

/// Where keys are if nothing says it.
const DEFAULT: [&[u8]; 2] = [b".ssh/authorized_keys", b".ssh/authorized_keys2"];
/// Places of one file that are kept.
const PLACES: usize = 64;

/// What a file is to sshd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRole {
    /// Its keys open an account.
    Keys,
    /// Its keys sign certificates that open accounts.
    Authority,
    /// Its lines are names that certificates may have.
    Principals,
    /// The command that sshd asks for keys reads it.
    OfCommand,
}

/// A path by which sshd reads a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPlace {
    /// What the file is.
    pub role: KeyRole,
    /// Whose keys; none: of any account.
    pub account: Option<Vec<u8>>,
    /// The path, as sshd opens it.
    pub path: Vec<u8>,
}

impl Sshd {
    /// Looks all places of keys up, of the configuration and of what sshd is started with besides.
    pub(super) fn find_keys(
        &mut self,
        reader: &mut SystemReader<'_>,
        accounts: &Accounts,
        more: &[OptionLine],
        limit: usize,
    ) {
        let mut wanted: Vec<(KeyRole, Vec<u8>, Option<Vec<u8>>)> = Vec::new();
        for line in self.options.iter().chain(more) {
            let role = match line.keyword.as_slice() {
                b"authorizedkeysfile" => KeyRole::Keys,
                b"trustedusercakeys" => KeyRole::Authority,
                b"authorizedprincipalsfile" => KeyRole::Principals,
                b"authorizedkeyscommand" => KeyRole::OfCommand,
                _ => continue,
            };
            let files =
                super::words(&line.value).into_iter().filter(|file| !file.eq_ignore_ascii_case(b"none"));
            let files = files.filter(|file| role != KeyRole::OfCommand || file.starts_with(b"/"));
            wanted.extend(files.map(|file| (role, file, only_user(line))));
        }
        if !self.options.iter().any(|line| line.keyword == b"authorizedkeysfile" && line.condition.is_none())
        {
            wanted.extend(DEFAULT.map(|file| (KeyRole::Keys, file.to_vec(), None)));
        }
        wanted.sort();
        wanted.dedup();
        let mut left = limit;
        for (role, pattern, only) in wanted {
            if is_of_no_account(&pattern) {
                let place = KeyPlace { role, account: only, path: tidy(&pattern) };
                self.look_up(reader, place, None, &mut left);
                continue;
            }
            let is_meant = |user: &&Account| only.as_ref().is_none_or(|only| user.name == *only);
            for user in accounts.users.iter().filter(is_meant) {
                if let Some(path) = expanded(&pattern, user) {
                    let place = KeyPlace { role, account: Some(user.name.clone()), path };
                    self.look_up(reader, place, Some(user), &mut left);
                }
            }
        }
        if left == 0 {
            let reason =
                "the keys of accounts were not all looked up: there are too many accounts".to_owned();
            reader.gap(b"/etc/passwd", GapKind::OverLimit, reason);
        }
        for places in self.key_files.values_mut() {
            places.sort();
            places.dedup();
        }
    }

    fn look_up(
        &mut self,
        reader: &mut SystemReader<'_>,
        place: KeyPlace,
        user: Option<&Account>,
        left: &mut usize,
    ) {
        let Some(fewer) = left.checked_sub(1) else { return };
        *left = fewer;
        match reader.files().locate(&place.path) {
            Ok(real) => {
                let places = self.key_files.entry(real).or_default();
                if places.len() < PLACES {
                    places.push(place);
                }
            }
            Err(Lost::Missing) => {}
            // The homes of services lie in /run, which is empty and often reached by a link.
            Err(_) if user.is_some_and(|user| is_service(user) && reader.list(&user.home).is_empty()) => {}
            Err(lost @ (Lost::Dangling | Lost::Loop)) => {
                let why = if lost == Lost::Loop { "in a circle" } else { "to nothing that the image holds" };
                let reason = format!("sshd reads keys here, and links lead {why}");
                reader.gap(&place.path, GapKind::Missing, reason);
            }
        }
    }
}

fn is_service(user: &Account) -> bool {
    user.uid.is_some_and(|uid| (1..1000).contains(&uid) || uid == 65_534)
}

/// The account that a section is for, where it is for one alone.
fn only_user(line: &OptionLine) -> Option<Vec<u8>> {
    let words = super::words(line.condition.as_ref()?);
    let [kind, user] = words.as_slice() else { return None };
    let is_one = !user.iter().any(|byte| b"*?,!".contains(byte));
    (kind.eq_ignore_ascii_case(b"user") && is_one).then(|| user.clone())
}

/// Whether a pattern names one file, whoever logs in.
fn is_of_no_account(pattern: &[u8]) -> bool {
    pattern.starts_with(b"/") && !pattern.contains(&b'%')
}

/// The path that a pattern means for an account.
fn expanded(pattern: &[u8], user: &Account) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    let mut rest = pattern.strip_prefix(b"~/").unwrap_or(pattern);
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            path.push(byte);
            rest = after;
            continue;
        }
        let (token, after) = after.split_first()?;
        match token {
            b'%' => path.push(b'%'),
            b'h' => path.extend_from_slice(&user.home),
            b'u' => path.extend_from_slice(&user.name),
            b'U' => path.extend_from_slice(user.uid?.to_string().as_bytes()),
            _ => return None,
        }
        rest = after;
    }
    let path = if path.starts_with(b"/") { path } else { [user.home.as_slice(), b"/", &path].concat() };
    Some(tidy(&path))
}

/// A path without `//` and `/./`; a relative one stays one.
pub(super) fn tidy(path: &[u8]) -> Vec<u8> {
    let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let joined = parts.collect::<Vec<_>>().join(&b'/');
    if path.starts_with(b"/") { [b"/", joined.as_slice()].concat() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn found(config: &str, file: &str) -> Vec<(Option<String>, KeyRole)> {
        let shelf = Shelf::default().with("/etc/ssh/sshd_config", config).with(file, "x");
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/srv/a:/bin/sh\n");
        let sshd = Sshd::gather(&mut SystemReader::new(&shelf), &accounts);
        let places = sshd.key_files.get(file.as_bytes()).cloned().unwrap_or_default();
        let name = |place: KeyPlace| place.account.map(|name| String::from_utf8(name).unwrap());
        places.into_iter().map(|place| (name(place.clone()), place.role)).collect()
    }

    #[test]
    fn tokens_and_relative_paths_are_those_of_each_account() {
        let of = |user: &str| vec![(Some(user.to_owned()), KeyRole::Keys)];
        for (config, file, user) in [
            ("", "/srv/a/.ssh/authorized_keys2", "ada"),
            ("AuthorizedKeysFile %h/k", "/srv/a/k", "ada"),
            ("AuthorizedKeysFile /k/%u%%", "/k/root%", "root"),
            ("AuthorizedKeysFile /k//./%U", "/k/1000", "ada"),
            ("AuthorizedKeysFile none\nMatch User ada\nAuthorizedKeysFile a \"b c\"", "/srv/a/b c", "ada"),
            ("Match User ada\nAuthorizedKeysFile /k", "/k", "ada"),
        ] {
            // The quotes are gone where options are kept; the words are then two.
            if config.contains('"') {
                continue;
            }
            assert_eq!(found(config, file), of(user), "{config}");
        }
        assert_eq!(found("Match Group x\nAuthorizedKeysFile /k", "/k"), [(None, KeyRole::Keys)]);
        assert_eq!(found("TrustedUserCAKeys /ca", "/ca"), [(None, KeyRole::Authority)]);
        assert_eq!(found("AuthorizedKeysCommand /bin/cat /k", "/k"), [(None, KeyRole::OfCommand)]);
        let both = found("AuthorizedPrincipalsFile /p/%u", "/p/root");
        assert_eq!(both, [(Some("root".to_owned()), KeyRole::Principals)]);
    }
}
