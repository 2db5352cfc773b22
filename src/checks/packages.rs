//! Installed packages. Where not all of the database could be read, nothing is decided.

use super::judge::Judged;
use super::{Evidence, Outcome, Subject};

/// Where RPM keeps its database.
const RPM: [&[u8]; 2] = [b"/usr/lib/sysimage/rpm", b"/var/lib/rpm"];

pub(super) fn installed(names: &[String], subject: &Subject<'_>) -> Judged {
    let packages = subject.facts.packages.installed();
    if let Some(found) = packages.iter().find(|package| names.contains(&package.name)) {
        return Ok(Outcome::of(
            true,
            Evidence::plain(format!("{} {} is installed", found.name, found.version)),
        ));
    }
    if subject.facts.packages.is_partial() {
        let place = subject.facts.packages.place();
        return Err((place.to_vec(), "not all of the package database could be read".to_owned()));
    }
    for database in RPM {
        if subject.metadata(database)?.is_some() && packages.is_empty() {
            return Err((database.to_vec(), "the RPM database names no package".to_owned()));
        }
    }
    let database: &[u8] = b"/var/lib/dpkg/status";
    match &*subject.content(database) {
        super::subject::Reading::Unreadable(why) => Err((database.to_vec(), why.clone())),
        _ if packages.is_empty() => Err((database.to_vec(), "there is no package database".to_owned())),
        _ => Ok(Outcome::of(false, Evidence::plain(format!("{} is not installed", names.join(", "))))),
    }
}
