//! What is public already: a value in a file that is proved to be published, by a proof from outside of the image.
//!
//! Distributions are full of example keys and test certificates. Whoever has the package has them too, so they are no
//! leak of this image. That a package of this image ships a file proves nothing: who makes the image makes its package
//! database, so such a finding stays, and is only marked ([`Finding::as_packaged`]). A file is proved to be published by
//! the list that the program carries, by a list of the user, or by the user's reference image, which has the same file
//! at the same path. Only findings about leaked values are dropped for it, and those about miners where a distribution
//! publishes the file; a login key, an account or a host key is as bad as anywhere.

use std::cell::OnceCell;

use super::worker::Shared;
use crate::finding::{Category, Finding, Gap, GapKind, Loss, Severity, Verification};
use crate::keys;
use assay_disk::fs::holes::Content;
use assay_disk::tree::{EntryId, Tree};

mod cargo;
mod library;
mod list;
mod rust_source;

pub(in crate::audit) use library::Libraries;
pub use list::{PublishedFiles, TEXT, digest, line};

use list::Source;
use rust_source::Examples;

/// Largest file that is compared, in bytes.
const LIMIT: u64 = 256 << 20;
/// A file that is larger is not compared if most of it are holes: packages have none.
const DENSE: u64 = 8 << 20;

/// Where package managers lay libraries down, in a home as anywhere: nothing looks for a person's keys there.
const STORES: [&[u8]; 8] = [
    b"/.cargo/registry/",
    b"/.rustup/toolchains/",
    b"/go/pkg/mod/",
    b"/.m2/repository/",
    b"/.npm/_cacache/",
    b"/node_modules/",
    b"/site-packages/",
    b"/dist-packages/",
];

/// What is known to be published of one file, found out when it is asked.
pub(super) struct Published<'a> {
    shared: Shared<'a>,
    id: EntryId,
    path: &'a [u8],
    /// Its other names.
    more: &'a [EntryId],
    source: OnceCell<Option<Source>>,
    /// For compiled Python: the source it was made from, if that is published.
    python: OnceCell<Option<Vec<u8>>>,
    /// Whether the list of its library has it, and where its tests are.
    stock: OnceCell<Option<Examples>>,
}

impl<'a> Published<'a> {
    pub(super) fn new(shared: Shared<'a>, id: EntryId, path: &'a [u8], more: &'a [EntryId]) -> Self {
        Self {
            shared,
            id,
            path,
            more,
            source: OnceCell::new(),
            python: OnceCell::new(),
            stock: OnceCell::new(),
        }
    }

    /// Whether the finding is about a value that is published.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let category = finding.advisory.category;
        let of_user = matches!(
            category,
            Category::Credential
                | Category::SshPrivateKey
                | Category::ShellHistory
                | Category::AuthorizedKeys
        );
        // What everybody has must not open a door: where a system looks for keys, it stays.
        let of_everybody = match category {
            Category::Credential | Category::ShellHistory | Category::Miner => !self.is_in_use(is_home),
            // In an example; one that logs in is worse than that.
            Category::AuthorizedKeys => finding.severity <= Severity::Low && !self.is_in_use(is_home),
            Category::SshPrivateKey => !self.is_in_use(|path| is_home(path) || path.starts_with(b"/etc/")),
            _ => false,
        };
        match self.source() {
            Some(Source::User) => of_user,
            Some(Source::Carried) => of_everybody,
            None => of_everybody && category != Category::Miner && self.is_in_source(finding),
        }
    }

    /// Rates a finding lower whose values are published, or whose file is a test of a library as it was published.
    pub(super) fn rate(&self, finding: &mut Finding) {
        // A file that sshd was told to read is in use, wherever it lies.
        let is_read_by_sshd = |path: &[u8]| self.shared.facts.sshd.key_files.contains_key(path);
        let opens_account =
            finding.advisory.category == Category::AuthorizedKeys && self.is_in_use(is_read_by_sshd);
        if opens_account
            || finding.severity <= Severity::Low
            || !self.is_of_everybody(finding.advisory.category)
        {
            return;
        }
        let values = &finding.evidence.secrets;
        let is_published =
            !values.is_empty() && values.iter().any(|value| keys::is_published(value.reveal()));
        if is_published || self.is_stock_test(finding) {
            finding.severity = Severity::Low;
        }
        if is_published {
            finding.proof = Some(Verification::Published);
        }
    }

    fn is_stock_test(&self, finding: &Finding) -> bool {
        let (shared, at) = (self.shared, &finding.location);
        if let Some(is_test) = shared.libraries.is_test_in_crate(shared, self.id, at) {
            return is_test;
        }
        if !Libraries::may_be_test(self.path) {
            return false;
        }
        let stock = self.stock.get_or_init(|| shared.libraries.stock(shared.tree, self.id, self.path));
        stock.as_ref().is_some_and(|examples| Libraries::is_test(self.path) || examples.have(at.line))
    }

    /// Whether what everybody has of this kind does no harm here: where a system looks for keys and logins, it does.
    fn is_of_everybody(&self, category: Category) -> bool {
        let is_leak = matches!(
            category,
            Category::Credential
                | Category::PasswordHash
                | Category::AuthorizedKeys
                | Category::SshPrivateKey
        );
        is_leak && !self.is_in_use(|path| is_home(path) || is_of_system(path))
    }

    /// What could not be opened inside of the file is no loss where it is published so: anybody has it. It stays in the
    /// report.
    pub(super) fn excuse(&self, gap: &mut Gap) {
        if gap.loss == Loss::Part && gap.kind == GapKind::Damaged && self.source().is_some() {
            gap.loss = Loss::Nothing;
            gap.reason.push_str("; it is published so");
        }
    }

    /// Whether the file is what the image's own package database says.
    pub(super) fn is_as_packaged(&self) -> bool {
        let tree = self.shared.tree;
        let recorded = self.shared.facts.packages.recorded(self.path);
        recorded.is_some_and(|recorded| {
            is_comparable(tree, self.id) && recorded.is_of_file(tree, self.id).unwrap_or(false)
        })
    }

    fn source(&self) -> Option<Source> {
        *self.source.get_or_init(|| source(self.shared, self.id, self.path))
    }

    /// Whether the values of the finding are in the published source that the file was compiled from.
    fn is_in_source(&self, finding: &Finding) -> bool {
        let secrets = &finding.evidence.secrets;
        let source = || {
            let path = python_source(self.path)?;
            let id = self.shared.tree.find(&path)?;
            source(self.shared, id, &path)?;
            self.shared.tree.content(id, LIMIT).ok()
        };
        let source = || self.python.get_or_init(source).as_ref();
        !secrets.is_empty()
            && source().is_some_and(|source| secrets.iter().all(|secret| holds(source, secret.reveal())))
    }

    /// Whether one of its names is where something reads it.
    fn is_in_use(&self, is_used: impl Fn(&[u8]) -> bool) -> bool {
        is_used(self.path) || self.more.iter().any(|&id| is_used(&self.shared.tree.path(id)))
    }
}

