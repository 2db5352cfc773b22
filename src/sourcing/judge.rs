//! From the tables to findings and gaps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;

use super::Settings;
use super::audits::ByImage;
use super::class::Trust;
use super::code::Scan;
use super::estate::Scope;
use super::export::Export;
use super::inventory::Inventory;
use crate::finding::{Advisory, Category, Finding, Gap, GapKind, Location, Loss, Resource, Severity};

mod audited;
mod code;
mod events;
mod gaps;
mod images;
mod settings;

/// The texts of the rules.
pub(super) const TEXT: &str = include_str!("../../signatures/sourcing/account.toml");
pub(super) const CODE_TEXT: &str = include_str!("../../signatures/sourcing/code.toml");

/// Most names that a finding lists.
const MAX_NAMES: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    advisory: Vec<RawAdvisory>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAdvisory {
    id: String,
    title: String,
    severity: String,
    why: String,
    remedy: String,
    references: Vec<String>,
}

/// What sourcing may find about accounts, in the order of the file.
///
/// # Errors
/// What is wrong with the rules.
pub fn account_advisories() -> Result<Vec<Arc<Advisory>>, String> {
    parse("account.toml", TEXT)
}

/// What it may find in code.
///
/// # Errors
/// What is wrong with the rules.
pub fn code_advisories() -> Result<Vec<Arc<Advisory>>, String> {
    parse("code.toml", CODE_TEXT)
}

fn parse(name: &str, text: &str) -> Result<Vec<Arc<Advisory>>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("signatures/sourcing/{name}: {error}"))?;
    let advisory = |raw: RawAdvisory| {
        let severity = Severity::by_name(&raw.severity).ok_or_else(|| {
            format!("signatures/sourcing/{name}: {}: {} is no severity", raw.id, raw.severity)
        })?;
        Ok(Arc::new(Advisory {
            id: raw.id,
            category: Category::Sourcing,
            title: raw.title,
            severity,
            why: raw.why,
            remedy: raw.remedy,
            references: raw.references,
        }))
    };
    file.advisory.into_iter().map(advisory).collect()
}

/// What the parts of the judgement write to.
struct Court<'j> {
    rules: BTreeMap<String, Arc<Advisory>>,
    export: &'j Export,
    code: &'j Scan,
    inventory: &'j Inventory,
    trust: &'j Trust<'j>,
    audits: &'j ByImage<'j>,
    settings: &'j Settings,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
}

/// Judges the tables.
pub(super) fn judge(
    export: &Export,
    inventory: &Inventory,
    code: &Scan,
    trust: &Trust<'_>,
    audits: &ByImage<'_>,
    settings: &Settings,
) -> Result<(Vec<Finding>, Vec<Gap>), String> {
    let rules = account_advisories()?.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let (findings, gaps) = (Vec::new(), Vec::new());
    let mut court = Court { rules, export, code, inventory, trust, audits, settings, findings, gaps };
    images::judge(&mut court);
    settings::judge(&mut court);
    audited::judge(&mut court);
    events::judge_events(&mut court);
    code::judge(&mut court);
    gaps::judge(&mut court);
    let order = |finding: &Finding| {
        (
            std::cmp::Reverse(finding.severity),
            finding.location.clone(),
            finding.advisory.id.clone(),
            finding.subject.clone(),
        )
    };
    court.findings.sort_by_cached_key(order);
    court.gaps.sort_by(|a, b| (&a.location, &a.reason).cmp(&(&b.location, &b.reason)));
    court.gaps.dedup();
    Ok((court.findings, court.gaps))
}

impl Court<'_> {
    /// A finding of the rule `id` at a place. A rule that is not there is a mistake of the program, which a test finds.
    fn find(&self, id: &str, scope: &Scope, kind: ResourceKind, name: &str) -> Option<Finding> {
        let mut finding = Finding::new(self.rules.get(id)?);
        finding.location = place(scope, kind, name);
        finding.resource = Some(Box::new(Resource {
            account: scope.account.clone(),
            region: scope.region.clone(),
            kind: kind.aws(),
            id: name.to_owned(),
        }));
        Some(finding)
    }

    fn gap(&mut self, location: Location, kind: GapKind, loss: Loss, reason: String) {
        self.gaps.push(Gap { location, kind, loss, bytes: None, reason });
    }
}

/// What a finding is about.
#[derive(Clone, Copy)]
enum ResourceKind {
    Image,
    Snapshot,
    Instance,
    Account,
}

impl ResourceKind {
    /// As a part of a path.
    const fn slug(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Snapshot => "snapshot",
            Self::Instance => "instance",
            Self::Account => "settings",
        }
    }

    /// As AWS calls it in findings.
    const fn aws(self) -> &'static str {
        match self {
            Self::Image => "AwsEc2Image",
            Self::Snapshot => "AwsEc2Snapshot",
            Self::Instance => "AwsEc2Instance",
            Self::Account => "AwsAccount",
        }
    }
}

/// `/123456789012/eu-west-1/image/ami-…`: so that patterns of policies fit accounts, regions and images.
fn place(scope: &Scope, kind: ResourceKind, name: &str) -> Location {
    let known = |part: &Option<String>| part.clone().unwrap_or_else(|| "any".to_owned());
    let path = format!("/{}/{}/{}/{name}", known(&scope.account), known(&scope.region), kind.slug());
    Location { path: path.into_bytes(), ..Location::default() }
}

/// The first names of a list, and how many more there are.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMES {
        let _ = write!(text, ", and {} more", names.len() - MAX_NAMES);
    }
    text
}

/// "1 instance", "17 instances".
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_sound_and_every_one_is_used() {
        let source = [
            include_str!("judge/images.rs"),
            include_str!("judge/settings.rs"),
            include_str!("judge/audited.rs"),
            include_str!("judge/events.rs"),
            include_str!("judge/code.rs"),
        ];
        let rules = account_advisories().unwrap();
        assert!(rules.len() > 25);
        for rule in &rules {
            assert!(
                source.iter().any(|text| text.contains(&format!("\"{}\"", rule.id))),
                "{} is never used",
                rule.id
            );
            assert!(rule.why.ends_with('.') && rule.remedy.ends_with('.'), "{}", rule.id);
        }
        // And whatever the code names is there.
        let names = source.iter().flat_map(|text| text.split('"')).filter(|text| *text != "image-id");
        for name in names.filter(|text| {
            ["image-", "images-", "instances-", "snapshot-", "allowed-amis-", "trail-", "code-"]
                .iter()
                .any(|start| text.starts_with(start))
        }) {
            assert!(rules.iter().any(|rule| rule.id == name), "there is no rule {name}");
        }
    }
}
