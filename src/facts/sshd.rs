//! sshd_config(5): where keys are, and every option as sshd reads it.

use assay_disk::path::glob;
use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Accounts;
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;
use assay_disk::fs::FileType;

mod arguments;
mod key_files;

pub use key_files::{KeyPlace, KeyRole};

/// Nobody writes a larger one.
const LIMIT: u64 = 4 << 20;
/// Host keys that sshd takes (`MAX_HOSTKEYS`).
const HOST_KEYS: usize = 256;
/// How deep sshd itself follows Include.
const DEPTH: u32 = 16;
/// Files read in all, however the Include lines multiply.
const FILES: u32 = 512;
/// Directories with host keys that are listed, and entries of each.
const DIRECTORIES: usize = 16;
const ENTRIES: usize = 256;

/// Where sshd looks for keys, over sshd_config and its Include files; first value wins as in sshd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sshd {
    /// Paths of `HostKey` lines (all of them), without the defaults.
    pub host_keys: Vec<Vec<u8>>,
    /// Patterns of `AuthorizedKeysFile` of all sections, with %h, %u, %U and %%; relative ones are below the home.
    pub authorized_keys_files: Vec<Vec<u8>>,
    /// The files that sshd reads keys or names from, by their paths as findings have them: for whom, and by which path.
    pub key_files: BTreeMap<Vec<u8>, Vec<KeyPlace>>,
    /// Files that lie where host keys do: /etc/ssh, and beside those that `HostKey` names.
    pub beside: Vec<Vec<u8>>,
    /// The public halves among them, with their content.
    pub public_halves: Vec<(Vec<u8>, Vec<u8>)>,
    /// Every other option, in the order sshd reads them: of the global section the first one counts.
    pub options: Vec<OptionLine>,
    /// The first file of the configuration that is there and could not be read, or was over a limit.
    pub unread: Option<Vec<u8>>,
}

/// A line of sshd's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionLine {
    /// In lower case.
    pub keyword: Vec<u8>,
    /// Its arguments, with one space between them.
    pub value: Vec<u8>,
    /// What stands after the `Match` that it is under, if one.
    pub condition: Option<Vec<u8>>,
    /// The file.
    pub path: Vec<u8>,
    /// The line, from 1.
    pub line: u64,
}

impl Sshd {
    pub(super) fn gather(reader: &mut SystemReader<'_>, accounts: &Accounts) -> Self {
        let mut sshd = Self::default();
        let budget = *reader.budget();
        let mut left = Left {
            files: FILES,
            bytes: budget.sshd_bytes,
            settings: budget.sshd_settings,
            met: BTreeSet::new(),
            over: None,
        };
        sshd.read(reader, b"/etc/ssh/sshd_config", None, DEPTH, &mut left);
        // What a command line says is no setting of the file; but keys that it names open accounts.
        let (arguments, configurations) = arguments::gather(reader);
        let mut beside = Self::default();
        for path in configurations {
            beside.read(reader, &path, None, DEPTH, &mut left);
        }
        sshd.authorized_keys_files.append(&mut beside.authorized_keys_files);
        let more: Vec<OptionLine> = arguments.into_iter().chain(beside.options).collect();
        if let Some(path) = left.over {
            let reason = "sshd's configuration, with what it includes, is larger than what is read of it";
            reader.gap(&path, GapKind::OverLimit, reason.to_owned());
            sshd.unread.get_or_insert(path);
        }
        sshd.look_beside(reader);
        sshd.find_keys(reader, accounts, &more, budget.key_places);
        sshd
    }

    fn look_beside(&mut self, reader: &mut SystemReader<'_>) {
        let named = self.host_keys.iter().filter_map(|key| key.get(..memchr::memrchr(b'/', key)?));
        let mut directories: Vec<Vec<u8>> = named.map(<[u8]>::to_vec).collect();
        directories.push(b"/etc/ssh".to_vec());
        directories.sort();
        directories.dedup();
        for directory in directories.into_iter().take(DIRECTORIES) {
            for (name, kind) in reader.list(&directory).into_iter().take(ENTRIES) {
                let path = [directory.as_slice(), b"/", &name].concat();
                if kind == FileType::Regular && name.ends_with(b".pub") {
                    let content = reader.read(&path, LIMIT).unwrap_or_default();
                    self.public_halves.push((path.clone(), content));
                }
                self.beside.push(path);
            }
        }
    }

