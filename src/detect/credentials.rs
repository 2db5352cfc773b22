//! Tokens and keys of services, anywhere in a file.
//!
//! **Finds** what the rules in `signatures/credentials/` match. An id and the secret near it are one finding, as
//! they are one credential; by the rule's `pair` the other half needs no name (`BasicAWSCredentials("AKIA…",
//! "…")`, a note with the secret key in the line beneath). What a token says of itself (its account, its end) is
//! shown.
//!
//! **Why it matters:** whoever starts the image can use them as their owner.
//!
//! **Does not find** values without a form of their own (a plain password): see the assignments. What a package
//! publishes itself is left out by the audit, not here.
//!
//! **References:** the documentation that each rule names.

use std::sync::Arc;

use super::examples::is_example;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::rules::pair::Other;
use crate::rules::{Family, Match};
use crate::values::{Reading, Reference, percent_decoded, resolve, texts};
use assay_disk::tree::Entry;

mod shown;

/// The rules of AWS's key id and of its secret key with a name.
const ID: &str = "aws-access-key-id";
const SECRET: &str = "aws-secret-access-key";

/// The rule of URLs with a login, and that of HTTP's header.
const URL: &str = "url-with-password";
const BASIC: &str = "basic-authorization";

/// The rule of hashes outside of tables of accounts.
const CRYPT: &str = "crypt-password-hash";
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
            if found.advisory.id == ID && owner(found, matches).is_some() {
                continue; // it is in the finding of its secret key
            }
            if found.advisory.id == CRYPT && super::password_hashes::is_table(entry) {
                continue; // told by account
            }
            let mut finding = Finding::new(&found.advisory)
                .confidence(found.confidence)
                .proof(found.proof)
                .offset(found.offset);
            finding.location.line = found.line;
            let both = if found.advisory.id == SECRET { nearest(found, matches, ID) } else { None };
            let Some(values) = values_of(found) else { continue };
            for value in values {
                finding = finding.secret(value);
            }
            finding.evidence.facts.extend(shown::facts(&found.advisory.id, found.secret.reveal()));
            if let Some(id) = both {
                finding = finding.secret(id.secret.clone());
                finding.evidence.facts.extend(shown::facts(ID, id.secret.reveal()));
            }
            if let Some(Other { value, severity }) = &found.other {
                finding = match severity {
                    Some(severity) => finding.severity(*severity).secret(value.clone()),
                    None => finding.fact(FactKey::Id, String::from_utf8_lossy(value.reveal())),
                };
            }
            // The value itself speaks against it: its checksum is wrong, or it is not what its form wants.
            if found.confidence == Confidence::Low {
                let severity = finding.severity.min(Severity::Low);
                finding = finding.severity(severity);
            } else if example && !matches!(found.proof, Verification::Checksum | Verification::Structure) {
                // Nothing proves it, and packages put examples there.
                let severity = finding.severity.min(Severity::Low);
                finding = finding.severity(severity).confidence(found.confidence.min(Confidence::Medium));
            }
            sink.finding(finding);
        }
    }
}

/// The values that a match is: as it opens something, and as it is written; none, if it only refers to one.
fn values_of(found: &Match) -> Option<Vec<Secret>> {
    let written = found.secret.reveal();
    match found.advisory.id.as_str() {
        URL => {
            let value = percent_decoded(written);
            let reading =
                Reading { value: value.clone(), len: written.len(), is_quoted: true, is_expanded: true };
            (resolve(&reading) == Reference::None).then(|| vec![Secret::new(value)])
        }
        BASIC => {
            let texts = texts(written).into_iter().map(Secret::new);
            Some(std::iter::once(found.secret.clone()).chain(texts).collect())
        }
        _ => Some(vec![found.secret.clone()]),
    }
}

/// The account of AWS that a value tells, if it is a key id.
pub(super) fn account(value: &[u8]) -> Option<String> {
    let is_id = value.len() == 20 && (value.starts_with(b"AKIA") || value.starts_with(b"ASIA"));
    is_id.then(|| shown::account(value)).flatten()
}

/// The secret key that an AWS key id belongs to: one whose nearest id it is.
fn owner<'m>(id: &Match, matches: &'m [Match]) -> Option<&'m Match> {
    let mut secrets = around(id, matches).filter(|other| other.advisory.id == SECRET);
    secrets.find(|secret| nearest(secret, matches, ID).is_some_and(|near| near.secret == id.secret))
}

