//! A saved report (`assay-report`, version 1) as one side. Fields that it does not know are passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::Head;
use super::findings::Seen;
use super::identity;
use super::inventory::Inventory;
use super::inventory::packages::Software;
use super::summary::{Coverage, Lost, Summary};
use crate::finding::{GapKind, Loss, Secret, Severity};
use crate::packages::Ecosystem;
use assay_disk::text::unescape;

#[derive(Deserialize)]
struct Document {
    format: String,
    version: u32,
    subject: Subject,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    summary: Counts,
    #[serde(default)]
    coverage: Dropped,
    #[serde(default)]
    volumes: Vec<Volume>,
    findings: Vec<Finding>,
    #[serde(default)]
    gaps: Vec<Gap>,
    #[serde(default)]
    packages: Packages,
}

/// What was installed, since reports say so.
#[derive(Default, Deserialize)]
struct Packages {
    #[serde(default)]
    components: Vec<Installed>,
}

#[derive(Deserialize)]
struct Installed {
    kind: String,
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    architecture: Option<String>,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
}

#[derive(Default, Deserialize)]
struct Counts {
    #[serde(default)]
    not_shown: u64,
}

#[derive(Default, Deserialize)]
struct Dropped {
    #[serde(default)]
    findings_dropped: u64,
}

