//! The stanzas of dpkg's status file.

use std::ops::ControlFlow;

use super::{Package, PackageManager};
use crate::files::lines;
use assay_disk::text::unhex;

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
        let (name, version) = (text(self.name), text(self.version));
        Package { name, version, architecture: text(self.architecture), manager: PackageManager::Dpkg }
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
    pub(super) fn is_installed(&self) -> bool {
        let state = self.state.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
        !matches!(state, b"not-installed" | b"config-files")
    }
}

/// Hands on each package of `content`, installed or not, until one is refused. What is wrong with the file.
pub(super) fn each<'a>(
    content: &'a [u8],
    visit: &mut dyn FnMut(&Stanza<'a>) -> ControlFlow<()>,
) -> Result<(), &'static str> {
    let mut stanza = Stanza::default();
    let mut in_conffiles = false;
    let mut end = Ok(());
    let mut has_fields = false;
    // The last stanza may end without an empty line.
    for (_, line) in lines(content).chain([(0, [].as_slice())]) {
        if line.is_empty() {
            let whole = std::mem::take(&mut stanza);
            if whole.name.is_empty() {
                end = if has_fields { Err("a package has no name") } else { end };
            } else if visit(&whole).is_break() {
                return end;
            }
            has_fields = false;
        } else if line.starts_with(b" ") || line.starts_with(b"\t") {
            if in_conffiles {
                stanza.conffiles.push(line);
            }
        } else {
            has_fields = true;
            if !is_field(line) {
                end = Err("a line is none of a package");
            }
            in_conffiles = field(&mut stanza, line);
        }
    }
    end
}

/// Whether a line begins with the name of a field and a colon.
fn is_field(line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).and_then(|colon| line.get(..colon)).unwrap_or_default();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// Says of each line that is none of a status file, and of one that is cut off, what is wrong with it.
pub(super) fn check(content: &[u8], wrong: &mut dyn FnMut(u64, &'static str)) {
    let mut last = 0;
    for (number, line) in lines(content) {
        let name = line.get(..memchr::memchr(b':', line).unwrap_or(0)).unwrap_or_default();
        let is_field =
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        if line.contains(&0) {
            wrong(number, "it has zero bytes");
        } else if !is_field && !line.is_empty() && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            wrong(number, "it is neither a field nor a part of one");
        }
        last = number;
    }
    if !content.is_empty() && !content.ends_with(b"\n") {
        wrong(last, "it is cut off");
    }
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
        let mut found = 0;
        let end = each(b"Package: ../../etc/x\nStatus: install ok installed\n", &mut |_| {
            found += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((found, end), (0, Err("a package has no name")));
    }
}