/// The match of the rule `id` that is nearest to `to`, if near enough.
fn nearest<'m>(to: &Match, matches: &'m [Match], id: &str) -> Option<&'m Match> {
    let near = around(to, matches).filter(|other| other.advisory.id == id);
    near.min_by_key(|other| other.offset.abs_diff(to.offset))
}

/// The matches near to one: they come in the order of the file, and there may be tens of thousands.
fn around<'m>(to: &Match, matches: &'m [Match]) -> impl Iterator<Item = &'m Match> {
    let (at, from) = (to.offset, to.offset.saturating_sub(PAIR_DISTANCE));
    let start = matches.partition_point(|other| other.offset < from);
    let after = matches.get(start..).unwrap_or_default().iter();
    after.take_while(move |other| other.offset <= at.saturating_add(PAIR_DISTANCE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use crate::rules::Engine;
    use assay_disk::fs::{FileType, Metadata, NodeId};

    /// What is found in a text that stands in a file.
    fn found(text: &str) -> Vec<Finding> {
        let mut scan = Engine::embedded().begin();
        scan.chunk(text.as_bytes(), 0, 0, true);
        let mut matches = scan.finish();
        matches.retain(|found| found.family == Family::Credentials);
        let metadata = Metadata::bare(FileType::Regular, 0o644, 9);
        let entry = Entry { path: b"/opt/a", metadata: &metadata, node: NodeId(1), target: None };
        let mut sink = Collector::default();
        Credentials.inspect(&entry, &matches, &Facts::default(), &mut sink);
        sink.findings
    }

    fn secrets(finding: &Finding) -> Vec<&[u8]> {
        finding.evidence.secrets.iter().map(Secret::reveal).collect()
    }

    /// Not in one piece here, so that no scanner takes it for a leak.
    fn id(end: &str) -> String {
        format!("AKI{}{end}", "AHODZDOCIS2JHTLG")
    }

    const KEY: &str = "Vmi4A+2O76UMFxFkM+R5Kjp1vRt/1fjORS+6ilI8";
    const OTHER: &str = "ihN5KXSc7Tvo+hBKqFYY+kv5ZJr3J1TWDtkwtDDb";

    #[test]
    fn an_id_and_the_key_in_another_line_are_one_finding() {
        for text in [format!("{}\n\n{KEY}\n", id("M")), format!("- {KEY}\n- {}\n", id("M"))] {
            let findings = found(&text);
            assert_eq!(findings.len(), 1, "{text}");
            assert_eq!(secrets(&findings[0]), [id("M").as_bytes(), KEY.as_bytes()]);
            assert_eq!(findings[0].severity, Severity::Critical);
            assert_eq!(findings[0].evidence.facts[0].0, FactKey::Account);
        }
    }

    #[test]
    fn hashes_paths_and_longer_base64_are_no_key_of_an_id() {
        let long = format!("{KEY}{OTHER}");
        let path = "com/amazon/aws/s3/Model/V2/Client/Builde";
        for near in ["da39a3ee5e6b4b0d3255bfef95601890afd80709", &long, path, &format!("{KEY}=")] {
            let findings = found(&format!("{}\n{near}\n", id("M")));
            assert_eq!(findings.len(), 1, "{near}");
            assert_eq!(secrets(&findings[0]), [id("M").as_bytes()], "{near}");
            assert_eq!(findings[0].severity, Severity::Medium);
        }
    }

    #[test]
    fn an_id_whose_key_is_not_there_stays_beside_one_whose_key_is() {
        let text = format!("{}\naws_secret_access_key = {KEY}\n\n\n\n\n\n\n\n{}\n", id("M"), id("N"));
        let pairs = found(&text);
        assert_eq!(pairs.len(), 2);
        assert_eq!(secrets(&pairs[0]), [KEY.as_bytes(), id("M").as_bytes()]);
        assert_eq!(pairs[1].advisory.id, ID);
    }

    #[test]
    fn a_secret_shows_the_id_near_it() {
        let client = "123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.googleusercontent.com";
        let secret = format!("GOC{}", "SPX-k3JxQ9vTzL0mWb7RfYh2NdPs8AuE");
        let findings = found(&format!("client: {client}\nsecret: {secret}\n"));
        assert_eq!(findings[0].evidence.facts, [(FactKey::Id, client.to_owned())]);
        assert_eq!(findings[0].proof, Some(Verification::Form));
    }
}
