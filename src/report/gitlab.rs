//! Vulnerable packages as a report that GitLab reads: container scanning, version 15.
//!
//! Source: GitLab's security report schemas, `container-scanning-report-format.json`. A machine image is none of GitLab's
//! kinds; a container image is the nearest one, with packages, versions and an operating system.

use serde::Serialize;

use super::fingerprints::Marks;
use super::format::Format;
use super::words::shown;
use super::{Options, Run, TOOL_VERSION, file_name, json};
use crate::audit::Report;
use crate::finding::{FactKey, Finding, Severity};
use crate::vulnerabilities;

/// `--format gitlab`.
pub static FORMAT: Format = Format {
    name: "gitlab",
    about: "Vulnerable packages for GitLab: container scanning",
    extensions: &[],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with('{') && text.contains("\"container_scanning\""),
    render: |told| render(told.report, told.options, told.run),
};

/// Version of the schema.
const SCHEMA: &str = "15.2.1";

#[derive(Serialize)]
struct Document {
    version: &'static str,
    scan: Scan,
    vulnerabilities: Vec<Vulnerability>,
    remediations: Vec<()>,
}

#[derive(Serialize)]
struct Scan {
    analyzer: Tool,
    scanner: Tool,
    #[serde(rename = "type")]
    kind: &'static str,
    start_time: String,
    end_time: String,
    status: &'static str,
}

#[derive(Serialize)]
struct Tool {
    id: &'static str,
    name: &'static str,
    version: &'static str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    location: Location,
    identifiers: Vec<Identifier>,
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Location {
    dependency: Dependency,
    operating_system: String,
    image: String,
}

#[derive(Serialize)]
struct Dependency {
    package: Package,
    version: String,
}

#[derive(Serialize)]
struct Package {
    name: String,
}

#[derive(Serialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

/// The report; what is no vulnerability of a package is left out.
pub fn render(report: &Report, options: &Options, run: &Run) -> String {
    let mut marks = Marks::new();
    let mut vulnerabilities = Vec::new();
    for finding in &report.findings {
        let mark = marks.mark(finding);
        let is_of_a_package = vulnerabilities::RULES.contains(&finding.advisory.id.as_str());
        if is_of_a_package && finding.severity >= options.min_severity {
            vulnerabilities.push(vulnerability(report, finding, mark.fingerprint));
        }
    }
    let document = Document { version: SCHEMA, scan: scan(run), vulnerabilities, remediations: Vec::new() };
    json::pretty(&document)
}

fn scan(run: &Run) -> Scan {
    let tool =
        || Tool { id: "assay", name: "assay", version: TOOL_VERSION, vendor: Vendor { name: "assay" } };
    // The schema has no time zone: it is UTC.
    let time = |text: &str| text.trim_end_matches('Z').to_owned();
    Scan {
        analyzer: tool(),
        scanner: tool(),
        kind: "container_scanning",
        start_time: time(&run.created),
        end_time: time(&run.created),
        status: "success",
    }
}

fn vulnerability(report: &Report, finding: &Finding, fingerprint: String) -> Vulnerability {
    let fact = |key: FactKey| {
        let facts = &finding.evidence.facts;
        facts.iter().find(|(name, _)| *name == key).map(|(_, value)| shown(value)).unwrap_or_default()
    };
    let name = finding.subject.as_deref().map(shown).unwrap_or_default();
    let described = fact(FactKey::Is);
    let advisory = fact(FactKey::Vulnerability);
    Vulnerability {
        id: fingerprint,
        description: if described.is_empty() { finding.advisory.why.clone() } else { described },
        severity: severity(finding.severity),
        solution: fact(FactKey::ClosedBy),
        location: Location {
            dependency: Dependency {
                package: Package { name: finding.package.as_deref().map(shown).unwrap_or_default() },
                version: fact(FactKey::Installed),
            },
            operating_system: report.system.as_deref().map(shown).unwrap_or_default(),
            image: format!("{}:latest", shown(file_name(report)).replace(':', "-")),
        },
        identifiers: identifiers(&advisory, &fact(FactKey::Vulnerabilities), &name),
        links: links(&finding.advisory.references),
        name,
    }
}

/// CVEs first, then the advisory.
fn identifiers(advisory: &str, cves: &str, name: &str) -> Vec<Identifier> {
    let first = name.split_whitespace().next().filter(|word| word.starts_with("CVE-"));
    let cves = cves.split(", ").filter(|cve| !cve.is_empty()).chain(first.filter(|_| cves.is_empty()));
    let of = |kind: &'static str, value: &str| Identifier {
        kind,
        name: value.to_owned(),
        value: value.to_owned(),
    };
    let own = (!advisory.is_empty()).then(|| of("advisory", advisory));
    cves.map(|cve| of("cve", cve)).chain(own).collect()
}

fn links(references: &[String]) -> Vec<Link> {
    references.iter().map(|url| Link { url: url.clone() }).collect()
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}
