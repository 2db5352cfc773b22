//! Audits of images, read from saved reports and joined with what runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::finding::Severity;

use super::estate::{Estate, Image};
use super::is_account;

/// A finding of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// What it says.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The path in the image.
    pub path: String,
    /// Fingerprint of a key, or the digest of what must not be shared, where there is one.
    pub fingerprint: Option<String>,
    /// The account of a cloud that a key belongs to.
    pub account: Option<String>,
}

/// A saved report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The file of the report.
    pub report: String,
    /// What the audited image was called.
    pub subject: String,
    /// Ids of images and snapshots that it is said to be of: by a map of the user, by its subject, by the file's name.
    pub ids: BTreeSet<String>,
    /// `PRETTY_NAME` of the system in it.
    pub system: Option<String>,
    /// The verdict of its gate.
    pub verdict: Option<String>,
    /// Its findings.
    pub findings: Vec<Found>,
    /// How many things could not be looked at.
    pub gaps: u64,
}

impl Audit {
    /// The audit that a report of `subject` in the file `report` is; `ids` are those of the user's map.
    pub fn named(report: &str, subject: &str, ids: impl IntoIterator<Item = String>) -> Self {
        let mut ids: BTreeSet<String> = ids.into_iter().collect();
        ids.extend(ids_in(subject));
        ids.extend(ids_in(report.rsplit('/').next().unwrap_or(report)));
        Self { report: report.to_owned(), subject: subject.to_owned(), ids, ..Self::default() }
    }
}

/// The parts of a saved report that matter here.
impl Audit {
    /// Reads a report; `None` where it is none of this program, or one of an account.
    pub fn parse(file: &str, value: &Value, ids: impl IntoIterator<Item = String>) -> Option<Self> {
        let text =
            |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if text(value, "/format")? != "assay-report" || value.get("sourcing").is_some() {
            return None;
        }
        let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
        let found = |finding: &Value| {
            let key =
                text(finding, "/evidence/key_fingerprint").or_else(|| text(finding, "/evidence/sha256/0"));
            Some(Found {
                rule: text(finding, "/id")?,
                title: text(finding, "/title").unwrap_or_default(),
                severity: Severity::by_name(&text(finding, "/severity")?)?,
                path: text(finding, "/location/path").unwrap_or_default(),
                fingerprint: key,
                account: text(finding, "/evidence/facts/account").filter(|account| is_account(account)),
            })
        };
        let subject = text(value, "/subject/name").unwrap_or_default();
        Some(Self {
            system: text(value, "/system"),
            verdict: text(value, "/verdict/outcome"),
            findings: list("findings").filter_map(found).collect(),
            gaps: list("gaps").count() as u64,
            ..Self::named(file, &subject, ids)
        })
    }
}

/// `ami-…` and `snap-…` in a text.
fn ids_in(text: &str) -> Vec<String> {
    let starts = ["ami-", "snap-"].into_iter().flat_map(|start| text.match_indices(start));
    let id = |(at, start): (usize, &str)| {
        let digits = text.get(at + start.len()..)?.bytes().take_while(u8::is_ascii_hexdigit).count();
        // Ids have 8 or 17 digits.
        [8, 17]
            .contains(&digits)
            .then(|| text.get(at..at + start.len() + digits).map(str::to_owned))
            .flatten()
    };
    starts.filter_map(id).collect()
}

/// Audits by the image that they are of.
#[derive(Debug, Default)]
pub struct ByImage<'a>(BTreeMap<&'a str, Vec<&'a Audit>>);

impl<'a> ByImage<'a> {
    /// Joins audits with images: by the id of the image, or of one of its snapshots.
    pub fn new(audits: &'a [Audit], estate: &'a Estate) -> Self {
        let mut by_id: BTreeMap<&str, Vec<&Audit>> = BTreeMap::new();
        for audit in audits {
            for id in &audit.ids {
                by_id.entry(id).or_default().push(audit);
            }
        }
        let of = |image: &'a Image| {
            let snapshots = image.mappings.iter().filter_map(|mapping| mapping.snapshot.as_deref());
            let ids = std::iter::once(image.id.as_str()).chain(snapshots);
            let audits: Vec<&Audit> = ids.filter_map(|id| by_id.get(id)).flatten().copied().collect();
            (!audits.is_empty()).then_some((image.id.as_str(), audits))
        };
        Self(estate.images.values().filter_map(of).collect())
    }

    /// The audits of an image.
    pub fn of(&self, image: &str) -> &[&'a Audit] {
        self.0.get(image).map(Vec::as_slice).unwrap_or_default()
    }

    /// All, by image.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &[&'a Audit])> {
        self.0.iter().map(|(image, audits)| (*image, audits.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_is_of_the_ids_in_its_names_and_in_the_map() {
        let audit =
            Audit::named("out/ami-0123456789abcdef0.json", "snap-0123abcd.raw", ["ami-11111111".to_owned()]);
        let ids: Vec<&str> = audit.ids.iter().map(String::as_str).collect();
        assert_eq!(ids, ["ami-0123456789abcdef0", "ami-11111111", "snap-0123abcd"]);
        assert!(Audit::named("report.json", "ami-golden", []).ids.is_empty());
    }
}