/// Whether a person's programs read the file there.
fn is_home(path: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(path, part).is_some();
    let is_of_person = path.starts_with(b"/root/") || path.starts_with(b"/home/");
    is_of_person && !STORES.iter().any(|store| has(store)) || path.starts_with(b"/etc/ssh/") || has(b"/.ssh/")
}

/// Whether the system's own configuration lies there.
fn is_of_system(path: &[u8]) -> bool {
    path.starts_with(b"/etc/")
}

/// Who says that the file at `path` is published.
fn source(shared: Shared<'_>, id: EntryId, path: &[u8]) -> Option<Source> {
    if !is_comparable(shared.tree, id) {
        return None;
    }
    let (_, walked) = shared.tree.get(id)?;
    if shared.reference.is_some_and(|reference| reference.has(shared.tree, id, path)) {
        return Some(Source::User);
    }
    let size = walked.metadata.size;
    if !shared.published.admits(size) {
        return None;
    }
    shared.published.source(size, &digest(shared.tree, id).ok()?)
}

/// Whether the file is small enough, or has enough in it, to be read once more.
fn is_comparable(tree: &Tree, id: EntryId) -> bool {
    let Some((_, walked)) = tree.get(id) else { return false };
    let size = walked.metadata.size;
    let content = || tree.open(id).and_then(|mut node| Content::of(&mut *node));
    size <= LIMIT && (size <= DENSE || content().is_ok_and(|content| content.is_dense()))
}

/// Whether `source` has `value`, by itself or, as a key in an indented text, but for white space.
fn holds(source: &[u8], value: &[u8]) -> bool {
    let dense = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
    };
    memchr::memmem::find(source, value).is_some()
        || value.contains(&b'\n') && memchr::memmem::find(&dense(source), &dense(value)).is_some()
}

/// The source that CPython compiled: `/x/__pycache__/name.cpython-311.pyc` comes from `/x/name.py`.
fn python_source(path: &[u8]) -> Option<Vec<u8>> {
    let (directory, name) = path.split_at(memchr::memmem::rfind(path, b"/__pycache__/")?);
    let name = name.strip_prefix(b"/__pycache__/")?.strip_suffix(b".pyc")?;
    let stem = name.split(|&byte| byte == b'.').next()?;
    Some([directory, b"/", stem, b".py"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_indented_text_is_held_but_for_white_space() {
        let source = b"doc = r'''\n    -----BEGIN\n    abc\n    -----END\n'''";
        assert!(holds(source, b"-----BEGIN\nabc\n-----END"));
        assert!(!holds(source, b"-----BEGIN\nabd\n-----END"));
        assert!(!holds(b"a b", b"ab"));
    }

    #[test]
    fn bytecode_knows_its_source() {
        let source = python_source(b"/usr/lib/python3/__pycache__/a.cpython-311.pyc");
        assert_eq!(source.as_deref(), Some(&b"/usr/lib/python3/a.py"[..]));
        assert_eq!(python_source(b"/usr/lib/a.py"), None);
    }
}
