//! The stanzas of dpkg's status file.

use super::Package;
use crate::facts::lines;
use crate::text::unhex;

/// An installed package, as the status file describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stanza<'a> {
    pub(super) name: &'a [u8],
    pub(super) architecture: &'a [u8],
    version: &'a [u8],
    /// Its info files carry the architecture in their names.
    pub(super) multi_arch_same: bool,
    /// The continuation lines of `Conffiles`.
    conffiles: Vec<&'a [u8]>,
    state: &'a [u8],
}

impl<'a> Stanza<'a> {
    pub(super) fn package(&self) -> Package {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Package { name: text(self.name), version: text(self.version), architecture: text(self.architecture) }
    }

    /// Paths of configuration files and their MD5, where it is one (`newconffile` is not).
    pub(super) fn conffiles(&self) -> impl Iterator<Item = (&'a [u8], Option<[u8; 16]>)> {
        self.conffiles.iter().filter_map(|line| {
            let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
            let path = words.next()?;
            Some((path, words.next().and_then(unhex)))
        })
    }

    /// Whether its files are (partly) there. A stanza of status.d has no `Status`, and is installed.
    fn is_installed(&self) -> bool {
        if self.name.is_empty() {
            return false;
        }
        let state = self.state.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
        !matches!(state, b"not-installed" | b"config-files")
    }
}

/// The packages of `content` that are installed.
pub(super) fn parse(content: &[u8]) -> Vec<Stanza<'_>> {
    let mut all = Vec::new();
    let mut stanza = Stanza::default();
    let mut in_conffiles = false;
    for (_, line) in lines(content) {
        if line.is_empty() {
            all.push(std::mem::take(&mut stanza));
        } else if line.starts_with(b" ") {
            if in_conffiles {
                stanza.conffiles.push(line);
            }
        } else {
            in_conffiles = field(&mut stanza, line);
        }
    }
    all.push(stanza);
    all.retain(Stanza::is_installed);
    all
}

/// Takes a field; says whether it was `Conffiles`, whose lines follow.
fn field<'a>(stanza: &mut Stanza<'a>, line: &'a [u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    match name {
        b"Package" if is_file_name(value) => stanza.name = value,
        b"Architecture" if is_file_name(value) => stanza.architecture = value,
        b"Version" => stanza.version = value,
        b"Status" => stanza.state = value,
        b"Multi-Arch" => stanza.multi_arch_same = value == b"same",
        b"Conffiles" => return true,
        _ => {}
    }
    false
}

/// A name that cannot lead out of the directory of the database.
fn is_file_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.starts_with(b".") && !name.contains(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_database() {
        assert!(parse(b"Package: ../../etc/x\nStatus: install ok installed\n").is_empty());
    }
}
