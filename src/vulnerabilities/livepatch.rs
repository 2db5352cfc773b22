//! Live patches of Amazon's kernels: packages called after the kernel that they patch, whose advisories list what they
//! mend. Source: Amazon Linux 2023 user guide, "Kernel Live Patching".

use super::ecosystem::OsvEcosystem;
use super::judge::Judge;
use super::matches::{Suppressed, Vulnerability};
use super::ranges::{Verdict, verdict};
use super::statement::Statement;
use crate::packages::inventory::Inventory;

const PREFIX: &str = "kernel-livepatch-";

/// A live patch that is installed, and what it mends.
pub(super) struct Patch {
    system: usize,
    /// The package; behind its prefix it names the kernel.
    package: String,
    cves: Vec<String>,
}

/// Takes what a statement says of live patches out of it, and returns those that are installed and new enough. An
/// outdated one is no flaw by itself: the kernel has it, and its own advisory says so.
pub(super) fn take(statement: &mut Statement, judge: &Judge<'_>) -> Vec<Patch> {
    let is_patch = |name: &str| name.starts_with(PREFIX);
    let mut patches = Vec::new();
    for claim in statement.claims.iter().filter(|claim| is_patch(&claim.subject.name)) {
        for (number, _) in judge.wanted.components(OsvEcosystem::Amazon, &claim.subject.name) {
            let Some(component) = judge.inventory.components.get(number) else { continue };
            let version = component.version.as_deref().unwrap_or_default();
            if verdict(claim, OsvEcosystem::Amazon.scheme(), version) == Verdict::Unaffected {
                let (package, cves) = (component.name.clone(), statement.cves.clone());
                patches.push(Patch { system: component.system, package, cves });
            }
        }
    }
    statement.claims.retain(|claim| !is_patch(&claim.subject.name));
    patches
}

/// Says of a kernel's vulnerability that live patches for this very kernel mend all of it.
pub(super) fn suppress(vulnerability: &mut Vulnerability, patches: &[Patch], inventory: &Inventory) {
    if vulnerability.kernel.is_none() || vulnerability.cves.is_empty() {
        return;
    }
    let is_for =
        |patch: &&Patch| patch.system == vulnerability.system && patches_all(patch, vulnerability, inventory);
    let patches: Vec<&Patch> = patches.iter().filter(is_for).collect();
    let is_mended = |cve: &String| patches.iter().any(|patch| patch.cves.contains(cve));
    if let Some(first) = patches.first().filter(|_| vulnerability.cves.iter().all(is_mended)) {
        vulnerability.suppressed = Some(Suppressed::LivePatch { package: first.package.clone() });
    }
}

/// Whether a patch is for the kernel of each component: `kernel-livepatch-6.1.12-19.43` for `6.1.12-19.43.amzn2023`.
fn patches_all(patch: &Patch, vulnerability: &Vulnerability, inventory: &Inventory) -> bool {
    let kernel = patch.package.strip_prefix(PREFIX).unwrap_or_default();
    vulnerability.components.iter().all(|number| {
        let version = inventory.components.get(*number).and_then(|component| component.version.as_deref());
        let version = version.unwrap_or_default();
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        version.strip_prefix(kernel).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
