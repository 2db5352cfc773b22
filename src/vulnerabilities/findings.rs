//! What is vulnerable, as findings: one for each source package and advisory of a system.

use std::sync::{Arc, LazyLock};

use super::matches::{Matches, RatedBy, Vulnerability};
use super::remedy::remedy;
use super::statement::Status;
use crate::finding::{Advisory, Category, FactKey, Finding, Location, Severity};
use crate::packages::Component;
use crate::packages::inventory::{Boot, InstalledSystem, Inventory};

/// Rules that policies name.
pub const EXPLOITED: &str = "exploited-package";
/// See [`EXPLOITED`].
pub const UNFIXED: &str = "unfixed-package";
const FIXABLE: &str = "vulnerable-package";
const NOT_RUNNING: &str = "vulnerable-kernel-not-running";
/// All rules.
pub const RULES: [&str; 4] = [EXPLOITED, FIXABLE, UNFIXED, NOT_RUNNING];

struct Advisories {
    exploited: Arc<Advisory>,
    fixable: Arc<Advisory>,
    unfixed: Arc<Advisory>,
    not_running: Arc<Advisory>,
}

static ADVISORIES: LazyLock<Advisories> = LazyLock::new(|| {
    let of = |id: &str, title: &str, severity, why: &str, remedy: &str, reference: &str| {
        Arc::new(Advisory {
            id: id.into(),
            category: Category::Package,
            title: title.into(),
            severity,
            why: why.into(),
            remedy: remedy.into(),
            references: vec![reference.into()],
        })
    };
    Advisories {
        exploited: of(
            EXPLOITED,
            "Package with a vulnerability that is being exploited",
            Severity::Critical,
            "CISA lists this vulnerability as exploited: attackers have working code for it and use it.",
            "Update the package before anything starts from this image; if there is no fix, remove it.",
            "https://www.cisa.gov/known-exploited-vulnerabilities-catalog",
        ),
        fixable: of(
            FIXABLE,
            "Package with a known vulnerability that is fixed",
            Severity::High,
            "Every instance that starts from this image has the vulnerability until it is updated.",
            "Update the package in the image, and build it again on a schedule.",
            "https://csrc.nist.gov/pubs/sp/800/40/r4/final",
        ),
        unfixed: of(
            UNFIXED,
            "Package with a known vulnerability that is not fixed yet",
            Severity::Medium,
            "Every instance that starts from this image has the vulnerability, and there is no update yet.",
            "Remove the package if nothing needs it, or accept the risk until a fix is published.",
            "https://csrc.nist.gov/pubs/sp/800/40/r4/final",
        ),
        not_running: of(
            NOT_RUNNING,
            "Vulnerable kernel that is installed but does not boot by default",
            Severity::Low,
            "Another kernel boots. This one runs only if somebody chooses it, or the other is removed.",
            "Remove the kernels that are not used.",
            "https://csrc.nist.gov/pubs/sp/800/40/r4/final",
        ),
    }
});

/// Everything that can be reported.
pub fn advisories() -> Vec<Arc<Advisory>> {
    let Advisories { exploited, fixable, unfixed, not_running } = &*ADVISORIES;
    [exploited, fixable, unfixed, not_running].map(Arc::clone).to_vec()
}

/// One finding for each vulnerability that counts, in the order of the matches. Those that a statement of OpenVEX or a
/// live patch answers are left to the tables.
pub fn findings(inventory: &Inventory, matches: &Matches) -> Vec<Finding> {
    let counting = matches.vulnerabilities.iter().filter(|one| one.suppressed.is_none());
    counting.map(|one| finding(inventory, one)).collect()
}

fn finding(inventory: &Inventory, one: &Vulnerability) -> Finding {
    let none = InstalledSystem::default();
    let system = inventory.systems.get(one.system).unwrap_or(&none);
    let advisory = advisory(one);
    let subject = format!("{} in {}", name(one), one.package);
    let mut finding =
        Finding::new(advisory).severity(severity(one)).confidence(one.confidence).subject(subject);
    let first = one.components.first().and_then(|number| inventory.components.get(*number));
    if let Some(component) = first {
        finding.location = component.location.clone();
        finding.package = Some(component.full_name());
    }
    finding.related_locations = places(inventory, one, &finding);
    with_facts(finding, inventory, one).fact(FactKey::ClosedBy, remedy(one, system, inventory))
}

