//! What is installed beside packages of the distribution.
//!
//! **Finds** packages of languages, snaps, agents, modules of the kernel, by the metadata that their installers leave
//! ([`crate::packages::manifest`]), and programs by what their builds wrote into them ([`programs`]). They are listed,
//! and are no findings.
//!
//! **Why it matters:** what is vulnerable or out of support is seldom a package of the distribution alone.
//!
//! **Does not find** software without metadata whose program is not known by its words, and what only a lock file
//! names.
//!
//! **References:** the readers name theirs.

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Gap, GapKind, Location, Loss};
use crate::packages::manifest::{Place, READERS, Reader, Wish, is_sound};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

pub mod programs;

/// Reads what installers leave.
#[derive(Default)]
pub struct Software;

impl FileDetector for Software {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        Vec::new()
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let place = place(entry);
        if !matches!(place.kind, FileType::Regular | FileType::Directory) {
            return Interest::Skip;
        }
        match READERS.iter().map(|reader| (reader.wants)(&place)).max() {
            Some(Wish::Content) => Interest::Content,
            Some(Wish::Path) => Interest::Metadata,
            Some(Wish::Nothing) | None => Interest::Skip,
        }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let place = place(entry);
        for reader in READERS.iter().filter(|reader| (reader.wants)(&place) != Wish::Nothing) {
            if let Some(problem) = read(reader, &place, content, sink) {
                let reason = format!("{}: {problem}", reader.name);
                let location = Location::default();
                sink.gap(Gap { location, kind: GapKind::Damaged, loss: Loss::Part, bytes: None, reason });
            }
        }
    }
}

fn place<'a>(entry: &Entry<'a>) -> Place<'a> {
    Place::new(entry.path, entry.metadata.file_type)
}

/// Has a file read; what was wrong with it.
fn read(reader: &Reader, place: &Place<'_>, content: &[u8], sink: &mut dyn Sink) -> Option<&'static str> {
    let mut is_all_sound = true;
    let problem = (reader.read)(place, content, &mut |component| {
        if is_sound(&component) {
            sink.component(component);
        } else {
            is_all_sound = false;
        }
    });
    problem.err().or_else(|| (!is_all_sound).then_some("it names something that is no name"))
}
