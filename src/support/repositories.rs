//! Where fixes come from, as findings: repositories that anybody on the way can change, or that get no more fixes, and
//! packages that are held back.

use std::sync::{Arc, LazyLock};

use super::{State, Table, ended};
use crate::date::Date;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use crate::packages::inventory::InstalledSystem;
use crate::packages::{Hold, Inventory, Loses, PackageManager, Repository};

/// Held packages that are named.
const NAMED: usize = 20;
/// What begins the address of something that no network brings.
const LOCAL: [&str; 8] = ["file:", "copy:", "cdrom:", "dir:", "hd:", "iso:", "cd:", "dvd:"];

static ADVISORIES: LazyLock<[Arc<Advisory>; 5]> = LazyLock::new(|| {
    let of = |id: &str, category, title: &str, severity, why: &str, remedy: &str, reference: &str| {
        Arc::new(Advisory {
            id: id.into(),
            category,
            title: title.into(),
            severity,
            why: why.into(),
            remedy: remedy.into(),
            references: vec![reference.into()],
        })
    };
    [
        of(
            "packages-unsigned",
            Category::Access,
            "Packages are taken without a signature",
            Severity::High,
            "Whoever can change packages on their way, or on the server, becomes root of every instance.",
            "Have the repository signed, give its key (signed-by, gpgkey), and take trusted=yes, allow-insecure=yes, \
             AllowUnauthenticated or gpgcheck=0 out.",
            "https://wiki.debian.org/SecureApt",
        ),
        of(
            "repository-certificate-unchecked",
            Category::Access,
            "The certificate of a repository is not checked",
            Severity::Medium,
            "Whoever is on the way sees and chooses what is downloaded; only signatures are left.",
            "Take sslverify=0, Verify-Peer or Verify-Host out, and install the certificate of the authority.",
            "https://dnf.readthedocs.io/en/latest/conf_ref.html",
        ),
        of(
            "repository-over-http",
            Category::Package,
            "A repository is read without encryption",
            Severity::Info,
            "Its packages are signed; whoever is on the way still sees what is installed, and can hold fixes back.",
            "Use its https address.",
            "https://wiki.debian.org/SecureApt",
        ),
        of(
            "repository-ended",
            Category::Package,
            "A repository of a release that is no longer supported",
            Severity::Medium,
            "Nobody publishes security fixes in it any more: what is installed from it stays as it is.",
            "Use the repository of a release that is supported.",
            "https://endoflife.date/",
        ),
        of(
            "packages-held",
            Category::Package,
            "Packages are held back from updates",
            Severity::Info,
            "They get no fixes until somebody releases them.",
            "Release them (apt-mark unhold, dnf versionlock delete), or know why they are held.",
            "https://manpages.debian.org/bookworm/apt/apt-mark.8.en.html",
        ),
    ]
});

/// Everything that can be reported.
pub(super) fn advisories() -> Vec<Arc<Advisory>> {
    ADVISORIES.to_vec()
}

/// What is wrong with where fixes come from, on a day.
pub(super) fn findings(inventory: &Inventory, table: &Table, day: Date) -> Vec<Finding> {
    let of_system = |system: &InstalledSystem| {
        let enabled = system.repositories.iter().filter(|one| one.is_enabled);
        let mut found: Vec<Finding> = enabled
            .flat_map(|one| {
                let ended = ended(one, system, table, day);
                [unsigned(one), unchecked(one), unencrypted(one), ended].into_iter().flatten()
            })
            .collect();
        found.extend(system.loose_settings.iter().map(|setting| {
            let [signature, certificate, ..] = &*ADVISORIES;
            let advisory = match setting.loses {
                Loses::Signature => signature,
                Loses::Certificate => certificate,
            };
            let mut finding = Finding::new(advisory).fact(FactKey::Because, setting.says.to_owned());
            finding.location.clone_from(&setting.location);
            finding
        }));
        found.extend(system.holds.iter().map(held));
        found
    };
    inventory.systems.iter().flat_map(of_system).collect()
}

/// A finding about a repository.
fn about(repository: &Repository, advisory: &Arc<Advisory>) -> Finding {
    let mut finding = Finding::new(advisory).subject(repository.id.clone());
    finding.location.clone_from(&repository.location);
    match repository.hosts().first() {
        Some(host) => finding.fact(FactKey::Host, (*host).to_owned()),
        None => finding,
    }
}

/// What comes from a disk of the machine is less bad, and so is what only the server, and nobody on the way, can change.
fn unsigned(repository: &Repository) -> Option<Finding> {
    let [advisory, ..] = &*ADVISORIES;
    let because = repository.unsigned?;
    let is_sealed = repository.tls_unchecked.is_none() && all(repository, &["https:"]);
    let severity = match repository.manager {
        _ if all(repository, &LOCAL) => Severity::Low,
        PackageManager::Rpm if is_sealed => Severity::Medium,
        _ => Severity::High,
    };
    Some(about(repository, advisory).severity(severity).fact(FactKey::Because, because.to_owned()))
}

fn unchecked(repository: &Repository) -> Option<Finding> {
    let [_, advisory, ..] = &*ADVISORIES;
    Some(about(repository, advisory).fact(FactKey::Because, repository.tls_unchecked?.to_owned()))
}

/// Debian and its kin sign, with an end of validity, what they publish over http: nothing is said of theirs.
fn unencrypted(repository: &Repository) -> Option<Finding> {
    let [_, _, advisory, ..] = &*ADVISORIES;
    let is_usual = repository.manager == PackageManager::Dpkg && repository.is_of_a_distribution();
    let is_near = repository.hosts().iter().all(|host| *host == "localhost" || host.starts_with("127."));
    let is_plain = repository.urls.iter().any(|url| scheme(url, &["http:", "ftp:"]));
    let is_one = is_plain && repository.unsigned.is_none() && !is_usual && !is_near;
    is_one.then(|| about(repository, advisory))
}

/// Of the system's own release the end of support is said of the system.
fn ended(repository: &Repository, system: &InstalledSystem, table: &Table, day: Date) -> Option<Finding> {
    let [_, _, _, advisory, _] = &*ADVISORIES;
    let (product, release) = ended::release_of(repository, table)?;
    let own = table.of_system(&system.distribution);
    let is_own = own.is_some_and(|(own, of_own)| own.id == product.id && of_own.cycle == release.cycle);
    if is_own || super::state(release, day) != State::Ended {
        return None;
    }
    let name = format!("{} {}", product.title, release.cycle);
    let finding = about(repository, advisory).fact(FactKey::For, name);
    let end = release.extended_ends.max(release.ends);
    Some(match end {
        Some(end) => finding.fact(FactKey::SupportEnds, end.to_string()),
        None => finding,
    })
}

fn held(hold: &Hold) -> Finding {
    let [.., advisory] = &*ADVISORIES;
    let names: Vec<&str> = hold.names.iter().take(NAMED).map(String::as_str).collect();
    let left = hold.names.len().saturating_sub(names.len());
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let mut finding = Finding::new(advisory).fact(FactKey::Names, format!("{}{more}", names.join(", ")));
    finding.location.clone_from(&hold.location);
    finding
}

fn all(repository: &Repository, schemes: &[&str]) -> bool {
    !repository.urls.is_empty() && repository.urls.iter().all(|url| scheme(url, schemes))
}

/// Whether an address begins with one of these. apt may have another program before the address: `tor+http:`.
fn scheme(url: &str, schemes: &[&str]) -> bool {
    let own = url.split_inclusive(':').next().unwrap_or_default();
    let own = own.rsplit('+').next().unwrap_or_default();
    schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests;
