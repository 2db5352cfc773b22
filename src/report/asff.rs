//! The AWS Security Finding Format: what `aws securityhub batch-import-findings` takes, in batches of 100
//! (`examples/import-findings.sh` hands them over).
//!
//! Specification: the Security Hub user guide, "AWS Security Finding Format (ASFF)", with its limits of lengths.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fingerprints::Marks;
use super::format::{Format, Told};
use super::json::visible::plain;
use super::terminal::shown_place;
use super::words::{cut, details, values};
use crate::finding::{Category, Finding, Resource, Severity};

/// `--format asff`.
pub static FORMAT: Format = Format {
    name: "asff",
    about: "For AWS Security Hub",
    extensions: &["asff"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with('{') && text.contains("\"SchemaVersion\": \"2018-10-08\""),
    render,
};

/// Longest title, description and resource id.
const LENGTHS: (usize, usize, usize) = (255, 1023, 511);
/// Longest product field.
const LONGEST_FIELD: usize = 2047;
/// What stands where no export says the account: the import fills it in.
const NO_ACCOUNT: &str = "000000000000";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    findings: Vec<View>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    generator_id: String,
    aws_account_id: String,
    types: [&'static str; 1],
    created_at: String,
    updated_at: String,
    severity: SeverityView,
    title: String,
    description: String,
    remediation: Remediation,
    product_fields: BTreeMap<&'static str, String>,
    resources: [ResourceView; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeverityView {
    label: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceView {
    r#type: String,
    id: String,
    partition: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

fn render(told: &Told<'_>) -> String {
    let mut marks = Marks::new();
    let shown = |finding: &&Finding| finding.severity >= told.options.min_severity;
    let findings = told.report.findings.iter().map(|finding| (finding, marks.mark(finding).fingerprint));
    let findings: Vec<(&Finding, String)> = findings.collect();
    let findings = findings.into_iter().filter(|(finding, _)| shown(finding));
    let document =
        Document { findings: findings.map(|(finding, mark)| view(finding, &mark, told)).collect() };
    super::json::pretty(&document)
}

fn view(finding: &Finding, fingerprint: &str, told: &Told<'_>) -> View {
    let advisory = &*finding.advisory;
    let resource = finding.resource.as_deref();
    let account = resource
        .and_then(|resource| resource.account.clone())
        .or_else(|| told.report.sourcing.as_ref().and_then(|inventory| inventory.accounts.first().cloned()));
    let account = account.unwrap_or_else(|| NO_ACCOUNT.to_owned());
    let region = resource.and_then(|resource| resource.region.clone());
    let home = region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let partition = partition(&home);
    let moment = moment(told);
    let text = details(finding, told.options).join(" · ");
    let place = shown_place(&finding.location);
    let description = if text.is_empty() {
        format!("{} {place}", advisory.why)
    } else {
        format!("{} {place}: {text}", advisory.why)
    };
    View {
        schema_version: "2018-10-08",
        id: format!("assay/{account}/{}/{fingerprint}", advisory.id),
        product_arn: format!("arn:{partition}:securityhub:{home}:{account}:product/{account}/default"),
        generator_id: format!("assay/{}", advisory.id),
        aws_account_id: account,
        types: [kind(advisory.category)],
        created_at: moment.clone(),
        updated_at: moment,
        severity: SeverityView { label: label(finding.severity) },
        title: cut(&advisory.title, LENGTHS.0),
        description: cut(&description, LENGTHS.1),
        remediation: Remediation {
            recommendation: Recommendation {
                text: cut(&advisory.remedy, 511),
                url: advisory.references.iter().find(|url| url.starts_with("https://")).cloned(),
            },
        },
        product_fields: fields(finding, fingerprint, told),
        resources: [resource.map_or_else(|| of_image(told), |resource| of_account(resource, partition))],
    }
}

/// What the format has no place for; values where they are asked for.
fn fields(finding: &Finding, fingerprint: &str, told: &Told<'_>) -> BTreeMap<&'static str, String> {
    let mut fields = BTreeMap::from([
        ("assay/category", finding.advisory.category.name().to_owned()),
        ("assay/fingerprint", fingerprint.to_owned()),
    ]);
    let shown = values(finding, told.options);
    if !shown.is_empty() {
        fields.insert("assay/values", cut(&shown.join(" "), LONGEST_FIELD));
    }
    fields
}

fn of_account(resource: &Resource, partition: &'static str) -> ResourceView {
    ResourceView {
        r#type: resource.kind.to_owned(),
        id: cut(&resource.arn().replacen("arn:aws:", &format!("arn:{partition}:"), 1), LENGTHS.2),
        partition,
        region: resource.region.clone(),
    }
}

/// The audited image, by its name: its id is known to whoever exported it.
fn of_image(told: &Told<'_>) -> ResourceView {
    let name = plain(super::file_name(told.report).as_bytes());
    ResourceView { r#type: "Other".to_owned(), id: cut(&name, LENGTHS.2), partition: "aws", region: None }
}

/// When the judgement was made: of an account the moment by which ages are judged, so that two runs give the same.
pub(super) fn moment(told: &Told<'_>) -> String {
    told.report
        .sourcing
        .as_ref()
        .map_or_else(|| told.run.started.clone(), |inventory| inventory.at.to_string())
}

/// The partition of a region.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

const fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFORMATIONAL",
    }
}

/// The taxonomy of types.
const fn kind(category: Category) -> &'static str {
    match category {
        Category::Miner | Category::Malware => "TTPs/Execution",
        Category::Persistence => "TTPs/Persistence",
        Category::Privilege => "TTPs/Privilege Escalation",
        Category::Integrity => "Unusual Behaviors/VM",
        Category::Package => "Software and Configuration Checks/Vulnerabilities/CVE",
        Category::Credential
        | Category::SshHostKey
        | Category::SshPrivateKey
        | Category::PasswordHash
        | Category::ShellHistory => "Sensitive Data Identifications/Passwords",
        Category::AuthorizedKeys
        | Category::Access
        | Category::Leftover
        | Category::Hardening
        | Category::Sourcing => "Software and Configuration Checks/AWS Security Best Practices",
    }
}
