//! sshd_config(5): where keys are, and every option as sshd reads it.

use super::{Desk, glob, lines};
use crate::fs::FileType;

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
    /// Patterns of `AuthorizedKeysFile`, with %h, %u and %%; relative ones are below the home.
    pub authorized_keys_files: Vec<Vec<u8>>,
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
    pub(super) fn gather(desk: &mut Desk<'_>) -> Self {
        let mut sshd = Self::default();
        let mut left = FILES;
        sshd.read(desk, b"/etc/ssh/sshd_config", None, (DEPTH, &mut left));
        sshd.look_beside(desk);
        sshd
    }

    fn look_beside(&mut self, desk: &mut Desk<'_>) {
        let named = self.host_keys.iter().filter_map(|key| key.get(..memchr::memrchr(b'/', key)?));
        let mut directories: Vec<Vec<u8>> = named.map(<[u8]>::to_vec).collect();
        directories.push(b"/etc/ssh".to_vec());
        directories.sort();
        directories.dedup();
        for directory in directories.into_iter().take(DIRECTORIES) {
            for (name, kind) in desk.list(&directory).into_iter().take(ENTRIES) {
                let path = [directory.as_slice(), b"/", &name].concat();
                if kind == FileType::Regular && name.ends_with(b".pub") {
                    let content = desk.read(&path, LIMIT).unwrap_or_default();
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
    fn read(
        &mut self,
        desk: &mut Desk<'_>,
        path: &[u8],
        condition: Option<&[u8]>,
        (depth, left): (u32, &mut u32),
    ) {
        let (Some(fewer), Some(deeper)) = (left.checked_sub(1), depth.checked_sub(1)) else {
            self.unread.get_or_insert_with(|| path.to_vec());
            return;
        };
        *left = fewer;
        let gaps = desk.gaps.len();
        let content = desk.read(path, LIMIT);
        if desk.gaps.len() > gaps {
            self.unread.get_or_insert_with(|| path.to_vec());
        }
        let Some(content) = content else { return };
        let mut condition = condition.map(<[u8]>::to_vec);
        for (number, line) in lines(&content) {
            let words = words(line);
            let Some((keyword, arguments)) = words.split_first() else { continue };
            let keyword = keyword.to_ascii_lowercase();
            let value = arguments.join(&b' ');
            match keyword.as_slice() {
                // `Match all` ends the conditions.
                b"match" => condition = (!value.eq_ignore_ascii_case(b"all")).then_some(value),
                b"include" => {
                    let paths: Vec<_> = arguments.iter().flat_map(|pattern| expand(desk, pattern)).collect();
                    for path in paths {
                        self.read(desk, &path, condition.as_deref(), (deeper, left));
                    }
                }
                // sshd refuses to start with more; each file of the image is held against all of them.
                b"hostkey" if condition.is_none() && self.host_keys.len() < HOST_KEYS => {
                    self.host_keys.extend(arguments.first().cloned());
                }
                _ => {
                    let is_global_keys = keyword == b"authorizedkeysfile" && condition.is_none();
                    if is_global_keys && self.authorized_keys_files.is_empty() {
                        self.authorized_keys_files = arguments.to_vec();
                    }
                    let (condition, path) = (condition.clone(), path.to_vec());
                    self.options.push(OptionLine { keyword, value, condition, path, line: number });
                }
            }
        }
    }
}

/// Keyword and arguments of a line: parted by white space, the keyword also by `=`; quotes hold together.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
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
fn expand(desk: &Desk<'_>, pattern: &[u8]) -> Vec<Vec<u8>> {
    let path = if pattern.starts_with(b"/") { pattern.to_vec() } else { [b"/etc/ssh/", pattern].concat() };
    let mut found = vec![Vec::new()];
    for part in path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
        found = found.iter().flat_map(|directory: &Vec<u8>| step(desk, directory, part)).take(1024).collect();
    }
    found
}

fn step(desk: &Desk<'_>, directory: &[u8], part: &[u8]) -> Vec<Vec<u8>> {
    let below = |name: &[u8]| [directory, b"/", name].concat();
    if !part.iter().any(|byte| b"*?[".contains(byte)) {
        return vec![below(part)];
    }
    let from = if directory.is_empty() { b"/" } else { directory };
    let names = desk.list(from).into_iter().map(|(name, _)| name);
    names
        .filter(|name| part.starts_with(b".") || !name.starts_with(b"."))
        .filter(|name| glob(part, name))
        .map(|name| below(&name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::shelf::Shelf;
    use super::*;

    fn read(shelf: &Shelf) -> Sshd {
        Sshd::gather(&mut Desk::new(shelf))
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
    fn match_blocks_are_left_out() {
        let shelf = Shelf::default().with(
            "/etc/ssh/sshd_config",
            "hostkey /a # why\n#HostKey /no\nMatch User git\n  AuthorizedKeysFile /srv/git/keys\n",
        );
        let sshd = read(&shelf);
        assert_eq!(sshd.host_keys, [b"/a".to_vec()]);
        assert!(sshd.authorized_keys_files.is_empty());
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
