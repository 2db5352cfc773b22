//! Which components an advisory is about. Source for the rules: the schemas and the documents of the publishers; each
//! function says its own.

use std::collections::BTreeMap;

use super::identity::{Identity, Unmatched};
use super::kernel;
use super::ranges::{Verdict, verdict};
use super::releases::{self, Fit};
use super::statement::{Claim, Event, NameKind, Rating, Statement, Status};
use super::wanted::Wanted;
use super::{Linked, ecosystem::OsvEcosystem};
use crate::finding::Confidence;
use crate::packages::component::Component;
use crate::packages::inventory::{Boot, InstalledSystem, Inventory};
use crate::packages::version::Scheme;

/// An advisory is about a component.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub component: usize,
    /// The version that mends it.
    pub fixed: Option<String>,
    pub status: Status,
    /// The fix is for subscribers of this.
    pub subscription: Option<&'static str>,
    pub confidence: Confidence,
    /// Why it is not sure.
    pub doubts: Vec<&'static str>,
    pub ratings: Vec<Rating>,
    /// Whether the component carries a kernel, and whether that one boots.
    pub kernel: Option<Boot>,
    /// Whether what is vulnerable was linked into the program; `None` where it cannot be told.
    pub is_linked: Option<bool>,
}

/// What is needed to judge.
pub(super) struct Judge<'a> {
    pub inventory: &'a Inventory,
    pub wanted: &'a Wanted,
    pub linked: Option<&'a dyn Linked>,
}

/// A claim that is about a component, if its version is affected.
struct Applied<'c> {
    claim: &'c Claim,
    kind: NameKind,
    fit: Fit,
    doubts: Vec<&'static str>,
}

impl Judge<'_> {
    /// The components that an advisory is about; `unreadable` takes those whose versions cannot be compared with it.
    pub(super) fn hits(
        &self,
        statement: &Statement,
        unreadable: &mut dyn FnMut(usize, Unmatched),
    ) -> Vec<Hit> {
        let mut applied: BTreeMap<usize, Vec<Applied<'_>>> = BTreeMap::new();
        for claim in &statement.claims {
            let subject = &claim.subject;
            for (component, kind) in self.wanted.components(subject.ecosystem, &subject.name) {
                if let Some(one) = self.apply(claim, component, kind) {
                    applied.entry(component).or_default().push(one);
                }
            }
        }
        let judge = |(component, claims)| self.hit(component, claims, unreadable);
        applied.into_iter().filter_map(judge).collect()
    }

    /// Whether a claim is about a component, whatever its version.
    fn apply<'c>(&self, claim: &'c Claim, number: usize, kind: NameKind) -> Option<Applied<'c>> {
        let component = self.inventory.components.get(number)?;
        let identity = self.wanted.identity(number)?;
        let subject = &claim.subject;
        // Packages of kernels are called after their release, so those that are listed are those with the fix.
        let is_named = claim.binaries.is_empty()
            || identity.kernel.is_some()
            || claim.binaries.contains(&component.name);
        let is_kind = subject.kind == NameKind::Either || subject.kind == kind;
        if !is_named || !is_kind || !fits_architecture(subject.architecture.as_deref(), component) {
            return None;
        }
        let unknown = InstalledSystem::default();
        let system = self.inventory.systems.get(component.system).unwrap_or(&unknown);
        let fit = releases::fit(subject, system, &identity.version)?;
        let mut doubts: Vec<_> = fit.doubt.into_iter().collect();
        doubts.extend(module(claim, component)?);
        if subject.ecosystem == OsvEcosystem::Amazon {
            doubts.extend(amazon(claim, identity, system)?);
        }
        if identity.names.first().is_some_and(|(_, name)| name.starts_with(':')) {
            doubts.push("its group is not known, and it has the name of the artifact only");
        }
        Some(Applied { claim, kind, fit, doubts })
    }

    fn hit(
        &self,
        number: usize,
        mut claims: Vec<Applied<'_>>,
        unreadable: &mut dyn FnMut(usize, Unmatched),
    ) -> Option<Hit> {
        let identity = self.wanted.identity(number)?;
        // What names the binary package says more than what names its source.
        if claims.iter().any(|one| one.kind == NameKind::Binary) {
            claims.retain(|one| one.kind == NameKind::Binary);
        }
        prefer_own_minor_release(&mut claims, &identity.version);
        let mut best: Option<(Applied<'_>, Option<String>)> = None;
        // What everybody gets is asked before what subscribers get.
        claims.sort_by_key(|one| one.fit.subscription.is_some());
        for one in claims {
            match verdict(one.claim, identity.ecosystem.scheme(), version(&one, identity)) {
                Verdict::Unreadable => unreadable(number, Unmatched::VersionNotUnderstood),
                // It has the fix, be it the one that everybody gets or the one of subscribers.
                Verdict::Unaffected
                    if fixes(one.claim).next().is_some() && identity.ecosystem == OsvEcosystem::Ubuntu =>
                {
                    return None;
                }
                Verdict::Unaffected => {}
                Verdict::Affected(fixed) => {
                    if best.as_ref().is_none_or(|(_, known)| known.is_none() && fixed.is_some()) {
                        best = Some((one, fixed));
                    }
                }
            }
        }
        let (one, fixed) = best?;
        self.describe(number, identity, one, fixed)
    }

    fn describe(
        &self,
        number: usize,
        identity: &Identity,
        one: Applied<'_>,
        fixed: Option<String>,
    ) -> Option<Hit> {
        if one.claim.status == Status::NotAffected {
            return None;
        }
        let component = self.inventory.components.get(number)?;
        let mut doubts = one.doubts;
        let is_linked = self.is_linked(number, one.claim);
        if is_linked == Some(false) {
            doubts.push("none of the functions that it is about is linked into the program");
        }
        if component.confidence < Confidence::High {
            doubts.push("it is not sure that it is this version of it");
        }
        let by_source = identity.ecosystem.scheme() == Scheme::Rpm
            && one.kind == NameKind::Source
            && one.claim.subject.kind == NameKind::Either;
        if by_source {
            doubts.push("the advisory names its source package only");
        }
        let confidence = match doubts.as_slice() {
            [] => Confidence::High,
            [only] if is_small(only) => Confidence::Medium,
            _ => Confidence::Low,
        };
        Some(Hit {
            component: number,
            subscription: one.fit.subscription.filter(|_| fixed.is_some()),
            fixed,
            status: one.claim.status,
            confidence: confidence.min(component.confidence),
            doubts,
            ratings: one.claim.ratings.clone(),
            kernel: identity.kernel,
            is_linked,
        })
    }

    /// Whether any function that a claim names is in the program; only where it names some of every import.
    fn is_linked(&self, component: usize, claim: &Claim) -> Option<bool> {
        let linked = self.linked?;
        if claim.symbols.is_empty() || claim.symbols.iter().any(|(_, symbols)| symbols.is_empty()) {
            return None;
        }
        let mut every =
            claim.symbols.iter().flat_map(|(path, symbols)| symbols.iter().map(move |symbol| (path, symbol)));
        let mut is_known = true;
        let found = every.any(|(path, symbol)| {
            let has = linked.has_symbol(component, path, symbol);
            is_known &= has.is_some();
            has == Some(true)
        });
        if found { Some(true) } else { is_known.then_some(false) }
    }
}

