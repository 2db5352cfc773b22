//! A saved report (`assay-report`, version 1) as what a plan is made of. Fields that it does not know are passed over.
//!
//! Commands are made anew from what was found, and never taken out of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Files, Seen};
use crate::finding::{Advisory, Category, Confidence, Finding, Location, Secret, Severity};
use crate::packages::PackageManager;
use crate::remedies::Machine;
use crate::remedies::machine::MARKS;
use assay_disk::fs::FileType;
use assay_disk::text::unescape;

/// Bytes of a value that a command may tell the length of: a report that claims more is not believed.
const LONGEST: usize = 1 << 20;

#[derive(Deserialize)]
struct Document {
    format: String,
    version: u32,
    subject: Subject,
    #[serde(default)]
    summary: Counts,
    /// Reports of programs before 0.2 lack it.
    machine: Option<RawReport>,
    findings: Vec<Found>,
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

#[derive(Deserialize)]
struct RawReport {
    packages: Option<String>,
    systemd: bool,
    cloud_init: bool,
    unplaced: Vec<Unplaced>,
    marks: Vec<Mark>,
}

#[derive(Deserialize)]
struct Unplaced {
    partition: Option<u32>,
    volume: String,
}

#[derive(Deserialize)]
struct Mark {
    path: String,
    size: u64,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    category: String,
    severity: String,
    confidence: String,
    title: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    remedy: String,
    subject: Option<String>,
    package: Option<String>,
    location: Place,
    #[serde(default)]
    more: Vec<Place>,
    evidence: Evidence,
}

#[derive(Deserialize)]
struct Place {
    partition: Option<u32>,
    volume: Option<String>,
    path: String,
    path_bytes: Option<String>,
    inode: Option<u64>,
    offset: Option<u64>,
    line: Option<u64>,
    file_type: Option<String>,
    file_size: Option<u64>,
}

#[derive(Deserialize)]
struct Evidence {
    #[serde(default)]
    redacted: Vec<String>,
}

/// What a report says.
#[derive(Debug)]
pub struct Saved {
    /// What was audited.
    pub name: String,
    /// Its machine.
    pub machine: Machine,
    /// Its findings. In place of secrets they have as many other bytes.
    pub findings: Vec<Finding>,
    /// Findings that the report leaves out (`--min-severity`).
    pub not_shown: u64,
    seen: BTreeMap<Vec<u8>, Seen>,
}

/// Reads a report.
///
/// # Errors
/// In one sentence, why it cannot be taken for one.
pub fn parse(text: &[u8]) -> Result<Saved, String> {
    let wrong = |why: String| format!("is no report of `assay scan --format json`: {why}");
    let document: Document = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    let (format, version) = (document.format, document.version);
    if format != "assay-report" {
        return Err(wrong(format!("format {format:?}")));
    }
    if version != 1 {
        return Err(format!("is a report of version {version}, where this program reads version 1"));
    }
    let Some(machine) = document.machine else {
        return Err("is a report of an earlier assay, which does not tell the machine: scan again".to_owned());
    };
    let mut seen = BTreeMap::new();
    for place in
        document.findings.iter().flat_map(|found| std::iter::once(&found.location).chain(&found.more))
    {
        seen.extend(place.seen().map(|seen| (place.bytes(), seen)));
    }
    let findings: Result<Vec<Finding>, String> = document.findings.into_iter().map(finding).collect();
    Ok(Saved {
        name: document.subject.name,
        machine: of(machine),
        findings: findings.map_err(wrong)?,
        not_shown: document.summary.not_shown,
        seen,
    })
}

fn of(written: RawReport) -> Machine {
    let known = |name: &str| PackageManager::ALL.into_iter().find(|manager| manager.installer() == name);
    // Of what a report names only what the program itself would name goes into a script.
    let mark = |mark: &Mark| MARKS.into_iter().find(|path| *path == mark.path).map(|path| (path, mark.size));
    Machine {
        installer: None,
        packages: written.packages.as_deref().and_then(known),
        has_systemd: written.systemd,
        has_cloud_init: written.cloud_init,
        unplaced: written.unplaced.into_iter().map(|one| (one.partition, one.volume)).collect(),
        marks: written.marks.iter().filter_map(mark).collect(),
    }
}

fn finding(found: Found) -> Result<Finding, String> {
    let unknown = |what: &str, name: &str| format!("a finding of {what} {name:?}, which there is not");
    let severity = Severity::by_name(&found.severity).ok_or_else(|| unknown("severity", &found.severity))?;
    let category = Category::by_name(&found.category).ok_or_else(|| unknown("category", &found.category))?;
    let confidence =
        Confidence::by_name(&found.confidence).ok_or_else(|| unknown("confidence", &found.confidence))?;
    let advisory = Arc::new(Advisory {
        id: found.id,
        category,
        title: found.title,
        severity,
        why: found.why,
        remedy: found.remedy,
        references: Vec::new(),
    });
    let mut finding = Finding::new(&advisory).confidence(confidence);
    finding.location = found.location.location();
    finding.related_locations = found.more.iter().map(Place::location).collect();
    (finding.subject, finding.package) = (found.subject, found.package);
    finding.evidence.secrets = found.evidence.redacted.iter().map(|form| stand_in(form)).collect();
    Ok(finding)
}

/// Bytes in the place of a secret that is known by its redacted form: "ab… (18 bytes)".
fn stand_in(redacted: &str) -> Secret {
    let length = redacted.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(" bytes)")?.parse().ok());
    Secret::new(vec![b'x'; length.unwrap_or(0_usize).min(LONGEST)])
}

