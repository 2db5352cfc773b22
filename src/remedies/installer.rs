//! What installs a package anew: the one table of it, for findings and for remedies.

use assay_disk::path::glob;
use serde::Deserialize;

use super::expand;
use super::{Machine, Remedies};
use crate::facts::Facts;
use crate::packages::{Package, PackageManager};

/// What stands in a template for the installer's own command.
const PLACE: &str = "{reinstall}";

/// A program that installs packages, and the systems that have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installer {
    /// What the program is called.
    pub name: String,
    database: PackageManager,
    /// Ids of systems, with `*` and `?`; empty: any.
    #[serde(default)]
    systems: Vec<String>,
    /// Versions of them, in the same way.
    #[serde(default)]
    versions: Vec<String>,
    /// The template of the command, with `{package}`.
    reinstall: String,
}

impl Installer {
    fn fits(&self, database: PackageManager, facts: &Facts) -> bool {
        let named = |wanted: &[String], name: &str| {
            wanted.is_empty() || wanted.iter().any(|wanted| glob(wanted.as_bytes(), name.as_bytes()))
        };
        self.database == database
            && named(&self.systems, &facts.os.id)
            && named(&self.versions, &facts.os.version_id)
    }
}

impl Remedies {
    fn installer(&self, database: PackageManager, facts: &Facts) -> Option<&Installer> {
        self.installers.iter().find(|installer| installer.fits(database, facts))
    }

    /// The templates with the machine's own command; without one, those that need it are left out.
    pub(super) fn with_installer(&self, templates: Vec<String>, machine: &Machine) -> Vec<String> {
        let usual = || machine.packages.map(PackageManager::installer).unwrap_or_default();
        let name = machine.installer.as_deref().unwrap_or_else(usual);
        let own = self.installers.iter().find(|installer| installer.name == name);
        let fill = |template: String| match own {
            _ if !template.contains(PLACE) => Some(template),
            Some(installer) => Some(template.replace(PLACE, &installer.reinstall)),
            None => None,
        };
        templates.into_iter().filter_map(fill).collect()
    }
}

/// The name of the program that installs packages of `manager` on the machine of `facts`.
pub(super) fn name(manager: PackageManager, facts: &Facts) -> Option<String> {
    Remedies::embedded().installer(manager, facts).map(|installer| installer.name.clone())
}

/// The command that installs `package` anew; `None` where its name is not one that a shell takes as a word.
pub fn reinstall(package: &Package, facts: &Facts) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    let name = &package.name;
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_plain) {
        return None;
    }
    let installer = Remedies::embedded().installer(package.manager, facts)?;
    Some(expand::package(&installer.reinstall, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(id: &str, version: &str) -> Facts {
        let mut facts = Facts::default();
        (facts.os.id, facts.os.version_id) = (id.to_owned(), version.to_owned());
        facts
    }

    fn command(manager: PackageManager, id: &str, version: &str, name: &str) -> Option<String> {
        reinstall(&Package { name: name.to_owned(), manager, ..Package::default() }, &facts(id, version))
    }

    #[test]
    fn each_system_has_its_own_command() {
        for (manager, id, version, said) in [
            (PackageManager::Dpkg, "debian", "12", "apt-get install --reinstall -- sudo"),
            (PackageManager::Rpm, "fedora", "42", "dnf reinstall -y -- sudo"),
            (PackageManager::Rpm, "amzn", "2023", "dnf reinstall -y -- sudo"),
            (PackageManager::Rpm, "amzn", "2", "yum reinstall -y -- sudo"),
            (PackageManager::Rpm, "centos", "7", "yum reinstall -y -- sudo"),
            (PackageManager::Rpm, "rhel", "7.9", "yum reinstall -y -- sudo"),
            (PackageManager::Rpm, "rhel", "9.4", "dnf reinstall -y -- sudo"),
            (PackageManager::Rpm, "sles", "15.5", "zypper install --force -- sudo"),
            (PackageManager::Rpm, "opensuse-leap", "15.6", "zypper install --force -- sudo"),
            (PackageManager::Rpm, "azurelinux", "3.0", "tdnf reinstall -y -- sudo"),
            (PackageManager::Apk, "alpine", "3.20", "apk fix --reinstall -- sudo"),
            (PackageManager::Pacman, "arch", "", "pacman -S -- sudo"),
            // A system of packages of another one.
            (PackageManager::Rpm, "debian", "12", "dnf reinstall -y -- sudo"),
        ] {
            assert_eq!(command(manager, id, version, "sudo").as_deref(), Some(said), "{id}");
        }
    }

    #[test]
    fn a_name_that_a_shell_would_take_apart_makes_no_command() {
        for name in ["a; rm -rf /", "-x", "", "a$(b)", "a b", "a\nb"] {
            assert_eq!(command(PackageManager::Rpm, "fedora", "42", name), None, "{name}");
        }
    }

    #[test]
    fn a_remedy_takes_the_command_of_the_machine_and_without_one_none() {
        let all = Remedies::embedded();
        let templates = || vec!["look".to_owned(), "{reinstall}".to_owned()];
        let of = |installer: Option<&str>, packages| {
            let machine = Machine { installer: installer.map(str::to_owned), packages, ..Machine::default() };
            all.with_installer(templates(), &machine)
        };
        let zypper = of(Some("zypper"), Some(PackageManager::Rpm));
        assert_eq!(zypper, ["look", "zypper install --force -- {package}"]);
        // A saved report does not tell it.
        assert_eq!(of(None, Some(PackageManager::Rpm)), ["look", "dnf reinstall -y -- {package}"]);
        assert_eq!(of(None, None), ["look"]);
        assert_eq!(name(PackageManager::Rpm, &facts("sles", "15.5")).as_deref(), Some("zypper"));
    }
}