/// Doubts that leave it probable.
fn is_small(doubt: &str) -> bool {
    doubt.starts_with("the advisory names") || doubt.starts_with("it is a backport")
}

/// The version that a claim means: that of the source package where it names one.
fn version<'i>(one: &Applied<'_>, identity: &'i Identity) -> &'i str {
    if one.kind == NameKind::Source { &identity.source_version } else { &identity.version }
}

fn fits_architecture(wanted: Option<&str>, component: &Component) -> bool {
    match (wanted, component.architecture.as_deref()) {
        (Some(wanted), Some(architecture)) => {
            wanted == architecture
                || [wanted, architecture].iter().any(|one| matches!(*one, "noarch" | "src"))
        }
        _ => true,
    }
}

/// Builds of a module (`.module_el8`, `.module+el8`) mend its own stream only. `None`: another stream, or no module at
/// all.
fn module(claim: &Claim, component: &Component) -> Option<Option<&'static str>> {
    let wanted = &claim.subject.modules;
    let is_module_fix = !wanted.is_empty() || fixes(claim).any(is_module_build);
    let is_modular = component.version.as_deref().is_some_and(is_module_build);
    match (is_module_fix, &component.module) {
        (false, None) => (!is_modular).then_some(None),
        (false, Some(_)) => None,
        (true, None) if !is_modular => None,
        (true, None) => Some(Some("the package does not say which stream of the module it belongs to")),
        (true, Some(_)) if wanted.is_empty() => {
            Some(Some("the advisory does not say which stream of the module it is about"))
        }
        (true, Some(label)) => wanted.iter().any(|wanted| is_stream(label, wanted)).then_some(None),
    }
}

/// Whether a version is that of a build of a module.
pub(super) fn is_module_build(version: &str) -> bool {
    version.contains(".module")
}

/// The versions that mend what a claim is about.
fn fixes(claim: &Claim) -> impl Iterator<Item = &str> {
    claim.ranges.iter().flat_map(|range| &range.events).filter_map(|event| match event {
        Event::Fixed(version) => Some(version.as_str()),
        _ => None,
    })
}

/// Whether `nodejs:18:8070020230301` is of the stream `nodejs:18`.
fn is_stream(label: &str, wanted: &str) -> bool {
    label.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// Amazon publishes each of its extras and each kernel as a repository of its own, with the same names of packages.
/// `None`: the advisory is about another line.
fn amazon(claim: &Claim, identity: &Identity, system: &InstalledSystem) -> Option<Option<&'static str>> {
    let fixed = fixes(claim).next()?;
    if kernel::is_rpm_source(&claim.subject.name) || identity.kernel.is_some() {
        return (kernel::line(fixed) == kernel::line(&identity.version)).then_some(None);
    }
    let Some(extra) = &claim.subject.repository else { return Some(None) };
    if system.repositories.is_empty() {
        let is_line =
            kernel::line(fixed).map(|line| line.0) == kernel::line(&identity.version).map(|line| line.0);
        return is_line.then_some(Some("it is not known whether the repository of the fix is enabled"));
    }
    let is_enabled = system.enabled_repositories().any(|enabled| enabled.ends_with(extra.as_str()));
    is_enabled.then_some(None)
}

/// Where fixes for several minor releases are at hand (`el9_2`, `el9_4`), those of the package's own count.
fn prefer_own_minor_release(claims: &mut Vec<Applied<'_>>, version: &str) {
    let Some(own) = minor_release(version) else { return };
    let is_own = |one: &Applied<'_>| fixes(one.claim).any(|fixed| minor_release(fixed) == Some(own));
    if claims.iter().any(is_own) {
        claims.retain(is_own);
    }
}

/// `9_2` of `3.0.7-16.el9_2.1`.
fn minor_release(version: &str) -> Option<&str> {
    let (_, rest) = version.split_once(".el")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|release| release.contains('_'))
}
