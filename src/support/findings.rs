//! What support says, as findings.

use std::sync::{Arc, LazyLock};

use super::{State, Subject, Support, Table, repositories};
use crate::date::Date;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use crate::packages::Inventory;

/// How many days before the end it is reported.
const SOON: i64 = 180;

/// The rule that policies name.
pub const ENDED: &str = "support-ended";

static ADVISORIES: LazyLock<[Arc<Advisory>; 3]> = LazyLock::new(|| {
    let of = |id: &str, title: &str, severity, why: &str, remedy: &str| {
        Arc::new(Advisory {
            id: id.into(),
            category: Category::Package,
            title: title.into(),
            severity,
            why: why.into(),
            remedy: remedy.into(),
            references: vec!["https://endoflife.date/".into()],
        })
    };
    [
        of(
            ENDED,
            "Software that is no longer supported",
            Severity::Medium,
            "Nobody publishes security fixes for it any more. Whatever is found in it from now on stays open, and scanners have \
             no advisories for it.",
            "Rebuild the image on a release that is supported.",
        ),
        of(
            "support-extended-only",
            "Software with extended support only",
            Severity::Low,
            "Its regular support has ended. Only those who pay for extended support, or enable its repositories, still get \
             fixes.",
            "Enable the extended support on the image, or rebuild it on a release that is supported.",
        ),
        of(
            "support-ends-soon",
            "Software whose support ends soon",
            Severity::Info,
            "Instances that run from this image will soon get no fixes any more.",
            "Plan the move to a later release.",
        ),
    ]
});

/// Everything that can be reported.
pub fn advisories() -> Vec<Arc<Advisory>> {
    let mut all = ADVISORIES.to_vec();
    all.extend(repositories::advisories());
    all
}

/// What is wrong with the support of what is installed, and with where its fixes come from, on a day.
pub fn findings(inventory: &Inventory, support: &[Support], table: &Table, day: Date) -> Vec<Finding> {
    let mut findings = of_support(inventory, support);
    findings.extend(repositories::findings(inventory, table, day));
    findings
}

/// One finding for each system and product that is not supported, or not for long.
fn of_support(inventory: &Inventory, support: &[Support]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = support.iter().filter_map(|one| finding(inventory, one)).collect();
    // Many programs have one runtime in them: they are places of one finding.
    findings.sort_by(|one, other| key(one).cmp(&key(other)));
    let mut joined: Vec<Finding> = Vec::new();
    for finding in findings {
        match joined.last_mut().filter(|kept| key(kept) == key(&finding)) {
            Some(kept) => kept.related_locations.push(finding.location),
            None => joined.push(finding),
        }
    }
    joined
}

fn key(finding: &Finding) -> (&str, Option<&String>) {
    (&finding.advisory.id, finding.subject.as_ref())
}

fn finding(inventory: &Inventory, support: &Support) -> Option<Finding> {
    let [ended, extended, soon] = &*ADVISORIES;
    let advisory = match support.state {
        State::Ended => ended,
        State::ExtendedOnly => extended,
        State::Supported if support.days_left.is_some_and(|days| days <= SOON) => soon,
        State::Supported => return None,
    };
    let mut finding = Finding::new(advisory).subject(format!("{} {}", support.product, support.cycle));
    finding.location = match support.subject {
        Subject::System(number) => inventory.systems.get(number)?.release_file.clone(),
        Subject::Component(number) => inventory.components.get(number)?.location.clone(),
    };
    if let Some(day) = support.ends {
        finding = finding.fact(FactKey::SupportEnds, day.to_string());
    }
    if let Some(day) = support.extended_ends {
        let what =
            if support.extended.is_empty() { String::new() } else { format!(" ({})", support.extended) };
        finding = finding.fact(FactKey::ExtendedSupportEnds, format!("{day}{what}"));
    }
    if let Some(days) = support.days_left.filter(|days| *days >= 0) {
        finding = finding.fact(FactKey::DaysLeft, days.to_string());
    }
    Some(finding)
}
