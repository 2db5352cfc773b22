//! The Open Cybersecurity Schema Framework, version 1.3: a Detection Finding (class 2004) a line, for Security Lake and
//! others.
//!
//! Specification: schema.ocsf.io, class `detection_finding`, profile `cloud`.

use chrono::DateTime;
use serde::Serialize;

use super::TOOL_VERSION;
use super::asff::moment;
use super::fingerprints::Marks;
use super::format::{Format, Told, names};
use super::json::visible::plain;
use super::terminal::shown_place;
use super::words::{details, values};
use crate::finding::{Confidence, Finding, Severity};

/// `--format ocsf`.
pub static FORMAT: Format = Format {
    name: "ocsf",
    about: "For Security Lake: OCSF, a line a finding",
    extensions: &["ocsf"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("{\"activity_id\":") || names(text, "ocsf"),
    render,
};

/// Detection Finding, of the category Findings; that it was created.
const CLASS: (u32, u32, u32) = (2004, 2, 1);

#[derive(Serialize)]
struct Event {
    activity_id: u32,
    category_uid: u32,
    class_uid: u32,
    type_uid: u32,
    time: i64,
    severity_id: u32,
    status_id: u32,
    confidence_id: u32,
    message: String,
    metadata: Metadata,
    finding_info: Info,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud>,
    resources: [ResourceView; 1],
    remediation: Remediation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidences: Vec<Evidence>,
}

/// Values, where they are asked for.
#[derive(Serialize)]
struct Evidence {
    data: Values,
}

#[derive(Serialize)]
struct Values {
    values: Vec<String>,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    profiles: &'static [&'static str],
    product: Product,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Info {
    uid: String,
    title: String,
    desc: String,
    types: [&'static str; 1],
    analytic: Analytic,
}

#[derive(Serialize)]
struct Analytic {
    name: String,
    type_id: u32,
    uid: String,
}

#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

#[derive(Serialize)]
struct Account {
    uid: String,
    /// AWS Account.
    type_id: u32,
}

#[derive(Serialize)]
struct ResourceView {
    uid: String,
    r#type: String,
    name: String,
}

#[derive(Serialize)]
struct Remediation {
    desc: String,
    references: Vec<String>,
}

fn render(told: &Told<'_>) -> String {
    let mut marks = Marks::new();
    let time = DateTime::parse_from_rfc3339(&moment(told)).map_or(0, |time| time.timestamp_millis());
    let mut out = String::new();
    for finding in &told.report.findings {
        let mark = marks.mark(finding);
        if finding.severity >= told.options.min_severity {
            out.push_str(&super::json::line(&event(finding, &mark.fingerprint, time, told)));
        }
    }
    out
}

fn event(finding: &Finding, fingerprint: &str, time: i64, told: &Told<'_>) -> Event {
    let advisory = &*finding.advisory;
    let place = shown_place(&finding.location);
    let mut text = details(finding, told.options);
    text.insert(0, place.clone());
    let (class, category, activity) = CLASS;
    Event {
        activity_id: activity,
        category_uid: category,
        class_uid: class,
        type_uid: class * 100 + activity,
        time,
        severity_id: severity(finding.severity),
        // New.
        status_id: 1,
        confidence_id: confidence(finding.confidence),
        message: format!("{}: {}", advisory.title, text.join(" · ")),
        metadata: Metadata {
            version: "1.3.0",
            profiles: if finding.resource.is_some() { &["cloud"] } else { &[] },
            product: Product { name: "assay", vendor_name: "assay", version: TOOL_VERSION },
        },
        finding_info: Info {
            uid: fingerprint.to_owned(),
            title: advisory.title.clone(),
            desc: advisory.why.clone(),
            types: [advisory.category.name()],
            // A rule.
            analytic: Analytic { name: advisory.title.clone(), type_id: 1, uid: advisory.id.clone() },
        },
        cloud: finding.resource.as_ref().map(|resource| Cloud {
            provider: "AWS",
            account: resource.account.clone().map(|uid| Account { uid, type_id: 10 }),
            region: resource.region.clone(),
        }),
        resources: [resource(finding, &place, told)],
        evidences: Some(values(finding, told.options))
            .filter(|values| !values.is_empty())
            .map(|values| Evidence { data: Values { values } })
            .into_iter()
            .collect(),
        remediation: Remediation { desc: advisory.remedy.clone(), references: advisory.references.clone() },
    }
}

fn resource(finding: &Finding, place: &str, told: &Told<'_>) -> ResourceView {
    match &finding.resource {
        Some(resource) => {
            ResourceView { uid: resource.arn(), r#type: resource.kind.to_owned(), name: resource.id.clone() }
        }
        None => ResourceView {
            uid: place.to_owned(),
            r#type: "disk image".to_owned(),
            name: plain(super::file_name(told.report).as_bytes()),
        },
    }
}

const fn severity(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

const fn confidence(confidence: Confidence) -> u32 {
    match confidence {
        Confidence::Low => 1,
        Confidence::Medium => 2,
        Confidence::High => 3,
    }
}
