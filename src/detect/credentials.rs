//! Tokens and keys of services, anywhere in a file.
//!
//! **Finds** what the rules in `signatures/credentials/` match. An AWS key id and the secret key near it are
//! one finding, as they are one credential; in the id's own line the secret key needs no name
//! (`BasicAWSCredentials("AKIA…", "…")`, a CSV of the console).
//!
//! **Why it matters:** whoever starts the image can use them as their owner.
//!
//! **Does not find** values without a form of their own (a plain password): see the assignments. What a package
//! publishes itself is left out by the audit, not here.
//!
//! **References:** the documentation that each rule names.

use std::sync::Arc;

use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, Finding, Secret, Severity};
use crate::rules::validators::entropy;
use crate::rules::{Family, Match};
use crate::tree::Entry;

/// How far an AWS key id may be from its secret key, in bytes.
const PAIR_DISTANCE: u64 = 2048;

/// The detector.
#[derive(Default)]
pub struct Credentials;

impl MatchDetector for Credentials {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        Vec::new()
    }

    fn family(&self) -> Family {
        Family::Credentials
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], _: &Facts, sink: &mut dyn Sink) {
        let example = is_example(entry.path);
        for found in matches {
            let is_id = found.advisory.id == "aws-access-key-id";
            if is_id && nearest(found, matches, "aws-secret-access-key").is_some() {
                continue; // it is in the finding of its secret key
            }
            let mut finding = Finding::new(&found.advisory).confidence(found.confidence).offset(found.offset);
            finding.location.line = found.line;
            if found.advisory.id == "aws-secret-access-key"
                && let Some(id) = nearest(found, matches, "aws-access-key-id")
            {
                finding = finding.secret(id.secret.clone());
            }
            if is_id && let Some(secret) = unnamed_key(found) {
                let finding = finding.severity(if example { Severity::Low } else { Severity::Critical });
                sink.finding(finding.secret(found.secret.clone()).secret(Secret::new(secret)));
                continue;
            }
            if example || found.confidence == Confidence::Low {
                finding = finding.severity(found.advisory.severity.min(Severity::Low));
            }
            sink.finding(finding.secret(found.secret.clone()));
        }
    }
}

/// The secret key in the line of an AWS key id: 40 letters of base64 that stand alone and look random.
fn unnamed_key(id: &Match) -> Option<&[u8]> {
    let line = id.context.reveal();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let mut words = line.split(|byte| !is_letter(byte));
    words.find(|word| {
        let has = |test: fn(&u8) -> bool| word.iter().any(test);
        word.len() == 40
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit)
            && entropy(word) >= 4.2
            && memchr::memmem::find(word, b"EXAMPLE").is_none()
    })
}

/// The match of the rule `id` that is nearest to `to`, if near enough.
fn nearest<'m>(to: &Match, matches: &'m [Match], id: &str) -> Option<&'m Match> {
    let near = matches.iter().filter(|other| other.advisory.id == id);
    near.filter(|other| other.offset.abs_diff(to.offset) <= PAIR_DISTANCE)
        .min_by_key(|other| other.offset.abs_diff(to.offset))
}

/// Whether a path is one of documentation, examples or tests: values there are mostly made up.
pub(super) fn is_example(path: &[u8]) -> bool {
    const PARTS: [&[u8]; 13] = [
        b"/usr/share/doc/",
        b"/usr/share/man/",
        b"/usr/share/info/",
        b"/test/",
        b"/tests/",
        b"/testdata/",
        b"/test_data/",
        b"/fixtures/",
        b"/examples/",
        b"/example/",
        b"/samples/",
        b"/docs/",
        b"/__tests__/",
    ];
    PARTS.iter().any(|part| memchr::memmem::find(path, part).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_examples_are_known() {
        assert!(is_example(b"/usr/share/doc/curl/README"));
        assert!(is_example(b"/opt/x/tests/data.py"));
        assert!(!is_example(b"/opt/app/latest/x"));
    }
}
