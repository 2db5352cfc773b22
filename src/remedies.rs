//! What to do about a finding, as commands that can be run on the system that the image was made on; and where the
//! finding likely came from.
//!
//! The entries are data, in `signatures/remedies/`: the first that fits a finding's rule and path is taken. A command
//! is a template; what comes from the image is put into it quoted, whatever bytes it holds.

use assay_disk::path;
use std::sync::OnceLock;

use crate::finding::{Confidence, Finding};

mod embedded;
mod expand;
mod installer;
pub mod machine;
pub mod quote;
pub mod schema;
#[cfg(test)]
mod tests;

pub use embedded::text;
pub use installer::{Installer, reinstall};
pub use machine::Machine;
pub use schema::{Action, Entry, Origin};

use expand::Values;

/// What to do about one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy<'a> {
    /// Command lines of a POSIX shell, in their order; empty where no command helps.
    pub commands: Vec<String>,
    /// Whether they may be run without a person's decision.
    pub is_automatic: bool,
    /// What to know, or why a person must decide; may be empty.
    pub note: String,
    /// Where the finding likely came from; never certain.
    pub origin: &'a str,
    /// How a script of [`crate::fix`] does it; none where it lies where no script reaches.
    pub entry: Option<&'a Entry>,
}

/// All entries, in their order.
#[derive(Debug, Default)]
pub struct Remedies {
    /// What to do.
    pub entries: Vec<Entry>,
    /// Where things come from.
    pub origins: Vec<Origin>,
    /// What installs packages.
    pub installers: Vec<Installer>,
}

impl Remedies {
    /// Those that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded tables are held by a test, not by an image")]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Remedies> = OnceLock::new();
        EMBEDDED.get_or_init(|| embedded::read().expect("the embedded tables are valid"))
    }

    /// What to do about `finding` on `machine`.
    pub fn remedy(&self, finding: &Finding, machine: &Machine) -> Remedy<'_> {
        let fits = |entry: &&Entry| entry.select.fits(&finding.advisory, &finding.location.path);
        let entry = self.entries.iter().find(fits);
        let origin =
            self.origins.iter().find(|origin| origin.select.fits(&finding.advisory, &finding.location.path));
        let origin = origin.map_or("", |origin| origin.text.as_str());
        let out_of_reach =
            |commands, note| Remedy { commands, is_automatic: false, note, origin, entry: None };
        if let Some((commands, note)) = elsewhere(finding, machine) {
            return out_of_reach(commands, note);
        }
        let Some(entry) = entry else { return out_of_reach(Vec::new(), String::new()) };
        let mut commands = self.with_installer(entry.commands(machine, finding), machine);
        if finding.location.path.is_empty() {
            commands.retain(|command| !command.contains("{path}"));
        }
        let commands = expand::all(&commands, &Values::of(finding));
        let obstacle = obstacle(entry, finding, machine);
        Remedy {
            is_automatic: entry.automatic && obstacle.is_none() && entry.is_whole_command(finding),
            commands,
            note: [obstacle.unwrap_or_default(), &entry.note]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            origin,
            entry: Some(entry),
        }
    }

    /// Whether a script may do it by itself: what stands against it, otherwise.
    pub fn obstacle(&self, finding: &Finding, machine: &Machine) -> Option<&'static str> {
        let remedy = self.remedy(finding, machine);
        let Some(entry) = remedy.entry else { return Some("No script reaches it.") };
        if entry.automatic { obstacle(entry, finding, machine) } else { Some("A person must decide.") }
    }
}

/// What to do about `finding`, as the program's own entries have it.
pub fn remedy(finding: &Finding, machine: &Machine) -> Remedy<'static> {
    Remedies::embedded().remedy(finding, machine)
}

/// What lies where no path of the running system leads: commands and a note.
fn elsewhere(finding: &Finding, machine: &Machine) -> Option<(Vec<String>, String)> {
    let location = &finding.location;
    if location.path.is_empty() {
        let note = match &location.volume {
            None if location.offset.is_none() => return None,
            _ => "It lies in no file: build the image anew, or write zeros over what no file uses.",
        };
        return Some((Vec::new(), note.to_owned()));
    }
    if let Some(at) = memchr::memmem::find(&location.path, path::INSIDE) {
        let outer = location.path.get(..at).unwrap_or_default();
        let note = "It lies inside of that file: make the file anew without it, or remove the file.";
        let values = Values::of(finding).at(outer);
        return Some((expand::all(&["rm -f -- {path}".to_owned()], &values), note.to_owned()));
    }
    machine.is_unplaced(location).then(|| {
        let note = "Its file system is not mounted in the audited system: mount it, and do it there by hand.";
        (Vec::new(), note.to_owned())
    })
}

/// Why what could be automatic is not, here.
fn obstacle(entry: &Entry, finding: &Finding, machine: &Machine) -> Option<&'static str> {
    let changes_whole_file =
        matches!(entry.action, Action::Remove | Action::Empty | Action::Key | Action::Mode);
    if entry.needs_cloud_init && !machine.has_cloud_init {
        return Some("Without cloud-init nothing makes it anew at the first boot.");
    }
    if finding.confidence == Confidence::Low {
        return Some("It may be no secret: look first.");
    }
    (changes_whole_file && finding.package.is_some()).then_some("The file belongs to a package.")
}
