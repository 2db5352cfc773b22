//! Package databases that are not there, or name nothing, on systems that are made of packages.

use super::{PackageManager, Packages, apk, dpkg, pacman};
use crate::files::SystemReader;
use crate::finding::{Gap, GapKind, Location, Loss};
use assay_disk::text::Escaped;

/// Where RPM keeps its database on most systems.
const RPM: &[u8] = b"/var/lib/rpm";

impl Packages {
    /// Where the program of a package manager is there, and nothing is known of its packages, the database was taken
    /// out, or is not what it was.
    pub(super) fn tell_silent(&mut self, reader: &mut SystemReader<'_>) {
        const PROGRAMS: [(PackageManager, &[u8], &[u8]); 5] = [
            (PackageManager::Dpkg, b"/usr/bin/dpkg", dpkg::STATUS),
            (PackageManager::Rpm, b"/usr/bin/rpm", RPM),
            (PackageManager::Apk, b"/sbin/apk", apk::DATABASES[0]),
            (PackageManager::Apk, b"/usr/bin/apk", apk::DATABASES[0]),
            (PackageManager::Pacman, b"/usr/bin/pacman", pacman::PLACE),
        ];
        for (manager, program, place) in PROGRAMS {
            let is_known = self.installed.iter().any(|package| package.manager == manager);
            if !is_known && reader.files().size(program).is_some() && self.find(program).is_none() {
                self.is_partial = true;
                let program = Escaped(program);
                let reason = format!("{program} is there, and no package database that names its packages");
                reader.gap(place, GapKind::Damaged, reason);
                return;
            }
        }
        if let Some(database) =
            self.databases.first().filter(|_| self.installed.is_empty() && !self.is_partial)
        {
            self.is_partial = true;
            reader.gap(&database.path, GapKind::Damaged, "the package database names no package".to_owned());
        }
    }

    /// A distribution that installs everything as packages, and no database: somebody took it out together with the
    /// program of the package manager, as small appliances do. Nothing was left unread, so nothing is lost.
    pub(crate) fn missing(&mut self, system: &str) -> Option<Gap> {
        const DISTRIBUTIONS: [(&[u8], &[&str]); 4] = [
            (dpkg::STATUS, &["debian", "ubuntu", "kali", "raspbian", "linuxmint", "pop"]),
            (RPM, &["rhel", "fedora", "centos", "rocky", "almalinux", "amzn", "ol", "sles", "opensuse-leap"]),
            (apk::DATABASES[0], &["alpine", "wolfi", "chainguard"]),
            (pacman::PLACE, &["arch", "archarm", "manjaro", "endeavouros"]),
        ];
        if self.is_partial || !self.installed.is_empty() {
            return None;
        }
        let (place, _) = DISTRIBUTIONS.iter().find(|(_, ids)| ids.contains(&system))?;
        self.is_partial = true;
        let location = Location { path: place.to_vec(), ..Location::default() };
        let reason = format!(
            "{system} keeps a package database, and there is none: no program could be compared with its package"
        );
        Some(Gap { location, kind: GapKind::Damaged, loss: Loss::Nothing, bytes: None, reason })
    }
}