    /// The lines of an option, in the order sshd reads them.
    pub fn lines_of(&self, name: &str) -> impl Iterator<Item = &OptionLine> {
        self.options.iter().filter(move |line| line.keyword.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The value in force for everybody, if it is set.
    pub fn global(&self, name: &str) -> Option<&OptionLine> {
        self.lines_of(name).find(|line| line.condition.is_none())
    }

    /// Reads a file; what it is included under (`condition`) holds for all of it, and a `Match` in it up to its end.
    /// Of what is included again under the same condition no value would count: the first ones do.
    fn read(
        &mut self,
        reader: &mut SystemReader<'_>,
        path: &[u8],
        condition: Option<&[u8]>,
        depth: u32,
        left: &mut Left,
    ) {
        let Some(deeper) = depth.checked_sub(1) else {
            return left.is_over(path);
        };
        let real = reader.files().locate(path).unwrap_or_else(|_| path.to_vec());
        if !left.met.insert((real, condition.map(<[u8]>::to_vec))) {
            return;
        }
        let size = reader.files().size(path).unwrap_or_default();
        let (Some(files), Some(bytes)) = (left.files.checked_sub(1), left.bytes.checked_sub(size)) else {
            return left.is_over(path);
        };
        (left.files, left.bytes) = (files, bytes);
        let gaps = reader.gaps.len();
        let content = reader.read(path, LIMIT);
        if reader.gaps.len() > gaps {
            self.unread.get_or_insert_with(|| path.to_vec());
        }
        let Some(content) = content else { return };
        let mut condition = condition.map(<[u8]>::to_vec);
        for (number, line) in lines(&content) {
            let words = words(line);
            let Some((keyword, arguments)) = words.split_first() else { continue };
            let Some(settings) = left.settings.checked_sub(1) else {
                return left.is_over(path);
            };
            left.settings = settings;
            let keyword = keyword.to_ascii_lowercase();
            let value = arguments.join(&b' ');
            match keyword.as_slice() {
                // `Match all` ends the conditions.
                b"match" => condition = (!value.eq_ignore_ascii_case(b"all")).then_some(value),
                b"include" => {
                    let paths: Vec<_> =
                        arguments.iter().flat_map(|pattern| expand(reader, pattern)).collect();
                    for path in paths {
                        self.read(reader, &path, condition.as_deref(), deeper, left);
                    }
                }
                // sshd refuses to start with more; each file of the image is held against all of them.
                b"hostkey" if condition.is_none() && self.host_keys.len() < HOST_KEYS => {
                    self.host_keys.extend(arguments.first().cloned());
                }
                _ => {
                    // Of the global section the first one counts.
                    let is_late = condition.is_none()
                        && self
                            .options
                            .iter()
                            .any(|o| o.condition.is_none() && o.keyword == b"authorizedkeysfile");
                    if keyword == b"authorizedkeysfile" && !is_late {
                        self.authorized_keys_files.extend(arguments.iter().map(|file| key_files::tidy(file)));
                    }
                    let (condition, path) = (condition.clone(), path.to_vec());
                    self.options.push(OptionLine { keyword, value, condition, path, line: number });
                }
            }
        }
    }
}

/// What may still be read.
struct Left {
    files: u32,
    bytes: u64,
    settings: usize,
    /// Files that were read, each with what it was included under.
    met: BTreeSet<(Vec<u8>, Option<Vec<u8>>)>,
    /// The first file that was not read, or not to its end.
    over: Option<Vec<u8>>,
}

impl Left {
    fn is_over(&mut self, path: &[u8]) {
        self.over.get_or_insert_with(|| path.to_vec());
    }
}

/// Keyword and arguments of a line: parted by white space, the keyword also by `=`; quotes hold together.
pub(super) fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = Vec::new();
    let mut quoted = false;
    let mut begun = false;
    for &byte in line {
        match byte {
            b'"' => (quoted, begun) = (!quoted, true),
            b'#' if !quoted && !begun => break,
            b' ' | b'\t' | b'\r' | b'\x0c' if !quoted => finish(&mut words, &mut word, &mut begun),
            b'=' if !quoted && words.len() + usize::from(begun) <= 1 => {
                finish(&mut words, &mut word, &mut begun);
            }
            _ => {
                word.push(byte);
                begun = true;
            }
        }
    }
    finish(&mut words, &mut word, &mut begun);
    words
}

fn finish(words: &mut Vec<Vec<u8>>, word: &mut Vec<u8>, begun: &mut bool) {
    if std::mem::take(begun) {
        words.push(std::mem::take(word));
    }
}

/// The files that an Include names, in the order of glob(7); relative ones are below /etc/ssh.
fn expand(reader: &SystemReader<'_>, pattern: &[u8]) -> Vec<Vec<u8>> {
    let path = if pattern.starts_with(b"/") { pattern.to_vec() } else { [b"/etc/ssh/", pattern].concat() };
    let mut found = vec![Vec::new()];
    for part in path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
        found =
            found.iter().flat_map(|directory: &Vec<u8>| step(reader, directory, part)).take(1024).collect();
    }
    found
}