#[derive(Deserialize)]
struct Volume {
    #[serde(default)]
    content: String,
    #[serde(default)]
    uuid: Option<String>,
    #[serde(default)]
    mount: Option<String>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    #[serde(default)]
    category: String,
    severity: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    subject: Option<String>,
    location: Place,
    #[serde(default)]
    group: Option<u32>,
    #[serde(default)]
    more: Vec<Place>,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    partition: Option<u32>,
    #[serde(default)]
    volume: Option<String>,
    path: String,
    #[serde(default)]
    path_bytes: Option<String>,
    #[serde(default)]
    line: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Evidence {
    #[serde(default)]
    redacted: Vec<String>,
    #[serde(default)]
    sha256: Option<Vec<String>>,
    #[serde(default)]
    values: Option<Vec<String>>,
    #[serde(default)]
    key_fingerprint: Option<String>,
}

#[derive(Deserialize)]
struct Gap {
    location: Place,
    kind: String,
    loss: String,
    #[serde(default)]
    reason: String,
}

/// Whether the first bytes of a file may be those of a report.
pub fn probe(start: &[u8]) -> bool {
    start.trim_ascii_start().starts_with(b"{")
}

/// Reads a report.
///
/// # Errors
/// In one sentence, what it is that is no report of this program.
pub fn parse(text: &[u8]) -> Result<Summary, String> {
    let document: Document = serde_json::from_slice(text)
        .map_err(|error| format!("is no report of `assay scan --format json`: {error}"))?;
    if (document.format.as_str(), document.version) != ("assay-report", 1) {
        return Err(format!(
            "is no report of `assay scan --format json`: format {:?}, version {}",
            document.format, document.version
        ));
    }
    let mut summary = Summary {
        head: Head { name: document.subject.name, system: document.system, is_report: true },
        coverage: Coverage {
            gaps: document.gaps.iter().filter_map(lost).collect(),
            not_shown: document.summary.not_shown,
            dropped: document.coverage.findings_dropped,
            cut: Vec::new(),
        },
        ..Summary::default()
    };
    for volume in &document.volumes {
        let place = volume.mount.as_deref().unwrap_or(&volume.content);
        summary
            .identities
            .extend(volume.uuid.as_deref().map(|uuid| identity::file_system(uuid, place.as_bytes())));
    }
    let own: std::collections::BTreeSet<(Vec<u8>, Option<&str>)> = document
        .findings
        .iter()
        .map(|f| (f.location.bytes(), f.evidence.key_fingerprint.as_deref()))
        .collect();
    for (index, finding) in (0_u64..).zip(&document.findings) {
        let print = finding.evidence.key_fingerprint.as_deref();
        if let Some(print) = print.filter(|_| finding.category == "ssh-host-key") {
            summary.identities.push(identity::host_key(print, &finding.location.bytes()));
        }
        let group =
            finding.group.map_or(index.saturating_mul(2), |group| u64::from(group).saturating_mul(2) + 1);
        let more =
            finding.more.iter().filter(|place| print.is_none() || !own.contains(&(place.bytes(), print)));
        for place in std::iter::once(&finding.location).chain(more) {
            summary.findings.push(seen(finding, place, group)?);
        }
    }
    summary.identities.sort();
    summary.inventory = inventory(&document.packages);
    Ok(summary)
}

/// A list of `assay packages --format json`.
#[derive(Deserialize)]
struct List {
    format: String,
    version: u32,
    image: String,
    packages: Packages,
}

/// Reads the software of a report, or of a list of `assay packages --format json`.
///
/// # Errors
/// As [`parse`].
pub fn software(text: &[u8]) -> Result<Summary, String> {
    match serde_json::from_slice::<List>(text) {
        Ok(list) if (list.format.as_str(), list.version) == ("assay-packages", 1) => Ok(Summary {
            head: Head { name: list.image, system: None, is_report: true },
            inventory: inventory(&list.packages),
            ..Summary::default()
        }),
        _ => parse(text),
    }
}

/// What was installed; `None` where an older report does not say it.
fn inventory(packages: &Packages) -> Option<Inventory> {
    let mut software = Software::default();
    for one in &packages.components {
        // A kind of a later version cannot be compared here.
        let Some(kind) = Ecosystem::by_name(&one.kind) else { continue };
        software.add(kind, &one.name, one.version.as_deref(), one.architecture.as_deref());
    }
    (!software.is_empty()).then(|| Inventory::of_software(software))
}

fn seen(finding: &Finding, place: &Place, group: u64) -> Result<Seen, String> {
    let severity = Severity::by_name(&finding.severity)
        .ok_or_else(|| format!("a finding of severity {:?}, which there is not", finding.severity))?;
    let evidence = &finding.evidence;
    let hashed =
        |values: &Vec<String>| values.iter().map(|value| Secret::new(value.as_bytes()).sha256()).collect();
    let mut values: Option<Vec<String>> =
        evidence.sha256.clone().or_else(|| evidence.values.as_ref().map(hashed));
    if evidence.redacted.is_empty() {
        // It is about no value.
        values.get_or_insert_default();
    }
    if let Some(values) = &mut values {
        values.sort_unstable();
    }
    Ok(Seen {
        rule: finding.id.clone(),
        category: finding.category.clone(),
        title: finding.title.clone(),
        severity,
        path: place.bytes(),
        volume: place.volume.clone().unwrap_or_default(),
        line: place.line,
        subject: finding.subject.clone(),
        redacted: evidence.redacted.clone(),
        values,
        fingerprint: evidence.key_fingerprint.clone(),
        group,
    })
}

fn lost(gap: &Gap) -> Option<Lost> {
    let loss = match gap.loss.as_str() {
        "nothing" => return None,
        "part" => Loss::Part,
        "file" => Loss::File,
        "directory" => Loss::Directory,
        _ => Loss::Volume,
    };
    // A kind of a later version is one that is not read yet.
    let kind = GapKind::ALL.into_iter().find(|kind| kind.name() == gap.kind).unwrap_or(GapKind::Unsupported);
    let is_path = !gap.location.path.is_empty();
    let place = if is_path { gap.location.bytes() } else { gap.location.of_volume().into_bytes() };
    Some(Lost { place, is_path, kind, loss, reason: gap.reason.clone() })
}

impl Place {
    /// The path as it is in the image.
    fn bytes(&self) -> Vec<u8> {
        let exact = self.path_bytes.as_ref().and_then(|packed| STANDARD.decode(packed).ok());
        let escaped = || self.path_bytes.as_ref().and_then(|_| unescape(&self.path));
        exact.or_else(escaped).unwrap_or_else(|| self.path.clone().into_bytes())
    }

    fn of_volume(&self) -> String {
        let name = self.volume.as_deref().unwrap_or("image");
        self.partition.map_or_else(|| name.to_owned(), |number| format!("partition {number} ({name})"))
    }
}