impl Place {
    fn location(&self) -> Location {
        Location {
            partition: self.partition,
            volume: self.volume.clone(),
            path: self.bytes(),
            inode: self.inode,
            offset: self.offset,
            line: self.line,
        }
    }

    /// The path as it is in the image.
    fn bytes(&self) -> Vec<u8> {
        let exact = self.path_bytes.as_ref().and_then(|packed| STANDARD.decode(packed).ok());
        let escaped = || self.path_bytes.as_ref().and_then(|_| unescape(&self.path));
        exact.or_else(escaped).unwrap_or_else(|| self.path.clone().into_bytes())
    }

    fn seen(&self) -> Option<Seen> {
        let file_type = match self.file_type.as_deref()? {
            "file" => FileType::Regular,
            "directory" => FileType::Directory,
            "link" => FileType::Symlink,
            _ => FileType::Fifo,
        };
        Some(Seen { file_type, size: self.file_size.unwrap_or_default() })
    }
}

impl Files for Saved {
    fn look(&self, location: &Location) -> Option<Seen> {
        self.seen.get(&location.path).copied()
    }

    fn content(&self, _: &[u8], _: u64) -> Option<Vec<u8>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"format": "assay-report", "version": 1, "subject": {"name": "a.raw"},
        "machine": {"packages": "apt", "systemd": true, "cloud_init": false, "unplaced": [],
            "marks": [{"path": "/etc/fstab", "size": 7}, {"path": "/x; rm -rf /", "size": 1}]},
        "findings": [{"id": "shell-history", "category": "shell-history", "severity": "low", "confidence": "high",
            "title": "t", "location": {"path": "/root/.bash_history", "file_type": "file", "file_size": 9},
            "evidence": {"redacted": ["ab… (18 bytes)", "… (99999999999999 bytes)", "?"]},
            "commands": ["rm -rf /"]}]}"#;

    #[test]
    fn a_report_is_read_and_nothing_of_it_is_believed_that_could_become_a_command() {
        let saved = parse(REPORT.as_bytes()).unwrap();
        assert_eq!(saved.machine.marks, [("/etc/fstab", 7)]);
        assert_eq!(saved.machine.packages, Some(PackageManager::Dpkg));
        let lengths: Vec<usize> =
            saved.findings[0].evidence.secrets.iter().map(|secret| secret.reveal().len()).collect();
        assert_eq!(lengths, [18, LONGEST, 0]);
        let steps = super::super::plan(&saved.findings, &saved.machine, &saved);
        let script = super::super::script::render(&steps, &saved.machine.marks, &saved.name, "0");
        assert!(!script.contains("rm -rf /\n") && script.contains("same_machine /etc/fstab 7"));
    }

    #[test]
    fn another_version_an_earlier_report_and_other_json_are_told_apart() {
        let error = |text: &str| parse(text.as_bytes()).unwrap_err();
        let other = REPORT.replace("\"version\": 1", "\"version\": 2");
        assert_eq!(error(&other), "is a report of version 2, where this program reads version 1");
        assert!(error(&REPORT.replace("\"machine\"", "\"m\"")).contains("earlier assay"));
        assert!(error("{}").contains("is no report"));
        assert!(error(&REPORT.replace("assay-report", "assay-diff")).contains("format \"assay-diff\""));
        assert!(error(&REPORT.replace("\"low\"", "\"awful\"")).contains("severity \"awful\""));
    }
}
