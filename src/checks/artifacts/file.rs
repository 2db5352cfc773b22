//! The file at hand: its metadata, its package, and as much of its content as is asked for.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::super::Subject;
use crate::facts::Facts;
use crate::packages::Packages;
use assay_disk::fs::{FileType, Metadata};
use assay_disk::tree::{EntryId, SystemKind};

/// Bytes of a file that conditions on its content look at.
pub const READ: usize = 1 << 20;

/// The file at hand.
pub(super) struct File<'f> {
    pub(super) subject: &'f Subject<'f>,
    pub(super) id: EntryId,
    /// Its path in the system at hand.
    pub(super) path: &'f [u8],
    /// Its path in the database of packages.
    recorded_as: Cow<'f, [u8]>,
    /// The facts with that database.
    packages: &'f Packages,
    pub(super) metadata: &'f Metadata,
    pub(super) target: Option<&'f [u8]>,
    /// Whether the package database at hand is about this file.
    pub(super) in_system: bool,
    head: OnceCell<Vec<u8>>,
    content: OnceCell<Option<Vec<u8>>>,
}

impl<'f> File<'f> {
    pub(super) fn new(
        subject: &'f Subject<'f>,
        id: EntryId,
        path: &'f [u8],
        metadata: &'f Metadata,
        target: Option<&'f [u8]>,
    ) -> Self {
        let is_placed = subject.tree.get(id).is_some_and(|(mounted, _)| mounted.is_placed());
        let in_system = is_placed && subject.facts.packages.count() > 0;
        Self {
            subject,
            id,
            path,
            recorded_as: Cow::Borrowed(path),
            packages: &subject.facts.packages,
            metadata,
            target,
            in_system,
            head: OnceCell::new(),
            content: OnceCell::new(),
        }
    }

    /// The same file by a further name: packages may know it by the one that it has in the machine.
    pub(super) fn named(mut self, machine: &'f Facts) -> Self {
        let kind = self.subject.view().map(|view| view.system().kind);
        if kind == Some(SystemKind::Mounted) {
            self.packages = &machine.packages;
            self.recorded_as = Cow::Owned(self.subject.tree.path(self.id));
            let is_placed = self.subject.tree.get(self.id).is_some_and(|(mounted, _)| mounted.is_placed());
            self.in_system = is_placed && machine.packages.count() > 0;
        } else if self.subject.system == 0 {
            self.recorded_as = Cow::Owned(self.subject.tree.path(self.id));
        }
        self
    }

    /// Its first [`READ`] bytes; what cannot be read is a gap of the audit already.
    pub(super) fn content(&self) -> &[u8] {
        self.content.get_or_init(|| self.read(READ)).as_deref().unwrap_or_default()
    }

    /// Its first bytes: most files that are asked whether they are programs are none.
    pub(super) fn is_elf(&self) -> bool {
        self.head.get_or_init(|| self.read(4).unwrap_or_default()).starts_with(b"\x7fELF")
    }

    fn read(&self, most: usize) -> Option<Vec<u8>> {
        if self.metadata.file_type != FileType::Regular {
            return None;
        }
        let size = usize::try_from(self.metadata.size).unwrap_or(most).min(most);
        let mut node = self.subject.tree.open(self.id).ok()?;
        let (mut content, mut filled) = (vec![0; size], 0);
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match node.read_at(filled as u64, rest).ok()? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        content.truncate(filled);
        Some(content)
    }

    /// Whether there is more of it than was read.
    pub(super) fn is_cut(&self) -> bool {
        self.metadata.size > READ as u64 && self.content.get().is_some_and(Option::is_some)
    }

    pub(super) fn is_owned(&self) -> bool {
        let packages = self.packages;
        let owned = |path: &[u8]| packages.owner(path).is_some() || packages.owner_of_source(path).is_some();
        owned(&self.recorded_as)
    }

    /// Whether it is not what a package brought. Where no database tells, it may be.
    pub(super) fn is_foreign(&self) -> bool {
        if !self.in_system || !self.is_owned() {
            return true;
        }
        if let Some(is_equal) = self.subject.facts.compared.is_equal(self.id) {
            return !is_equal;
        }
        let recorded = self.packages.recorded(&self.recorded_as);
        let is_small = self.metadata.size <= READ as u64;
        recorded.is_some_and(|recorded| is_small && !recorded.is_of(self.content()))
    }
}

/// Whether everybody may put files there.
pub fn is_temporary(path: &[u8]) -> bool {
    [b"/tmp/".as_slice(), b"/var/tmp/", b"/dev/shm/", b"/run/shm/", b"/dev/mqueue/"]
        .iter()
        .any(|place| path.starts_with(place))
}

/// Whether a part of the path begins with a dot, but for the directories in homes that tools are known to make.
pub fn is_hidden(path: &[u8]) -> bool {
    const KNOWN: [&[u8]; 22] = [
        b".local",
        b".cargo",
        b".nvm",
        b".config",
        b".rbenv",
        b".pyenv",
        b".rustup",
        b".bun",
        b".deno",
        b".sdkman",
        b".npm-global",
        b".npm",
        b".asdf",
        b".volta",
        b".linuxbrew",
        b".dotnet",
        b".krew",
        b".fzf",
        b".oh-my-zsh",
        b".build-id",
        b".venv",
        b".gem",
    ];
    let is_relative = |part: &[u8]| matches!(part, b"." | b"..");
    path.split(|&byte| byte == b'/')
        .any(|part| part.starts_with(b".") && !is_relative(part) && !KNOWN.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_in_homes_are_not_hidden() {
        assert!(is_hidden(b"/usr/local/lib/.cache/sh"));
        assert!(!is_hidden(b"/home/a/.local/bin/x"));
        assert!(is_hidden(b"/usr/lib/.u/x"));
        assert!(!is_hidden(b"/usr/lib/./x"));
        assert!(!is_hidden(b"/usr/lib/../x"));
    }
}
