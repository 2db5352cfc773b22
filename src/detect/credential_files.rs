//! Files that programs keep their logins in.
//!
//! **Finds** the secrets of the files that `signatures/files/credential-files.toml` lists: cloud logins,
//! registries, databases, VPNs, mail, Wi-Fi, first-boot answers. Each secret is one finding; an AWS id and its
//! key are one. Key stores that are a secret as a whole (KeePass, PKCS#12, key tables) are one finding each.
//! Members of archives and rows of SQLite databases count.
//!
//! **Why it matters:** everybody who starts the image, or only reads it, can log in with them.
//!
//! **Does not find** references (`${DB_PASSWORD}`), templates (`changeme`, `.env.example`), and what is inside
//! key stores.
//!
//! **References:** the manual of each program; AWS, "Best practices for building shared Linux AMIs".

use std::sync::Arc;

use super::examples::{is_example, lowered};
use super::{FileDetector, Interest, Signatures, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, FactKey, Finding, Secret, Severity, Verification};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

mod formats;
mod proof;
pub(super) mod table;
#[cfg(test)]
mod tests;
mod text;

use formats::Format;
pub use proof::check;
use table::{Kind, Table};
use text::Text;

/// Looks into credential files.
pub struct CredentialFiles {
    signatures: Arc<Signatures>,
}

impl CredentialFiles {
    /// For the kinds of files that `signatures` know.
    pub fn new(signatures: Arc<Signatures>) -> Self {
        Self { signatures }
    }

    fn table(&self) -> &Table {
        self.signatures.kinds()
    }
}

/// Whether the name says that the file is a pattern to fill in.
fn is_template(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 10] = [
        b".example",
        b".sample",
        b".dist",
        b".template",
        b".tmpl",
        b".tpl",
        b".j2",
        b".erb",
        b".in",
        b".default",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
        || name.starts_with(b".env.example")
        || name.starts_with(b".env.sample")
}

impl FileDetector for CredentialFiles {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        self.table().kinds.iter().map(|kind| Arc::clone(&kind.advisory)).collect()
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let wanted = entry.metadata.file_type == FileType::Regular
            && self.table().kind_of(entry.path).is_some()
            && !is_template(entry.name());
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let Some(kind) = self.table().kind_of(entry.path) else { return };
        if kind.formats.contains(&Format::Store) {
            held(kind, content, sink);
        }
        read(kind, entry.path, content, sink);
    }
}

/// Reports a store that is a secret as a whole.
fn held(kind: &Kind, content: &[u8], sink: &mut dyn Sink) {
    let Some(store) = formats::store(content) else { return };
    let severity = kind.advisory.severity;
    let severity = if store.locked { severity.min(Severity::Medium) } else { severity };
    let finding = Finding::new(&kind.advisory)
        .severity(severity)
        .proof(Verification::File)
        .fact(FactKey::Store, store.what);
    sink.finding(finding.fact(FactKey::Locked, if store.locked { "yes" } else { "no" }));
}

/// Reports the secrets that the kind's readers find.
fn read(kind: &Kind, path: &[u8], content: &[u8], sink: &mut dyn Sink) {
    if kind.formats.iter().all(|&format| format == Format::Store) {
        return;
    }
    let text = Text::of(content);
    let hits = formats::read(&kind.formats, &kind.wanted, &text);
    for hit in &hits.all {
        let mut finding = Finding::new(&kind.advisory).proof(Verification::File);
        let account = |secret: &String| super::credentials::account(&text.bytes(secret)).is_some();
        if is_example(path) && !hit.secrets.iter().any(account) {
            finding = lowered(finding, Confidence::Low);
        }
        let first = || hit.secrets.first().and_then(|secret| text.line_of(secret));
        if let Some(line) = hit.line.or_else(first) {
            finding = finding.line(line);
        }
        for secret in &hit.secrets {
            let value = text.bytes(secret);
            if let Some(account) = super::credentials::account(&value) {
                finding = finding.fact(FactKey::Account, account);
            }
            finding = finding.secret(Secret::new(value));
        }
        for (name, value) in &hit.facts {
            finding = finding.fact(*name, value.as_str());
        }
        sink.finding(finding);
    }
    hits.gap(sink);
}
