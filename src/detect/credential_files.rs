//! Files that programs keep their logins in.
//!
//! **Finds** the secrets of the files of [`table`]: cloud logins, registries, databases, VPNs, mail, Wi-Fi,
//! first-boot answers. Each secret is one finding; an AWS id and its key are one. Members of archives count.
//!
//! **Why it matters:** everybody who starts the image, or only reads it, can log in with them.
//!
//! **Does not find** references (`${DB_PASSWORD}`), templates (`changeme`), and secrets in key stores.

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, Finding, Secret};
use crate::fs::FileType;
use crate::tree::Entry;

mod formats;
mod table;
#[cfg(test)]
mod tests;
mod text;

use table::{KINDS, Kind};
use text::{Hits, Text, path_matches};

/// Looks into credential files.
pub struct CredentialFiles {
    /// In the order of the table.
    advisories: Vec<Arc<Advisory>>,
}

impl Default for CredentialFiles {
    fn default() -> Self {
        Self { advisories: KINDS.iter().map(advisory).collect() }
    }
}

fn advisory(kind: &Kind) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: format!("credential-file-{}", kind.id),
        category: Category::Credential,
        title: kind.title.into(),
        severity: kind.severity,
        why: "Who has the image can read the file and log in with what it holds.".into(),
        remedy:
            "Revoke the secret, remove the file before baking the image, and give it to the instance at boot."
                .into(),
        references: vec![
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/building-shared-amis.html".into(),
        ],
    })
}

/// Whether a path is where examples and tests lie.
fn is_example(path: &[u8]) -> bool {
    [
        &b"/usr/share/"[..],
        b"/doc/",
        b"/docs/",
        b"/test/",
        b"/tests/",
        b"/testdata/",
        b"/examples/",
        b"/fixtures/",
    ]
    .iter()
    .any(|part| memchr::memmem::find(path, part).is_some())
}

impl FileDetector for CredentialFiles {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        self.advisories.clone()
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let path = entry.inner_path();
        let named = || KINDS.iter().any(|kind| kind.paths.iter().any(|pattern| path_matches(pattern, path)));
        let wanted = entry.metadata.file_type == FileType::Regular && named();
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let path = entry.inner_path();
        let mut kinds = KINDS.iter().zip(&self.advisories);
        let Some((kind, advisory)) =
            kinds.find(|(kind, _)| kind.paths.iter().any(|pattern| path_matches(pattern, path)))
        else {
            return;
        };
        let text = Text::of(content);
        let mut hits = Hits::default();
        for &format in kind.formats {
            formats::read(format, kind.keys, &text, &mut hits);
        }
        for hit in &hits.all {
            let mut finding = Finding::new(advisory);
            if is_example(path) {
                finding = finding.confidence(Confidence::Low);
            }
            let first = || hit.secrets.first().and_then(|secret| text.line_of(secret));
            if let Some(line) = hit.line.or_else(first) {
                finding = finding.line(line);
            }
            for secret in &hit.secrets {
                finding = finding.secret(Secret::new(text.bytes(secret)));
            }
            for (name, value) in &hit.facts {
                finding = finding.fact(name, value.as_str());
            }
            sink.finding(finding);
        }
        hits.gap(sink);
    }
}
