//! The command that puts a file of a package back, on the system that is looked at.

use crate::facts::Facts;
use crate::facts::packages::{Manager, Package};

/// The command that installs `package` anew; `None` where its name is not one that a shell takes as a word.
pub(super) fn reinstall(package: &Package, facts: &Facts) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
    let name = &package.name;
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_plain) {
        return None;
    }
    let command = match package.manager {
        Manager::Dpkg => "apt-get install --reinstall",
        Manager::Apk => "apk fix",
        Manager::Rpm => of_rpm(&facts.os.id, &facts.os.version_id),
    };
    Some(format!("{command} {name}"))
}

/// What brings packages of RPM: by os-release's ID.
fn of_rpm(id: &str, version: &str) -> &'static str {
    let is_old = matches!((id, version), ("amzn", "2"))
        || version.starts_with('7') && matches!(id, "rhel" | "centos" | "ol");
    if id.starts_with("opensuse") || id.starts_with("sle") {
        "zypper install --force"
    } else if matches!(id, "mariner" | "azurelinux" | "photon") {
        "tdnf reinstall"
    } else if is_old {
        "yum reinstall"
    } else {
        "dnf reinstall"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(manager: Manager, id: &str, version: &str, name: &str) -> Option<String> {
        let mut facts = Facts::default();
        (facts.os.id, facts.os.version_id) = (id.to_owned(), version.to_owned());
        reinstall(&Package { name: name.to_owned(), manager, ..Package::default() }, &facts)
    }

    #[test]
    fn each_system_has_its_own_command() {
        for (manager, id, version, said) in [
            (Manager::Dpkg, "debian", "12", "apt-get install --reinstall sudo"),
            (Manager::Rpm, "fedora", "42", "dnf reinstall sudo"),
            (Manager::Rpm, "amzn", "2023", "dnf reinstall sudo"),
            (Manager::Rpm, "amzn", "2", "yum reinstall sudo"),
            (Manager::Rpm, "centos", "7", "yum reinstall sudo"),
            (Manager::Rpm, "sles", "15.5", "zypper install --force sudo"),
            (Manager::Rpm, "azurelinux", "3.0", "tdnf reinstall sudo"),
            (Manager::Apk, "alpine", "3.20", "apk fix sudo"),
            // A system of packages of another one.
            (Manager::Rpm, "debian", "12", "dnf reinstall sudo"),
        ] {
            assert_eq!(command(manager, id, version, "sudo").as_deref(), Some(said), "{id}");
        }
    }

    #[test]
    fn a_name_that_a_shell_would_take_apart_makes_no_command() {
        for name in ["a; rm -rf /", "-x", "", "a$(b)", "a b", "a\nb"] {
            assert_eq!(command(Manager::Rpm, "fedora", "42", name), None, "{name}");
        }
    }
}