fn step(reader: &SystemReader<'_>, directory: &[u8], part: &[u8]) -> Vec<Vec<u8>> {
    let below = |name: &[u8]| [directory, b"/", name].concat();
    if !part.iter().any(|byte| b"*?[".contains(byte)) {
        return vec![below(part)];
    }
    let from = if directory.is_empty() { b"/" } else { directory };
    let names = reader.list(from).into_iter().map(|(name, _)| name);
    names
        .filter(|name| part.starts_with(b".") || !name.starts_with(b"."))
        .filter(|name| glob(part, name))
        .map(|name| below(&name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn read(shelf: &Shelf) -> Sshd {
        Sshd::gather(&mut SystemReader::new(shelf), &Accounts::default())
    }

    #[test]
    fn drop_ins_come_in_the_order_of_their_names() {
        let shelf = Shelf::default()
            .with(
                "/etc/ssh/sshd_config",
                "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/late\n",
            )
            .with(
                "/etc/ssh/sshd_config.d/20.conf",
                "AuthorizedKeysFile = /etc/keys/%u .ssh/authorized_keys2\n",
            )
            .with("/etc/ssh/sshd_config.d/10.conf", "HostKey \"/etc/my keys/host\"\n")
            .with("/etc/ssh/sshd_config.d/05.txt", "AuthorizedKeysFile none\n");
        let sshd = read(&shelf);
        assert_eq!(sshd.host_keys, [b"/etc/my keys/host".to_vec()]);
        assert_eq!(sshd.authorized_keys_files, [b"/etc/keys/%u".to_vec(), b".ssh/authorized_keys2".to_vec()]);
    }

    #[test]
    fn keys_of_every_section_are_known_and_host_keys_of_the_global_one() {
        let shelf = Shelf::default().with(
            "/etc/ssh/sshd_config",
            "hostkey /a # why\n#HostKey /no\nMatch User git\n  AuthorizedKeysFile /srv/git/keys\n",
        );
        let sshd = read(&shelf);
        assert_eq!(sshd.host_keys, [b"/a".to_vec()]);
        assert_eq!(sshd.authorized_keys_files, [b"/srv/git/keys".to_vec()]);
    }

    #[test]
    fn what_is_included_many_times_is_read_once_and_too_much_is_a_gap() {
        let shelf = Shelf::default()
            .with("/etc/ssh/sshd_config", &"Include /etc/ssh/x\n".repeat(20))
            .with("/etc/ssh/x", &"a b\n".repeat(1000));
        let (mut reader, accounts) = (SystemReader::new(&shelf), Accounts::default());
        assert_eq!(Sshd::gather(&mut reader, &accounts).options.len(), 1000);
        assert!(reader.gaps.is_empty());
        let shelf = shelf.with("/etc/ssh/x", &"a b\n".repeat(900_000));
        let mut reader = SystemReader::new(&shelf);
        let sshd = Sshd::gather(&mut reader, &accounts);
        assert!(sshd.options.len() <= 20_000);
        assert_eq!((reader.gaps.len(), sshd.unread), (1, Some(b"/etc/ssh/x".to_vec())));
    }

    #[test]
    fn files_that_multiply_are_bounded_in_bytes() {
        let mut shelf = Shelf::default().with("/etc/ssh/sshd_config", "Include /etc/ssh/d/*\n");
        for number in 0..200 {
            shelf = shelf.with(&format!("/etc/ssh/d/{number}"), &"#".repeat(100_000));
        }
        let mut reader = SystemReader::new(&shelf);
        Sshd::gather(&mut reader, &Accounts::default());
        assert_eq!(reader.gaps.len(), 1);
    }

    #[test]
    fn the_first_global_value_counts_and_match_blocks_are_kept_apart() {
        let shelf = Shelf::default()
            .with(
                "/etc/ssh/sshd_config",
                "Include sshd_config.d/*.conf\nPermitRootLogin yes\nMatch User git\nPermitRootLogin yes\nMatch all\nX11Forwarding no\n",
            )
            .with("/etc/ssh/sshd_config.d/50.conf", "permitrootlogin no\nMatch Group a\nPasswordAuthentication yes\n");
        let sshd = read(&shelf);
        let first = sshd.global("PermitRootLogin").unwrap();
        assert_eq!((first.value.as_slice(), first.line), (b"no".as_slice(), 1));
        assert!(sshd.global("PasswordAuthentication").is_none());
        assert_eq!(
            sshd.lines_of("permitrootlogin").last().unwrap().condition.as_deref(),
            Some(b"User git".as_slice())
        );
        assert_eq!(sshd.global("X11Forwarding").unwrap().value, b"no");
        assert_eq!(sshd.unread, None);
    }

    #[test]
    fn public_halves_beside_host_keys_are_read() {
        let shelf = Shelf::default()
            .with("/etc/ssh/sshd_config", "HostKey /keys/host\n")
            .with("/keys/host.pub", "ssh-rsa A\n")
            .with("/etc/ssh/moduli", "");
        let sshd = read(&shelf);
        assert_eq!(sshd.public_halves, [(b"/keys/host.pub".to_vec(), b"ssh-rsa A\n".to_vec())]);
        assert!(sshd.beside.contains(&b"/etc/ssh/moduli".to_vec()));
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let shelf =
            Shelf::default().with("/etc/ssh/sshd_config", "Include sshd_config sshd_c*\nHostKey /a\n");
        assert!(!read(&shelf).host_keys.is_empty());
    }
}
