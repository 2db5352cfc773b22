//! Installed packages. Where not all of the database could be read, nothing is decided.

use super::evaluate::Judged;
use super::{Evidence, Outcome, Subject};

pub(super) fn installed(names: &[String], subject: &Subject<'_>) -> Judged {
    let facts = &subject.facts.packages;
    let packages = facts.installed();
    if let Some(found) = packages.iter().find(|package| names.contains(&package.name)) {
        return Ok(Outcome::of(
            true,
            Evidence::plain(format!("{} {} is installed", found.name, found.version)),
        ));
    }
    let status: &[u8] = b"/var/lib/dpkg/status";
    if let super::subject::Reading::Unreadable(why) = &*subject.content(status) {
        return Err((status.to_vec(), why.clone()));
    }
    match facts.databases() {
        [] if packages.is_empty() => Err((status.to_vec(), "there is no package database".to_owned())),
        [first, ..] if packages.is_empty() => {
            Err((first.path.clone(), "the package database names no package".to_owned()))
        }
        _ if facts.is_partial() => {
            Err((facts.place().to_vec(), "not all of the package database could be read".to_owned()))
        }
        _ => Ok(Outcome::of(false, Evidence::plain(format!("{} is not installed", names.join(", "))))),
    }
}
