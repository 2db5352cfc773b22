//! The files of checks that the program carries.

use super::Check;
use super::raw::{CheckError, parse};

macro_rules! files {
    ($($name:literal)*) => { &[$((concat!("checks/", $name), include_str!(concat!("../../signatures/checks/", $name))),)*] };
}

/// On in every scan, so in files of their own: the others are not parsed unless a benchmark is asked for.
const DEFAULTS: &[(&str, &str)] = files! { "access.toml" "exposure.toml" };

/// Path below `signatures/`, text.
const FILES: &[(&str, &str)] = files! {
    "filesystems.toml" "boot.toml" "services.toml" "network.toml" "sshd.toml" "passwords.toml" "logging.toml"
    "auditd.toml" "maintenance.toml"
};

/// The texts of all files, one after the other.
pub fn text() -> String {
    FILES.iter().chain(DEFAULTS).map(|(_, text)| *text).collect()
}

/// The checks of a default scan: those of the program, and those of `own` (path, text) that are of no benchmark or
/// stand in the place of one of these.
///
/// # Errors
/// [`CheckError`], where something in a file of `own` is not of the language.
pub fn defaults(own: &[(String, String)]) -> Result<Vec<Check>, CheckError> {
    let embedded = program(DEFAULTS, true)?;
    let mut own = read(own)?;
    own.retain(|check| check.sections.is_empty() || embedded.iter().any(|known| known.is(check)));
    Ok(replaced(embedded, own))
}

/// Every check: those of the program, and those of `own`; of two with one id, that of `own`.
///
/// # Errors
/// [`CheckError`], where something in a file of `own` is not of the language.
pub fn all(own: &[(String, String)]) -> Result<Vec<Check>, CheckError> {
    let mut checks = program(DEFAULTS, true)?;
    checks.extend(program(FILES, false)?);
    Ok(replaced(checks, read(own)?))
}

/// The checks of files that the program carries.
fn program(files: &[(&str, &str)], is_default: bool) -> Result<Vec<Check>, CheckError> {
    let parsed = files.iter().map(|(path, text)| parse(path, text, is_default));
    Ok(parsed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn read(own: &[(String, String)]) -> Result<Vec<Check>, CheckError> {
    let mut checks = Vec::new();
    for (path, text) in own {
        checks.extend(parse(path, text, true)?);
    }
    Ok(checks)
}

/// `checks`, in whose places those of `own` stand that have their ids; the others follow.
fn replaced(mut checks: Vec<Check>, own: Vec<Check>) -> Vec<Check> {
    for check in own {
        match checks.iter_mut().find(|known| known.is(&check)) {
            Some(known) => *known = check,
            None => checks.push(check),
        }
    }
    checks
}

impl Check {
    fn is(&self, other: &Self) -> bool {
        self.advisory.id == other.advisory.id
    }
}

/// The checks with a section of the benchmark called `name`.
///
/// # Errors
/// As [`all`].
pub fn of_benchmark(name: &str, own: &[(String, String)]) -> Result<Vec<Check>, CheckError> {
    let mut checks = all(own)?;
    checks.retain(|check| check.sections.iter().any(|section| section.benchmark == name));
    Ok(checks)
}
