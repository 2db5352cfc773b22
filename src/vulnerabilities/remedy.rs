//! The command that mends a vulnerability on the system that has it.

use super::ecosystem::OsvEcosystem;
use super::matches::Vulnerability;
use super::statement::Status;
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::{InstalledSystem, Inventory};

/// What to do about a vulnerability: a command, or a sentence where there is none. Names of packages come from the image,
/// so that a name with other characters than such names have is left out of commands.
pub fn remedy(vulnerability: &Vulnerability, system: &InstalledSystem, inventory: &Inventory) -> String {
    if !vulnerability.has_fix() {
        return without_fix(vulnerability);
    }
    let names = names(vulnerability, inventory);
    if names.is_empty() {
        return "update the package; its name is none that a command can take".to_owned();
    }
    let fixed = vulnerability.fixed.first().map_or("", String::as_str);
    let package = names.first().map_or("", String::as_str);
    let list = names.join(" ");
    let command = match vulnerability.ecosystem {
        Ecosystem::Deb => format!("apt-get update && apt-get install --only-upgrade {list}"),
        Ecosystem::Rpm => rpm(vulnerability, system, &list),
        Ecosystem::Apk => format!("apk update && apk upgrade {list}"),
        Ecosystem::Alpm => "pacman -Syu".to_owned(),
        Ecosystem::PyPi => format!("pip install --upgrade '{package}>={fixed}'"),
        Ecosystem::Npm => format!("npm install {package}@{fixed}"),
        Ecosystem::Gem => format!("gem install {package} -v {fixed}"),
        Ecosystem::Composer => format!("composer require '{package}:>={fixed}'"),
        Ecosystem::NuGet => format!("dotnet add package {package} --version {fixed}"),
        Ecosystem::Go if package == "stdlib" => format!("rebuild with go >= {fixed}"),
        Ecosystem::Go => format!("go get {package}@v{fixed}, and rebuild"),
        Ecosystem::Cargo => format!("cargo update -p {package} --precise {fixed}, and rebuild"),
        Ecosystem::Maven => format!("update {package} to {fixed}, and rebuild"),
        Ecosystem::Cran => format!("Rscript -e 'install.packages(\"{package}\")'"),
        _ => format!("update {package} to {fixed}"),
    };
    match &vulnerability.subscription {
        Some(subscription) => format!("{command} (needs {subscription})"),
        None => command,
    }
}

fn without_fix(vulnerability: &Vulnerability) -> String {
    match vulnerability.status {
        Status::WontFix => "no fix is planned: remove the package, or accept the risk",
        Status::EndOfLife => "its release is out of support: move to one that is supported",
        Status::UnderInvestigation => "the vendor has not decided yet",
        _ => "no fix is published yet",
    }
    .to_owned()
}

fn rpm(vulnerability: &Vulnerability, system: &InstalledSystem, list: &str) -> String {
    let id = &vulnerability.advisory;
    let is_advisory =
        |prefixes: &[&str]| prefixes.iter().any(|prefix| id.starts_with(prefix)) && is_plain(id);
    let number = system.distribution.version.split('.').next().unwrap_or_default();
    match OsvEcosystem::of_distribution(&system.distribution) {
        Some(OsvEcosystem::Suse | OsvEcosystem::OpenSuse) => match vulnerability.cves.first() {
            Some(cve) if is_plain(cve) => format!("zypper patch --cve={cve}"),
            _ => format!("zypper update {list}"),
        },
        Some(OsvEcosystem::Amazon) if number == "2023" => {
            format!("dnf upgrade --releasever=latest --advisory={id}")
        }
        Some(OsvEcosystem::Amazon) if is_advisory(&["ALAS"]) => format!("yum update --advisory={id}"),
        Some(OsvEcosystem::Photon) => format!("tdnf update {list}"),
        _ if number == "7" || number == "6" => format!("yum update {list}"),
        _ if is_advisory(&["ALSA", "RLSA", "RHSA", "ELSA"]) => format!("dnf upgrade --advisory={id}"),
        _ => format!("dnf upgrade {list}"),
    }
}

/// What is upgraded: the binaries, or the package.
fn names(vulnerability: &Vulnerability, inventory: &Inventory) -> Vec<String> {
    let components = vulnerability.components.iter().filter_map(|number| inventory.components.get(*number));
    let mut names: Vec<String> = components.map(Component::full_name).collect();
    names.sort();
    names.dedup();
    names.retain(|name| is_plain(name));
    names
}

/// Letters that mean nothing to a shell.
fn is_plain(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"@/:._+-~".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_letter)
}
