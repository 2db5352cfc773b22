//! The findings as results.

use std::collections::{BTreeMap, BTreeSet};

use super::ROOT;
use super::rules::{Rules, level};
use super::types::{
    ArtifactChange, ArtifactLocation, Bytes, Content, Fix, Location, LogicalLocation, Message,
    PhysicalLocation, Properties, Region, ReplacementView, Result, Suppression,
};
use super::uri;
use crate::audit::Report;
use crate::finding::{self, Confidence, Finding, Replacement, Secret, Severity, Verification};
use crate::report::fingerprints::{Mark, StateView};
use crate::report::words::{cut, details, values};
use crate::report::{Options, file_name, json};

/// Other places of a finding that are named; the others are counted.
const PLACES: usize = 20;
/// Characters of one fact.
const FACT: usize = 200;

/// How much a finding matters, 0 to 100: its severity, then how sure it is.
pub(super) const fn rank(finding: &Finding) -> u8 {
    let severity = match finding.severity {
        Severity::Critical => 90,
        Severity::High => 70,
        Severity::Medium => 50,
        Severity::Low => 30,
        Severity::Info => 10,
    };
    severity
        + match finding.confidence {
            Confidence::High => 9,
            Confidence::Medium => 5,
            Confidence::Low => 0,
        }
}

pub(super) fn result<'a>(
    finding: &'a Finding,
    mark: &Mark,
    rules: &Rules<'_>,
    report: &Report,
    options: &Options,
) -> Result<'a> {
    let advisory = &*finding.advisory;
    let details: Vec<String> = details(finding, options).iter().map(|detail| cut(detail, FACT)).collect();
    let text = match details.as_slice() {
        [] => advisory.title.clone(),
        details => format!("{}: {}", advisory.title, details.join(" · ")),
    };
    Result {
        rule_id: &advisory.id,
        rule_index: rules.index.get(advisory.id.as_str()).copied().unwrap_or_default(),
        level: level(finding.severity),
        rank: f64::from(rank(finding)),
        message: Message::literal(&text),
        locations: vec![location(&finding.location, report)],
        related_locations: related(finding).take(PLACES).map(|more| location(more, report)).collect(),
        partial_fingerprints: BTreeMap::from([
            ("assayFinding/v1", mark.fingerprint.clone()),
            // The only one that GitHub reads: its form is a hash of 16 digits, and a counter.
            ("primaryLocationLineHash", format!("{}:1", mark.fingerprint.get(..16).unwrap_or_default())),
        ]),
        baseline_state: mark.state.map(|state| match state {
            StateView::Unchanged => "unchanged",
            StateView::New => "new",
        }),
        suppressions: mark.suppression.iter().map(suppression).collect(),
        fixes: finding.replacement.iter().map(|change| fix(finding, change)).collect(),
        properties: properties(finding, options),
    }
}

/// Other places, each once: places that differ only in what a location does not say are one.
fn related(finding: &Finding) -> impl Iterator<Item = &finding::Location> {
    let mut seen = BTreeSet::new();
    finding
        .related_locations
        .iter()
        .filter(move |place| seen.insert((&place.path, line(place), &place.volume)))
}

/// What mends code, at its bytes.
fn fix(finding: &Finding, change: &Replacement) -> Fix {
    Fix {
        description: Message::literal(&finding.advisory.remedy),
        artifact_changes: [ArtifactChange {
            artifact_location: ArtifactLocation {
                uri: Some(uri::path(&finding.location.path)),
                uri_base_id: Some(ROOT),
                description: None,
            },
            replacements: [ReplacementView {
                deleted_region: Bytes {
                    byte_offset: change.start,
                    byte_length: change.end.saturating_sub(change.start),
                },
                inserted_content: Content { text: change.text.clone() },
            }],
        }],
    }
}

fn suppression(suppression: &crate::report::fingerprints::SuppressionView) -> Suppression {
    Suppression {
        kind: "external",
        status: "accepted",
        justification: json::visible::plain(suppression.reason.as_bytes()),
    }
}

fn properties(finding: &Finding, options: &Options) -> Properties {
    let hashed = finding.evidence.secrets.iter().filter(|_| options.hashes);
    Properties {
        category: finding.advisory.category.name(),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        proof: finding.proof.map(Verification::name),
        offset: finding.location.offset,
        group: finding.group,
        more_places: related(finding).count().checked_sub(PLACES).filter(|left| *left > 0),
        values: values(finding, options),
        sha256: hashed.map(Secret::sha256).collect(),
    }
}

/// A place in a file of the image; where there is no path, in the image's own file.
pub(super) fn location(place: &finding::Location, report: &Report) -> Location {
    let line = line(place);
    let (uri, base) = match place.path.is_empty() {
        false => (uri::path(&place.path), Some(ROOT)),
        true => (uri::segment(file_name(report).as_bytes()), None),
    };
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: Some(uri), uri_base_id: base, description: None },
            // Columns are not known, and files without lines have none: the place is where the line begins.
            region: Region { start_line: line, start_column: 1, end_line: line, end_column: 1 },
        },
        logical_locations: place.volume.iter().map(|volume| volume_of(volume)).collect(),
    }
}

/// Its line; the first of a file without lines.
fn line(place: &finding::Location) -> u64 {
    place.line.unwrap_or(1).max(1)
}

fn volume_of(volume: &str) -> LogicalLocation {
    LogicalLocation { name: json::visible::plain(volume.as_bytes()), kind: "resource" }
}