fn advisory(one: &Vulnerability) -> &'static Arc<Advisory> {
    let advisories = &*ADVISORIES;
    match one {
        _ if one.kernel == Some(Boot::Installed) => &advisories.not_running,
        _ if one.exploited.is_some() => &advisories.exploited,
        _ if one.has_fix() => &advisories.fixable,
        _ => &advisories.unfixed,
    }
}

/// What people call it: by CVE, where it has one.
pub(super) fn name(one: &Vulnerability) -> &str {
    match one.cves.as_slice() {
        [cve] => cve,
        _ => &one.advisory,
    }
}

/// The severity that somebody says; what nobody rates is taken as medium. What the vendor thinks little of, what is not
/// linked in and what does not run is low.
pub(super) fn severity(one: &Vulnerability) -> Severity {
    let rated = one.severity.unwrap_or(Severity::Medium);
    let is_minor = matches!(one.status, Status::Unimportant | Status::Minor);
    match one {
        _ if one.kernel == Some(Boot::Installed) => rated.min(Severity::Low),
        _ if one.exploited.is_some() => Severity::Critical,
        _ if is_minor || one.is_linked == Some(false) => rated.min(Severity::Low),
        _ => rated,
    }
}

/// The other files that show it.
fn places(inventory: &Inventory, one: &Vulnerability, finding: &Finding) -> Vec<Location> {
    let all = one.components.iter().filter_map(|number| inventory.components.get(*number));
    let mut places: Vec<_> = all.map(|component| component.location.clone()).collect();
    places.sort();
    places.dedup();
    places.retain(|place| *place != finding.location);
    places
}

fn with_facts(finding: Finding, inventory: &Inventory, one: &Vulnerability) -> Finding {
    let binaries = one.components.iter().filter_map(|number| inventory.components.get(*number));
    let mut binaries: Vec<String> = binaries.map(Component::full_name).collect();
    binaries.sort();
    binaries.dedup();
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let rated = match &one.rated_by {
        RatedBy::Vendor(word) => text(format!("the vendor ({word})")),
        RatedBy::Cvss => Some("CVSS".to_owned()),
        RatedBy::KnownExploited => Some("its being exploited".to_owned()),
        RatedBy::Nobody => Some("nobody".to_owned()),
    };
    let cves = if one.cves.len() > 1 { one.cves.join(", ") } else { String::new() };
    let facts = [
        (FactKey::Vulnerability, text(one.advisory.clone())),
        (FactKey::Vulnerabilities, text(cves)),
        (FactKey::Is, text(one.summary.clone())),
        (FactKey::Packages, text(binaries.join(", "))),
        (FactKey::Installed, text(one.installed.join(", "))),
        (FactKey::FixedIn, text(one.fixed.join(", "))),
        (FactKey::FixNeeds, one.subscription.clone()),
        (FactKey::Status, status(one.status).map(str::to_owned)),
        (FactKey::SeverityBy, rated),
        (FactKey::Score, one.cvss.as_ref().map(|cvss| format!("CVSS {:.1}", cvss.score))),
        (FactKey::KnownExploitedSince, one.exploited.as_ref().map(|known| known.added.clone())),
        (FactKey::ExploitProbability, one.epss.map(|epss| format!("{:.1} %", epss.probability * 100.0))),
        (FactKey::Because, text(one.doubts.join("; "))),
    ];
    facts.into_iter().fold(finding, |finding, (key, value)| match value {
        Some(value) => finding.fact(key, value),
        None => finding,
    })
}

/// What the vendor says, where that is more than "affected".
const fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::Affected | Status::NotAffected => None,
        Status::WontFix => Some("the vendor will not fix it"),
        Status::Minor => Some("the vendor takes it for minor"),
        Status::Unimportant => Some("the vendor takes it for unimportant"),
        Status::EndOfLife => Some("the vendor has ended support"),
        Status::UnderInvestigation => Some("the vendor has not decided yet"),
    }
}
