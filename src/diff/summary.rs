//! One side of a comparison, in short.

use assay_disk::path::is_inside;
use std::path::Path;

use super::Head;
use super::findings::Seen;
use super::identity::Identity;
use super::inventory::Inventory;
use crate::audit::Audited;
use crate::finding::{Gap, GapKind, Loss};
use assay_disk::text::Escaped;

/// What an image, or a report of one, says of itself.
#[derive(Debug, Default)]
pub struct Summary {
    /// How it is called.
    pub head: Head,
    /// Every place of every finding.
    pub findings: Vec<Seen>,
    /// What only one machine should have.
    pub identities: Vec<Identity>,
    /// What there is in the system; `None` of a report.
    pub inventory: Option<Inventory>,
    /// What could not be looked at.
    pub coverage: Coverage,
}

/// What of a side could not be looked at.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Places at which something was lost.
    pub gaps: Vec<Lost>,
    /// Findings that a saved report leaves out.
    pub not_shown: u64,
    /// Findings that were only counted.
    pub dropped: u64,
    /// What is over a limit of the comparison: "12 accounts".
    pub cut: Vec<String>,
}

/// A gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Path, or volume.
    pub place: Vec<u8>,
    /// Whether `place` is a path.
    pub is_path: bool,
    /// Why.
    pub kind: GapKind,
    /// How much.
    pub loss: Loss,
    /// One sentence.
    pub reason: String,
}

impl Summary {
    /// Of an audited image.
    pub fn of(audited: &Audited) -> Self {
        let Audited { report, tree, facts, seal: _ } = audited;
        let mut coverage = Coverage {
            gaps: report.losses().map(Lost::of).collect(),
            not_shown: 0,
            dropped: report.coverage.findings_dropped,
            cut: Vec::new(),
        };
        let inventory = Inventory::of(report, tree, facts, &mut coverage);
        let name = Path::new(&report.subject.name).file_name();
        Self {
            head: Head {
                name: name
                    .map_or_else(|| report.subject.name.clone(), |name| name.to_string_lossy().into_owned()),
                system: report.system.clone(),
                is_report: false,
            },
            findings: super::findings::seen(report),
            identities: super::identity::of(report, tree, facts),
            inventory: Some(inventory),
            coverage,
        }
    }
}

impl Lost {
    fn of(gap: &Gap) -> Self {
        let location = &gap.location;
        let volume = || {
            let name = location.volume.as_deref().unwrap_or("image");
            location
                .partition
                .map_or_else(|| name.to_owned(), |number| format!("partition {number} ({name})"))
        };
        let is_path = !location.path.is_empty();
        Self {
            place: if is_path { location.path.clone() } else { volume().into_bytes() },
            is_path,
            kind: gap.kind,
            loss: gap.loss,
            reason: gap.reason.clone(),
        }
    }
}

impl Coverage {
    /// The gap because of which it is not known what there is at `path`.
    pub fn blind_at(&self, path: &[u8]) -> Option<&Lost> {
        self.gaps
            .iter()
            .filter(|gap| gap.is_path && gap.loss >= Loss::File)
            .find(|gap| covers(&gap.place, path))
    }

    /// The gap because of which not all of what lies at or under one of `places` is known.
    pub fn blind_in(&self, places: &[&str]) -> Option<&Lost> {
        let concerns = |gap: &&Lost| {
            let near = |place: &&str| {
                covers(&gap.place, place.as_bytes()) && gap.loss >= Loss::File
                    || covers(place.as_bytes(), &gap.place)
            };
            // What lies in an archive is no part of the system.
            gap.is_path && !is_inside(&gap.place) && places.iter().any(near)
        };
        self.gaps.iter().find(concerns)
    }
}

/// Whether `below` is `above`, or lies under it.
pub(super) fn covers(above: &[u8], below: &[u8]) -> bool {
    above == b"/"
        || below.strip_prefix(above).is_some_and(|rest| rest.first().is_none_or(|&byte| byte == b'/'))
}

/// Bytes of the image as text for people, cut to a line.
pub(super) fn shown(bytes: &[u8]) -> String {
    const WIDTH: usize = 160;
    match bytes.get(..WIDTH) {
        Some(start) if bytes.len() > WIDTH => format!("{}…", Escaped(start)),
        _ => Escaped(bytes).to_string(),
    }
}
