//! What all threads found, within limits: of far too many findings or gaps the first in the order of the report stay, and
//! the others are counted. Which stay depends on no thread: what many before it keep out of a part, more keep out of
//! the whole.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::merge;
use crate::budget::Budget;
use crate::finding::{Finding, Gap, GapKind, Location, Loss};
use crate::packages::component::Component;

/// Bytes of findings after which they are counted again.
const BYTES: usize = 64 << 20;
/// Sizes of findings in bytes, each with the part of the limits that those up to it have.
const SIZES: [(usize, usize); 4] = [(4 << 10, 1), (32 << 10, 16), (256 << 10, 100), (usize::MAX, 2500)];

/// What was found so far.
pub(super) struct Found<'a> {
    budget: &'a Budget,
    kept: Mutex<Kept>,
}

/// What is kept of it.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    pub(super) components: Vec<Component>,
    /// Findings that are only counted.
    pub(super) dropped: u64,
    dropped_components: u64,
    dropped_gaps: BTreeMap<(Loss, GapKind), u64>,
    bytes: usize,
    /// What is kept may grow to this before it is counted again.
    room: (usize, usize, usize),
}

impl<'a> Found<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self { budget, kept: Mutex::default() }
    }

    /// Adds what was found.
    pub(super) fn add(&self, findings: Vec<Finding>, gaps: impl IntoIterator<Item = Gap>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = findings.iter().fold(kept.bytes, |sum, finding| sum.saturating_add(size(finding)));
        kept.findings.extend(findings);
        kept.gaps.extend(gaps);
        let (findings, gaps, bytes) = kept.room;
        if kept.findings.len() > findings.max(self.budget.findings.saturating_mul(2))
            || kept.gaps.len() > gaps.max(self.budget.gaps.saturating_mul(8))
            || kept.bytes > bytes.max(BYTES)
        {
            kept.cut(self.budget);
        }
    }

    /// Adds what is installed.
    pub(super) fn add_components(&self, components: Vec<Component>) {
        if components.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.components.extend(components);
        if kept.components.len() > self.budget.components.saturating_mul(2) {
            kept.cut_components(self.budget.components);
        }
    }

    /// All of it, in the order of the report, with a gap for what is only counted.
    pub(super) fn finish(self) -> Kept {
        let mut kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        kept.cut(self.budget);
        kept.cut_components(self.budget.components);
        let counted = |reason: String, kind, loss| Gap {
            location: Location::default(),
            kind,
            loss,
            bytes: None,
            reason,
        };
        if kept.dropped > 0 {
            let (dropped, of_rule, all) = (kept.dropped, self.budget.findings_per_rule, self.budget.findings);
            let reason = format!(
                "{dropped} findings are only counted: a report names at most {of_rule} of a rule and {all} in all, and \
                 fewer where they are long"
            );
            kept.gaps.push(counted(reason, GapKind::OverLimit, Loss::Part));
        }
        if kept.dropped_components > 0 {
            let (dropped, most) = (kept.dropped_components, self.budget.components);
            let reason = format!("{dropped} pieces of software are only counted: at most {most} are listed");
            kept.gaps.push(counted(reason, GapKind::OverLimit, Loss::Part));
        }
        for ((loss, kind), count) in std::mem::take(&mut kept.dropped_gaps) {
            let reason = format!("{count} more gaps of this kind are only counted");
            kept.gaps.push(counted(reason, kind, loss));
        }
        kept
    }
}

impl Kept {
    /// Keeps the first of them in their order.
    fn cut_components(&mut self, limit: usize) {
        self.components.sort_by(Component::order);
        let dropped = self.components.len().saturating_sub(limit) as u64;
        self.dropped_components = self.dropped_components.saturating_add(dropped);
        self.components.truncate(limit);
    }

    /// Keeps the first of each rule and size, of each size, and of each kind of gap.
    fn cut(&mut self, budget: &Budget) {
        merge::sort(&mut self.findings, &mut self.gaps);
        let before = self.findings.len();
        let mut of_rule: BTreeMap<(String, usize), usize> = BTreeMap::new();
        let mut of_size = [0_usize; SIZES.len()];
        self.findings.retain(|finding| {
            let (class, part) = class(finding);
            let rule = of_rule.entry((finding.advisory.id.clone(), class)).or_default();
            let Some(all) = of_size.get_mut(class) else { return false };
            let fits =
                *rule < (budget.findings_per_rule / part).max(1) && *all < (budget.findings / part).max(1);
            *rule = rule.saturating_add(usize::from(fits));
            *all = all.saturating_add(usize::from(fits));
            fits
        });
        self.dropped = self.dropped.saturating_add(before.saturating_sub(self.findings.len()) as u64);
        let mut of_kind: BTreeMap<(Loss, GapKind), usize> = BTreeMap::new();
        let dropped = &mut self.dropped_gaps;
        self.gaps.retain(|gap| {
            let count = of_kind.entry((gap.loss, gap.kind)).or_default();
            *count = count.saturating_add(1);
            if *count > budget.gaps {
                let dropped = dropped.entry((gap.loss, gap.kind)).or_default();
                *dropped = dropped.saturating_add(1);
            }
            *count <= budget.gaps
        });
        self.bytes = self.findings.iter().fold(0, |sum, finding| sum.saturating_add(size(finding)));
        self.room = (
            self.findings.len().saturating_mul(2),
            self.gaps.len().saturating_mul(2),
            self.bytes.saturating_mul(2),
        );
    }
}

