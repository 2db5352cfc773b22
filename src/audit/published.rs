//! What is public already: a value in a file that is bit for bit what its package ships.
//!
//! A distribution's packages are full of example keys and test certificates. Whoever has the package has
//! them too, so they are no leak of this image. The proof is the image's own package database: only a file
//! whose digest is the recorded one counts, and only for findings about leaked values; a miner, an account or
//! a host key in a package is as bad as anywhere.

use crate::facts::Facts;
use crate::finding::{Category, Finding, Gap, GapKind, Loss};
use crate::fs::holes::Content;
use crate::tree::{EntryId, Tree};

/// Largest file that is compared, in bytes.
const LIMIT: u64 = 256 << 20;

/// What is known to be published of one file.
pub(super) struct Published {
    /// The file is what its package ships.
    intact: bool,
    /// For compiled Python: the source it was made from, if that is what its package ships.
    source: Option<Vec<u8>>,
}

impl Published {
    pub(super) fn new(tree: &Tree, facts: &Facts, id: EntryId, path: &[u8]) -> Self {
        let intact = is_intact(tree, facts, id, path);
        let source = if intact {
            None
        } else {
            python_source(path).and_then(|source| intact_source(tree, facts, &source))
        };
        Self { intact, source }
    }

    /// Whether the finding is about a value that its package publishes.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let of_values = matches!(
            finding.advisory.category,
            Category::Credential
                | Category::SshPrivateKey
                | Category::ShellHistory
                | Category::AuthorizedKeys
        );
        let in_source = |source: &Vec<u8>| {
            let secrets = &finding.evidence.secrets;
            !secrets.is_empty() && secrets.iter().all(|secret| holds(source, secret.reveal()))
        };
        of_values && (self.intact || self.source.as_ref().is_some_and(in_source))
    }

    /// What could not be opened inside of the file is no loss where its package ships it so: whoever has the
    /// package has it too. It stays in the report.
    pub(super) fn excuse(&self, gap: &mut Gap) {
        if self.intact && gap.loss == Loss::Part && gap.kind == GapKind::Damaged {
            gap.loss = Loss::Nothing;
            gap.reason.push_str("; its package ships it so");
        }
    }
}

/// Whether `source` has `value`, by itself or, as a key in an indented text, but for white space.
fn holds(source: &[u8], value: &[u8]) -> bool {
    let dense = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
    };
    memchr::memmem::find(source, value).is_some()
        || value.contains(&b'\n') && memchr::memmem::find(&dense(source), &dense(value)).is_some()
}

fn is_intact(tree: &Tree, facts: &Facts, id: EntryId, path: &[u8]) -> bool {
    let Some(recorded) = facts.packages.recorded(path) else { return false };
    let is_small = tree.get(id).is_some_and(|(_, walked)| walked.metadata.size <= LIMIT);
    // What is mostly a hole came from no package.
    let is_dense =
        || tree.open(id).and_then(|mut node| Content::of(&mut *node)).is_ok_and(|content| content.is_dense());
    is_small && is_dense() && recorded.is_of_file(tree, id).unwrap_or(false)
}

fn intact_source(tree: &Tree, facts: &Facts, path: &[u8]) -> Option<Vec<u8>> {
    let recorded = facts.packages.recorded(path)?;
    let content = tree.read(path, LIMIT).ok()??;
    recorded.is_of(&content).then_some(content)
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
