//! A finding in the report for programs, and what several findings about one secret share.

use std::collections::BTreeMap;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::place::{Place, place, place_of_file};
use super::policy;
use super::visible::plain;
use crate::audit::Report;
use crate::date::rfc3339;
use crate::finding::{Evidence, FactKey, Finding, Grade, Location, Secret, Verification};
use crate::remedies;
use crate::report::Options;
use assay_disk::text::Escaped;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
pub(in crate::report) struct FindingView<'a> {
    id: &'a str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::category"))]
    category: &'static str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::severity"))]
    severity: &'static str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::confidence"))]
    confidence: &'static str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::proof"))]
    proof: Option<&'static str>,
    title: &'a str,
    why: &'a str,
    remedy: &'a str,
    references: &'a [String],
    subject: Option<String>,
    package: Option<String>,
    as_packaged: bool,
    /// Whether the file is there: `present`, `deleted`, or `changed` (what it held before).
    state: &'static str,
    /// How sure it is that the content is the file's, where the file is gone or has changed.
    grade: Option<&'static str>,
    /// When it was deleted, where that is known.
    deleted_at: Option<String>,
    location: Place<'a>,
    group: Option<u32>,
    more: Vec<Place<'a>>,
    evidence: EvidenceView,
    #[serde(flatten)]
    disposition: policy::DispositionView<'a>,
    commands: Vec<String>,
    automatic: bool,
    note: String,
    origin: &'a str,
}

/// One secret in several places.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Group"))]
pub(in crate::report) struct Group<'a> {
    group: u32,
    id: &'a str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::severity"))]
    severity: &'static str,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Evidence"))]
pub(in crate::report) struct EvidenceView {
    redacted: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    key_fingerprint: Option<String>,
    facts: Facts,
}

/// Facts in their order; of two with one name, both values.
pub(super) struct Facts(Vec<(FactKey, String)>);

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name.name(), value)?;
        }
        map.end()
    }
}

pub(in crate::report) fn finding<'a>(
    finding: &'a Finding,
    report: &Report,
    options: &Options,
) -> FindingView<'a> {
    let advisory = &*finding.advisory;
    let done = remedies::remedy(finding, &report.machine);
    FindingView {
        id: &advisory.id,
        category: advisory.category.name(),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        proof: finding.proof.map(Verification::name),
        title: &advisory.title,
        why: &advisory.why,
        remedy: &advisory.remedy,
        references: &advisory.references,
        subject: finding.subject.as_ref().map(|subject| plain(subject.as_bytes())),
        package: finding.package.as_ref().map(|package| plain(package.as_bytes())),
        as_packaged: finding.as_packaged,
        state: finding.presence.name(),
        grade: finding.presence.grade().map(Grade::name),
        deleted_at: finding.presence.deleted_at().and_then(|time| rfc3339(time.seconds)),
        location: place_of_file(&finding.location, &report.times),
        group: finding.group,
        more: finding.related_locations.iter().map(|more| place_of_file(more, &report.times)).collect(),
        evidence: evidence(&finding.evidence, options),
        disposition: policy::disposition(&finding.disposition),
        commands: done.commands,
        automatic: done.is_automatic,
        note: done.note,
        origin: done.origin,
    }
}

/// The group of which `worst` is the worst finding.
pub(in crate::report) fn group<'a>(
    worst: &'a Finding,
    places: &BTreeMap<u32, Vec<&'a Location>>,
) -> Option<Group<'a>> {
    let group = worst.group?;
    let places = places.get(&group).into_iter().flatten().copied();
    Some(Group {
        group,
        id: &worst.advisory.id,
        severity: worst.severity.name(),
        places: places.map(place).collect(),
    })
}

fn evidence(evidence: &Evidence, options: &Options) -> EvidenceView {
    let each = |form: fn(&Secret) -> String| evidence.secrets.iter().map(form).collect::<Vec<_>>();
    let mut facts: Vec<(FactKey, String)> = Vec::new();
    for (name, value) in &evidence.facts {
        let value = plain(value.as_bytes());
        match facts.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => *values = format!("{values}, {value}"),
            None => facts.push((*name, value)),
        }
    }
    EvidenceView {
        redacted: each(Secret::redacted),
        sha256: options.hashes.then(|| each(Secret::sha256)),
        values: options.secrets.then(|| each(value)),
        key_fingerprint: evidence.key_fingerprint.as_ref().map(|print| plain(print.as_bytes())),
        facts: Facts(facts),
    }
}

/// A secret as it is, where it is text; JSON's own escapes keep its control characters.
fn value(secret: &Secret) -> String {
    match std::str::from_utf8(secret.reveal()) {
        Ok(text) => text.to_owned(),
        Err(_) => Escaped(secret.reveal()).to_string(),
    }
}