/// Bytes of memory that a finding takes, beside what all have.
fn size(finding: &Finding) -> usize {
    let secrets = finding.evidence.secrets.iter().map(|secret| secret.reveal().len().saturating_add(32));
    let facts = finding.evidence.facts.iter().map(|(_, value)| value.len().saturating_add(48));
    let more = finding.related_locations.iter().map(|location| location.path.len().saturating_add(128));
    secrets.chain(facts).chain(more).fold(finding.location.path.len(), usize::saturating_add)
}

fn class(finding: &Finding) -> (usize, usize) {
    let size = size(finding);
    let class = SIZES.iter().position(|(most, _)| size <= *most).unwrap_or(0);
    (class, SIZES.get(class).map_or(1, |(_, part)| *part))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Secret, Severity};

    fn finding(rule: &str, severity: Severity, number: usize, len: usize) -> Finding {
        let advisory = Advisory {
            id: rule.to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory)).secret(Secret::new(vec![b'x'; len]));
        finding.location.path = format!("/{number:06}").into_bytes();
        finding
    }

    fn gap(number: usize) -> Gap {
        let location = Location { path: format!("/{number:06}").into_bytes(), ..Location::default() };
        Gap { location, kind: GapKind::Damaged, loss: Loss::File, bytes: None, reason: String::new() }
    }

    #[test]
    fn of_far_too_much_software_the_first_stays_in_whatever_order_it_was_found() {
        use crate::packages::ecosystem::Ecosystem;
        let budget = Budget { components: 5, ..Budget::default() };
        let kept = |order: &dyn Fn(usize) -> usize| {
            let found = Found::new(&budget);
            for n in 0..100 {
                let name = format!("{:03}", order(n));
                found.add_components(vec![Component::new(Ecosystem::Npm, name, "1")]);
            }
            let kept = found.finish();
            (kept.components, kept.gaps)
        };
        let (components, gaps) = kept(&|n| n);
        assert_eq!(kept(&|n| 99 - n), (components.clone(), gaps.clone()));
        assert_eq!(
            components.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            ["000", "001", "002", "003", "004"]
        );
        assert!(gaps[0].reason.starts_with("95 pieces of software"));
    }

    #[test]
    fn what_is_kept_of_far_too_much_is_the_same_in_whatever_order_it_was_found() {
        let budget = Budget { findings: 40, findings_per_rule: 25, gaps: 5, ..Budget::default() };
        let all: Vec<(Finding, Gap)> = (0..600)
            .map(|n| {
                let (rule, severity) =
                    if n % 3 == 0 { ("a", Severity::High) } else { ("b", Severity::Critical) };
                (finding(rule, severity, n, if n % 7 == 0 { 9000 } else { 9 }), gap(n))
            })
            .collect();
        let kept = |order: &dyn Fn(usize) -> usize| {
            let found = Found::new(&budget);
            for n in 0..all.len() {
                let (finding, gap) = all[order(n)].clone();
                found.add(vec![finding], [gap]);
            }
            let kept = found.finish();
            (kept.findings, kept.gaps, kept.dropped)
        };
        let expected = kept(&|n| n);
        assert_eq!(kept(&|n| 599 - n), expected);
        assert_eq!(kept(&|n| n * 7 % 600 + usize::from(n * 7 % 600 == 600)), expected);
        let (findings, gaps, dropped) = expected;
        assert_eq!(findings.len() as u64 + dropped, 600);
        assert_eq!(findings.iter().filter(|one| one.advisory.id == "b" && size(one) < 4096).count(), 25);
        assert_eq!(findings.iter().filter(|one| one.advisory.id == "a" && size(one) < 4096).count(), 15);
        assert_eq!(findings[0].location.path, b"/000001");
        assert!(gaps.iter().any(|gap| gap.loss == Loss::File && gap.reason.starts_with("595 more gaps")));
        assert!(gaps.iter().any(|gap| gap.loss == Loss::Part && gap.reason.contains("only counted")));
    }
}
