//! The stanzas of dpkg's status file.

use std::ops::ControlFlow;

use super::{Package, PackageManager, Source, State};
use crate::files::lines;
use assay_disk::text::unhex;

/// An installed package, as the status file describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stanza<'a> {
    pub(super) name: &'a [u8],
    pub(super) architecture: &'a [u8],
    pub(super) version: &'a [u8],
    /// Its info files carry the architecture in their names.
    pub(super) multi_arch_same: bool,
    /// The continuation lines of `Conffiles`.
    conffiles: Vec<&'a [u8]>,
    state: &'a [u8],
    /// `name`, or `name (version)`.
    source: &'a [u8],
    pub(super) maintainer: &'a [u8],
}

impl<'a> Stanza<'a> {
    pub(super) fn package(&self) -> Package {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Package {
            name: text(self.name),
            version: text(self.version),
            architecture: text(self.architecture),
            manager: PackageManager::Dpkg,
            source: Some(self.source()),
            state: self.state(),
            ..Package::default()
        }
    }

    /// The source package: its name and version are those of the binary package where the field does not say others.
    fn source(&self) -> Source {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        let open = memchr::memchr(b'(', self.source).unwrap_or(self.source.len());
        let (name, version) = self.source.split_at(open);
        let version = version.strip_prefix(b"(").and_then(|rest| rest.split(|&byte| byte == b')').next());
        Source {
            name: if name.is_empty() { text(self.name) } else { text(name) },
            version: Some(version.map_or_else(|| text(self.version), text)),
        }
    }

    /// How far it is installed. Source: dpkg(1), "Package states" and "Package selection states".
    fn state(&self) -> State {
        let mut words = self.state.split(|&byte| byte == b' ');
        match (words.next(), words.next_back()) {
            (Some(b"hold"), Some(b"installed")) => State::Held,
            (_, Some(b"installed")) | (Some(b"") | None, None) => State::Installed,
            _ => State::Unfinished,
        }
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
        b"Source" => stanza.source = value,
        b"Maintainer" => stanza.maintainer = value,
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

    fn package(fields: &str) -> Package {
        let content = format!("Package: libx\nVersion: 1:2-3+b1\n{fields}\n");
        let mut package = None;
        each(content.as_bytes(), &mut |stanza| {
            package = Some(stanza.package());
            ControlFlow::Continue(())
        })
        .unwrap();
        package.unwrap()
    }

    #[test]
    fn a_source_has_the_name_and_version_of_its_package_unless_it_says_others() {
        let source = |fields: &str| {
            let source = package(fields).source.unwrap();
            (source.name, source.version.unwrap())
        };
        assert_eq!(source(""), ("libx".to_owned(), "1:2-3+b1".to_owned()));
        assert_eq!(source("Source: x\n"), ("x".to_owned(), "1:2-3+b1".to_owned()));
        assert_eq!(source("Source: x (2-3)\n"), ("x".to_owned(), "2-3".to_owned()));
    }

    #[test]
    fn states_are_those_of_dpkg() {
        for (status, state) in [
            ("", State::Installed),
            ("Status: install ok installed\n", State::Installed),
            ("Status: hold ok installed\n", State::Held),
            ("Status: deinstall ok installed\n", State::Installed),
            ("Status: install ok half-configured\n", State::Unfinished),
            ("Status: install ok triggers-pending\n", State::Unfinished),
            ("Status: install reinstreq half-installed\n", State::Unfinished),
        ] {
            assert_eq!(package(status).state, state, "{status}");
        }
    }

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
