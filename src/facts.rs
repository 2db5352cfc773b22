//! What the system says of itself, parsed once and shared by the detectors.

pub mod accounts;
pub mod os_release;
pub mod packages;
pub mod sshd;

/// The facts of one system.
#[derive(Debug, Default)]
pub struct Facts {
    /// /etc/os-release.
    pub os: os_release::OsRelease,
    /// /etc/passwd, /etc/shadow, /etc/group.
    pub accounts: accounts::Accounts,
    /// dpkg's files and their owners.
    pub packages: packages::Packages,
    /// What sshd_config says of keys.
    pub sshd: sshd::Sshd,
}
