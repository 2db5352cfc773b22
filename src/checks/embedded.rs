//! The files of checks that the program carries.

use super::Check;
use super::written::{CheckError, parse};

/// On in every scan, so in a file of its own: the others are not parsed unless a benchmark is asked for.
const DEFAULT: (&str, &str) = ("checks/access.toml", include_str!("../../signatures/checks/access.toml"));

macro_rules! files {
    ($($name:literal)*) => { &[$((concat!("checks/", $name), include_str!(concat!("../../signatures/checks/", $name))),)*] };
}

/// Path below `signatures/`, text.
const FILES: &[(&str, &str)] = files! {
    "filesystems.toml" "boot.toml" "services.toml" "network.toml" "sshd.toml" "passwords.toml" "logging.toml"
    "auditd.toml" "maintenance.toml"
};

/// The texts of all files, one after the other.
pub fn text() -> String {
    FILES.iter().chain([&DEFAULT]).map(|(_, text)| *text).collect()
}

/// The checks of a default scan.
///
/// # Errors
/// [`CheckError`]: never in a tested build.
pub fn defaults() -> Result<Vec<Check>, CheckError> {
    parse(DEFAULT.0, DEFAULT.1, true)
}

/// Every check.
///
/// # Errors
/// [`CheckError`]: never in a tested build.
pub fn all() -> Result<Vec<Check>, CheckError> {
    let mut checks = defaults()?;
    for (path, text) in FILES {
        checks.extend(parse(path, text, false)?);
    }
    Ok(checks)
}

/// The checks with a section of the benchmark called `name`.
///
/// # Errors
/// [`CheckError`]: never in a tested build.
pub fn of_benchmark(name: &str) -> Result<Vec<Check>, CheckError> {
    let mut checks = all()?;
    checks.retain(|check| check.sections.iter().any(|section| section.benchmark == name));
    Ok(checks)
}
